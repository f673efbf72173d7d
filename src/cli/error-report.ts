import { type ConfigIssue, formatIssue } from '../config/issues.js'
import { errorText, isInterlookError, type Reason } from '../sdk/errors.js'
import { ConfigError } from './config-error.js'
import { exitCode, exitCodeOfReason } from './exit-codes.js'

/** What users and scripts are told of an error that ends a command. */
export interface ErrorReport {
  exitCode: number
  reason: Reason
  message: string
  hint?: string
  /** Of a configuration that cannot be used. */
  issues?: readonly ConfigIssue[]
  /** Only of a defect in interlook. Text output alone shows it. */
  stack?: string
}

const HELP_HINT = '`interlook --help` lists the commands, `interlook COMMAND --help` their flags'

/** The fields by which oclif's errors are known; their classes differ between its copies in a test and a bundle. */
interface OclifError extends Error {
  code?: string
  oclif?: { exit?: number | false }
}

/** The one place that turns a thrown value into text and an exit code. A number: end so, without a word. */
export function reportError(error: unknown): ErrorReport | number {
  if (isInterlookError(error)) {
    if (error.code === 'usage') return usageReport(error.message, error.hint)
    return {
      exitCode: exitCodeOfReason(error.code),
      reason: error.code,
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
      ...(error instanceof ConfigError && { issues: error.issues }),
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
export function renderReport({ message, hint, issues = [], stack }: ErrorReport): string {
  const lines = [...issues.map(formatIssue), `error: ${message}`]
  if (stack !== undefined) lines.push(...stack.split('\n').slice(1))
  if (hint !== undefined) lines.push(`hint: ${hint}`)
  return lines.join('\n')
}

/** For `--json`: the stack stays out, scripts match on `reason`. */
export function documentOf({ stack: _, ...told }: ErrorReport): Omit<ErrorReport, 'stack'> {
  return told
}

function isOclifError(error: unknown): error is OclifError & { oclif: { exit?: number | false } } {
  return error instanceof Error && 'oclif' in error && typeof error.oclif === 'object' && error.oclif !== null
}

/** oclif adds to every message, also to ours when a flag is parsed, and writes ids with colons. */
function usageReport(message: string, hint = HELP_HINT): ErrorReport {
  const text = message
    .replace(/\nSee more help with --help\s*$/, '')
    .replace(/^Parsing --\S+\s+/, '')
    .replace(/^command (\S+) not found$/, (_, id: string) => `command ${id.replaceAll(':', ' ')} not found`)
    .trim()
  return {
    exitCode: exitCode('usage'),
    reason: 'usage',
    message: text.charAt(0).toLowerCase() + text.slice(1),
    hint,
  }
}
