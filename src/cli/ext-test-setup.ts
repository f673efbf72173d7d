import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import type { Config } from '../config/load.js'
import { findEntry, type RegistryEntry } from '../extensions/index.js'
import { systemClock } from '../sdk/clock.js'
import { InterlookError } from '../sdk/errors.js'
import type { ExtTestOptions, ExtTestSubject } from './ext-test.js'
import type { LogLevel } from './log-level.js'
import { takeLock } from './compose.js'
import { createLogger } from './logger.js'
import { requireConfig } from './read-config.js'
import { processRedactor } from './redaction.js'

/** Owner of the canary where the configuration names none; its objects are removed again. */
const OWNER = 'ext-test'
/** Silence that counts as such on a real network. */
const QUIET_MS = 250

export interface ExtTestRequest {
  /** Ids or aliases; empty for all of the workflow. */
  ids: readonly string[]
  config?: string | undefined
  'log-level'?: LogLevel | undefined
  json: boolean
  write: boolean
  address?: string | undefined
}

/** Reads the configuration and loads what is to be tested. */
export async function prepareExtTest(
  request: ExtTestRequest,
): Promise<{ options: ExtTestOptions; close: () => void }> {
  const { address, write } = request
  if (address !== undefined && isIP(address) === 0) {
    throw new InterlookError('usage', `--address ${address} is not an IP address`)
  }
  const { config } = await requireConfig(request.config)
  const subjects = await loadSubjects(config, request.ids)
  // The canary writes where a daemon may be writing.
  const signal = new AbortController().signal
  const lock = write
    ? await takeLock({ config, command: 'interlook ext test --write', lockTimeoutMs: 0, signal }, systemClock)
    : undefined
  const log = await createLogger({
    level: request['log-level'] ?? 'error',
    stdoutIsFree: false,
    dryRun: !write,
    stdout: process.stdout,
    stderr: process.stderr,
    redactor: processRedactor,
    clock: systemClock,
  })
  return {
    close: () => {
      lock?.release()
      log.close()
    },
    options: {
      subjects,
      write,
      ...(address !== undefined && { address }),
      suffix: randomBytes(4).toString('hex'),
      owner: config.core.instanceId ?? OWNER,
      secrets: config.secrets,
      deadlineMs: config.core.serviceWIPTimeout,
      quietMs: QUIET_MS,
      clock: systemClock,
      logger: log.logger,
    },
  }
}

async function loadSubjects(config: Config, ids: readonly string[]): Promise<ExtTestSubject[]> {
  const entries = ids.length === 0 ? config.entries : ids.map((id) => namedEntry(config, id))
  return Promise.all(
    entries.map(async (entry) => {
      const definition = await entry.load()
      if (definition.form === 'schema') {
        throw new InterlookError('extension-unavailable', `${entry.id} is not in this release`)
      }
      return { id: entry.id, definition, config: config.sections[entry.id] }
    }),
  )
}

function namedEntry(config: Config, id: string): RegistryEntry {
  const entry = findEntry(config.registry, id)
  if (entry === undefined) {
    throw new InterlookError('extension-unknown', `no extension has the id ${id}`, {
      hint: '`interlook ext list` shows those that there are',
    })
  }
  if (!Object.hasOwn(config.sections, entry.id)) {
    throw new InterlookError('config-invalid', `${entry.id} has no section in ${config.file}`)
  }
  return entry
}
