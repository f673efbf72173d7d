import type { GuardCount, GuardVerdict, ServicePlanBlock } from './plan.js'
import type { GuardSettings } from './settings.js'

/** What counts against the guard. */
export type GuardKind = 'removed' | 'losingTargets' | 'moving'

/** One counted change; the daemon keeps those of its window. */
export interface GuardItem {
  key: string
  provider: string
  kind: GuardKind
  /** Wall clock, ms. */
  at: number
}

export interface GuardInput {
  settings: GuardSettings
  /** Deployed services per provider, before the pass. */
  deployed: ReadonlyMap<string, number>
  /** Counted changes of this pass. */
  items: readonly GuardItem[]
  /** Counted changes already done within the window (daemon only). */
  earlier: readonly GuardItem[]
  /** Providers with a complete listing, and how many services it held. */
  listed: ReadonlyMap<string, number>
  /** `--allow-deletes N`. */
  allowDeletes?: number
}

/** Nothing deployed, nothing counted. */
export const openGuard: GuardVerdict = { tripped: false, counts: [], reasons: [], frozen: [] }

/**
 * Judges the whole plan before the first write.
 *
 * An empty listing of a provider with two or more deployed services always trips; beyond that the number and the
 * percentage of counted services, per provider and in total. `allowDeletes` is the number that a person has seen
 * and agreed to: up to it nothing trips.
 */
export function judge(input: GuardInput): GuardVerdict {
  const counts = [...input.deployed.keys()].sort().map((provider) => countOf(provider, input))
  const total = totalOf(counts)
  const sum = counted(total)
  const all = counts.length > 1 ? [...counts, total] : counts
  if (sum === 0 || (input.allowDeletes !== undefined && sum <= input.allowDeletes)) {
    return { ...openGuard, counts: all }
  }
  const reasons: string[] = []
  const frozen = new Set<string>()
  for (const count of counts) {
    const why = tripped(count, input)
    if (why === undefined) continue
    reasons.push(why)
    frozen.add(count.scope)
  }
  const whyTotal = counts.length > 1 && frozen.size === 0 ? tripped(total, input) : undefined
  if (whyTotal !== undefined) {
    reasons.push(whyTotal)
    for (const count of counts) if (counted(count) > 0) frozen.add(count.scope)
  }
  if (reasons.length === 0) return { ...openGuard, counts: all }
  const ask = input.allowDeletes === undefined ? '' : ` (--allow-deletes ${input.allowDeletes} is less)`
  reasons.push(`if this is meant: interlook reconcile --allow-deletes ${sum}${ask}`)
  return { tripped: true, counts: all, reasons, frozen: [...frozen] }
}

function countOf(provider: string, input: GuardInput): GuardCount {
  const keysOf = (kind: GuardKind): number =>
    new Set(
      [...input.earlier, ...input.items]
        .filter((item) => item.provider === provider && item.kind === kind)
        .map((item) => item.key),
    ).size
  return {
    scope: provider,
    deployed: input.deployed.get(provider) ?? 0,
    removed: keysOf('removed'),
    losingTargets: keysOf('losingTargets'),
    moving: keysOf('moving'),
  }
}

function totalOf(counts: readonly GuardCount[]): GuardCount {
  const total: GuardCount = { scope: 'total', deployed: 0, removed: 0, losingTargets: 0, moving: 0 }
  for (const count of counts) {
    total.deployed += count.deployed
    total.removed += count.removed
    total.losingTargets += count.losingTargets
    total.moving += count.moving
  }
  return total
}

function counted(count: GuardCount): number {
  return count.removed + count.losingTargets + count.moving
}

/** Every rule that the count breaks, in one sentence with the numbers, the limits and their keys. */
function tripped(count: GuardCount, input: GuardInput): string | undefined {
  const { settings } = input
  const sum = counted(count)
  const broken: string[] = []
  if (input.listed.get(count.scope) === 0 && count.deployed >= 2 && sum > 0) {
    broken.push('it listed no service at all, which is always refused from 2 deployed services on')
  }
  if (sum > settings.maxDeletes) {
    broken.push(`${sum} is over the limit of ${settings.maxDeletes} (core.guard.maxDeletes)`)
  }
  const percent = (100 * sum) / Math.max(count.deployed, 1)
  if (count.deployed >= settings.minServices && percent > settings.maxDeletePercent) {
    const share = `${Math.round(percent)} %`
    broken.push(`${share} is over the limit of ${settings.maxDeletePercent} % (core.guard.maxDeletePercent)`)
  }
  return broken.length === 0 ? undefined : `${describe(count)}: ${broken.join(', and ')}`
}

function describe(count: GuardCount): string {
  const parts = [
    count.removed > 0 ? `${count.removed} would be removed` : '',
    count.losingTargets > 0 ? `${count.losingTargets} would lose the last target` : '',
    count.moving > 0 ? `${count.moving} would change address or name` : '',
  ].filter((part) => part !== '')
  return `${count.scope}: of ${count.deployed} deployed services ${parts.join(', ')}`
}

/** The counted changes of a plan. */
export function guardItems(
  blocks: readonly ServicePlanBlock[],
  kindsOf: (block: ServicePlanBlock) => GuardKind[],
  now: number,
): GuardItem[] {
  return blocks.flatMap((block) =>
    kindsOf(block).map((kind) => ({ key: block.key, provider: block.service.provider, kind, at: now })),
  )
}
