import { existsSync } from 'node:fs'
import { InterlookError } from '../sdk/errors.js'

/** Looked at in this order when neither `--config` nor INTERLOOK_CONFIG names a file. */
export const DEFAULT_CONFIG_FILES = ['./interlook.yml', '/etc/interlook/interlook.yml']

/** The file that a command reads. A named one is taken as it is: that it cannot be read is told by the loader. */
export function findConfigFile(
  named: string | undefined,
  exists: (path: string) => boolean = existsSync,
): string {
  if (named !== undefined && named !== '') return named
  const found = DEFAULT_CONFIG_FILES.find(exists)
  if (found !== undefined) return found
  throw new InterlookError(
    'config-unreadable',
    `no configuration file at ${DEFAULT_CONFIG_FILES.join(' or ')}`,
    {
      hint: 'name one with --config FILE or INTERLOOK_CONFIG',
    },
  )
}
