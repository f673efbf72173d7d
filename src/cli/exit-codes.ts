import type { Reason } from '../sdk/errors.js'

/** Every exit code, in the order in which they apply: the first that does is the one given. */
export const EXIT_CODES = {
  usage: { code: 64, meaning: 'bad usage: the command line is wrong' },
  config: { code: 78, meaning: 'bad config: it cannot be read or has problems; nothing was started' },
  locked: { code: 5, meaning: 'locked by another run; nothing was done' },
  notStarted: { code: 69, meaning: 'an extension did not start; nothing was done' },
  interrupted: { code: 130, meaning: 'cut short by SIGINT (`reconcile`, or a second signal)' },
  terminated: { code: 143, meaning: 'cut short by SIGTERM (`reconcile`, or a second signal)' },
  guard: { code: 3, meaning: 'refused by the guard; nothing was written' },
  nothingDone: { code: 1, meaning: 'nothing could be done' },
  partial: {
    code: 4,
    meaning:
      'done except for services in error: failed, conflicting, ill-labelled, provider unlisted, `--timeout` (also in a dry run)',
  },
  pending: { code: 2, meaning: 'changes are pending (`--dry-run --detailed-exitcode`)' },
  ok: { code: 0, meaning: 'done; `run` also after a clean stop by SIGTERM or SIGINT' },
} as const

export type ExitName = keyof typeof EXIT_CODES
export type ExitCode = (typeof EXIT_CODES)[ExitName]['code']

/** Reasons that end a command as a whole. Any other one means that nothing could be done. */
const EXIT_OF_REASON: Partial<Record<Reason, ExitName>> = {
  usage: 'usage',
  'config-invalid': 'config',
  'config-unreadable': 'config',
  'extension-unknown': 'config',
  locked: 'locked',
  'extension-start': 'notStarted',
  'extension-load': 'notStarted',
  'extension-unavailable': 'notStarted',
  aborted: 'interrupted',
  guard: 'guard',
}

export function exitCode(name: ExitName): ExitCode {
  return EXIT_CODES[name].code
}

export function exitCodeOfReason(reason: Reason): ExitCode {
  return exitCode(EXIT_OF_REASON[reason] ?? 'nothingDone')
}

/** The exit code of a command for which all of `names` apply; 0 when there is none. */
export function firstExitCode(names: Iterable<ExitName>): ExitCode {
  const applies = new Set(names)
  const order = Object.keys(EXIT_CODES) as ExitName[]
  return exitCode(order.find((name) => applies.has(name)) ?? 'ok')
}
