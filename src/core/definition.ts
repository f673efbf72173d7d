import type { Outputs } from '../sdk/provisioner.js'
import type { Service, Target } from '../sdk/service.js'

/** The definition without what the steps gave, and without the policy, which is the core's business alone. */
export function withoutOutputs(service: Service): Service {
  const { public_ip: _ip, public_port: _port, policy: _policy, ...rest } = service
  return rest
}

/** The definition with what steps gave. */
export function withOutputs(service: Service, outputs: Outputs): Service {
  return {
    ...service,
    ...(outputs.public_ip !== undefined && { public_ip: outputs.public_ip }),
    ...(outputs.public_port !== undefined && { public_port: outputs.public_port }),
  }
}

/** Equal in all that a step sees: everything but the policy. */
export function sameDefinition(a: Service | undefined, b: Service | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return false
  return (
    a.provider === b.provider &&
    a.namespace === b.namespace &&
    a.name === b.name &&
    sameReach(a, b) &&
    sameAsk(a, b) &&
    sameTargets(a.targets, b.targets) &&
    sameOptions(a.options, b.options)
  )
}

/** Equal in what users reach: address, public port, TLS, names. */
export function sameReach(a: Service, b: Service): boolean {
  return (
    a.public_ip === b.public_ip &&
    a.public_port === b.public_port &&
    a.tls === b.tls &&
    sameList(a.dns_name, b.dns_name)
  )
}

/** Equal in the address that is asked for. */
export function sameAsk(a: Service, b: Service): boolean {
  return a.address === b.address && a.pool === b.pool
}

export function sameOutputs(a: Outputs, b: Outputs): boolean {
  return a.public_ip === b.public_ip && a.public_port === b.public_port
}

function sameTargets(a: readonly Target[], b: readonly Target[]): boolean {
  if (a.length !== b.length) return false
  return a.every((target, i) => {
    const other = b[i]
    return (
      other !== undefined &&
      target.host === other.host &&
      target.port === other.port &&
      target.weight === other.weight
    )
  })
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}

function sameOptions(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
