import { describe, expect, it } from 'vitest'
import { documentOf, type ErrorReport, renderReport, reportError } from '../../src/cli/error-report.js'
import { InterlookError } from '../../src/sdk/errors.js'

function report(error: unknown): ErrorReport {
  const told = reportError(error)
  if (typeof told === 'number') throw new Error(`expected a report, not ${told}`)
  return told
}

function oclifError(message: string, fields: object): Error {
  return Object.assign(new Error(message), fields)
}

describe('an error that ends a command', () => {
  it('is told by code, message and hint, without a stack, when it is ours', () => {
    const error = new InterlookError('locked', 'another run holds the store', { hint: 'wait for it' })

    const told = report(error)

    expect(told).toEqual({
      exitCode: 5,
      reason: 'locked',
      message: 'another run holds the store',
      hint: 'wait for it',
    })
    expect(renderReport(told)).toBe('error: another run holds the store\nhint: wait for it')
  })

  it('keeps the cause to itself: it may hold what nobody should see', () => {
    const error = new InterlookError('unreachable', 'no answer', { cause: new Error('token=abc') })

    const told = report(error)

    expect(renderReport(told) + JSON.stringify(documentOf(told))).not.toContain('abc')
  })

  it('is bad usage when oclif refuses the command line', () => {
    const error = oclifError('Nonexistent flag: --foo\nSee more help with --help', { oclif: { exit: 2 } })

    const told = report(error)

    expect(told).toMatchObject({ exitCode: 64, reason: 'usage', message: 'nonexistent flag: --foo' })
    expect(told.hint).toContain('--help')
  })

  it('is bad usage when a flag of ours refuses its value, whatever oclif makes of the message', () => {
    const error = new InterlookError('usage', '--wait is no duration')
    error.message = `Parsing --wait \n\t${error.message}\nSee more help with --help`

    expect(report(error)).toMatchObject({ exitCode: 64, reason: 'usage', message: '--wait is no duration' })
  })

  it('names a command as it is typed', () => {
    const error = oclifError('command ext:deploy not found', { oclif: { exit: 2 } })

    expect(report(error).message).toBe('command ext deploy not found')
  })

  it('is only an exit code when the command asked to exit', () => {
    const error = oclifError('EEXIT: 0', { code: 'EEXIT', oclif: { exit: 0 } })

    expect(reportError(error)).toBe(0)
  })

  it.each([
    ['an error', new TypeError('x is not a function'), 'x is not a function'],
    ['a text', 'thrown as text', 'thrown as text'],
  ])('is a defect when it is anything else: %s', (_, error, message) => {
    expect(report(error)).toMatchObject({ exitCode: 1, reason: 'internal', message })
  })

  it('shows the stack of a defect to people and not to scripts', () => {
    const told = report(new TypeError('x is not a function'))

    expect(renderReport(told)).toContain('error-report.test.ts')
    expect(JSON.stringify(documentOf(told))).not.toContain('error-report.test.ts')
  })
})
