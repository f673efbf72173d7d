import type { GuardCount, GuardVerdict, Plan, PassResult, Verdict } from '../../core/plan.js'
import { count, formatNumber, line, type RenderOptions } from './layout.js'

/** True when a plan holds nothing that anybody has to know or do. */
export function isQuiet(plan: Plan): boolean {
  return (
    plan.services.every(
      ({ verdict, steps, scheduled, problem }) =>
        verdict === 'in-sync' &&
        problem === undefined &&
        scheduled.length === 0 &&
        steps.every((step) => step.notes.length === 0 && !step.problem && !step.opaque),
    ) &&
    plan.orphans.length === 0 &&
    plan.unread.length === 0 &&
    plan.warnings.length === 0 &&
    plan.providers.every((provider) => provider.problem === undefined) &&
    !plan.guard.tripped
  )
}

/** The one line of a pass that found everything as it should be. */
export function inSyncLine(deployed: number, { palette }: RenderOptions): string {
  const what = deployed === 0 ? 'no services' : `${count(deployed, 'service')} deployed`
  return `${palette.good('in sync')}: ${what}, nothing to do`
}

/** `plan: 2 to create, 1 to remove, 3 in sync`. */
export function planLine(plan: Plan, { palette, width }: RenderOptions): string {
  const { counts } = plan
  const parts = [
    part(counts.create, 'to create', palette.create),
    part(counts.update, 'to update', palette.update),
    part(counts.remove, 'to remove', palette.remove),
    part(counts.waiting, 'waiting', palette.warn),
    part(counts.error, 'in error', palette.bad),
    ...otherParts(plan).map((text) => palette.warn(text)),
    `${formatNumber(counts.inSync)} in sync`,
  ]
  return line(0, `${palette.title('plan')}: ${parts.filter(Boolean).join(', ')}`, width)
}

/** What became of the plan, by the state that each service has now. */
export interface Outcome {
  created: number
  updated: number
  removed: number
  underWay: number
  failed: number
}

export function outcomeOf({ plan, services }: PassResult): Outcome {
  const byKey = new Map(services.map((status) => [status.key, status]))
  const verdicts = new Map(plan.services.map((block) => [block.key, block.verdict]))
  const outcome: Outcome = { created: 0, updated: 0, removed: 0, underWay: 0, failed: 0 }
  for (const { problem, key } of services) {
    if (problem !== undefined && verdicts.get(key) !== 'waiting') outcome.failed++
  }
  for (const { key, verdict } of plan.services) {
    const status = byKey.get(key)
    if (status?.problem !== undefined) continue
    const isGone = status === undefined || status.state === 'undeployed'
    if (verdict === 'remove') outcome[isGone ? 'removed' : 'underWay']++
    else if (verdict === 'create') outcome[status?.state === 'deployed' ? 'created' : 'underWay']++
    else if (verdict === 'update') outcome[status?.state === 'deployed' ? 'updated' : 'underWay']++
  }
  return outcome
}

export function outcomeParts(result: PassResult, { palette }: RenderOptions): string {
  const outcome = outcomeOf(result)
  const parts = [
    part(outcome.created, 'created', palette.create),
    part(outcome.updated, 'updated', palette.update),
    part(outcome.removed, 'removed', palette.remove),
    part(outcome.underWay, 'under way', palette.warn),
    part(result.plan.counts.waiting, 'waiting', palette.warn),
    part(outcome.failed, 'in error', palette.bad),
    ...otherParts(result.plan).map((text) => palette.warn(text)),
    `${formatNumber(result.plan.counts.inSync)} in sync`,
  ]
  return parts.filter(Boolean).join(', ')
}

function part(amount: number, what: string, paint: (text: string) => string): string {
  return amount === 0 ? '' : paint(`${formatNumber(amount)} ${what}`)
}

const OTHER: readonly [Verdict, string][] = [
  ['take-over', 'to take over'],
  ['retained', 'retained'],
  ['paused', 'paused'],
  ['frozen', 'frozen'],
]

function otherParts(plan: Plan): string[] {
  return OTHER.map(([verdict, what]) => {
    const amount = plan.services.filter((block) => block.verdict === verdict).length
    return amount === 0 ? '' : `${formatNumber(amount)} ${what}`
  }).filter(Boolean)
}

/** What the guard says of the plan. */
export function guardLines(guard: GuardVerdict, { palette, width }: RenderOptions): string[] {
  if (!guard.tripped) {
    // With one provider its count is the total.
    const total = guard.counts.find(({ scope }) => scope === 'total') ?? guard.counts[0]
    return [
      line(0, `${palette.title('guard')}: ${palette.good('ok')}${total ? countText(total) : ''}`, width),
    ]
  }
  const frozen = guard.frozen.length > 0 ? ` (${guard.frozen.join(', ')})` : ''
  return [
    line(0, `${palette.title('guard')}: ${palette.bad('refuses this plan')}${frozen}`, width),
    ...guard.reasons.map((reason) => line(2, `${palette.bad('!')} ${reason}`, width)),
  ]
}

function countText({ deployed, removed, losingTargets, moving }: GuardCount): string {
  const parts = [
    removed > 0 && `${formatNumber(removed)} to go`,
    losingTargets > 0 && `${formatNumber(losingTargets)} to lose the last target`,
    moving > 0 && `${formatNumber(moving)} to change address or name`,
  ].filter(Boolean)
  return parts.length === 0 ? '' : ` (of ${formatNumber(deployed)} deployed: ${parts.join(', ')})`
}
