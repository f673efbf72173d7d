import type { Scope } from '../../../sdk/provisioner.js'
import { type Service, serviceKey } from '../../../sdk/service.js'
import { importedHolder, type Lease, LeaseBook } from './lease-book.js'
import type { ObservedLeases } from './plan.js'

/** What was read, with the services that were wanted: they settle whose an imported record may be. */
export function observedOf(
  leases: Iterable<Lease>,
  wanted: readonly Service[],
  whole: boolean,
): ObservedLeases {
  const book = new LeaseBook(whole)
  for (const lease of leases) book.set(lease)
  return { book, claimants: claimantsOf(wanted, book) }
}

/** Pure: the whole observation with the wanted services as the part tells of them. */
export function mergeObserved(whole: ObservedLeases, part: ObservedLeases, scope: Scope): ObservedLeases {
  if (part.book.whole) return part
  const book = whole.book.fork()
  for (const service of scope.wanted) {
    for (const holder of [serviceKey(service), importedHolder(service.name)]) {
      for (const lease of book.of(holder)) book.delete(lease.ip)
    }
  }
  for (const lease of part.book.all()) book.set(lease)
  const claimants = new Map(whole.claimants)
  for (const [name, keys] of part.claimants) {
    claimants.set(name, new Set([...(claimants.get(name) ?? []), ...keys]))
  }
  return { book, claimants }
}

/** Only names that an imported record stands under matter. */
function claimantsOf(services: readonly Service[], book: LeaseBook): Map<string, Set<string>> {
  const claimants = new Map<string, Set<string>>()
  for (const service of services) {
    if (book.of(importedHolder(service.name)).length === 0) continue
    const keys = claimants.get(service.name) ?? new Set<string>()
    claimants.set(service.name, keys.add(serviceKey(service)))
  }
  return claimants
}
