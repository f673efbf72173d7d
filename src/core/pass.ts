import type { Clock } from '../sdk/clock.js'
import { InterlookError, isInterlookError } from '../sdk/errors.js'
import { compareText } from '../sdk/service.js'
import type { Controller } from './controller.js'
import type { Entry } from './entry.js'
import { nextGraceEnd } from './grace.js'
import type { PassResult, Plan, ServiceStatus } from './plan.js'
import { commence } from './commence.js'
import { countBlocks } from './counts.js'
import { decide } from './decide.js'
import { gather } from './gather.js'
import type { PassOptions } from './pass-options.js'
import { housekeep } from './housekeep.js'
import { scheduledOf, statusOf } from './state.js'

export interface OneShotOptions extends PassOptions {
  dryRun: boolean
  /** Exit 2 when a dry run found changes. */
  detailedExitCode: boolean
  /** How long due work is waited for once everything else is done, ms. */
  waitMs: number
  /** The pass is cut after this long, ms; none without it. */
  timeoutMs?: number
}

/** How a pass ended, apart from being cut short; numbers are the exit codes of the CLI. */
const EXIT = { ok: 0, pending: 2, guard: 3, someInError: 4 } as const

/**
 * One pass over everything: list, read, plan, judge, and (unless it is a dry run) apply. Rejects with an
 * InterlookError when nothing could be done at all. Where a grace period ends within `waitMs`, it is a second pass
 * that removes the service: only a listing of that moment can say that it is still gone.
 */
export async function reconcileOnce(controller: Controller, options: OneShotOptions): Promise<PassResult> {
  const { clock, settings } = controller.parts
  const startedAt = clock.now()
  controller.setAdopt(options.adopt)
  let plan = await applyOnce(controller, options)
  if (options.dryRun || plan.guard.tripped)
    return summarize(controller, { plan, options, startedAt, isCut: false })
  const limits = limitsOf(options, clock, startedAt)
  let isCut = await settle(controller, limits, plan)
  while (!isCut) {
    const end = nextGraceEnd(graceOf(controller, options), settings.undeployGracePeriodMs, clock.now())
    if (end > limits.until) break
    await clock.sleep(end - clock.now() + 1, limits.over)
    if (limits.over.aborted) isCut = true
    else {
      const later = await applyOnce(controller, { ...options, release: [], signal: limits.over }).catch(
        cutOnly,
      )
      if (later !== undefined) plan = mergePlans(plan, later)
      isCut = later === undefined || (await settle(controller, limits, later))
    }
  }
  limits.end()
  if (!isCut) {
    housekeep(controller)
    await controller.engine.idle()
  }
  return summarize(controller, { plan, options, startedAt, isCut })
}

/** List, read, plan, judge; and send what the guard lets pass. */
async function applyOnce(controller: Controller, options: OneShotOptions): Promise<Plan> {
  const prepared = decide(controller, await gather(controller, options), options)
  const { guard } = prepared.plan
  const guardStage = options.progress.stage('guard')
  if (guard.tripped) guardStage.fail('refused')
  else guardStage.done('passed')
  if (!options.dryRun && !guard.tripped) commence(controller, prepared, options)
  return prepared.plan
}

/** Being cut short while reading again is an end like any other. */
function cutOnly(error: unknown): undefined {
  if (isInterlookError(error) && error.code === 'aborted') return undefined
  throw error
}

function graceOf(controller: Controller, { matches }: OneShotOptions): Entry[] {
  return [...controller.entries.values()].filter((entry) => matches === undefined || matches(entry.key))
}

interface Limits {
  /** Aborts when the pass is cut short: by a signal, or by its timeout. */
  over: AbortSignal
  /** Due work is waited for until then, wall clock ms. */
  until: number
  progress: PassOptions['progress']
  /** Takes the timer of the timeout back. */
  end: () => void
}

function limitsOf(options: OneShotOptions, clock: Clock, startedAt: number): Limits {
  const limit = new AbortController()
  const ended = new AbortController()
  if (options.timeoutMs !== undefined) {
    const left = startedAt + options.timeoutMs - clock.now()
    void clock.sleep(left, ended.signal).then(() => limit.abort())
  }
  return {
    over: AbortSignal.any([options.signal, limit.signal]),
    until: clock.now() + options.waitMs,
    progress: options.progress,
    end: () => ended.abort(),
  }
}

/** Waits until the engine has nothing to do, and for due work as long as is wished; true when it was cut short. */
async function settle(
  controller: Controller,
  { over, until, progress }: Limits,
  plan: Plan,
): Promise<boolean> {
  const { engine } = controller
  const { clock } = controller.parts
  const stage = progress.stage('apply')
  const total = plan.counts.create + plan.counts.update + plan.counts.remove
  controller.onProgress = () =>
    stage.update(`${controller.changes.length} changes, ${engine.inFlight} in flight`)
  const cut = new Promise<'cut'>((resolve) => {
    if (over.aborted) resolve('cut')
    over.addEventListener('abort', () => resolve('cut'), { once: true })
  })
  let outcome: 'done' | 'cut' = 'done'
  for (;;) {
    outcome = await Promise.race([engine.idle().then(() => 'done' as const), cut])
    const due = engine.nextDue()
    if (outcome === 'cut' || due === undefined || due > until) break
    await clock.sleep(Math.max(0, due - clock.now()) + 1, over)
  }
  controller.onProgress = undefined
  if (outcome === 'cut') {
    await engine.stop(AbortSignal.timeout(STOP_LIMIT_MS))
    stage.fail('cut short')
    return true
  }
  stage.done(`${controller.changes.length} changes for ${total} services`)
  return false
}

/** What two passes of one run set out to do together. */
function mergePlans(first: Plan, second: Plan): Plan {
  const services = new Map(first.services.map((block) => [block.key, block]))
  for (const block of second.services) {
    if (block.verdict !== 'in-sync' || !services.has(block.key)) services.set(block.key, block)
  }
  const all = [...services.values()].toSorted((a, b) => compareText(a.key, b.key))
  return { ...second, services: all, counts: countBlocks(all) }
}

/** How long answers in flight are waited for when a pass is cut. */
const STOP_LIMIT_MS = 10_000

interface Outcome {
  plan: Plan
  options: OneShotOptions
  startedAt: number
  isCut: boolean
}

function summarize(controller: Controller, outcome: Outcome): PassResult {
  const { settings, clock } = controller.parts
  const { plan, options, startedAt, isCut } = outcome
  const now = clock.now()
  const shown = [...controller.entries.values()].filter(
    (entry) => options.matches === undefined || options.matches(entry.key),
  )
  const services = shown
    .map((entry) => statusOf(entry, settings.steps, now))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const scheduled = shown
    .flatMap((entry) => scheduledOf(entry, now))
    .toSorted((a, b) => a.notBefore - b.notBefore)
  const changes = [...controller.changes]
  const base = { dryRun: options.dryRun, plan, services, changes, scheduled, durationMs: now - startedAt }
  return { ...base, ...exitOf({ plan, options, isCut, services }) }
}

function exitOf(input: {
  plan: Plan
  options: OneShotOptions
  isCut: boolean
  services: readonly ServiceStatus[]
}): Pick<PassResult, 'exitCode' | 'reason' | 'message'> {
  const { plan, options, isCut, services } = input
  if (plan.guard.tripped) {
    return { exitCode: EXIT.guard, reason: 'guard', message: plan.guard.reasons.join('; ') }
  }
  if (isCut) {
    return {
      exitCode: EXIT.someInError,
      reason: 'timeout',
      message: 'time ran out before everything was done',
    }
  }
  const trouble = troubleOf(plan, options.dryRun ? undefined : services)
  if (trouble) return { exitCode: EXIT.someInError, ...trouble }
  const { create, update, remove } = plan.counts
  const isPending = create + update + remove > 0 || plan.orphans.some((orphan) => orphan.pruned)
  if (options.dryRun && options.detailedExitCode && isPending) return { exitCode: EXIT.pending }
  return { exitCode: EXIT.ok }
}

/** Waiting is no trouble; a lost claim is. */
function isTrouble(code: string | undefined): boolean {
  return code !== undefined && code !== 'no-targets' && code !== 'pending'
}

/** The first thing that makes the pass end with 4; after an applied pass the entries tell, before it the plan. */
function troubleOf(
  plan: Plan,
  services: readonly ServiceStatus[] | undefined,
): { reason: string; message: string } | undefined {
  const provider = plan.providers.find((item) => item.problem)
  if (provider?.problem) {
    return { reason: 'provider-unlisted', message: `${provider.id}: ${provider.problem.message}` }
  }
  const failed = services ?? plan.services.filter((block) => block.verdict === 'error')
  const bad = failed.find((item) => isTrouble(item.problem?.code))
  if (bad?.problem) return { reason: bad.problem.code, message: `${bad.key}: ${bad.problem.message}` }
  const takeOver = plan.services.find((block) => block.verdict === 'take-over')
  if (takeOver?.problem) return { reason: takeOver.problem.code, message: takeOver.problem.message }
  const [unread] = plan.unread
  return unread && { reason: unread.problem.code, message: `${unread.step}: ${unread.problem.message}` }
}

/** The error of a run that was cut short by a signal. */
export function abortedError(): InterlookError {
  return new InterlookError(
    'aborted',
    'the run was cut short; what was sent is journalled and settled by the next pass',
  )
}
