import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config/load.js'
import { Controller } from '../core/controller.js'
import type { ProviderFeed } from '../core/feeds.js'
import type { Settings } from '../core/settings.js'
import type { StepHandle } from '../core/step-handle.js'
import type { Store } from '../core/store.js'
import { systemClock, type Clock } from '../sdk/clock.js'
import { InterlookError, errorText } from '../sdk/errors.js'
import type { Logger } from '../sdk/logger.js'
import type { Lock } from '../store/lock.js'
import { buildFeed, buildStep, started, type ExtensionParts } from './compose-extensions.js'

export interface SessionOptions {
  config: Config
  logger: Logger
  /** What the lock tells others: `interlook run`. */
  command: string
  /** No lock, no write, nothing started that could write. */
  dryRun: boolean
  /** Steps that the workflow has lost are started too, so that what they made can go. */
  prune?: boolean
  lockTimeoutMs: number
  signal: AbortSignal
  clock?: Clock
}

/** A running installation: store, lock, extensions and the controller over them. */
export interface Session {
  controller: Controller
  /** Things worth telling once: an import, a generated owner. */
  remarks: string[]
  /** Stops every extension, closes the store, frees the lock. */
  close(): Promise<void>
}

/** What has to be undone, last first. */
export type Undo = () => Promise<void> | void

/** The composition root: the one place that builds real clocks, stores and extensions. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const undo: Undo[] = []
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await bounded(step, options.logger)
  }
  try {
    return await build(options, undo, close)
  } catch (error) {
    await close()
    throw error
  }
}

/** How long one extension may take to stop, ms. */
const STOP_LIMIT_MS = 15_000

/** Neither an error nor an extension that hangs keeps the others from being stopped, and the lock from being freed. */
async function bounded(step: Undo, logger: Logger): Promise<void> {
  const over = new AbortController()
  const limit = systemClock.sleep(STOP_LIMIT_MS, over.signal).then(() => {
    if (!over.signal.aborted)
      throw new InterlookError('timeout', `not stopped within ${STOP_LIMIT_MS / 1000} s`)
  })
  try {
    await Promise.race([step(), limit])
  } catch (error) {
    logger.error({ error: errorText(error) }, 'an extension did not stop cleanly')
  } finally {
    over.abort()
  }
}

async function build(options: SessionOptions, undo: Undo[], close: () => Promise<void>): Promise<Session> {
  const { config, dryRun, logger, signal } = options
  const clock = options.clock ?? systemClock
  const remarks: string[] = []
  if (!dryRun) {
    const lock = await takeLock(options, clock)
    undo.push(() => lock.release())
  }
  const store = await openTheStore(options, clock, remarks)
  undo.push(() => store.close())
  const settings = await settingsOf(config, store, dryRun, remarks)
  const box: { controller?: Controller } = {}
  const parts: ExtensionParts = { options, clock, settings, undo, box }
  const steps: StepHandle[] = []
  const feeds: ProviderFeed[] = []
  for (const entry of config.entries) {
    await started(entry, signal, async () => {
      if (entry.kind === 'provider') feeds.push(await buildFeed(entry, parts))
      else steps.push(await buildStep(entry, entry.kind, parts))
    })
  }
  const lostSteps = options.prune === true ? await startLostSteps(store, parts) : []
  const controller = new Controller({
    settings,
    store,
    steps,
    lostSteps,
    feeds,
    clock,
    logger,
    random: Math.random,
    newId: randomUUID,
  })
  box.controller = controller
  return { controller, remarks, close }
}

/** Steps with records that the workflow does not name any more, as far as they are still configured. */
async function startLostSteps(store: Store, parts: ExtensionParts): Promise<StepHandle[]> {
  const { config, signal } = parts.options
  const known = new Set(config.workflow)
  const lost = new Set<string>()
  for (const entry of store.load().values()) {
    for (const [id, record] of Object.entries(entry.steps)) {
      if (record.state !== 'none' && !known.has(id)) lost.add(id)
    }
  }
  const handles: StepHandle[] = []
  for (const id of lost) {
    const entry = config.registry.find((one) => one.id === id)
    if (!entry || entry.kind === 'provider' || config.sections[id] === undefined) continue
    const { kind } = entry
    await started(entry, signal, async () => {
      handles.push(await buildStep(entry, kind, parts))
    })
  }
  return handles
}

/** The writers' lock of this installation; throws `locked`. */
export async function takeLock(
  {
    config,
    command,
    lockTimeoutMs,
    signal,
  }: Pick<SessionOptions, 'config' | 'command' | 'lockTimeoutMs' | 'signal'>,
  clock: Clock,
): Promise<Lock> {
  const { acquireLock } = await import('../store/lock.js')
  const file = config.core.workflowEntriesFile
  mkdirSync(dirname(file), { recursive: true })
  return acquireLock({ file, command, timeoutMs: lockTimeoutMs, clock, signal })
}

async function openTheStore(
  { config, dryRun }: SessionOptions,
  clock: Clock,
  remarks: string[],
): Promise<Store> {
  const { openStore } = await import('../store/sqlite-store.js')
  const { coreSettings } = await import('../config/settings.js')
  const { steps, providers } = coreSettings(config)
  return openStore({
    file: config.core.workflowEntriesFile,
    dryRun,
    goImport: {
      steps,
      providers,
      now: clock.now(),
      onImport: ({ imported, skipped, backup }) => {
        const kept = backup === undefined ? '' : `; the old file is kept as ${backup}`
        remarks.push(`imported ${imported} services of the earlier tool (${skipped} left out)${kept}`)
      },
    },
  })
}

const OWNER_META = 'instanceId'

/** The owner is configured, or generated once and kept in the store. */
async function settingsOf(
  config: Config,
  store: Store,
  dryRun: boolean,
  remarks: string[],
): Promise<Settings> {
  const { coreSettings } = await import('../config/settings.js')
  if (config.core.instanceId !== undefined) return coreSettings(config)
  const known = store.getMeta(OWNER_META)
  const owner = known ?? randomBytes(4).toString('hex')
  if (known === undefined && !dryRun) {
    store.setMeta(OWNER_META, owner)
    remarks.push(`this installation's owner id is ${owner}; pin it with core.instanceId: ${owner}`)
  }
  return coreSettings(config, owner)
}
