import { readFileSync } from 'node:fs'
import type { ConfigIssue } from '../config/issues.js'
import { type Config, loadConfig, type LoadOptions, type LoadResult } from '../config/load.js'
import { registry } from '../extensions/index.js'
import { ConfigError } from './config-error.js'
import { findConfigFile } from './config-path.js'
import { processRedactor } from './redaction.js'

/** Reads and checks one file with what this process sees. */
export async function readConfig(
  file: string,
  { mode, strict = false }: Pick<LoadOptions, 'mode' | 'strict'>,
): Promise<LoadResult> {
  const result = await loadConfig({
    file,
    env: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
    cwd: process.cwd(),
    mode,
    strict,
    registry: registry(),
  })
  processRedactor.add(result.secrets)
  return result
}

/** A configuration without errors. Throws a ConfigError that tells every problem. */
export async function readUsableConfig(file: string, mode: LoadOptions['mode']): Promise<Config> {
  return (await readWithRemarks(file, mode)).config
}

/** What a command works with: the file of `--config` or a default one, and what is worth a word about it. */
export function requireConfig(
  named: string | undefined,
): Promise<{ config: Config; remarks: ConfigIssue[] }> {
  return readWithRemarks(findConfigFile(named), 'run')
}

async function readWithRemarks(
  file: string,
  mode: LoadOptions['mode'],
): Promise<{ config: Config; remarks: ConfigIssue[] }> {
  const { config, issues } = await readConfig(file, { mode })
  if (config === undefined) throw new ConfigError(file, issues)
  return { config, remarks: issues }
}
