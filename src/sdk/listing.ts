import type { ListedService } from './provider.js'
import { type Service, serviceKey } from './service.js'

/** Why a listing cannot be believed; undefined when nothing speaks against it. */
export function listingFault(listed: readonly ListedService[], providerId: string): string | undefined {
  const keys = new Set<string>()
  for (const { service, problem } of listed) {
    const fault =
      identityFault(service, providerId) ?? (problem === undefined ? contentFault(service) : undefined)
    if (fault !== undefined) return fault
    const key = serviceKey(service)
    if (keys.has(key)) return `${key} is listed twice`
    keys.add(key)
  }
  return undefined
}

function identityFault(service: Service, providerId: string): string | undefined {
  const { provider, namespace, name } = service
  if (provider !== providerId) return `the service ${name} names ${provider} as its provider`
  if (!isNamePart(name)) return 'a service has no name, or one with a slash in it'
  if (namespace !== undefined && !isNamePart(namespace)) {
    return `the service ${name} has an empty namespace, or one with a slash in it`
  }
  return undefined
}

function contentFault(service: Service): string | undefined {
  const key = serviceKey(service)
  const names: readonly unknown[] = service.dns_name
  if (!names.every((name) => typeof name === 'string' && name !== '')) return `${key} has an empty host name`
  for (const { host, port, weight } of service.targets) {
    if (host === '') return `${key} has a target without a host`
    if (!Number.isInteger(port) || port < 1 || port > 65_535) return `${key} has a target with port ${port}`
    if (!(weight >= 1 && Number.isFinite(weight))) return `${key} has a target with weight ${weight}`
  }
  return undefined
}

function isNamePart(text: unknown): boolean {
  return typeof text === 'string' && text !== '' && !text.includes('/')
}

/** What a listing changed against the one before, by key. */
export interface ListingChange {
  /** New or different. */
  present: ListedService[]
  vanished: Service[]
}

/** What to tell of `listed` to somebody who knows `before`. */
export function listingChange(
  before: ReadonlyMap<string, ListedService>,
  listed: ReadonlyMap<string, ListedService>,
): ListingChange {
  const present = [...listed].filter(([key, item]) => !isSame(before.get(key), item)).map(([, item]) => item)
  const vanished = [...before].filter(([key]) => !listed.has(key)).map(([, item]) => item.service)
  return { present, vanished }
}

/** The listing by key. */
export function byKey(listed: readonly ListedService[]): Map<string, ListedService> {
  return new Map(listed.map((item) => [serviceKey(item.service), item]))
}

/** Providers build their services the same way each time, so their text tells whether they differ. */
function isSame(a: ListedService | undefined, b: ListedService): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b)
}
