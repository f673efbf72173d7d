import type { OwnedObject } from '../../../sdk/provisioner.js'
import { bareService, parseServiceKey } from '../../../sdk/service.js'
import { type Lease, type LeaseBook, leaseState } from './lease-book.js'
import type { Pool } from './pool.js'
import { poolHoldsText } from './pool.js'

/** Pure: how full each pool is. Addresses outside of a pool's range are leased, but not counted against its size. */
export function factsOf(
  book: LeaseBook,
  pools: ReadonlyMap<string, Pool>,
  restedBefore: number,
): Record<string, string | number> {
  const current = book.fork()
  current.dropRested(restedBefore)
  const facts: Record<string, string | number> = {}
  for (const pool of pools.values()) {
    const taken = current.takenIn(pool)
    const resting = [...current.resting()].filter((lease) => poolHoldsText(pool, lease.ip)).length
    facts[`${pool.name} size`] = shown(pool.size)
    facts[`${pool.name} leased`] = taken - resting
    facts[`${pool.name} quarantined`] = resting
    facts[`${pool.name} free`] = shown(pool.size - BigInt(taken))
  }
  facts.imported = [...current.all()].filter((lease) => lease.service === undefined).length
  return facts
}

/** Pure: what services have. An address in quarantine is nobody's, and an imported record tells of no service. */
export function ownedOf(book: LeaseBook): OwnedObject[] {
  const byMark = new Map<string, Lease[]>()
  for (const lease of book.all()) {
    if (lease.service === undefined || leaseState(lease) === 'resting') continue
    const mark = `${lease.owner}\n${lease.service}`
    byMark.set(mark, [...(byMark.get(mark) ?? []), lease])
  }
  return [...byMark.values()].flatMap((leases) => {
    const [lease] = [...leases].sort((a, b) => Number(a.held) - Number(b.held))
    const identity = parseServiceKey(lease?.service ?? '')
    if (lease?.service === undefined || identity === undefined) return []
    return [
      {
        owner: lease.owner,
        key: lease.service,
        objects: leases.map(({ ip }) => ip),
        service: { ...bareService(identity), public_ip: lease.ip },
      },
    ]
  })
}

/** A /64 does not fit a number exactly. */
function shown(size: bigint): string | number {
  return size <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(size) : size.toString()
}
