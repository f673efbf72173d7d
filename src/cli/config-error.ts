import type { ConfigIssue } from '../config/issues.js'
import { InterlookError } from '../sdk/errors.js'

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends InterlookError {
  /** None when the file cannot be read: the message says it all. */
  readonly issues: readonly ConfigIssue[]

  constructor(file: string, issues: readonly ConfigIssue[]) {
    const errors = issues.filter(({ severity }) => severity === 'error')
    const [only, ...others] = errors
    const isUnreadable = only?.code === 'config-unreadable' && others.length === 0
    super(
      isUnreadable ? 'config-unreadable' : 'config-invalid',
      isUnreadable ? `${file}: ${only.message}` : `${file}: ${countOf(errors.length, 'error')}`,
      { hint: 'nothing was started; `interlook validate-config` checks the file again' },
    )
    this.issues = isUnreadable ? [] : issues
  }
}

/** `1 error`, `2 errors`. */
export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
