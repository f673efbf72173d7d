import { describe, expect, it } from 'vitest'
import { withDeadline } from '../../src/sdk/deadline.js'
import { InterlookError } from '../../src/sdk/errors.js'
import { manualClock, settled } from '../helpers/manual-clock.js'

const never = (): Promise<never> => new Promise(() => undefined)

describe('withDeadline', () => {
  it('gives what the work gives, and leaves no timer behind', async () => {
    const clock = manualClock()

    expect(await withDeadline(async () => 7, { clock, ms: 1_000, what: 'it' })).toBe(7)
    expect(clock.sleepers).toBe(0)
  })

  it('rejects with timeout when the work ignores its signal, and hands the work over', async () => {
    const clock = manualClock()
    const late: unknown[] = []
    const result = withDeadline(never, {
      clock,
      ms: 1_000,
      what: 'it',
      writes: true,
      onLate: (work) => late.push(work),
    })
    const outcome = result.catch((error: unknown) => error)

    await clock.advance(900)
    await clock.advance(100)

    expect(await outcome).toMatchObject({ code: 'timeout', retryable: true, outcomeUnknown: true })
    expect(late).toHaveLength(1)
  })

  it('takes what the work says after its signal aborted', async () => {
    const clock = manualClock()
    const result = withDeadline(
      (signal) => new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('half'))),
      { clock, ms: 1_000, what: 'it' },
    )

    await clock.advance(900)

    expect(await result).toBe('half')
  })

  it('turns the abort error of a library into timeout, and keeps an error of ours', async () => {
    const clock = manualClock()
    const abortable = (make: () => Error) => (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(make())))
    const options = { clock, ms: 1_000, what: 'it' }
    const foreign = withDeadline(
      abortable(() => new DOMException('aborted', 'AbortError')),
      options,
    ).catch((error: unknown) => error)
    const own = withDeadline(
      abortable(() => new InterlookError('unreachable', 'no route')),
      options,
    ).catch((error: unknown) => error)

    await clock.advance(900)

    expect(await foreign).toMatchObject({ code: 'timeout', message: 'it took longer than 1000 ms' })
    expect(await own).toMatchObject({ code: 'unreachable' })
  })

  it('rejects with aborted when the caller gives up', async () => {
    const clock = manualClock()
    const caller = new AbortController()
    const result = withDeadline(never, { clock, ms: 1_000, what: 'it', signal: caller.signal })
    const outcome = result.catch((error: unknown) => error)

    caller.abort()
    await settled()
    await clock.advance(100)

    expect(await outcome).toMatchObject({ code: 'aborted' })
  })
})
