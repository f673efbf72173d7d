import type { Problem, Reason } from '../sdk/errors.js'

/** One backend's breaker, as a value. Open: no message is sent until `openUntil`; then one tries. */
export interface Breaker {
  /** Answers in a row that speak of the backend and not of one service. */
  failures: number
  openUntil?: number
  /** True while the one message that tries a reopened backend is out. */
  probing: boolean
}

export const closedBreaker: Breaker = { failures: 0, probing: false }

const TRIPS_AFTER = 5
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000
const BACKEND_REASONS: ReadonlySet<Reason> = new Set<Reason>([
  'timeout',
  'unreachable',
  'unauthorized',
  'throttled',
  'backend-error',
])

/** May a message go out now? */
export function mayPass(breaker: Breaker, now: number): boolean {
  if (breaker.openUntil === undefined) return true
  return now >= breaker.openUntil && !breaker.probing
}

/** A message goes out. */
export function onSent(breaker: Breaker): Breaker {
  return breaker.openUntil === undefined ? breaker : { ...breaker, probing: true }
}

/** An answer came (or time ran out, as a problem). */
export function onAnswer(breaker: Breaker, problem: Problem | undefined, now: number): Breaker {
  if (problem === undefined || !BACKEND_REASONS.has(problem.code)) return closedBreaker
  const failures = breaker.failures + 1
  if (problem.code === 'throttled' && problem.notBefore !== undefined) {
    return { failures, openUntil: problem.notBefore, probing: false }
  }
  if (failures < TRIPS_AFTER) return { failures, probing: false }
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - TRIPS_AFTER, 16))
  return { failures, openUntil: now + pause, probing: false }
}
