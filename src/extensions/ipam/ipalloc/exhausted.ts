import type { Problem } from '../../../sdk/errors.js'
import type { LeaseBook } from './lease-book.js'
import { type Pool, poolHoldsText } from './pool.js'

/** Why the pool has nothing to give, and when it will. Expired quarantines are no longer in the book. */
export function exhausted(pool: Pool, book: LeaseBook, quarantineMs: number): Problem {
  let resting = 0
  let next = Number.POSITIVE_INFINITY
  for (const lease of book.resting()) {
    if (!poolHoldsText(pool, lease.ip)) continue
    resting++
    next = Math.min(next, (lease.retiredAt ?? 0) + quarantineMs)
  }
  const leased = book.takenIn(pool) - resting
  const counts = `${pool.size} in all, ${leased} leased, ${resting} in quarantine`
  const when = resting === 0 ? '' : `; the next comes free at ${new Date(next).toISOString()}`
  return {
    code: 'address-exhausted',
    message: `no free address in pool ${pool.name} (${pool.label}): ${counts}${when}`,
    retryable: true,
    hint: 'enlarge the pool, or remove services',
    ...(resting > 0 && { notBefore: next }),
  }
}
