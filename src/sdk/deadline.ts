import type { Clock } from './clock.js'
import { InterlookError, isInterlookError } from './errors.js'

/** After its signal aborted, work may say itself how far it came: a tenth of the deadline, at most this long, ms. */
const MAX_GRACE_MS = 1_000

export interface DeadlineOptions {
  clock: Clock
  ms: number
  /** For the message: `the listing of provider.x`. */
  what: string
  /** Aborts the work early. */
  signal?: AbortSignal
  /** True when the work may have written something by then. */
  writes?: boolean
  /** Gets the work's promise when it did not end in time: it still runs. */
  onLate?: (work: Promise<unknown>) => void
}

/**
 * Runs `work` and settles by `ms` at the latest, also when the work ignores its signal.
 * Rejects with `timeout`, or with `aborted` when `signal` came first.
 */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  options: DeadlineOptions,
): Promise<T> {
  const { clock, ms, what, signal, writes = false } = options
  const graceMs = Math.min(ms / 10, MAX_GRACE_MS)
  const controller = new AbortController()
  const done = new AbortController()
  const abort = (): void => {
    controller.abort(new InterlookError('aborted', `${what} was cut short`, { retryable: true }))
  }
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })

  // A function that throws at once is a promise that rejects.
  const running = (async () => work(controller.signal))()
  const tooLate = async (): Promise<never> => {
    await clock.sleep(ms - graceMs, AbortSignal.any([controller.signal, done.signal]))
    if (!done.signal.aborted && !controller.signal.aborted) controller.abort(lateError(what, ms, writes))
    await clock.sleep(graceMs, done.signal)
    if (!done.signal.aborted) options.onLate?.(running)
    throw abortReason(controller.signal)
  }
  const late = tooLate()
  late.catch(() => undefined)
  running.catch(() => undefined)
  try {
    return await Promise.race([running, late])
  } catch (error) {
    throw controller.signal.aborted && !isInterlookError(error) ? abortReason(controller.signal) : error
  } finally {
    done.abort()
    signal?.removeEventListener('abort', abort)
  }
}

function lateError(what: string, ms: number, writes: boolean): InterlookError {
  return new InterlookError('timeout', `${what} took longer than ${ms} ms`, {
    retryable: true,
    outcomeUnknown: writes,
  })
}

function abortReason(signal: AbortSignal): unknown {
  return signal.reason
}
