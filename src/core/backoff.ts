/**
 * Exponential backoff with jitter: half of the delay is fixed, half is random, so that services which failed
 * together do not come back together.
 *
 * @param attempts tries that failed so far, 1 or more
 * @param random a number in [0, 1)
 * @returns ms
 */
export function backoffMs(
  attempts: number,
  limits: { baseMs: number; maxMs: number },
  random: number,
): number {
  const full = Math.min(limits.maxMs, limits.baseMs * 2 ** Math.min(attempts - 1, 30))
  return Math.round(full / 2 + (full / 2) * random)
}
