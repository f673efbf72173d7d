import { randomBytes, randomUUID } from 'node:crypto'
import type { Config } from '../config/load.js'
import { Controller } from '../core/controller.js'
import { listingFeed, messageFeed, type ProviderFeed } from '../core/feeds.js'
import type { Settings } from '../core/settings.js'
import type { StepHandle } from '../core/step-handle.js'
import type { Store } from '../core/store.js'
import type { RegistryEntry } from '../extensions/index.js'
import { createChannel } from '../sdk/channel.js'
import { systemClock, type Clock } from '../sdk/clock.js'
import type { Context, Kind } from '../sdk/define.js'
import { InterlookError, toProblem } from '../sdk/errors.js'
import type { Logger } from '../sdk/logger.js'
import type { Message } from '../sdk/message.js'
import type { ServedProvider } from '../sdk/serve-provider.js'
import type { ServedProvisioner } from '../sdk/serve-provisioner.js'
import { serve } from '../sdk/serve.js'
import type { Lock } from '../store/lock.js'

export interface SessionOptions {
  config: Config
  logger: Logger
  /** What the lock tells others: `interlook run`. */
  command: string
  /** No lock, no write, nothing started that could write. */
  dryRun: boolean
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
type Undo = () => Promise<void> | void

/** The composition root: the one place that builds real clocks, stores and extensions. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const undo: Undo[] = []
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return await build(options, undo, close)
  } catch (error) {
    await close()
    throw error
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
  const parts: Parts = { options, clock, settings, undo, box }
  const steps: StepHandle[] = []
  const feeds: ProviderFeed[] = []
  for (const entry of config.entries) {
    await started(entry, signal, async () => {
      if (entry.kind === 'provider') feeds.push(await buildFeed(entry, parts))
      else steps.push(await buildStep(entry, entry.kind, parts))
    })
  }
  const controller = new Controller({
    settings,
    store,
    steps,
    feeds,
    clock,
    logger,
    random: Math.random,
    newId: randomUUID,
    dryRun,
  })
  box.controller = controller
  return { controller, remarks, close }
}

interface Parts {
  options: SessionOptions
  clock: Clock
  settings: Settings
  undo: Undo[]
  /** The controller needs the extensions, and their answers need the controller. */
  box: { controller?: Controller }
}

async function takeLock(
  { config, command, lockTimeoutMs, signal }: SessionOptions,
  clock: Clock,
): Promise<Lock> {
  const { acquireLock } = await import('../store/lock.js')
  const file = config.core.workflowEntriesFile
  const { mkdirSync } = await import('node:fs')
  const { dirname } = await import('node:path')
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

/** Runs one extension's start; what goes wrong is told with its id, and ends everything. */
async function started(entry: RegistryEntry, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  if (!entry.available) {
    throw new InterlookError('extension-unavailable', `${entry.id} cannot run in this release`, {
      hint: `take ${entry.id} out of core.workflow; its section may stay`,
    })
  }
  try {
    await work()
  } catch (error) {
    if (signal.aborted)
      throw new InterlookError('aborted', 'the run was cut short while extensions were starting')
    const problem = toProblem(error, 'extension-start')
    throw new InterlookError('extension-start', `${entry.id} did not start: ${problem.message}`, {
      cause: error,
      ...(problem.hint !== undefined && { hint: problem.hint }),
    })
  }
}

/** An extension that does not come up within this time does not start, ms. */
const START_LIMIT_MS = 30_000

function contextOf(id: string, { options, clock, settings }: Parts): Context {
  return {
    id,
    owner: settings.owner,
    logger: bound(options.logger, id),
    clock,
    dryRun: options.dryRun,
    // The extension gives up before the core does, so that the core hears why.
    deadlineMs: Math.max(1_000, Math.floor(settings.serviceWipTimeoutMs * 0.9)),
  }
}

/** The logger of one extension: every record names it. */
function bound(logger: Logger, extension: string): Logger {
  return {
    debug: (fields, message) => logger.debug({ extension, ...fields }, message),
    info: (fields, message) => logger.info({ extension, ...fields }, message),
    warn: (fields, message) => logger.warn({ extension, ...fields }, message),
    error: (fields, message) => logger.error({ extension, ...fields }, message),
  }
}

async function create(entry: RegistryEntry, parts: Parts): Promise<ReturnType<typeof serve>> {
  const definition = await entry.load()
  if (definition.form === 'schema') {
    throw new InterlookError('extension-unavailable', `${entry.id} cannot run in this release`)
  }
  const { config } = parts.options
  return serve(definition, config.sections[entry.id], contextOf(entry.id, parts), {
    onChange: ({ key, change, at }) => {
      parts.box.controller?.changes.push({ ...change, key, step: entry.id, at })
      const { action, kind, object, fields, reason } = change
      parts.options.logger.info(
        { service: key, step: entry.id, action, kind, object, fields, reason },
        'change',
      )
    },
  })
}

async function buildFeed(entry: RegistryEntry, parts: Parts): Promise<ProviderFeed> {
  const { options, clock, settings, undo } = parts
  const served = await create(entry, parts)
  const feed =
    served.form === 'provider'
      ? listingFeed(entry.id, (served.extension as ServedProvider).listing, clock, options.logger)
      : messageFeed({
          id: entry.id,
          extension: served.extension,
          clock,
          logger: options.logger,
          settleMs: settings.providerSettleMs,
          deadlineMs: settings.serviceWipTimeoutMs,
          channel: () => createChannel<Message>(),
        })
  undo.push(() => feed.stop())
  await within(feed.start(AbortSignal.any([options.signal, AbortSignal.timeout(START_LIMIT_MS)])), parts)
  return feed
}

async function buildStep(
  entry: RegistryEntry,
  kind: Exclude<Kind, 'provider'>,
  parts: Parts,
): Promise<StepHandle> {
  const { options, undo } = parts
  const served = await create(entry, parts)
  const channel = createChannel<Message>()
  const { extension } = served
  undo.push(async () => {
    channel.close()
    await extension.stop()
  })
  const preview = served.form === 'provisioner' ? (extension as ServedProvisioner).preview : undefined
  if (!options.dryRun) {
    await within(
      extension.start(channel, (message) => {
        parts.box.controller?.engine.answer(entry.id, message)
        return Promise.resolve()
      }),
      parts,
    )
  } else if (preview) {
    await within(
      preview.connect(AbortSignal.any([options.signal, AbortSignal.timeout(START_LIMIT_MS)])),
      parts,
    )
  }
  return {
    id: entry.id,
    kind,
    ...(preview && { preview }),
    push: (message) => {
      channel.push(message)
    },
    setAdopt: (rule) => {
      if (served.form === 'provisioner') served.extension.setAdopt(rule)
    },
  }
}

/** A start that never settles ends with an error all the same. */
async function within(start: Promise<void>, { options, clock }: Parts): Promise<void> {
  const over = new AbortController()
  const limit = clock.sleep(START_LIMIT_MS, AbortSignal.any([over.signal, options.signal])).then(() => {
    if (over.signal.aborted) return
    throw new InterlookError('extension-start', `not ready within ${START_LIMIT_MS / 1000} s`)
  })
  try {
    await Promise.race([start, limit])
  } finally {
    over.abort()
  }
}
