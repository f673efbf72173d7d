import type { Clock } from '../sdk/clock.js'
import { problemOf } from '../sdk/answer.js'
import { toProblem } from '../sdk/errors.js'
import type { Logger } from '../sdk/logger.js'
import type { Extension, Message } from '../sdk/message.js'
import type { ListedService } from '../sdk/provider.js'
import { bareService, parseServiceKey, serviceKey } from '../sdk/service.js'
import { readMessage, readService } from './foreign-message.js'
import type { ProviderNews } from './intake.js'

/** What the core needs of a provider, whatever it is made of. */
export interface ProviderFeed {
  readonly id: string
  /** Rejects when the provider cannot work at all. */
  start(signal: AbortSignal): Promise<void>
  /** What it has to say now. Never throws: a failure is news with a `problem`. */
  take(request: TakeRequest): Promise<ProviderNews>
  /** Calls `onChange` when there is news; runs until `signal` aborts. */
  watch(onChange: () => void, signal: AbortSignal): Promise<void>
  stop(): Promise<void>
}

export interface TakeRequest {
  /** Keys of this provider's entries: what a provider of messages alone is asked about. */
  known: readonly string[]
  /** `settle`: wait until the provider has said what it has to say (one pass); `now`: what came since. */
  mode: 'settle' | 'now'
  signal: AbortSignal
}

/** The listing side of a provider that was made from `list` and `watch`. */
export interface Listing {
  connect(signal: AbortSignal): Promise<void>
  list(signal: AbortSignal): Promise<ListedService[]>
  watch(onChange: () => void, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

const REWATCH_MS = 1_000

/** A provider that lists: complete, or a problem. */
export function listingFeed(id: string, listing: Listing, clock: Clock, logger: Logger): ProviderFeed {
  return {
    id,
    start: (signal) => listing.connect(signal),
    async take({ signal }) {
      try {
        const listed = await listing.list(signal)
        return { id, complete: true, listed, removed: [] }
      } catch (error) {
        const problem = toProblem(error, 'provider-unlisted')
        return { id, complete: false, listed: [], removed: [], problem }
      }
    },
    async watch(onChange, signal) {
      while (!signal.aborted) {
        try {
          await listing.watch(onChange, signal)
        } catch (error) {
          logger.warn({ provider: id, error: toProblem(error).message }, 'watch broke; watching again')
        }
        // A watch that ends by itself may have missed something; after the end nobody listens.
        await clock.sleep(REWATCH_MS, signal)
        onChange()
      }
    },
    stop: () => listing.close(),
  }
}

export interface MessageFeedOptions {
  id: string
  extension: Extension
  clock: Clock
  logger: Logger
  /** Quiet time after which a provider has said what it has to say, ms. */
  settleMs: number
  /** How long an answer to `refresh` may take, ms. */
  deadlineMs: number
  /** While it is watched: how long nothing may be said of a service before the provider is asked about it, ms. */
  maxSilenceMs: number
  channel: () => { push(message: Message): void; close(): void } & AsyncIterable<Message>
}

/** A provider of `start` and `stop` alone: absence is proved only by its own `delete`. */
export function messageFeed(options: MessageFeedOptions): ProviderFeed {
  const { id, extension, clock, logger } = options
  const channel = options.channel()
  const listed = new Map<string, ListedService>()
  const removed = new Set<string>()
  /** Keys that were spoken of since they were last asked about. */
  const answered = new Set<string>()
  /** Key -> when it was last spoken of or asked about; entries count from when they were first seen here. */
  const spokenAt = new Map<string, number>()
  let lastHeard = 0
  let notify: () => void = () => undefined

  const hear = (raw: unknown): Promise<void> => {
    const message = readMessage(raw)
    const heard = message && readService(id, message.service)
    if (!message || !heard) {
      logger.warn({ provider: id }, 'message against the contract dropped: it names no action or no service')
      return Promise.resolve()
    }
    const key = serviceKey(heard.service)
    lastHeard = clock.now()
    answered.add(key)
    spokenAt.set(key, lastHeard)
    const problem = problemOf(message)
    if (problem && message.id !== undefined) {
      // It could not tell whether the service is there: that says nothing about it.
      logger.warn(
        { provider: id, service: key, error: problem.message },
        'provider could not refresh a service',
      )
    } else if (message.action === 'delete') {
      listed.delete(key)
      removed.add(key)
    } else {
      removed.delete(key)
      listed.set(key, problem ? { service: heard.service, problem } : heard)
    }
    notify()
    return Promise.resolve()
  }

  const quiet = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const left = lastHeard + options.settleMs - clock.now()
      if (left <= 0) return
      await clock.sleep(left, signal)
    }
  }

  /** False for a key that no service can have. */
  const ask = (key: string): boolean => {
    const identity = parseServiceKey(key)
    if (!identity) return false
    answered.delete(key)
    spokenAt.set(key, clock.now())
    channel.push({
      action: 'refresh',
      sender: 'core',
      destination: id,
      id: `refresh:${key}`,
      service: bareService(identity),
    })
    return true
  }

  /** The keys that it did not answer for. */
  const refresh = async (keys: readonly string[], signal: AbortSignal): Promise<string[]> => {
    const open = new Set(keys.filter(ask))
    const deadline = clock.now() + options.deadlineMs
    while (!signal.aborted) {
      for (const key of open) if (answered.has(key)) open.delete(key)
      const left = deadline - clock.now()
      if (open.size === 0 || left <= 0) break
      const heard = new AbortController()
      notify = () => heard.abort()
      await clock.sleep(left, AbortSignal.any([heard.signal, signal]))
      notify = () => undefined
    }
    return [...open]
  }

  /** What was said of services that are neither listed nor an entry is past. */
  const follow = (known: readonly string[]): void => {
    const entries = new Set(known)
    for (const key of removed) if (!entries.has(key)) removed.delete(key)
    for (const key of spokenAt.keys()) if (!entries.has(key) && !listed.has(key)) spokenAt.delete(key)
    for (const key of known) if (!spokenAt.has(key)) spokenAt.set(key, clock.now())
  }

  const askTheSilent = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const now = clock.now()
      let next = now + options.maxSilenceMs
      for (const [key, at] of spokenAt) {
        if (at + options.maxSilenceMs <= now) ask(key)
        else next = Math.min(next, at + options.maxSilenceMs)
      }
      await clock.sleep(next - now, signal)
    }
  }

  return {
    id,
    async start() {
      await extension.start(channel, hear)
      lastHeard = clock.now()
    },
    async take({ known, mode, signal }) {
      let unanswered: string[] = []
      if (mode === 'settle') {
        await quiet(signal)
        const unheard = known.filter((key) => !listed.has(key) && !removed.has(key))
        unanswered = await refresh(unheard, signal)
      }
      follow(known)
      // Nothing is forgotten of an entry: what a pass could not act on (the guard, a claim) is said again in the next one.
      return { id, complete: false, listed: [...listed.values()], removed: [...removed], unanswered }
    },
    async watch(onChange, signal) {
      notify = onChange
      if (listed.size + removed.size > 0) onChange()
      await askTheSilent(signal)
    },
    async stop() {
      channel.close()
      await extension.stop()
    },
  }
}
