import * as z from 'zod'
import { type ConfigCheck, checkOf, outcomeOf } from './config-check.js'
import { findConfigFile } from './config-path.js'
import { readConfig } from './read-config.js'
import { usedFiles } from './used-files.js'
import type { Outcome } from './base-command.js'

export interface CheckFilesOptions {
  /** Else the file of `--config` or a default one. */
  files: readonly string[] | undefined
  config: string | undefined
  strict: boolean
  quiet: boolean
}

/** All of `validate-config`. */
export async function checkFiles({ files, config, strict, quiet }: CheckFilesOptions): Promise<Outcome> {
  // Each schema is used once: compiling it first would take longer.
  z.config({ jitless: true })
  const checks: ConfigCheck[] = []
  for (const file of files ?? [findConfigFile(config)]) {
    const result = await readConfig(file, { mode: 'check', strict })
    checks.push(checkOf(file, result, result.config === undefined ? [] : await usedFiles(result.config)))
  }
  return outcomeOf(checks, quiet)
}
