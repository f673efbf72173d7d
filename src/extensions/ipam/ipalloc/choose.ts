import { InterlookError, type Problem, toProblem } from '../../../sdk/errors.js'
import { type Service, serviceKey } from '../../../sdk/service.js'
import { addressNumber, addressText } from './address.js'
import { type Lease, type LeaseBook, leaseState } from './lease-book.js'
import { type Pool, poolHolds, poolHoldsText } from './pool.js'
import { DEFAULT_POOL } from './pool-checks.js'

/** What the section says, as the plan needs it. */
export interface LeaseRules {
  owner: string
  quarantineMs: number
  allowRequests: boolean
  pools: ReadonlyMap<string, Pool>
}

/** An address for a service; `any`: the first free one of the pool will do. */
export type Choice = { ip: string; pool: string; why: string } | { any: Pool } | { problem: Problem }

/** The order in which a service's own leases are preferred. */
const PREFERENCE = ['current', 'held', 'imported', 'resting'] as const

/**
 * Which address a service should have. `own` is everything that is, was or may become its own: its leases in any
 * state, and the record of the earlier tool under its name. What it has is kept before anything else is looked at.
 */
export function choose(service: Service, own: readonly Lease[], book: LeaseBook, rules: LeaseRules): Choice {
  try {
    if (service.address !== undefined || service.pool !== undefined) checkAllowed(service, rules)
    if (service.address !== undefined) return chooseRequested(service, service.address, own, book, rules)
    const pool = poolNamed(service, rules)
    const lease = preferred(own.filter((one) => one.pool === pool.name || poolHoldsText(pool, one.ip)))
    const hint = freeHint(service, pool, book)
    // A lease that the service no longer has gives way to the address that users reach according to the core.
    if (hint !== undefined && (lease === undefined || !isInUse(lease))) {
      return { ip: hint, pool: pool.name, why: 'users reach it already' }
    }
    if (lease === undefined) return { any: pool }
    return { ip: lease.ip, pool: isInUse(lease) ? lease.pool : pool.name, why: whyKept(lease) }
  } catch (error) {
    return { problem: toProblem(error) }
  }
}

/** The address that a service asks for: where it lies and as everybody else would write it. */
export function requestedPlace(
  service: Service,
  rules: LeaseRules,
): { ip: string; number: bigint; pool: Pool | undefined } | undefined {
  const number = service.address === undefined ? undefined : addressNumber(service.address)
  if (number === undefined) return undefined
  const pool =
    service.pool === undefined
      ? [...rules.pools.values()].find((one) => poolHolds(one, number))
      : rules.pools.get(service.pool)
  return { ip: addressText(number), number, pool }
}

function chooseRequested(
  service: Service,
  address: string,
  own: readonly Lease[],
  book: LeaseBook,
  rules: LeaseRules,
): Choice {
  if (service.pool !== undefined) poolNamed(service, rules)
  const place = requestedPlace(service, rules)
  if (place === undefined) throw invalid(service, `${address} is no address`)
  const mine = own.find((lease) => lease.ip === place.ip)
  // An address that it has is kept, even where today's pools would not give it.
  if (mine !== undefined && isInUse(mine)) return { ip: mine.ip, pool: mine.pool, why: 'requested address' }
  if (place.pool === undefined || !poolHolds(place.pool, place.number)) {
    const where = place.pool === undefined ? 'any pool' : `what pool ${place.pool.name} may give`
    throw invalid(service, `${place.ip} is not in ${where}`)
  }
  const holder = mine === undefined ? book.at(place.ip) : undefined
  if (holder !== undefined) throw taken(service, holder, rules)
  return { ip: place.ip, pool: place.pool.name, why: 'requested address' }
}

function checkAllowed(service: Service, rules: LeaseRules): void {
  if (rules.allowRequests) return
  const what = service.address === undefined ? `the pool ${service.pool}` : `the address ${service.address}`
  throw new InterlookError('request-not-allowed', `${serviceKey(service)} asks for ${what}`, {
    hint: 'set ipam.ipalloc.allowRequests, or take the request from the service',
  })
}

function poolNamed(service: Service, rules: LeaseRules): Pool {
  const pool = rules.pools.get(service.pool ?? DEFAULT_POOL)
  if (pool !== undefined) return pool
  const known = [...rules.pools.keys()].join(', ')
  throw service.pool === undefined
    ? invalid(service, `it names no pool and there is no default one; known are ${known}`)
    : invalid(service, `no pool is named ${service.pool}; known are ${known}`)
}

/** What the core knows of the service's address is only a hint: after the loss of our store it saves the address. */
function freeHint(service: Service, pool: Pool, book: LeaseBook): string | undefined {
  const number = service.public_ip === undefined ? undefined : addressNumber(service.public_ip)
  if (number === undefined || !poolHolds(pool, number)) return undefined
  const ip = addressText(number)
  return book.at(ip) === undefined ? ip : undefined
}

function preferred(leases: readonly Lease[]): Lease | undefined {
  const rank = (lease: Lease): number => PREFERENCE.indexOf(kindOf(lease))
  return leases.reduce<Lease | undefined>(
    (best, lease) => (best === undefined || rank(lease) < rank(best) ? lease : best),
    undefined,
  )
}

function kindOf(lease: Lease): (typeof PREFERENCE)[number] {
  const state = leaseState(lease)
  return lease.service === undefined && state === 'current' ? 'imported' : state
}

function isInUse(lease: Lease): boolean {
  return leaseState(lease) !== 'resting'
}

function whyKept(lease: Lease): string {
  if (kindOf(lease) === 'imported') return 'taken over from the earlier tool'
  return isInUse(lease) ? 'kept' : 'back within its quarantine'
}

function invalid(service: Service, what: string): InterlookError {
  return new InterlookError('address-invalid', `${serviceKey(service)} can get no address: ${what}`)
}

function taken(service: Service, holder: Lease, rules: LeaseRules): InterlookError {
  const who = holder.service ?? holder.importedName ?? 'another'
  const asks = `${serviceKey(service)} asks for ${holder.ip}, which`
  if (leaseState(holder) !== 'resting') {
    return new InterlookError('address-taken', `${asks} ${who} has`, { retryable: true })
  }
  const notBefore = (holder.retiredAt ?? 0) + rules.quarantineMs
  const until = new Date(notBefore).toISOString()
  return new InterlookError('address-taken', `${asks} ${who} had and which is in quarantine until ${until}`, {
    retryable: true,
    notBefore,
  })
}
