import type { Answer } from '../sdk/answer.js'
import { errorText, REASONS, type Problem } from '../sdk/errors.js'
import { listingFault } from '../sdk/listing.js'
import type { ListedService } from '../sdk/provider.js'
import { normalizeTargets, POLICIES, type Service, type Target } from '../sdk/service.js'

type Fields = Record<string, unknown>

/**
 * What an extension sent, as the message that it should be: plain JavaScript from outside may send anything.
 * Undefined when it does not say what it is about.
 */
export function readMessage(raw: unknown): Answer | undefined {
  const fields = fieldsOf(raw)
  const service = fieldsOf(fields?.['service'])
  const action = (['add', 'delete', 'refresh'] as const).find((one) => one === fields?.['action'])
  if (!fields || !service || !isText(service['name']) || action === undefined) return undefined
  const { id, error, reason, notBefore, previous } = fields
  const problem = readProblem(fields['problem'])
  return {
    action,
    sender: '',
    destination: '',
    service: withoutMisfits(service),
    ...(fieldsOf(previous) && { previous: previous as Service }),
    ...(isText(id) && { id }),
    ...(error !== undefined && error !== null && { error: errorText(error) }),
    ...(isText(reason) && { reason }),
    ...(isText(notBefore) && { notBefore }),
    ...(problem && { problem }),
  }
}

/** Its identity and its outputs can be relied on; the rest is only compared with what was sent. */
function withoutMisfits({ namespace, public_ip, public_port, ...rest }: Fields): Service {
  const service = {
    ...rest,
    ...(isText(namespace) && { namespace }),
    ...(isText(public_ip) && { public_ip }),
    ...(Number.isInteger(public_port) && { public_port }),
  }
  return service as unknown as Service
}

/** The service of a provider's message with all that a service must have; what it has beyond that is left out. */
export function readService(provider: string, raw: Service): ListedService | undefined {
  const fields: Fields = { ...raw }
  const { name, namespace, public_ip: _ip, public_port: _port, address, pool, policy, options } = fields
  if (!isNamePart(name) || (isText(namespace) && !isNamePart(namespace))) return undefined
  const known = POLICIES.find((one) => one === policy)
  const service: Service = {
    provider,
    ...(isText(namespace) && { namespace }),
    name,
    targets: normalizeTargets(readTargets(fields['targets'])),
    tls: fields['tls'] === true,
    dns_name: readNames(fields['dns_name']),
    ...(isText(address) && { address }),
    ...(isText(pool) && { pool }),
    ...(known && { policy: known }),
    options: Object.fromEntries(
      Object.entries(fieldsOf(options) ?? {}).map(([key, value]) => [key, String(value)]),
    ),
  }
  const fault = listingFault([{ service }], provider)
  if (fault === undefined) return { service }
  return { service, problem: { code: 'label-invalid', message: fault, retryable: false } }
}

function readTargets(raw: unknown): Target[] {
  const targets: unknown[] = Array.isArray(raw) ? raw : []
  return targets.flatMap((one) => {
    const { host, port, weight } = fieldsOf(one) ?? {}
    if (!isText(host) || typeof port !== 'number') return []
    return [{ host, port, weight: typeof weight === 'number' ? weight : 1 }]
  })
}

function readNames(raw: unknown): string[] {
  const names: unknown[] = Array.isArray(raw) ? raw : []
  return names.flatMap((name) => (isText(name) ? [name.toLowerCase()] : []))
}

function readProblem(raw: unknown): Problem | undefined {
  const fields = fieldsOf(raw)
  if (!fields || !isText(fields['code']) || !Object.hasOwn(REASONS, fields['code'])) return undefined
  const { code, message, retryable, hint, notBefore, outcomeUnknown } = fields
  return {
    code: code as Problem['code'],
    message: isText(message) ? message : REASONS[code as Problem['code']],
    retryable: retryable === true,
    ...(isText(hint) && { hint }),
    ...(typeof notBefore === 'number' && Number.isFinite(notBefore) && { notBefore }),
    ...(outcomeUnknown === true && { outcomeUnknown }),
  }
}

/** A slash would make it another service's key. */
function isNamePart(value: unknown): value is string {
  return isText(value) && !value.includes('/')
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}
