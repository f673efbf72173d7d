import type { Problem } from '../../../sdk/errors.js'
import type { AdoptRule, ApplyResult, PlanInput, PutItem, ServicePlan } from '../../../sdk/provisioner.js'
import { type Service, serviceKey } from '../../../sdk/service.js'
import { addressText } from './address.js'
import { type Choice, choose, type LeaseRules } from './choose.js'
import { giveChange, keepChange, restChange, restedBefore, type Setting, writesOf } from './changes.js'
import { exhausted } from './exhausted.js'
import { importedHolder, type Lease, type LeaseBook, leaseState } from './lease-book.js'
import type { Pool } from './pool.js'

/** What was read of the store. */
export interface ObservedLeases {
  book: LeaseBook
  /** Bare name of an imported record -> keys of the services listed under it; two make it nobody's. */
  claimants: ReadonlyMap<string, ReadonlySet<string>>
}

/** Decides on a draft of the book, so that what one service gets is gone for the next. */
interface Draft extends Setting {
  rules: LeaseRules
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
    owner: rules.owner,
    quarantineMs: rules.quarantineMs,
    now: input.now,
    rules,
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
  const writes = plans.filter((plan) => !failed.has(plan.key)).flatMap(writesOf)
  for (const { lease } of writes) book.set(lease)
  // The store forgets the same ones in the same transaction.
  book.dropRested(restedBefore(writes))
  return { ...observed, book }
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
  const why = ownLeases(item.service, draft).some((lease) => leaseState(lease) !== 'resting')
    ? 'another pool'
    : 'new service'
  const plan = settle(item, { ip: addressText(free), pool: pool.name, why }, draft)
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
    ...others.map((lease) =>
      item.previous ? keepChange(lease, item.previous, draft) : restChange(lease, draft),
    ),
  ].filter((change) => change !== undefined)
  return drafted({ key, changes, outputs: { public_ip: choice.ip } }, draft)
}

function planRemoval(service: Service, draft: Draft): ServicePlan {
  const changes = ownLeases(service, draft)
    .filter((lease) => isOurs(lease, draft))
    .map((lease) => restChange(lease, draft, 'service removed'))
    .filter((change) => change !== undefined)
  return drafted({ key: serviceKey(service), changes, outputs: {} }, draft)
}

function drafted(plan: ServicePlan, draft: Draft): ServicePlan {
  for (const { lease } of writesOf(plan)) draft.book.set(lease)
  return plan
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
