import type { Reason } from '../sdk/errors.js'

export type ConfigPath = readonly (string | number)[]

export const SEVERITIES = ['error', 'warning', 'note'] as const
export type Severity = (typeof SEVERITIES)[number]

/** One problem of a configuration, with its place in the file. */
export interface ConfigIssue {
  severity: Severity
  code: Reason
  file: string
  /** From 1. */
  line: number
  column: number
  /** `lb.f5ltm.httpPort`, `core.domains[2].domain`; empty for the file as a whole. */
  path: string
  message: string
  hint?: string
}

/** Text of a path, with list positions in brackets. */
export function formatPath(path: ConfigPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}

/** `interlook.yml:3:5: error: core.logLevel: expected ...`. */
export function formatIssue(issue: ConfigIssue): string {
  const place = `${issue.file}:${issue.line}:${issue.column}`
  const subject = issue.path === '' ? '' : `${issue.path}: `
  const hint = issue.hint === undefined ? '' : ` (${issue.hint})`
  return `${place}: ${issue.severity}: ${subject}${issue.message}${hint}`
}

/** In the order of the file; at one place the worst first. */
export function compareIssues(a: ConfigIssue, b: ConfigIssue): number {
  return (
    a.line - b.line || a.column - b.column || SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)
  )
}
