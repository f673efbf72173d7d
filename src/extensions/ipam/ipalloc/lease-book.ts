import { addressNumber } from './address.js'
import { Bitmap } from './bitmap.js'
import type { Pool } from './pool.js'
import { ShardMap } from './shard-map.js'

/** One address that is not free. */
export interface Lease {
  ip: string
  pool: string
  owner: string
  /** Key of the service; absent on a record of the earlier tool that no service has taken over yet. */
  service?: string
  /** All that such a record tells of its service: the bare name. */
  importedName?: string
  /** Wall clock, ms. */
  leasedAt: number
  /** Since when it is no longer the service's address, wall clock ms. */
  retiredAt?: number
  /** No longer the service's address, but users still reach it: it rests only when the core lets go of it. */
  held: boolean
}

/** `current`: the service's address. `held`: kept for `previous`. `resting`: in quarantine, or past it. */
export function leaseState(lease: Lease): 'current' | 'held' | 'resting' {
  if (lease.retiredAt === undefined) return 'current'
  return lease.held ? 'held' : 'resting'
}

/** Who holds it: a service key, or for imported records a text that no key can be. */
export function holderOf(lease: Lease): string {
  return lease.service ?? importedHolder(lease.importedName ?? '')
}

export function importedHolder(name: string): string {
  return `\n${name}`
}

/**
 * Every lease, to be asked by address, by holder, and for the first free address of a pool; none of it costs more
 * when there are more leases. A fork can be written to and shares what it does not change; what was forked is
 * an observation, and stays as it is.
 */
export class LeaseBook {
  private readonly byAddress: ShardMap<Lease>
  private readonly byHolder: ShardMap<readonly Lease[]>
  private readonly rested: ShardMap<Lease>
  private readonly taken: Bitmap
  /** No resting lease was retired before this; leases that left may have moved the true value up. */
  private restingSince: number
  /** False when the book holds only the services that a partial read asked for. */
  readonly whole: boolean

  constructor(whole = true, from?: LeaseBook) {
    this.whole = whole
    this.byAddress = from?.byAddress.fork() ?? new ShardMap()
    this.byHolder = from?.byHolder.fork() ?? new ShardMap()
    this.rested = from?.rested.fork() ?? new ShardMap()
    this.taken = from?.taken.fork() ?? new Bitmap()
    this.restingSince = from?.restingSince ?? Number.POSITIVE_INFINITY
  }

  fork(): LeaseBook {
    return new LeaseBook(this.whole, this)
  }

  get size(): number {
    return this.byAddress.size
  }

  /** All leases, in no particular order. */
  all(): Iterable<Lease> {
    return this.byAddress
  }

  resting(): Iterable<Lease> {
    return this.rested
  }

  at(ip: string): Lease | undefined {
    return this.byAddress.get(ip)
  }

  of(holder: string): readonly Lease[] {
    return this.byHolder.get(holder) ?? []
  }

  /** Puts the lease in the place of whatever stood at its address. */
  set(lease: Lease): void {
    this.delete(lease.ip)
    this.byAddress.set(lease.ip, lease)
    this.byHolder.set(holderOf(lease), [...this.of(holderOf(lease)), lease])
    if (leaseState(lease) === 'resting') {
      this.rested.set(lease.ip, lease)
      this.restingSince = Math.min(this.restingSince, lease.retiredAt ?? 0)
    }
    const number = addressNumber(lease.ip)
    if (number !== undefined) this.taken.add(number)
  }

  delete(ip: string): void {
    const lease = this.at(ip)
    if (lease === undefined) return
    this.byAddress.delete(ip)
    this.rested.delete(ip)
    const left = this.of(holderOf(lease)).filter((other) => other.ip !== ip)
    if (left.length === 0) this.byHolder.delete(holderOf(lease))
    else this.byHolder.set(holderOf(lease), left)
    const number = addressNumber(ip)
    if (number !== undefined) this.taken.delete(number)
  }

  /** Forgets what was retired at or before `retiredAt` and is not held: those addresses are free again. */
  dropRested(retiredAt: number): void {
    if (this.restingSince > retiredAt) return
    this.restingSince = Number.POSITIVE_INFINITY
    for (const lease of [...this.rested]) {
      const since = lease.retiredAt ?? 0
      if (since <= retiredAt) this.delete(lease.ip)
      else this.restingSince = Math.min(this.restingSince, since)
    }
  }

  /** The lowest free address of the pool that is not below `from`. */
  firstFree(pool: Pool, from = 0n): bigint | undefined {
    for (const range of pool.ranges) {
      if (range.last < from) continue
      const found = this.taken.firstGap(range.first < from ? from : range.first, range.last)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** How many addresses that the pool may give are not free. */
  takenIn(pool: Pool): number {
    return pool.ranges.reduce((sum, range) => sum + this.taken.count(range.first, range.last), 0)
  }
}
