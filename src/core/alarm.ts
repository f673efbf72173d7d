import type { Clock } from '../sdk/clock.js'

/** Keys with the time at which they are due, and one timer for whatever is due first. */
export class Alarm {
  readonly #due = new Map<string, number>()
  readonly #clock: Clock
  readonly #ring: (key: string) => void
  #timer: AbortController | undefined

  constructor(clock: Clock, ring: (key: string) => void) {
    this.#clock = clock
    this.#ring = ring
  }

  set(key: string, at: number): void {
    this.#due.set(key, at)
  }

  delete(key: string): void {
    this.#due.delete(key)
  }

  entries(): Iterable<[string, number]> {
    return this.#due
  }

  /** Sets the timer anew. It rings for every key that is due, and sets itself again. */
  arm(): void {
    this.stop()
    if (this.#due.size === 0) return
    const timer = new AbortController()
    this.#timer = timer
    let first = Number.POSITIVE_INFINITY
    for (const at of this.#due.values()) first = Math.min(first, at)
    void this.#clock.sleep(Math.max(0, first - this.#clock.now()), timer.signal).then(() => {
      if (timer.signal.aborted) return
      const now = this.#clock.now()
      for (const [key, at] of [...this.#due]) {
        if (at > now) continue
        this.#due.delete(key)
        this.#ring(key)
      }
      this.arm()
    })
  }

  stop(): void {
    this.#timer?.abort()
  }
}
