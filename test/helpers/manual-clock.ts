import type { Clock } from '../../src/sdk/clock.js'

interface Sleeper {
  until: number
  wake: () => void
}

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** Moves on, waking who slept until then, and lets their work run. */
  advance(ms: number): Promise<void>
  readonly sleepers: number
}

export function manualClock(start = 1_700_000_000_000): ManualClock {
  let now = start
  const sleepers = new Set<Sleeper>()
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          resolve()
          return
        }
        const sleeper: Sleeper = {
          until: now + ms,
          wake: () => {
            sleepers.delete(sleeper)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', sleeper.wake, { once: true })
      }),
    async advance(ms) {
      now += ms
      for (const sleeper of [...sleepers]) if (sleeper.until <= now) sleeper.wake()
      await settled()
    },
    get sleepers() {
      return sleepers.size
    },
  }
}

/** Lets everything run that waits for nothing but promises. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
