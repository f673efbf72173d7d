import { InterlookError } from '../sdk/errors.js'
import type { Controller } from './controller.js'
import type { PassResult, Plan, ServiceStatus } from './plan.js'
import { commence, decide, gather, type PassOptions } from './reconcile.js'
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
 * InterlookError when nothing could be done at all.
 */
export async function reconcileOnce(controller: Controller, options: OneShotOptions): Promise<PassResult> {
  const { clock } = controller.parts
  const startedAt = clock.now()
  controller.setAdopt(options.adopt)
  const prepared = decide(controller, await gather(controller, options), options)
  controller.lastPlan = prepared.plan
  const { plan } = prepared
  const guardStage = options.progress.stage('guard')
  if (plan.guard.tripped) guardStage.fail('refused')
  else guardStage.done('passed')
  let isCut = false
  if (!options.dryRun && !plan.guard.tripped) {
    commence(controller, prepared, options)
    isCut = await settle(controller, options, plan, startedAt)
    housekeep(controller)
    await controller.engine.idle()
  }
  return summarize(controller, { plan, options, startedAt, isCut })
}

/** Waits until the engine has nothing to do, and for due work as long as is wished; true when time ran out. */
async function settle(
  controller: Controller,
  options: OneShotOptions,
  plan: Plan,
  startedAt: number,
): Promise<boolean> {
  const { engine } = controller
  const { clock } = controller.parts
  const stage = options.progress.stage('apply')
  const total = plan.counts.create + plan.counts.update + plan.counts.remove
  controller.onProgress = () =>
    stage.update(`${controller.changes.length} changes, ${engine.inFlight} in flight`)
  const limit = new AbortController()
  const over = AbortSignal.any([options.signal, limit.signal])
  if (options.timeoutMs !== undefined) {
    void clock.sleep(startedAt + options.timeoutMs - clock.now(), over).then(() => limit.abort())
  }
  const cut = new Promise<'cut'>((resolve) => {
    if (over.aborted) resolve('cut')
    over.addEventListener('abort', () => resolve('cut'), { once: true })
  })
  const until = clock.now() + options.waitMs
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
