import type { Problem } from './errors.js'
import { formatAddress, parseAddress } from './ip.js'
import { compareText, POLICIES, type Policy } from './service.js'

/** All labels and annotations of ours begin with it. */
export const LABEL_PREFIX = 'interlook.'
/** The label that asks for a service to be published; without it a service is none of our business. */
export const HOSTS_LABEL = 'interlook.hosts'
export const PORT_LABEL = 'interlook.port'
const OPTION_PREFIX = 'interlook.lb.'

/** What the labels of a service say. */
export interface ServiceLabels {
  /** Lower case, each once, in the order of the label. */
  dns_name: string[]
  tls: boolean
  /** `interlook.port`. */
  port?: number
  address?: string
  pool?: string
  policy?: Policy
  options: Record<string, string>
}

/** One label that is wrong. */
export interface LabelIssue {
  label: string
  /** Left out when the label is missing. */
  value?: string
  /** `a port from 1 to 65535`. */
  expected: string
}

export interface ParsedLabels {
  labels: ServiceLabels
  issues: LabelIssue[]
}

const EXPECTED = {
  hosts: 'host names separated by commas, such as web.example.com or *.example.com',
  port: 'one port from 1 to 65535',
  ssl: '1, t, T, TRUE, true, True, 0, f, F, FALSE, false or False',
  address: 'an IPv4 or IPv6 address',
  policy: `one of ${POLICIES.join(', ')}`,
  option: `${OPTION_PREFIX}<option>`,
} as const

const KNOWN = ['hosts', 'port', 'ssl', 'address', 'pool', 'policy'].map((name) => LABEL_PREFIX + name)

/**
 * The labels (Swarm) or annotations (Kubernetes) of one service. Those of others are ignored; every wrong one of
 * ours is an issue, also an unknown one: a mistyped label must not be lost in silence. An empty value means
 * not set, except for the hosts: a service that asks for no name is a mistake.
 */
export function parseLabels(all: Readonly<Record<string, string>>): ParsedLabels {
  const labels: ServiceLabels = { dns_name: [], tls: false, options: {} }
  const issues: LabelIssue[] = []
  const options: [string, string][] = []
  const ours = Object.entries(all).filter(([label]) => label.startsWith(LABEL_PREFIX))
  for (const [label, value] of ours.sort(([a], [b]) => compareText(a, b))) {
    const expected = label.startsWith(OPTION_PREFIX)
      ? takeOption(label, value, options)
      : takeLabel(label, value, labels)
    if (expected !== undefined) issues.push({ label, value, expected })
  }
  // A label may be called `__proto__`: entries make it a plain key.
  labels.options = Object.fromEntries(options)
  return { labels, issues }
}

/** Puts the value of one label where it belongs, or answers what was expected instead. */
function takeLabel(label: string, value: string, into: ServiceLabels): string | undefined {
  const text = value.trim()
  if (label === HOSTS_LABEL) {
    const { names, wrong } = parseHostNames(text.split(','))
    into.dns_name = names
    return names.length === 0 || wrong.length > 0 ? EXPECTED.hosts : undefined
  }
  if (!KNOWN.includes(label)) return `a label that is known: ${[...KNOWN, EXPECTED.option].join(', ')}`
  if (text === '') return undefined
  switch (label) {
    case PORT_LABEL:
      return put(parsePort(text), EXPECTED.port, (port) => {
        into.port = port
      })
    case 'interlook.ssl':
      return put(parseBool(value), EXPECTED.ssl, (tls) => {
        into.tls = tls
      })
    case 'interlook.address':
      return put(canonicalAddress(text), EXPECTED.address, (address) => {
        into.address = address
      })
    case 'interlook.policy':
      return put(
        POLICIES.find((policy) => policy === text),
        EXPECTED.policy,
        (policy) => {
          into.policy = policy
        },
      )
    default:
      into.pool = text
      return undefined
  }
}

function takeOption(label: string, value: string, options: [string, string][]): string | undefined {
  const option = label.slice(OPTION_PREFIX.length)
  if (option === '') return EXPECTED.option
  options.push([option, value])
  return undefined
}

function put<T>(value: T | undefined, expected: string, store: (value: T) => void): string | undefined {
  if (value === undefined) return expected
  store(value)
  return undefined
}

/** All wrong labels of one service as one problem. */
export function labelProblem(issues: readonly LabelIssue[]): Problem {
  const texts = issues.map(({ label, value, expected }) =>
    value === undefined
      ? `label ${label} is missing, expected ${expected}`
      : `label ${label} is ${quoted(value)}, expected ${expected}`,
  )
  return {
    code: 'label-invalid',
    message: texts.join('; '),
    retryable: false,
    hint: 'correct the labels of the service; until then nothing of it is changed or removed',
  }
}

/** A value that somebody else chose, short and on one line. */
function quoted(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value)
}

/** Exactly what the `ParseBool` of Go takes; the empty text is false. Undefined when it is none of them. */
export function parseBool(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['', '0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  return undefined
}

/** Host names trimmed, in lower case, each once, without the dot at the end; blank ones are left out. */
export function parseHostNames(texts: readonly string[]): { names: string[]; wrong: string[] } {
  const names = new Set<string>()
  const wrong: string[] = []
  for (const text of texts) {
    const name = text.trim().toLowerCase().replace(/\.$/, '')
    if (name === '') continue
    if (isHostName(name)) names.add(name)
    else wrong.push(text.trim())
  }
  return { names: [...names], wrong }
}

/** A DNS host name in lower case, with or without dots; `*` may stand for the first part of several. */
export function isHostName(name: string): boolean {
  const parts = name.split('.')
  const rest = parts[0] === '*' && parts.length > 1 ? parts.slice(1) : parts
  if (name.length > 253 || !rest.every((part) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(part)))
    return false
  // Digits alone at the end are an address, or part of one.
  return !/^\d+$/.test(parts.at(-1) ?? '')
}

function parsePort(text: string): number | undefined {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : Number.NaN
  return port <= 65_535 ? port : undefined
}

function canonicalAddress(text: string): string | undefined {
  const address = parseAddress(text)
  return address && formatAddress(address)
}
