/** A backend of a service: where the load balancer sends traffic. `weight` is a relative share, 1 or more. */
export interface Target {
  host: string
  port: number
  weight: number
}

/**
 * `sync`: follow the platform. `retain`: on removal everything stays until it is released.
 * `pause`: nothing is changed or removed.
 */
export const POLICIES = ['sync', 'retain', 'pause'] as const
export type Policy = (typeof POLICIES)[number]

/** What a provider detected, in the JSON names of the API and of the files. */
export interface Service {
  /** Id of the provider, e.g. `provider.swarm`. */
  provider: string
  namespace?: string
  name: string
  targets: Target[]
  tls: boolean
  /** Given by the ipam, or by a load balancer where no ipam stands before it. */
  public_ip?: string
  /** Given by the load balancer: the port that users reach. */
  public_port?: number
  /** Host names (aliases), lower case, in the order of the label. */
  dns_name: string[]
  /** An address that the service asks for. */
  address?: string
  /** A pool of addresses that the service asks for, by name. */
  pool?: string
  policy?: Policy
  /** `interlook.lb.<option>` labels, without the prefix. */
  options: Record<string, string>
}

/** `provider.swarm/web`, `provider.kubernetes/ns/name`: the identity of a service everywhere. */
export function serviceKey(service: Pick<Service, 'provider' | 'namespace' | 'name'>): string {
  return service.namespace === undefined
    ? `${service.provider}/${service.name}`
    : `${service.provider}/${service.namespace}/${service.name}`
}

/** The identity that `serviceKey` wrote; undefined when the text is no key. */
export function parseServiceKey(
  key: string,
): { provider: string; namespace?: string; name: string } | undefined {
  const [provider, first, second, ...rest] = key.split('/')
  if (!provider || !first || rest.length > 0) return undefined
  return second === undefined ? { provider, name: first } : { provider, namespace: first, name: second }
}

/** A service with nothing but an identity: what is left of one that only its mark on a backend tells of. */
export function bareService(identity: Pick<Service, 'provider' | 'namespace' | 'name'>): Service {
  const { provider, namespace, name } = identity
  return {
    provider,
    ...(namespace !== undefined && { namespace }),
    name,
    targets: [],
    tls: false,
    dns_name: [],
    options: {},
  }
}

/** Targets in a stable order, equal ones (host and port) merged by adding their weights. */
export function normalizeTargets(targets: readonly Target[]): Target[] {
  const byPlace = new Map<string, Target>()
  for (const target of targets) {
    const place = `${target.host}\n${target.port}`
    const known = byPlace.get(place)
    byPlace.set(place, known ? { ...known, weight: known.weight + target.weight } : { ...target })
  }
  return [...byPlace.values()].sort((a, b) => compareText(a.host, b.host) || a.port - b.port)
}

/** Ordering by code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
