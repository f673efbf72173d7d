import { existsSync } from 'node:fs'
import { InterlookError } from '../sdk/errors.js'

/** Looked at in this order when neither `--config` nor INTERLOOK_CONFIG names a file. */
export const DEFAULT_CONFIG_FILES = ['./interlook.yml', '/etc/interlook/interlook.yml']

/** Checks whether a file is there; tests give their own. */
type Exists = (path: string) => boolean

/** The named file, else the first default one that exists. A named one is taken as it is: the loader reads it. */
export function findConfigFileIfAny(
  named: string | undefined,
  exists: Exists = existsSync,
): string | undefined {
  return named !== undefined && named !== '' ? named : DEFAULT_CONFIG_FILES.find(exists)
}

/** The same for commands that cannot do without. */
export function findConfigFile(named: string | undefined, exists: Exists = existsSync): string {
  const found = findConfigFileIfAny(named, exists)
  if (found !== undefined) return found
  throw new InterlookError(
    'config-unreadable',
    `no configuration file at ${DEFAULT_CONFIG_FILES.join(' or ')}`,
    { hint: 'name one with --config FILE or INTERLOOK_CONFIG' },
  )
}
