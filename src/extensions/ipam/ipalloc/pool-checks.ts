import { type AddressRange, parseAddress, parseNetwork, parseRange } from '../../../sdk/ip.js'
import type { Report } from '../../../sdk/schema/section.js'

/** A pool as its section gives it; texts are in canonical form. */
export interface PoolSection {
  network_cidr?: string | undefined
  ip_start?: string | undefined
  ip_end?: string | undefined
  exclude?: string[] | undefined
}

/** The pool that the keys at the top of the section make. */
export const DEFAULT_POOL = 'default'

/** Every impossible range of one pool: outside of the network, upside down, or nothing left to give. */
export function checkPool(pool: PoolSection, report: Report): void {
  if (pool.network_cidr === undefined) {
    for (const key of ['ip_start', 'ip_end'] as const) {
      if (pool[key] !== undefined) report([key], `${key} needs network_cidr`)
    }
    if (pool.exclude?.length) report(['exclude'], 'exclude needs network_cidr')
    return
  }
  if (checkBounds(pool, pool.network_cidr, report) && usableRanges(pool).length === 0) {
    report(['network_cidr'], `no address of ${pool.network_cidr} is left to give`)
  }
}

function checkBounds(pool: PoolSection, cidr: string, report: Report): boolean {
  const network = parseNetwork(cidr)
  if (!network) return false
  let possible = true
  const complain = (path: (string | number)[], message: string): void => {
    possible = false
    report(path, message)
  }
  for (const key of ['ip_start', 'ip_end'] as const) {
    const address = parseAddress(pool[key] ?? '')
    if (!address) continue
    if (address.version !== network.version) {
      complain([key], `${key} is IPv${address.version} and network_cidr is IPv${network.version}`)
    } else if (address.value < network.first || address.value > network.last) {
      complain([key], `${key} ${pool[key]} is outside of ${cidr}`)
    }
  }
  const start = parseAddress(pool.ip_start ?? '')
  const end = parseAddress(pool.ip_end ?? '')
  if (start && end && start.version === end.version && start.value > end.value) {
    complain(['ip_start'], `ip_start ${pool.ip_start} is behind ip_end ${pool.ip_end}`)
  }
  for (const [index, text] of (pool.exclude ?? []).entries()) {
    const range = parseRange(text)
    if (range && range.version !== network.version) {
      complain(
        ['exclude', index],
        `the range is IPv${range.version} and network_cidr is IPv${network.version}`,
      )
    }
  }
  return possible
}

/** Two pools that could give the same address, and a pool named like the one at the top. */
export function checkOverlaps(
  config: PoolSection & { pools?: Record<string, PoolSection> | undefined },
  report: Report,
): void {
  const pools = Object.entries(config.pools ?? {})
  if (config.network_cidr !== undefined && pools.some(([name]) => name === DEFAULT_POOL)) {
    report(['pools', DEFAULT_POOL], `the pool "${DEFAULT_POOL}" is the one that network_cidr makes`)
  }
  if (config.network_cidr === undefined && pools.length === 0) {
    report(['network_cidr'], 'network_cidr or pools is needed')
  }
  const known = new Map<string, AddressRange[]>()
  if (config.network_cidr !== undefined) known.set(DEFAULT_POOL, usableRanges(config))
  for (const [name, pool] of pools) {
    const ranges = usableRanges(pool)
    for (const [other, taken] of known) {
      if (other === name || !overlap(ranges, taken)) continue
      report(['pools', name], `the pool "${name}" shares addresses with the pool "${other}"`)
    }
    known.set(name, ranges)
  }
}

function overlap(left: AddressRange[], right: AddressRange[]): boolean {
  return left.some((a) =>
    right.some((b) => a.version === b.version && a.first <= b.last && b.first <= a.last),
  )
}

/**
 * What a pool may give, in ascending order: its network without the network and broadcast addresses
 * (where it is large enough to have them), cut to `ip_start` and `ip_end`, without what `exclude` names.
 */
export function usableRanges(pool: PoolSection): AddressRange[] {
  const network = parseNetwork(pool.network_cidr ?? '')
  if (!network) return []
  const reserved = network.last - network.first >= 2n ? 1n : 0n
  const start = parseAddress(pool.ip_start ?? '')?.value ?? network.first
  const end = parseAddress(pool.ip_end ?? '')?.value ?? network.last
  let ranges: AddressRange[] = [
    {
      version: network.version,
      first: max(network.first + reserved, start),
      last: min(network.last - reserved, end),
    },
  ].filter((range): range is AddressRange => range.first <= range.last)
  for (const text of pool.exclude ?? []) {
    const excluded = parseRange(text)
    if (excluded && excluded.version === network.version) {
      ranges = ranges.flatMap((range) => without(range, excluded))
    }
  }
  return ranges
}

function without(range: AddressRange, excluded: AddressRange): AddressRange[] {
  if (excluded.last < range.first || excluded.first > range.last) return [range]
  return [
    { ...range, last: excluded.first - 1n },
    { ...range, first: excluded.last + 1n },
  ].filter(({ first, last }) => first <= last)
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
