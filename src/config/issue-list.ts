import type { Reason } from '../sdk/errors.js'
import { type ConfigIssue, type ConfigPath, compareIssues, formatPath, type Severity } from './issues.js'
import { lineAndColumn } from './locate.js'

export interface Found {
  severity?: Severity
  code?: Reason
  offset: number
  path: ConfigPath
  message: string
  hint?: string | undefined
}

/** Collects problems with their places, and keeps secrets out of their texts. */
export interface IssueList {
  add(found: Found): void
  /** These values, if they turn up in a message, are replaced. */
  hide(values: Iterable<string>): void
  hasErrors(): boolean
  sorted(): ConfigIssue[]
}

/** Shorter values are left alone: replacing every `80` would make texts unreadable and hide nothing. */
const SHORTEST_HIDDEN = 4

export function createIssueList(file: string, source: string): IssueList {
  const all: Found[] = []
  const hidden = new Set<string>()

  function clean(text: string): string {
    let result = text
    for (const value of [...hidden].sort((a, b) => b.length - a.length)) {
      result = result.replaceAll(value, '[hidden]')
    }
    return result
  }

  return {
    add(found) {
      all.push(found)
    },
    hide(values) {
      for (const value of values) if (value.length >= SHORTEST_HIDDEN) hidden.add(value)
    },
    hasErrors: () => all.some(({ severity }) => severity === undefined || severity === 'error'),
    sorted: () =>
      all
        .map(
          ({ severity = 'error', code = 'config-invalid', offset, path, message, hint }): ConfigIssue => ({
            severity,
            code,
            file,
            ...lineAndColumn(source, offset),
            path: formatPath(path),
            message: clean(message),
            ...(hint !== undefined && { hint: clean(hint) }),
          }),
        )
        .sort(compareIssues),
  }
}
