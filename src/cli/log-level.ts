import { InterlookError } from '../sdk/errors.js'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The value of `--log-level`, in any case of letters. */
export function parseLogLevel(input: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === input.toLowerCase())
  if (level !== undefined) return level
  throw new InterlookError('usage', `--log-level is one of ${LOG_LEVELS.join(', ')}, not '${input}'`)
}
