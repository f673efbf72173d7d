import { addressNumber, onLine } from './address.js'
import { DEFAULT_POOL, type PoolSection, usableRanges } from './pool-checks.js'

/** Addresses that may be given, under a name. Its numbers are those of `address.ts`. */
export interface Pool {
  name: string
  /** The network as the operator wrote it, for messages. */
  label: string
  /** What may be given, ascending, without what is excluded. */
  ranges: readonly { first: bigint; last: bigint }[]
  size: bigint
}

/** What `poolsOf` needs of the section. */
export interface PoolsSection extends PoolSection {
  pools?: Readonly<Record<string, PoolSection>> | undefined
}

/** Every pool of the section by name, the default one first. */
export function poolsOf(config: PoolsSection): Map<string, Pool> {
  const pools = new Map<string, Pool>()
  if (config.network_cidr !== undefined) pools.set(DEFAULT_POOL, makePool(DEFAULT_POOL, config))
  for (const [name, pool] of Object.entries(config.pools ?? {})) pools.set(name, makePool(name, pool))
  return pools
}

/** May this address be given out of the pool? */
export function poolHolds(pool: Pool, number: bigint): boolean {
  return pool.ranges.some((range) => range.first <= number && number <= range.last)
}

export function poolHoldsText(pool: Pool, ip: string): boolean {
  const number = addressNumber(ip)
  return number !== undefined && poolHolds(pool, number)
}

function makePool(name: string, section: PoolSection): Pool {
  const ranges = usableRanges(section).map(({ version, first, last }) => ({
    first: onLine(version, first),
    last: onLine(version, last),
  }))
  return {
    name,
    label: section.network_cidr ?? name,
    ranges,
    size: ranges.reduce((sum, range) => sum + range.last - range.first + 1n, 0n),
  }
}
