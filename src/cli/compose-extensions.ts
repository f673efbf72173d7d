import type { Controller } from '../core/controller.js'
import { listingFeed, messageFeed, type ProviderFeed } from '../core/feeds.js'
import { readMessage } from '../core/foreign-message.js'
import type { Settings } from '../core/settings.js'
import type { StepHandle } from '../core/step-handle.js'
import type { RegistryEntry } from '../extensions/index.js'
import { createChannel } from '../sdk/channel.js'
import type { Clock } from '../sdk/clock.js'
import type { Context, Kind } from '../sdk/define.js'
import { InterlookError, toProblem } from '../sdk/errors.js'
import type { Logger } from '../sdk/logger.js'
import type { Message } from '../sdk/message.js'
import { serve } from '../sdk/serve.js'
import type { SessionOptions, Undo } from './compose.js'
import { processRedactor } from './redaction.js'
import { answerWithoutSecrets, feedWithoutSecrets } from './without-secrets.js'

const redact = (text: string): string => processRedactor.redact(text)

/** What extensions are built from. */
export interface ExtensionParts {
  options: SessionOptions
  clock: Clock
  settings: Settings
  undo: Undo[]
  /** The controller needs the extensions, and their answers need the controller. */
  box: { controller?: Controller }
}

/** Runs one extension's start; what goes wrong is told with its id, and ends everything. */
export async function started(
  entry: RegistryEntry,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
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

function contextOf(id: string, { options, clock, settings }: ExtensionParts): Context {
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

async function create(entry: RegistryEntry, parts: ExtensionParts): Promise<ReturnType<typeof serve>> {
  const definition = await entry.load()
  if (definition.form === 'schema') {
    throw new InterlookError('extension-unavailable', `${entry.id} cannot run in this release`)
  }
  const { config } = parts.options
  return serve(definition, config.sections[entry.id], contextOf(entry.id, parts), {
    onChange: ({ key, change, at }) => {
      const { controller } = parts.box
      if (controller?.collectsChanges === true)
        controller.changes.push({ ...change, key, step: entry.id, at })
      const { action, kind, object, fields, reason } = change
      parts.options.logger.info(
        { service: key, step: entry.id, action, kind, object, fields, reason },
        'change',
      )
    },
  })
}

export async function buildFeed(entry: RegistryEntry, parts: ExtensionParts): Promise<ProviderFeed> {
  const { options, clock, settings, undo } = parts
  const served = await create(entry, parts)
  const feed = feedWithoutSecrets(
    served.form === 'provider'
      ? listingFeed(entry.id, served.extension.listing, clock, options.logger)
      : messageFeed({
          id: entry.id,
          extension: served.extension,
          clock,
          logger: options.logger,
          settleMs: settings.providerSettleMs,
          deadlineMs: settings.serviceWipTimeoutMs,
          maxSilenceMs: options.config.core.serviceMaxLastUpdated,
          channel: () => createChannel<Message>(),
        }),
    redact,
  )
  undo.push(() => feed.stop())
  await within(feed.start(AbortSignal.any([options.signal, AbortSignal.timeout(START_LIMIT_MS)])), parts)
  return feed
}

export async function buildStep(
  entry: RegistryEntry,
  kind: Exclude<Kind, 'provider'>,
  parts: ExtensionParts,
): Promise<StepHandle> {
  const { options, undo } = parts
  const served = await create(entry, parts)
  const channel = createChannel<Message>()
  const { extension } = served
  undo.push(async () => {
    channel.close()
    await extension.stop()
  })
  const preview = served.form === 'provisioner' ? served.extension.preview : undefined
  if (!options.dryRun) {
    await within(
      extension.start(channel, (raw) => {
        const answer = readMessage(raw)
        if (answer) parts.box.controller?.engine.answer(entry.id, answerWithoutSecrets(answer, redact))
        else
          options.logger.warn({ step: entry.id }, 'answer against the contract dropped: it names no service')
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
async function within(start: Promise<void>, { options, clock }: ExtensionParts): Promise<void> {
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
