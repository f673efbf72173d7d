import type { Problem } from '../sdk/errors.js'
import { closedBreaker, mayPass, onAnswer, onSent, type Breaker } from './breaker.js'
import type { StepHandle } from './step-handle.js'

/** What keeps a message from leaving: a full lane, or a backend that is left alone until `until` (wall clock, ms). */
export type Obstacle = { kind: 'full' } | { kind: 'open'; until: number }

/** One extension's side of the engine: slots in use, who waits for one, its breaker. */
export class Lane {
  readonly handle: StepHandle
  readonly waiting = new Set<string>()
  /** Keys that the step had no room for: they are tried again as soon as something was given back. */
  readonly starved = new Set<string>()
  readonly #maxInFlight: number
  #inFlight = 0
  #breaker: Breaker = closedBreaker

  constructor(handle: StepHandle, maxInFlight: number) {
    this.handle = handle
    this.#maxInFlight = maxInFlight
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Undefined when a message may leave now. */
  obstacle(now: number): Obstacle | undefined {
    if (!mayPass(this.#breaker, now)) {
      const until = this.#breaker.openUntil
      return until !== undefined && until > now ? { kind: 'open', until } : { kind: 'full' }
    }
    return this.#inFlight < this.#maxInFlight ? undefined : { kind: 'full' }
  }

  /**
   * Keys that waited and may be looked at again: as many as there are slots. When the backend is left alone now, all
   * of them: what they wait for has become a time.
   */
  takeWaiting(now: number): string[] {
    const obstacle = this.obstacle(now)
    if (obstacle?.kind === 'full') return []
    const free = obstacle ? this.waiting.size : this.#maxInFlight - this.#inFlight
    const taken: string[] = []
    for (const key of this.waiting) {
      if (taken.length >= free) break
      this.waiting.delete(key)
      taken.push(key)
    }
    return taken
  }

  sent(): void {
    this.#inFlight += 1
    this.#breaker = onSent(this.#breaker)
  }

  /** A message was answered or given up. Gives the time until which the backend is left alone, when that is new. */
  landed(problem: Problem | undefined, now: number): number | undefined {
    this.#inFlight -= 1
    const before = this.#breaker.openUntil
    this.#breaker = onAnswer(this.#breaker, problem, now)
    return before === undefined ? this.#breaker.openUntil : undefined
  }
}
