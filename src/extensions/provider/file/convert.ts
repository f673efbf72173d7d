import { formatAddress, parseAddress } from '../../../sdk/ip.js'
import { isHostName, parseHostNames } from '../../../sdk/labels.js'
import type { ListedService } from '../../../sdk/provider.js'
import {
  bareService,
  normalizeTargets,
  POLICIES,
  type Service,
  serviceKey,
  type Target,
} from '../../../sdk/service.js'

const EXPECTED = {
  hosts: 'a list of host names such as web.example.com or *.example.com',
  tls: 'true or false',
  targets: 'a list of targets, each with host and port',
  targetHost: 'an address or a host name',
  port: 'one port from 1 to 65535',
  weight: 'a whole number from 1 on',
  address: 'an IPv4 or IPv6 address',
  pool: 'the name of a pool',
  policy: `one of ${POLICIES.join(', ')}`,
  lb: 'options by name, each a text, a number, or true or false',
} as const

const SERVICE_KEYS = ['name', 'namespace', 'hosts', 'tls', 'targets', 'address', 'pool', 'policy', 'lb']
const TARGET_KEYS = ['host', 'port', 'weight']

/** A key of a service that is wrong. */
interface Issue {
  key: string
  value: unknown
  expected: string
}

type Fields = Record<string, unknown>

/** An element that cannot be told from others: the listing as a whole cannot be believed then. */
export interface Unidentified {
  index: number
  why: string
}

/**
 * Pure: the elements of `services` as a listing. A wrong key is a problem of that service; an element without a
 * usable name, or one that stands there twice, makes the whole listing useless.
 */
export function convertServices(
  elements: readonly unknown[],
  provider: string,
): ListedService[] | Unidentified {
  const listed: ListedService[] = []
  const keys = new Set<string>()
  for (const [index, element] of elements.entries()) {
    const fields = fieldsOf(element)
    const identity = fields && identityOf(fields, provider)
    if (fields === undefined || identity === undefined) {
      return { index, why: 'expected a service with a name, a text without spaces and slashes' }
    }
    const key = serviceKey(identity)
    if (keys.has(key)) return { index, why: `${key} stands there for the second time` }
    keys.add(key)
    listed.push(convertService(fields, identity))
  }
  return listed
}

type Identity = Pick<Service, 'provider' | 'namespace' | 'name'>

function identityOf({ name, namespace }: Fields, provider: string): Identity | undefined {
  if (!isNamePart(name)) return undefined
  if (isUnset(namespace)) return { provider, name }
  return isNamePart(namespace) ? { provider, namespace, name } : undefined
}

function convertService(fields: Fields, identity: Identity): ListedService {
  const issues: Issue[] = []
  const take = <Value>(key: string, read: (value: unknown) => Value | undefined, expected: string) => {
    const value = fields[key]
    if (isUnset(value)) return undefined
    const result = read(value)
    if (result === undefined) issues.push({ key, value, expected })
    return result
  }
  issues.push(...unknownKeys(fields, SERVICE_KEYS, ''))
  const service: Service = {
    ...identity,
    targets: normalizeTargets(targetsOf(fields.targets, issues)),
    tls: take('tls', (value) => (typeof value === 'boolean' ? value : undefined), EXPECTED.tls) ?? false,
    dns_name: hostsOf(fields.hosts, issues),
    options: optionsOf(fields.lb, issues),
  }
  const address = take('address', readAddress, EXPECTED.address)
  const pool = take('pool', (value) => (isNamePart(value) ? value : undefined), EXPECTED.pool)
  const policy = take('policy', (value) => POLICIES.find((one) => one === value), EXPECTED.policy)
  if (issues.length > 0) return { service: bareService(identity), problem: problemOf(identity, issues) }
  return {
    service: {
      ...service,
      ...(address !== undefined && { address }),
      ...(pool !== undefined && { pool }),
      ...(policy !== undefined && { policy }),
    },
  }
}

function hostsOf(value: unknown, issues: Issue[]): string[] {
  if (isUnset(value)) return []
  if (!isTextList(value)) {
    issues.push({ key: 'hosts', value, expected: EXPECTED.hosts })
    return []
  }
  const { names } = parseHostNames(value)
  for (const [index, host] of value.entries()) {
    if (parseHostNames([host]).names.length === 0) {
      issues.push({ key: `hosts[${index}]`, value: host, expected: EXPECTED.hosts })
    }
  }
  return names
}

function targetsOf(value: unknown, issues: Issue[]): Target[] {
  if (isUnset(value)) return []
  if (!Array.isArray(value)) {
    issues.push({ key: 'targets', value, expected: EXPECTED.targets })
    return []
  }
  return value.flatMap((element: unknown, index) => {
    const path = `targets[${index}]`
    const fields = fieldsOf(element)
    if (fields === undefined) {
      issues.push({ key: path, value: element, expected: EXPECTED.targets })
      return []
    }
    issues.push(...unknownKeys(fields, TARGET_KEYS, `${path}.`))
    const host = readTargetHost(fields.host)
    const weight = isUnset(fields.weight) ? 1 : fields.weight
    if (host === undefined)
      issues.push({ key: `${path}.host`, value: fields.host, expected: EXPECTED.targetHost })
    if (!isWhole(fields.port, 65_535))
      issues.push({ key: `${path}.port`, value: fields.port, expected: EXPECTED.port })
    if (!isWhole(weight)) issues.push({ key: `${path}.weight`, value: weight, expected: EXPECTED.weight })
    return host !== undefined && isWhole(fields.port, 65_535) && isWhole(weight)
      ? [{ host, port: fields.port, weight }]
      : []
  })
}

function optionsOf(value: unknown, issues: Issue[]): Record<string, string> {
  if (isUnset(value)) return {}
  const fields = fieldsOf(value)
  if (fields === undefined) {
    issues.push({ key: 'lb', value, expected: EXPECTED.lb })
    return {}
  }
  const options: [string, string][] = []
  for (const [name, option] of Object.entries(fields)) {
    if (['string', 'number', 'boolean'].includes(typeof option)) options.push([name, String(option)])
    else issues.push({ key: `lb.${name}`, value: option, expected: EXPECTED.lb })
  }
  return Object.fromEntries(options)
}

function unknownKeys(fields: Fields, known: readonly string[], prefix: string): Issue[] {
  return Object.keys(fields)
    .filter((key) => !known.includes(key))
    .map((key) => ({ key: prefix + key, value: fields[key], expected: `a known key: ${known.join(', ')}` }))
}

function problemOf(identity: Identity, issues: readonly Issue[]) {
  const texts = issues.map(({ key, value, expected }) =>
    value === undefined
      ? `${key} is missing, expected ${expected}`
      : `${key} is ${quoted(value)}, expected ${expected}`,
  )
  return {
    code: 'label-invalid',
    message: `${serviceKey(identity)}: ${texts.join('; ')}`,
    retryable: false,
    hint: 'correct the file; until then nothing of the service is changed or removed',
  } as const
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}

function readAddress(value: unknown): string | undefined {
  const address = typeof value === 'string' ? parseAddress(value) : undefined
  return address && formatAddress(address)
}

function readTargetHost(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const name = value.toLowerCase()
  return readAddress(value) ?? (isHostName(name) && !name.startsWith('*') ? name : undefined)
}

function isWhole(value: unknown, max = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

/** `key:` without a value means not set, as everywhere in our files. */
function isUnset(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function isNamePart(value: unknown): value is string {
  return typeof value === 'string' && /^[^\s/\p{Cc}]{1,253}$/u.test(value)
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}
