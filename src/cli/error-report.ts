import { errorText, InterlookError, type Reason } from '../sdk/errors.js'
import { exitCode, exitCodeOfReason } from './exit-codes.js'

/** What users and scripts are told of an error that ends a command. */
export interface ErrorReport {
  exitCode: number
  reason: Reason
  message: string
  hint?: string
  /** Only of a defect in interlook. Text output alone shows it. */
  stack?: string
}

/** The fields by which oclif's errors are known; their classes differ between its copies in a test and a bundle. */
interface OclifError extends Error {
  code?: string
  oclif?: { exit?: number | false }
}

/** The one place that turns a thrown value into text and an exit code. A number: end so, without a word. */
export function reportError(error: unknown): ErrorReport | number {
  if (error instanceof InterlookError) {
    return {
      exitCode: exitCodeOfReason(error.code),
      reason: error.code,
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
    }
  }
  if (isOclifError(error)) {
    return error.code === 'EEXIT' ? Number(error.oclif.exit) : usageReport(error.message)
  }
  return {
    exitCode: exitCode('nothingDone'),
    reason: 'internal',
    message: errorText(error),
    hint: 'this is a defect in interlook; please report it together with the lines above',
    ...(error instanceof Error && error.stack !== undefined && { stack: error.stack }),
  }
}

/** For a terminal: what happened, then what to do. */
export function renderReport({ message, hint, stack }: ErrorReport): string {
  const lines = [`error: ${message}`]
  if (stack !== undefined) lines.push(...stack.split('\n').slice(1))
  if (hint !== undefined) lines.push(`hint: ${hint}`)
  return lines.join('\n')
}

/** For `--json`: the stack stays out, scripts match on `reason`. */
export function documentOf({ exitCode, reason, message, hint }: ErrorReport): Omit<ErrorReport, 'stack'> {
  return { exitCode, reason, message, ...(hint !== undefined && { hint }) }
}

function isOclifError(error: unknown): error is OclifError & { oclif: { exit?: number | false } } {
  return error instanceof Error && 'oclif' in error && typeof error.oclif === 'object' && error.oclif !== null
}

function usageReport(oclifMessage: string): ErrorReport {
  const text = oclifMessage.replace(/\nSee more help with --help\s*$/, '').trim()
  return {
    exitCode: exitCode('usage'),
    reason: 'usage',
    message: text.charAt(0).toLowerCase() + text.slice(1),
    hint: '`interlook --help` lists the commands, `interlook COMMAND --help` their flags',
  }
}
