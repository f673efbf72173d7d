import { describe, expect, it } from 'vitest'
import {
  EXIT_CODES,
  exitCode,
  exitCodeOfReason,
  type ExitName,
  firstExitCode,
} from '../../src/cli/exit-codes.js'
import type { Reason } from '../../src/sdk/errors.js'

describe('exit codes', () => {
  it('keeps each code and the order in which they apply', () => {
    const codes = Object.values(EXIT_CODES).map(({ code }) => code)

    expect(codes).toEqual([64, 78, 5, 69, 130, 143, 3, 1, 4, 2, 0])
  })

  it('says what each one means', () => {
    for (const { meaning } of Object.values(EXIT_CODES)) expect(meaning).toMatch(/^[a-z].+[^.]$/)
  })

  it.each<[string, ExitName[], number]>([
    ['nothing special', [], 0],
    ['the guard before services in error', ['partial', 'guard'], 3],
    ['cut short before the guard', ['guard', 'terminated'], 143],
    ['services in error before pending changes', ['pending', 'partial'], 4],
    ['bad usage before everything', ['ok', 'pending', 'config', 'usage'], 64],
    ['an extension that did not start before a signal', ['interrupted', 'notStarted'], 69],
  ])('gives the first that applies: %s', (_, names, code) => {
    expect(firstExitCode(names)).toBe(code)
  })

  it.each<[Reason, number]>([
    ['usage', 64],
    ['config-invalid', 78],
    ['config-unreadable', 78],
    ['locked', 5],
    ['extension-start', 69],
    ['extension-load', 69],
    ['aborted', 130],
    ['guard', 3],
    ['store-unreadable', 1],
    ['owner-mismatch', 1],
    ['internal', 1],
  ])('ends a command that fails with %s with %i', (reason, code) => {
    expect(exitCodeOfReason(reason)).toBe(code)
  })

  it('names codes', () => {
    expect(exitCode('config')).toBe(78)
  })
})
