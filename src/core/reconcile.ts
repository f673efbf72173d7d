import { InterlookError, type Problem } from '../sdk/errors.js'
import type { AdoptRule } from '../sdk/provisioner.js'
import { compareText, serviceKey, type Service } from '../sdk/service.js'
import { blockOf, guardKinds } from './blocks.js'
import type { Controller, PassProgress } from './controller.js'
import type { Entry } from './entry.js'
import { guardItems, judge, openGuard, type GuardItem } from './guard.js'
import { takeIn, type ProviderNews } from './intake.js'
import { matchImported } from './match-imported.js'
import { wasEverSent } from './move.js'
import type { Orphan, Plan, PlanCounts, ProviderReport, ServicePlanBlock } from './plan.js'
import { simulate, type EntryPlan } from './planner.js'
import { foreignOwners, ownedAt, rebuiltEntries, type OwnedAt } from './rebuild.js'
import { transition } from './transition.js'

export interface PassOptions {
  adopt: AdoptRule
  prune: boolean
  /** Keys of retained services to be released. */
  release: readonly string[]
  allowDeletes?: number
  /** Which services the pass is about; all without it. */
  matches?: (key: string) => boolean
  /** `all`: read every backend; `cached`: plan the changed services against what was read last. */
  observe: 'all' | 'cached'
  /** How a provider of messages alone is asked: see `TakeRequest`. */
  mode: 'settle' | 'now'
  /** Counted changes of the guard's window (daemon). */
  earlier: readonly GuardItem[]
  progress: PassProgress
  signal: AbortSignal
}

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

/** What was read from outside: all the waiting of a pass. */
export interface Gathered {
  news: readonly ProviderNews[]
  owned: readonly OwnedAt[]
}

/** The first part of a pass, the same for the daemon, the one-shot and the dry run: list and read. Writes nothing. */
export async function gather(controller: Controller, options: PassOptions): Promise<Gathered> {
  const news = await listProviders(controller, options)
  const wanted = wantedServices(controller, news)
  if (options.observe === 'all') await controller.observe(wanted, options.signal, options.progress)
  if (options.signal.aborted)
    throw new InterlookError('aborted', 'the run was cut short before anything was done')
  return { news, owned: options.observe === 'all' ? ownedAt(controller.parts.steps) : [] }
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

/** The third part: what was decided becomes events; the engine does the rest. */
export function commence(
  controller: Controller,
  prepared: Prepared,
  options: PassOptions,
  everything = true,
): void {
  const { engine } = controller
  engine.hold(prepared.held)
  for (const { from, entry } of controller.rekeyed.splice(0)) {
    engine.remove(from)
    engine.adoptEntries([entry])
  }
  engine.adoptEntries(prepared.accepted.values())
  for (const [key, plan] of prepared.plans) for (const event of plan.events) engine.feed(key, event)
  pruneOrphans(controller, prepared.plan.orphans)
  if (!everything && prepared.held.size === 0 && !engine.wasHolding) return
  for (const key of controller.entries.keys()) {
    if (options.matches === undefined || options.matches(key)) engine.enqueue(key)
  }
}

async function listProviders(controller: Controller, options: PassOptions): Promise<ProviderNews[]> {
  const { feeds } = controller.parts
  return Promise.all(
    feeds.map(async (feed) => {
      const stage = options.progress.stage(`list ${feed.id}`)
      const known = [...controller.entries.values()]
        .filter((entry) => entry.service.provider === feed.id && entry.expected === 'deployed')
        .map((entry) => entry.key)
      const news = await feed.take({ known, mode: options.mode, signal: options.signal })
      if (news.problem) stage.fail(news.problem.message)
      else stage.done(`${news.listed.length} services`)
      return news
    }),
  )
}

function wantedServices(controller: Controller, news: readonly ProviderNews[]): Service[] {
  const wanted = new Map<string, Service>()
  for (const entry of controller.entries.values()) wanted.set(entry.key, entry.service)
  for (const item of news)
    for (const listed of item.listed) wanted.set(serviceKey(listed.service), listed.service)
  return [...wanted.values()]
}

/** A store without entries that meets marked objects: ours rebuild it, another owner's stop everything. */
function recoverLostStore(
  controller: Controller,
  owned: readonly OwnedAt[],
  news: readonly ProviderNews[],
): void {
  if (controller.entries.size > 0 || owned.length === 0) return
  const { settings, steps, clock } = controller.parts
  const listed = new Map(
    news.flatMap((item) => item.listed.map((one) => [serviceKey(one.service), one.service] as const)),
  )
  const foreign = foreignOwners(owned, settings.owner, new Set(listed.keys()))
  for (const [owner, keys] of foreign) {
    throw new InterlookError(
      'owner-mismatch',
      `this store is new, and the backends hold objects of owner '${owner}' for ${keys.length} of the services listed now (${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ', ...' : ''}); nothing was written`,
      {
        hint: `if that was this installation, set core.instanceId: ${owner} and run again: entries and addresses are rebuilt from those objects`,
      },
    )
  }
  for (const [key, entry] of rebuiltEntries(owned, settings.owner, listed, steps, clock.now())) {
    controller.entries.set(key, entry)
  }
}

/** Imported entries under the key that the platform gives their service; on disk once the pass goes on. */
function rekeyImported(controller: Controller, news: readonly ProviderNews[]): void {
  const complete = news.filter((item) => item.complete && !item.problem)
  if (complete.length < controller.parts.feeds.length) return
  const listed = complete.flatMap((item) => item.listed.map((one) => one.service))
  for (const rekeyed of matchImported(controller.entries.values(), listed)) {
    controller.entries.delete(rekeyed.from)
    controller.entries.set(rekeyed.entry.key, rekeyed.entry)
    controller.rekeyed.push(rekeyed)
  }
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

interface Assembly {
  news: readonly ProviderNews[]
  changed: Map<string, Entry>
  owned: readonly OwnedAt[]
  options: PassOptions
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
    steps: readable(controller),
    settings,
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
    items.push(...guardItems([block], () => guardKinds(before, after, block), now))
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
    warnings: [...warningsOf(controller), ...unreleased(controller, options.release)],
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
function readable(controller: Controller): Controller['parts']['steps'] {
  return controller.parts.steps.map((step) => {
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
function orphansOf(controller: Controller, { news, changed, owned, options }: Assembly): Orphan[] {
  const { owner } = controller.parts.settings
  const listed = new Set(news.flatMap((item) => item.listed.map((one) => serviceKey(one.service))))
  const silent = news.filter((item) => item.problem).map((item) => item.id)
  const isPruned = (key: string): boolean => {
    const isUnknown = silent.some((provider) => key.startsWith(`${provider}/`))
    return options.prune && !isUnknown && (options.matches === undefined || options.matches(key))
  }
  return owned
    .filter(({ object }) => object.owner === owner && !listed.has(object.key))
    .filter(({ object }) => !controller.entries.has(object.key) && !changed.has(object.key))
    .map(({ step, object }) => ({ step, object, pruned: isPruned(object.key) }))
}

/** An orphan becomes an entry on its way out, so that it leaves like any other service. */
function pruneOrphans(controller: Controller, orphans: readonly Orphan[]): void {
  const now = controller.parts.clock.now()
  const entries = new Map<string, Entry>()
  for (const { step, object, pruned } of orphans) {
    if (!pruned) continue
    const entry: Entry = entries.get(object.key) ?? {
      key: object.key,
      service: object.service,
      expected: 'undeployed',
      steps: {},
      scheduled: [],
      heirs: [],
      detectedAt: now,
      updatedAt: now,
    }
    entries.set(object.key, {
      ...entry,
      steps: {
        ...entry.steps,
        [step]: { state: 'done', sent: { service: object.service }, outputs: {}, attempts: 0 },
      },
    })
  }
  controller.engine.adoptEntries(entries.values())
}

function providerReport(news: ProviderNews): ProviderReport {
  return {
    id: news.id,
    ...(news.problem ? { problem: news.problem } : { listed: news.listed.length }),
  }
}

function warningsOf(controller: Controller): string[] {
  const warnings: string[] = []
  const steps = new Set(controller.parts.settings.steps.map((step) => step.id))
  const lost = new Map<string, number>()
  for (const entry of controller.entries.values()) {
    for (const [id, record] of Object.entries(entry.steps)) {
      if (!steps.has(id) && record.state !== 'none') lost.set(id, (lost.get(id) ?? 0) + 1)
    }
  }
  for (const [id, count] of lost) {
    warnings.push(
      `${id} is not in the workflow any more; it keeps objects of ${count} services until reconcile --prune`,
    )
  }
  return warnings
}

/** Keys that were to be released and that no policy retains. */
function unreleased(controller: Controller, release: readonly string[]): string[] {
  return release
    .filter((key) => controller.entries.get(key)?.retained !== true)
    .map((key) => `--release ${key}: no service of this key is retained; nothing was released`)
}

/** How many services of each verdict. */
export function countBlocks(blocks: readonly ServicePlanBlock[]): PlanCounts {
  const counts: PlanCounts = { create: 0, update: 0, remove: 0, waiting: 0, error: 0, inSync: 0, other: 0 }
  for (const { verdict } of blocks) {
    if (verdict === 'in-sync') counts.inSync += 1
    else if (verdict === 'create' || verdict === 'update' || verdict === 'remove') counts[verdict] += 1
    else if (verdict === 'waiting' || verdict === 'error') counts[verdict] += 1
    else counts.other += 1
  }
  return counts
}
