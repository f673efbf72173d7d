/**
 * Every reason code that interlook gives, with the sentence that the docs print.
 * Stable: scripts and alerts match on them.
 */
export const REASONS = {
  'config-invalid': 'the configuration has problems; nothing was started',
  'config-unreadable': 'the configuration file cannot be read',
  usage: 'the command line is wrong',
  locked: 'another interlook holds the store',
  'store-unreadable': 'the store cannot be opened or is damaged',
  'store-full': 'the disk or the quota of the store is full',
  'import-failed': 'the files of the earlier tool cannot be imported',
  'extension-unknown': 'no extension has this id',
  'extension-unavailable': 'this release has no implementation of the extension yet',
  'extension-start': 'an extension did not start',
  'extension-load': 'a third-party extension cannot be loaded',
  'extension-contract': 'an extension answered against the contract',
  'provider-unlisted': 'a provider gave no complete listing, so nothing of it is changed or removed',
  'label-invalid': 'a label, annotation or key of the service is wrong',
  'domain-not-allowed': 'core.domains does not allow a host name of the service',
  'no-targets': 'the service never had a target, so it is not deployed yet',
  'claim-taken': 'another service holds a name or place that this one asks for',
  conflict: 'an object that is not ours stands under the name that the service needs',
  'adoption-needed': 'objects of the earlier tool would be taken over; run `interlook reconcile --adopt`',
  'owner-mismatch': 'the backends hold objects of another owner for the services listed now',
  timeout: 'the backend did not answer in time; whether it applied the change is not known',
  unreachable: 'the backend cannot be reached',
  unauthorized: 'the backend refused the credentials or the rights',
  refused: 'the backend refused the change',
  throttled: 'the backend asks to come back later',
  pending: 'not yet; asked again at the given time',
  'backend-error': 'the backend failed',
  'address-exhausted': 'no free address is left in the pool',
  'address-taken': 'the requested address is in use',
  'address-invalid': 'the requested address or pool cannot be given',
  'request-not-allowed': 'the service asks for an address or pool, and allowRequests is off',
  'address-missing': 'no earlier step gave the service an address',
  guard: 'the guard refuses a change of this size',
  paused: 'the policy of the service is pause',
  retained: 'the policy of the service was retain when it was removed',
  aborted: 'the run was cut short',
  internal: 'a defect in interlook',
} as const

export type Reason = keyof typeof REASONS

export interface InterlookErrorOptions {
  /** May another try help without anybody doing anything? */
  retryable?: boolean
  /** What to do, as a sentence to the operator. */
  hint?: string
  cause?: unknown
  /** Not before this wall-clock time in ms (Retry-After). */
  notBefore?: number
  /** True when the backend may have applied the change. */
  outcomeUnknown?: boolean
}

/** The only error that interlook throws on purpose. Messages: lower case, no full stop, never a secret. */
export class InterlookError extends Error {
  readonly code: Reason
  readonly retryable: boolean
  readonly hint?: string
  readonly notBefore?: number
  readonly outcomeUnknown: boolean

  constructor(code: Reason, message: string, options: InterlookErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'InterlookError'
    this.code = code
    this.retryable = options.retryable ?? false
    this.outcomeUnknown = options.outcomeUnknown ?? false
    if (options.hint !== undefined) this.hint = options.hint
    if (options.notBefore !== undefined) this.notBefore = options.notBefore
  }
}

/** Also true for the error of another copy of the SDK: an extension from outside may bring its own. */
export function isInterlookError(error: unknown): error is InterlookError {
  if (error instanceof InterlookError) return true
  if (!(error instanceof Error) || error.name !== 'InterlookError' || !('code' in error)) return false
  return typeof error.code === 'string' && Object.hasOwn(REASONS, error.code)
}

/** Why a service cannot go on, as data: what travels in plans, entries and `--json`. */
export interface Problem {
  code: Reason
  message: string
  retryable: boolean
  hint?: string
  /** Wall clock, ms. */
  notBefore?: number
  /** True when the backend may have applied the change. */
  outcomeUnknown?: boolean
}

/** Any thrown value as data; what is not ours becomes `internal` or the given code, with its message only. */
export function toProblem(error: unknown, fallback: Reason = 'internal'): Problem {
  if (isInterlookError(error)) {
    return {
      code: error.code,
      message: error.message,
      retryable: error.retryable,
      ...(error.hint !== undefined && { hint: error.hint }),
      ...(error.notBefore !== undefined && { notBefore: error.notBefore }),
      ...(error.outcomeUnknown && { outcomeUnknown: true }),
    }
  }
  return { code: fallback, message: errorText(error), retryable: fallback !== 'internal' }
}

/** The message of any thrown value, without a stack. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map(errorText).join('; ')
  }
  return error instanceof Error ? error.message : String(error)
}
