import type { Problem } from '../../../sdk/errors.js'
import type { AdoptRule, ApplyResult, Change, PlanInput, PutItem, ServicePlan } from '../../../sdk/provisioner.js'
import { type Service, serviceKey } from '../../../sdk/service.js'
import { addressText } from './address.js'
import { type Choice, choose, type LeaseRules } from './choose.js'
import { exhausted } from './exhausted.js'
import { importedHolder, type Lease, type LeaseBook, leaseState } from './lease-book.js'
import type { Pool } from './pool.js'

/** What was read of the store. */
export interface ObservedLeases {
  book: LeaseBook
  /** Bare name of an imported record -> keys of the services listed under it; two make it nobody's. */
  claimants: ReadonlyMap<string, ReadonlySet<string>>
}

/** What one change writes: the lease as it is afterwards. Travels in `Change.data`. */
export interface LeaseWrite {
  lease: Lease
  /** The address becomes the service's; else a lease of its own is only retired. */
  give: boolean
  /** An address that was retired at or before this has rested long enough. */
  restedBefore: number
}

/** Decides on a draft of the book, so that what one service gets is gone for the next. */
interface Draft {
  book: LeaseBook
  rules: LeaseRules
  now: number
  adopt: AdoptRule
  claimants: ReadonlyMap<string, ReadonlySet<string>>
  /** Pool -> below this nothing is free; within one plan addresses are only taken. */
  cursors: Map<string, bigint>
  exhausted: Map<string, Problem>
}

/** Pure: the plan of every service, and no address twice in it. */
export function planLeases(input: PlanInput, observed: ObservedLeases, rules: LeaseRules): ServicePlan[] {
  const draft: Draft = {
    book: observed.book.fork(),
    rules,
    now: input.now,
    adopt: input.adopt,
    claimants: claimantsOf(input, observed),
    cursors: new Map(),
    exhausted: new Map(),
  }
  draft.book.dropRested(input.now - rules.quarantineMs)
  // Removals last: a service that takes a record over by name comes before the one that leaves under that name.
  const waiting: [number, PutItem, Pool][] = []
  const plans = input.put.map((item, index): ServicePlan => {
    const choice = chooseFor(item, draft)
    if (!('any' in choice)) return settle(item, choice, draft)
    waiting.push([index, item, choice.any])
    return { key: serviceKey(item.service), changes: [], outputs: {} }
  })
  // First come those that have, had or ask for a certain address, so that nobody new is given it.
  for (const [index, item, pool] of waiting) plans[index] = giveAny(item, pool, draft)
  return [...plans, ...input.remove.map((service) => planRemoval(service, draft))]
}

/** Pure: the observation after the plans whose result has no problem. */
export function appliedLeases(
  observed: ObservedLeases,
  plans: readonly ServicePlan[],
  results: readonly ApplyResult[],
): ObservedLeases {
  const failed = new Set(results.filter((result) => result.problem !== undefined).map(({ key }) => key))
  const book = observed.book.fork()
  for (const plan of plans) {
    if (failed.has(plan.key)) continue
    for (const { lease } of writesOf(plan)) book.set(lease)
  }
  return { ...observed, book }
}

/** What `apply` has to write for a plan. */
export function writesOf(plan: ServicePlan): LeaseWrite[] {
  // Changes reach us as we planned them, so `data` is what `changeTo` put there.
  return plan.changes.map((change) => change.data as LeaseWrite)
}

function chooseFor({ service }: PutItem, draft: Draft): Choice {
  const own = ownLeases(service, draft)
  const foreign = own.find((lease) => !isOurs(lease, draft) && leaseState(lease) !== 'resting')
  if (foreign !== undefined) {
    return {
      problem: {
        code: 'conflict',
        message: `${foreign.ip} is leased to ${serviceKey(service)} under the owner ${foreign.owner}`,
        retryable: false,
        hint: `run \`interlook reconcile --adopt-from ${foreign.owner}\` to take it`,
      },
    }
  }
  return choose(
    service,
    own.filter((lease) => isOurs(lease, draft)),
    draft.book,
    draft.rules,
  )
}

function giveAny(item: PutItem, pool: Pool, draft: Draft): ServicePlan {
  const free = draft.book.firstFree(pool, draft.cursors.get(pool.name))
  if (free === undefined) {
    const problem = draft.exhausted.get(pool.name) ?? exhausted(pool, draft.book, draft.rules.quarantineMs)
    draft.exhausted.set(pool.name, problem)
    return { key: serviceKey(item.service), changes: [], outputs: {}, problem }
  }
  draft.cursors.set(pool.name, free + 1n)
  const plan = settle(item, { ip: addressText(free), pool: pool.name, why: 'new service' }, draft)
  return { ...plan, tentative: true }
}

/** The changes that make `choice` the service's address, and do what is due with its other ones. */
function settle(item: PutItem, choice: Exclude<Choice, { any: Pool }>, draft: Draft): ServicePlan {
  const key = serviceKey(item.service)
  if ('problem' in choice) return { key, changes: [], outputs: {}, problem: choice.problem }
  const own = ownLeases(item.service, draft).filter((lease) => isOurs(lease, draft))
  const others = own.filter((lease) => lease.ip !== choice.ip)
  const changes = [
    giveChange(key, choice, draft),
    ...others.map((lease) => (item.previous ? keepChange(lease, item.previous, draft) : restChange(lease, draft))),
  ].filter((change) => change !== undefined)
  for (const change of changes) draft.book.set((change.data as LeaseWrite).lease)
  return { key, changes, outputs: { public_ip: choice.ip } }
}

function planRemoval(service: Service, draft: Draft): ServicePlan {
  const changes = ownLeases(service, draft)
    .filter((lease) => isOurs(lease, draft))
    .map((lease) => restChange(lease, draft, 'service removed'))
    .filter((change) => change !== undefined)
  for (const change of changes) draft.book.set((change.data as LeaseWrite).lease)
  return { key: serviceKey(service), changes, outputs: {} }
}

function giveChange(
  key: string,
  choice: { ip: string; pool: string; why: string },
  draft: Draft,
): Change | undefined {
  const { owner } = draft.rules
  const lease: Lease = {
    ip: choice.ip,
    pool: choice.pool,
    owner,
    service: key,
    leasedAt: draft.now,
    held: false,
  }
  const before = draft.book.at(choice.ip)
  if (before === undefined || leaseState(before) === 'resting') {
    const fields = [
      { field: 'service', to: key },
      { field: 'pool', to: choice.pool },
    ]
    return changeTo(lease, draft, { action: 'create', fields, reason: choice.why }, true)
  }
  const kept = { ...lease, leasedAt: before.leasedAt }
  if (before.service !== key) {
    const fields = [{ field: 'service', from: before.importedName ?? '', to: key }]
    return changeTo(kept, draft, { action: 'update', fields, reason: choice.why, adopts: true }, true)
  }
  if (before.owner !== owner) {
    const fields = [{ field: 'owner', from: before.owner, to: owner }]
    return changeTo(kept, draft, { action: 'update', fields, reason: 'taken over', adopts: true }, true)
  }
  if (leaseState(before) === 'current') return undefined
  const fields = [{ field: 'state', from: 'kept', to: 'in use' }]
  return changeTo(kept, draft, { action: 'update', fields, reason: choice.why }, true)
}

/** With `previous`: what users still reach is kept, and nothing is given back yet. */
function keepChange(lease: Lease, previous: Service, draft: Draft): Change | undefined {
  const state = leaseState(lease)
  if (state === 'held' || (state === 'resting' && lease.ip !== previous.public_ip)) return undefined
  const held: Lease = { ...lease, owner: draft.rules.owner, retiredAt: draft.now, held: true }
  const from = state === 'current' ? 'in use' : 'quarantine'
  const fields = [{ field: 'state', from, to: 'kept' }]
  return changeTo(held, draft, { action: 'update', fields, reason: 'users still reach it' })
}

function restChange(lease: Lease, draft: Draft, reason = 'no longer needed'): Change | undefined {
  if (leaseState(lease) === 'resting') return undefined
  const resting: Lease = { ...lease, owner: draft.rules.owner, retiredAt: draft.now, held: false }
  const until = new Date(draft.now + draft.rules.quarantineMs).toISOString()
  const fields = [
    { field: 'service', from: lease.service ?? lease.importedName ?? '' },
    { field: 'quarantine until', to: until },
  ]
  return changeTo(resting, draft, { action: 'delete', fields, reason })
}

function changeTo(
  lease: Lease,
  draft: Draft,
  shown: Pick<Change, 'action' | 'fields' | 'reason' | 'adopts'>,
  give = false,
): Change {
  const data: LeaseWrite = { lease, give, restedBefore: draft.now - draft.rules.quarantineMs }
  return { ...shown, kind: 'address', object: lease.ip, data }
}

/** Its leases in any state, whoever owns them, and the imported record under its name if that is its alone. */
function ownLeases(service: Service, draft: Draft): Lease[] {
  const key = serviceKey(service)
  const claimants = draft.claimants.get(service.name)
  const alone = claimants === undefined || [...claimants].every((other) => other === key)
  const records = draft.book.of(importedHolder(service.name))
  return [...draft.book.of(key), ...records.filter((lease) => alone || lease.ip === service.public_ip)]
}

function isOurs(lease: Lease, draft: Draft): boolean {
  return (
    lease.service === undefined ||
    lease.owner === draft.rules.owner ||
    draft.adopt.owners.includes(lease.owner)
  )
}

/** Also two services of one plan make a name ambiguous, when the last whole read did not list them. */
function claimantsOf(
  { put }: PlanInput,
  { book, claimants }: ObservedLeases,
): ReadonlyMap<string, ReadonlySet<string>> {
  const all = new Map(claimants)
  for (const { service } of put) {
    if (book.of(importedHolder(service.name)).length === 0) continue
    all.set(service.name, new Set(all.get(service.name)).add(serviceKey(service)))
  }
  return all
}
