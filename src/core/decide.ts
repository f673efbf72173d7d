import type { Problem } from '../sdk/errors.js'
import { compareText } from '../sdk/service.js'
import { blockOf, guardKinds } from './blocks.js'
import type { Controller } from './controller.js'
import { recordOf, type Entry } from './entry.js'
import type { Assembly, Gathered } from './gather.js'
import { guardItems, judge, openGuard, type GuardItem } from './guard.js'
import { takeIn, type ProviderNews } from './intake.js'
import { wasEverSent } from './move.js'
import { countBlocks } from './counts.js'
import { orphansOf } from './orphans.js'
import type { PassOptions } from './pass-options.js'
import type { Plan, ProviderReport, ServicePlanBlock } from './plan.js'
import { simulate, type EntryPlan } from './planner.js'
import { recoverLostStore, rekeyImported } from './recover.js'
import type { StepHandle } from './step-handle.js'
import { transition } from './transition.js'
import { unansweredIn, unreleased, warningsOf } from './warnings.js'

/** A plan, and what applying it means for the entries. */
export interface Prepared {
  plan: Plan
  /** Entries as the intake makes them, those the guard froze left out. */
  accepted: Map<string, Entry>
  /** What was seen on the backends, per entry. */
  plans: Map<string, EntryPlan>
  guardItems: GuardItem[]
  /** Providers that said nothing: their services stay as they are. */
  held: Set<string>
}

/**
 * The second part: diff, plan, judge. It changes no entry, and must be followed by `commence` in the same turn of
 * the event loop: an answer that came in between would be overwritten.
 */
export function decide(controller: Controller, { news, owned }: Gathered, options: PassOptions): Prepared {
  recoverLostStore(controller, owned, news)
  rekeyImported(controller, news)
  const changed = intake(controller, news, options)
  return assemble(controller, { news, changed, owned, options })
}

function intake(
  controller: Controller,
  news: readonly ProviderNews[],
  options: PassOptions,
): Map<string, Entry> {
  const { settings } = controller.parts
  const context = controller.context()
  const prepared = new Map<string, Entry>()
  for (const [key, entry] of controller.entries) {
    let next = transition(entry, { type: 'retry-now' }, context).entry
    if (options.mode === 'now') next = entry
    if (options.adopt.unmarked) next = transition(next, { type: 'adopted' }, context).entry
    if (options.release.includes(key)) next = transition(next, { type: 'released' }, context).entry
    if (next !== entry) prepared.set(key, next)
  }
  const entries = new Map([...controller.entries, ...prepared])
  const { changed } = takeIn({ entries, news, claimsOf: controller.claimsOf, settings, context })
  const all = new Map([...prepared, ...changed])
  if (options.matches) for (const key of all.keys()) if (!options.matches(key)) all.delete(key)
  return all
}

function assemble(controller: Controller, input: Assembly): Prepared {
  const { settings, clock } = controller.parts
  const { options, changed, news } = input
  const now = clock.now()
  const frozenBy = frozenProviders(controller, news)
  const active = activeEntries(controller, changed, options)
  const movable = [...active.values()].filter((entry) => !frozenBy.has(entry.service.provider))
  const plans = simulate({
    entries: movable,
    steps: readable(controller, controller.parts.steps),
    lost: readable(controller, controller.parts.lostSteps ?? []),
    adopt: options.adopt,
    now,
  })
  blockUnread(controller, active, plans)
  const blocks: ServicePlanBlock[] = []
  const items: GuardItem[] = []
  for (const [key, after] of active) {
    const before = controller.entries.get(key)
    const frozen = frozenBy.get(after.service.provider)
    const block = blockOf({ before, after, plan: plans.get(key), steps: settings.steps, frozen, now })
    blocks.push(block)
    const kinds = guardKinds(before, after, block)
    if (losesStep(controller, before)) kinds.push('removed')
    items.push(...guardItems([block], () => kinds, now))
  }
  const orphans = orphansOf(controller, input)
  for (const orphan of orphans) {
    if (!orphan.pruned) continue
    const provider = orphan.object.key.split('/')[0] ?? ''
    items.push({ key: orphan.object.key, provider, kind: 'removed', at: now })
  }
  const guard = judge({
    settings: settings.guard,
    deployed: deployedCounts(controller, options.earlier),
    items,
    earlier: options.earlier,
    listed: new Map(news.filter((item) => item.complete).map((item) => [item.id, item.listed.length])),
    ...(options.allowDeletes !== undefined && { allowDeletes: options.allowDeletes }),
  })
  const refused = refusedKeys(items, guard.frozen)
  for (const key of refused) plans.delete(key)
  const plan: Plan = {
    services: blocks.toSorted((a, b) => compareText(a.key, b.key)),
    orphans,
    providers: news.map(providerReport),
    guard: items.length === 0 ? openGuard : guard,
    counts: countBlocks(blocks),
    unread: [...controller.unread].map(([step, problem]) => ({ step, problem })),
    warnings: [...warningsOf(controller), ...unreleased(controller, options.release), ...unansweredIn(news)],
  }
  return {
    plan,
    accepted: new Map([...changed].filter(([key]) => !refused.has(key))),
    plans,
    guardItems: items.filter((item) => !refused.has(item.key)),
    held: new Set(frozenBy.keys()),
  }
}

/** Providers that say nothing now, and providers that the configuration lost: their services stay as they are. */
function frozenProviders(controller: Controller, news: readonly ProviderNews[]): Map<string, Problem> {
  const frozen = new Map<string, Problem>()
  for (const item of news) if (item.problem) frozen.set(item.id, item.problem)
  const configured = new Set(controller.parts.settings.providers)
  for (const entry of controller.entries.values()) {
    const { provider } = entry.service
    if (configured.has(provider) || frozen.has(provider)) continue
    frozen.set(provider, {
      code: 'provider-unlisted',
      message: `${provider} is not in the workflow any more; its services stay as they are`,
      retryable: false,
      hint: `put ${provider} back into core.workflow, or release its services`,
    })
  }
  return frozen
}

function activeEntries(
  controller: Controller,
  changed: ReadonlyMap<string, Entry>,
  options: PassOptions,
): Map<string, Entry> {
  const active = new Map<string, Entry>()
  const consider = (key: string, entry: Entry): void => {
    if (options.matches && !options.matches(key)) return
    // What is gone is only remembered for a while; there is nothing to plan for it.
    const isGone = entry.expected === 'undeployed' && !wasEverSent(entry)
    if (!isGone) active.set(key, entry)
  }
  if (options.observe === 'cached') {
    for (const [key, entry] of changed) consider(key, entry)
    return active
  }
  for (const [key, entry] of controller.entries) consider(key, changed.get(key) ?? entry)
  for (const [key, entry] of changed) if (!active.has(key)) consider(key, entry)
  return active
}

/** Steps without an observation are walked like those that cannot be previewed. */
function readable(controller: Controller, steps: readonly StepHandle[]): StepHandle[] {
  return steps.map((step) => {
    if (!controller.unread.has(step.id)) return step
    const { preview: _preview, ...rest } = step
    return rest
  })
}

function blockUnread(
  controller: Controller,
  active: ReadonlyMap<string, Entry>,
  plans: ReadonlyMap<string, EntryPlan>,
): void {
  if (controller.unread.size === 0) return
  for (const key of active.keys()) {
    const plan = plans.get(key)
    for (const step of plan?.steps ?? []) {
      const problem = controller.unread.get(step.step)
      if (!plan || !problem) continue
      step.problem = problem
      plan.problem ??= problem
    }
  }
}

function refusedKeys(items: readonly GuardItem[], frozen: readonly string[]): Set<string> {
  return new Set(items.filter((item) => frozen.includes(item.provider)).map((item) => item.key))
}

function deployedCounts(controller: Controller, earlier: readonly GuardItem[]): Map<string, number> {
  const counts = new Map<string, number>()
  const add = (provider: string): void => {
    counts.set(provider, (counts.get(provider) ?? 0) + 1)
  }
  const seen = new Set<string>()
  for (const entry of controller.entries.values()) {
    if (!entry.inUse || entry.expected !== 'deployed') continue
    seen.add(entry.key)
    add(entry.service.provider)
  }
  for (const item of earlier) {
    if (item.kind !== 'removed' || seen.has(item.key)) continue
    seen.add(item.key)
    add(item.provider)
  }
  return counts
}

/** Objects with our mark that no service needs. What a provider lists, or may list once it can again, has its service. */
function providerReport(news: ProviderNews): ProviderReport {
  return {
    id: news.id,
    ...(news.problem ? { problem: news.problem } : { listed: news.listed.length }),
  }
}

/** Is anything of a deployed service going that a lost step made? The operator asked for it; the guard counts it. */
function losesStep(controller: Controller, before: Entry | undefined): boolean {
  if (!before?.inUse) return false
  return (controller.parts.lostSteps ?? []).some(({ id }) => recordOf(before, id).state !== 'none')
}
