import { type ConfigIssue, formatIssue, type Severity } from '../config/issues.js'
import type { Config } from '../config/load.js'
import type { Outcome } from './base-command.js'
import { countOf } from './config-error.js'
import { exitCode } from './exit-codes.js'

/** A file or folder that the configuration names. */
export interface UsedFile {
  /** `ipam.ipalloc.db_file`. */
  key: string
  /** Absolute. */
  path: string
}

/** What `validate-config` tells of one file; this shape is published. */
export interface ConfigCheck {
  file: string
  valid: boolean
  errors: number
  warnings: number
  issues: ConfigIssue[]
  /** Ids in order. */
  workflow: string[]
  files: UsedFile[]
}

export function checkOf(
  file: string,
  result: { config?: Pick<Config, 'workflow'>; issues: ConfigIssue[] },
  files: UsedFile[],
): ConfigCheck {
  const count = (wanted: Severity): number =>
    result.issues.filter(({ severity }) => severity === wanted).length
  return {
    file,
    valid: result.config !== undefined,
    errors: count('error'),
    warnings: count('warning'),
    issues: result.issues,
    workflow: result.config?.workflow ?? [],
    files,
  }
}

/** The outcome of the command over all files; `quiet` leaves out those without a word to say. */
export function outcomeOf(checks: readonly ConfigCheck[], quiet: boolean): Outcome {
  const invalid = checks.filter(({ valid }) => !valid)
  const shown = checks.filter(({ issues }) => !quiet || issues.length > 0)
  const outcome = { document: { files: checks }, text: shown.map(textOf).join('\n\n') }
  if (invalid.length === 0) return { exitCode: exitCode('ok'), ...outcome }
  const unreadable = invalid.every(({ issues }) => issues.some(({ code }) => code === 'config-unreadable'))
  return {
    exitCode: exitCode('config'),
    reason: unreadable ? 'config-unreadable' : 'config-invalid',
    message: invalid.map(({ file, errors }) => `${file}: ${countOf(errors, 'error')}`).join(', '),
    ...outcome,
  }
}

function textOf(check: ConfigCheck): string {
  const { file, valid, errors, warnings, workflow, files } = check
  const counts = [
    ...(errors > 0 ? [countOf(errors, 'error')] : []),
    ...(warnings > 0 ? [countOf(warnings, 'warning')] : []),
  ]
  const verdict = [valid ? 'valid' : 'not valid', ...counts].join(', ')
  const width = Math.max(0, ...files.map(({ key }) => key.length))
  return [
    ...check.issues.map(formatIssue),
    `${file}: ${verdict}`,
    ...(workflow.length > 0 ? [`  workflow: ${workflow.join(' -> ')}`] : []),
    ...files.map(({ key, path }) => `  ${key.padEnd(width)}  ${path}`),
  ].join('\n')
}
