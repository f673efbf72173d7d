import { toProblem } from '../sdk/errors.js'
import type { Controller, PassProgress } from './controller.js'
import { engineFault } from './engine.js'
import { nextGraceEnd } from './grace.js'
import type { GuardItem } from './guard.js'
import type { ProviderReport } from './plan.js'
import type { Logger } from '../sdk/logger.js'
import { housekeep } from './housekeep.js'
import { commence } from './commence.js'
import { decide } from './decide.js'
import { gather } from './gather.js'

export interface DaemonOptions {
  /** How often every backend is read again, ms. */
  resyncMs: number
  /** How often closed entries are looked through, ms. */
  housekeepMs: number
  progress: PassProgress
  /** The daemon stops when this aborts. */
  signal: AbortSignal
  /** How long work in flight may take to end, ms. */
  stopLimitMs: number
  /** After every pass: for those who wait for the first one. */
  onPass?: () => void
}

/** Further changes of the same moment are taken together; the first goes at once. */
const GATHER_MS = 100

/**
 * The daemon: one pass at a time, whenever there is a reason for one, while the engine works on by itself.
 *
 *     provider news -> cached pass (changed services only)
 *     resync timer  -> whole pass (every backend read again)
 *     grace over    -> whole pass
 */
export async function runDaemon(controller: Controller, options: DaemonOptions): Promise<void> {
  const { parts, engine } = controller
  const { clock, logger } = parts
  const reasons = new Set<'news' | 'resync'>(['resync'])
  let wake = new AbortController()
  const poke = (reason: 'news' | 'resync'): void => {
    reasons.add(reason)
    wake.abort()
  }
  controller.collectsChanges = false
  controller.onFault = () => wake.abort()
  const watches = parts.feeds.map((feed) => feed.watch(() => poke('news'), options.signal))
  const window = new GuardWindow(controller)
  const listings = new ListingReport()
  let nextResync = 0
  let nextHousekeep = clock.now() + options.housekeepMs
  let graceTriedAt = Number.NEGATIVE_INFINITY
  while (!options.signal.aborted) {
    if (engine.fault !== undefined) throw engineFault(engine.fault)
    const now = clock.now()
    if (now >= nextResync) reasons.add('resync')
    if (reasons.size > 0) {
      const isWhole = reasons.has('resync')
      reasons.clear()
      wake = new AbortController()
      const done = await onePass(controller, options, { window, listings }, isWhole)
      if (isWhole) nextResync = clock.now() + (done ? options.resyncMs : Math.min(options.resyncMs, RETRY_MS))
      options.onPass?.()
    }
    if (clock.now() >= nextHousekeep) {
      housekeep(controller)
      nextHousekeep = clock.now() + options.housekeepMs
    }
    const graceEnd = nextGraceEnd(controller.entries.values(), parts.settings.undeployGracePeriodMs)
    const graceAt = Math.max(graceEnd, graceTriedAt + GRACE_RETRY_MS)
    const until = Math.min(nextResync, nextHousekeep, graceAt)
    const pause = reasons.size > 0 ? GATHER_MS : Math.max(0, until - clock.now())
    await clock.sleep(
      pause,
      reasons.size > 0 ? options.signal : AbortSignal.any([options.signal, wake.signal]),
    )
    if (graceAt <= clock.now()) {
      graceTriedAt = clock.now()
      reasons.add('news')
    }
  }
  logger.info({ inFlight: engine.inFlight }, 'stopping: waiting for work in flight')
  await engine.stop(AbortSignal.timeout(options.stopLimitMs))
  await Promise.allSettled(watches)
}

/** A removal that is due but cannot be decided (no listing, the guard) is looked at again after this long. */
const GRACE_RETRY_MS = 5_000

/** A whole pass that failed is tried again sooner than the next resync. */
const RETRY_MS = 15_000

/** One pass of the daemon. Nothing that a backend or a provider does may end the daemon. */
async function onePass(
  controller: Controller,
  options: DaemonOptions,
  { window, listings }: { window: GuardWindow; listings: ListingReport },
  isWhole: boolean,
): Promise<boolean> {
  const { logger } = controller.parts
  const pass = {
    adopt: { unmarked: false, owners: [] },
    prune: false,
    release: [],
    observe: isWhole ? ('all' as const) : ('cached' as const),
    mode: 'now' as const,
    earlier: window.items(),
    progress: options.progress,
    signal: options.signal,
  }
  try {
    const gathered = await gather(controller, pass)
    if (options.signal.aborted) return true
    const prepared = decide(controller, gathered, pass)
    window.report(prepared.plan.guard.reasons)
    commence(controller, prepared, pass, isWhole)
    window.add(prepared.guardItems)
    listings.report(prepared.plan.providers, logger)
    return prepared.plan.unread.length === 0
  } catch (error) {
    if (options.signal.aborted) return true
    const problem = toProblem(error)
    logger.error({ reason: problem.code, error: problem.message, hint: problem.hint }, 'pass failed')
    return false
  }
}

/** Says once that a provider cannot be listed, again when the reason is another, and once that it is back. */
class ListingReport {
  readonly #failing = new Map<string, string>()

  report(providers: readonly ProviderReport[], logger: Logger): void {
    for (const { id, problem } of providers) {
      const said = this.#failing.get(id)
      if (problem === undefined) {
        if (this.#failing.delete(id)) logger.info({ provider: id }, 'provider is listed again')
      } else if (said === problem.code) {
        logger.debug({ provider: id, reason: problem.code }, 'provider still not listed')
      } else {
        this.#failing.set(id, problem.code)
        const fields = { provider: id, reason: problem.code, error: problem.message, hint: problem.hint }
        logger.warn(fields, 'provider not listed; its services stay as they are')
      }
    }
  }
}

const WINDOW_META = 'guardWindow'
const DAEMON_HINT =
  'the refusal ends by itself when the services are back; to let them go, stop this daemon first'

/** The counted changes of the last minutes, kept in the store so that a restart forgets none. */
class GuardWindow {
  readonly #controller: Controller
  #said = ''

  constructor(controller: Controller) {
    this.#controller = controller
  }

  items(): GuardItem[] {
    const { store, clock, settings } = this.#controller.parts
    const text = store.getMeta(WINDOW_META)
    if (text === undefined) return []
    const items: unknown = JSON.parse(text)
    const since = clock.now() - settings.guard.windowMs
    return Array.isArray(items) ? (items as GuardItem[]).filter((item) => item.at >= since) : []
  }

  add(items: readonly GuardItem[]): void {
    if (items.length === 0) return
    this.#controller.parts.store.setMeta(WINDOW_META, JSON.stringify([...this.items(), ...items]))
  }

  /** Says once that the guard refuses, and once that it does no more. */
  report(reasons: readonly string[]): void {
    const { logger } = this.#controller.parts
    const text = reasons.join('; ')
    if (text === this.#said) return
    if (text === '') logger.info({}, 'guard: the refused changes are gone; nothing is held back any more')
    else
      logger.error(
        { reasons: text, hint: DAEMON_HINT },
        'guard: these changes are refused; everything else goes on',
      )
    this.#said = text
  }
}
