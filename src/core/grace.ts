import type { Entry } from './entry.js'

/** When the first grace period that ends after `after` does so, wall clock ms; infinite without one. */
export function nextGraceEnd(
  entries: Iterable<Entry>,
  graceMs: number,
  after = Number.NEGATIVE_INFINITY,
): number {
  let next = Number.POSITIVE_INFINITY
  for (const { expected, missingSince } of entries) {
    if (expected !== 'deployed' || missingSince === undefined) continue
    const end = missingSince + graceMs
    if (end > after) next = Math.min(next, end)
  }
  return next
}
