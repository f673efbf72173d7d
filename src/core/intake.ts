import type { Problem } from '../sdk/errors.js'
import type { ListedService } from '../sdk/provider.js'
import { serviceKey, type Service } from '../sdk/service.js'
import { claimant, leaver, settleClaims, type Claimant } from './claims.js'
import type { Entry } from './entry.js'
import type { Settings } from './settings.js'
import { checkDomains } from './tenancy.js'
import type { Event, TransitionContext } from './events.js'
import { newEntry, transition } from './transition.js'

/** What a provider said. Only `complete` lets what is not listed count as absent. */
export interface ProviderNews {
  id: string
  complete: boolean
  listed: readonly ListedService[]
  /** Keys that the provider itself says are gone. */
  removed: readonly string[]
  /** Keys that it was asked about and said nothing of. */
  unanswered?: readonly string[]
  /** Why there is no listing; then the rest is empty. */
  problem?: Problem
}

export interface Intake {
  /** What the entries become, before any step is visited; only those that differ or are new. */
  changed: Map<string, Entry>
}

export interface IntakeInput {
  entries: ReadonlyMap<string, Entry>
  news: readonly ProviderNews[]
  claimsOf: (service: Service) => string[]
  settings: Settings
  context: TransitionContext
}

/** Turns what providers said into what the entries become. Pure: it changes nothing. */
export function takeIn(input: IntakeInput): Intake {
  const wishes = collectWishes(input)
  const leaving = collectLeaving(input, wishes)
  const problems = contest(input, wishes, leaving)
  const changed = new Map<string, Entry>()
  const apply = (entry: Entry, event: Event): void => {
    const next = transition(entry, event, input.context).entry
    if (next !== input.entries.get(entry.key)) changed.set(entry.key, next)
  }
  for (const [key, listed] of wishes) {
    const entry = input.entries.get(key) ?? newEntry(key, listed.service, input.context.now)
    const problem = problems.losers.get(key) ?? listed.problem
    apply(entry, {
      type: 'listed',
      service: listed.service,
      ...(listed.createdAt !== undefined && { createdAt: listed.createdAt }),
      ...(problem && { problem }),
      ...(problem && isDispossessed(entry, input, problems.holders) && { dispossessed: true }),
    })
  }
  for (const key of leaving) {
    const entry = input.entries.get(key)
    if (entry) apply(entry, { type: 'missing', heirs: heirsOf(entry, input, problems.holders) })
  }
  return { changed }
}

/** A new definition was not accepted: does another service hold what the present one claims? Then acting on it would take it back. */
function isDispossessed(entry: Entry, input: IntakeInput, holders: ReadonlyMap<string, string>): boolean {
  if (!input.entries.has(entry.key)) return false
  return input.claimsOf(entry.service).some((claim) => (holders.get(claim) ?? entry.key) !== entry.key)
}

/** Listed services by key, with the problem that the core itself has with one. */
function collectWishes(input: IntakeInput): Map<string, ListedService> {
  const wishes = new Map<string, ListedService>()
  for (const news of input.news) {
    if (news.problem) continue
    for (const listed of news.listed) {
      const problem = listed.problem ?? checkDomains(listed.service, input.settings.domains)
      wishes.set(serviceKey(listed.service), problem ? { ...listed, problem } : listed)
    }
  }
  return wishes
}

function collectLeaving(input: IntakeInput, wishes: ReadonlyMap<string, ListedService>): Set<string> {
  const complete = new Set(input.news.filter((news) => news.complete && !news.problem).map((news) => news.id))
  const removed = new Set(input.news.flatMap((news) => news.removed))
  const leaving = new Set<string>()
  for (const entry of input.entries.values()) {
    const isAbsent = complete.has(entry.service.provider) || removed.has(entry.key)
    if (isAbsent && !wishes.has(entry.key)) leaving.add(entry.key)
  }
  return leaving
}

/** The contest for names and addresses. Entries on their way out give their names away. */
function contest(
  input: IntakeInput,
  wishes: ReadonlyMap<string, ListedService>,
  leaving: ReadonlySet<string>,
): ReturnType<typeof settleClaims> {
  const claimants: Claimant[] = []
  for (const entry of input.entries.values()) {
    const listed = wishes.get(entry.key)
    if (listed) continue
    const goes = leaving.has(entry.key) && !staysAnyway(entry, input)
    const isGoing = goes || entry.expected === 'undeployed'
    const { steps } = input.settings
    claimants.push(
      isGoing ? leaver(entry, steps, input.claimsOf) : claimant(entry, entry.service, steps, input.claimsOf),
    )
  }
  for (const [key, listed] of wishes) {
    const known = input.entries.get(key) ?? newEntry(key, listed.service, input.context.now)
    const entry = listed.createdAt === undefined ? known : { ...known, createdAt: listed.createdAt }
    const wished = listed.problem ? (input.entries.has(key) ? entry.service : undefined) : listed.service
    if (wished) claimants.push(claimant(entry, wished, input.settings.steps, input.claimsOf))
  }
  return settleClaims(claimants)
}

/** Missing, and yet not going now: policy, take-over pending, or the grace period. */
function staysAnyway(entry: Entry, input: IntakeInput): boolean {
  const { policy } = entry.service
  if (entry.imported === true || policy === 'retain' || policy === 'pause') return true
  const { undeployGracePeriodMs } = input.settings
  return input.context.now < (entry.missingSince ?? input.context.now) + undeployGracePeriodMs
}

/** Who takes names over from a leaving entry, and does not have them yet. */
function heirsOf(entry: Entry, input: IntakeInput, holders: ReadonlyMap<string, string>): string[] {
  const heirs = new Set<string>()
  for (const claim of new Set(everClaimed(entry).flatMap((service) => input.claimsOf(service)))) {
    const holder = holders.get(claim)
    if (holder === undefined || holder === entry.key) continue
    const inUse = input.entries.get(holder)?.inUse
    if (inUse === undefined || !input.claimsOf(inUse).includes(claim)) heirs.add(holder)
  }
  return [...heirs].sort()
}

/** What may have made names of the entry: also what was sent and never answered. */
function everClaimed({ inUse, retiring, steps }: Entry): Service[] {
  const sent = Object.values(steps).flatMap((record) => [record.sent?.service, record.sent?.previous])
  return [inUse, retiring, ...sent].filter((service) => service !== undefined)
}
