import { EventEmitter } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { exitCodeOfSignal, listenForSignals } from '../../src/cli/signals.js'

function fakeProcess() {
  return Object.assign(new EventEmitter(), { exit: vi.fn() })
}

describe('signals', () => {
  it.each([['SIGINT'], ['SIGTERM']] as const)('asks for an orderly end at the first %s', (name) => {
    const source = fakeProcess()
    const interruption = listenForSignals(source)

    source.emit(name)

    expect(interruption.signal.aborted).toBe(true)
    expect(interruption.received()).toBe(name)
    expect(source.exit).not.toHaveBeenCalled()
  })

  it.each([
    ['SIGINT', 'SIGINT', 130],
    ['SIGINT', 'SIGTERM', 143],
    ['SIGTERM', 'SIGINT', 130],
  ] as const)('ends at once at a second one: %s, then %s', (first, second, code) => {
    const source = fakeProcess()
    const interruption = listenForSignals(source)

    source.emit(first)
    source.emit(second)

    expect(source.exit).toHaveBeenCalledExactlyOnceWith(code)
    expect(interruption.received()).toBe(first)
  })

  it('leaves no handler behind', () => {
    const source = fakeProcess()

    listenForSignals(source).dispose()

    expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0)
  })

  it('has an exit code for each', () => {
    expect([exitCodeOfSignal('SIGINT'), exitCodeOfSignal('SIGTERM')]).toEqual([130, 143])
  })
})
