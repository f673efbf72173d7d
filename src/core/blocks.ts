import type { Problem } from '../sdk/errors.js'
import type { Entry } from './entry.js'
import type { GuardKind } from './guard.js'
import { wasEverSent } from './move.js'
import type { ServicePlanBlock, StepPlan, Verdict } from './plan.js'
import type { EntryPlan } from './planner.js'
import type { Step } from './settings.js'
import { problemOf, scheduledOf } from './state.js'

export interface BlockInput {
  /** As it was before the pass; undefined for a new service. */
  before: Entry | undefined
  /** As the intake made it. */
  after: Entry
  plan: EntryPlan | undefined
  steps: readonly Step[]
  /** Why its provider says nothing (no listing, or configured no more). */
  frozen: Problem | undefined
  now: number
}

const notYours = new Set(['no-targets', 'pending'])

/** The block of one service in the plan. */
export function blockOf(input: BlockInput): ServicePlanBlock {
  const { after, plan, now } = input
  const steps = plan?.steps ?? []
  const scheduled = scheduledOf(after, now)
  const verdict = verdictOf(input, steps)
  const problem = reasonOf(input, verdict)
  return { key: after.key, verdict, service: after.service, steps, scheduled, ...(problem && { problem }) }
}

function verdictOf(input: BlockInput, steps: readonly StepPlan[]): Verdict {
  const { after, plan, frozen, now } = input
  const hasWork = steps.some((step) => step.changes.length > 0 || step.opaque)
  if (frozen) return 'frozen'
  if (after.imported === true) return hasWork || plan?.problem ? 'take-over' : 'in-sync'
  if (after.retained === true) return 'retained'
  if (after.service.policy === 'pause') return 'paused'
  if (after.expected === 'undeployed') {
    if (!wasEverSent(after)) return 'in-sync'
    return scheduledOf(after, now).length > 0 ? 'waiting' : 'remove'
  }
  const problem = after.problem ?? plan?.problem
  if (problem) return notYours.has(problem.code) ? 'waiting' : 'error'
  if (!hasWork) return isWaiting(after, now) ? 'waiting' : 'in-sync'
  if (isWaiting(after, now)) return 'waiting'
  return after.inUse ? 'update' : 'create'
}

/** Written-down work that is not due: the change shown is not done in this pass. */
function isWaiting(entry: Entry, now: number): boolean {
  return scheduledOf(entry, now).some((item) => item.what !== 'retry')
}

function reasonOf(input: BlockInput, verdict: Verdict): Problem | undefined {
  const { after, plan, frozen } = input
  switch (verdict) {
    case 'frozen':
      return frozen
    case 'take-over':
      return {
        code: 'adoption-needed',
        message: 'imported from the earlier tool as deployed; nothing changes for it until it is taken over',
        retryable: false,
        hint: 'run: interlook reconcile --adopt',
      }
    case 'retained':
      return {
        code: 'retained',
        message: `removed from the platform while its policy was ${after.service.policy ?? 'retain'}; everything stays`,
        retryable: false,
        hint: `to remove it: interlook reconcile --release ${after.key}`,
      }
    case 'paused':
      return {
        code: 'paused',
        message: 'its policy is pause; nothing is changed or removed',
        retryable: false,
        hint: 'set interlook.policy to sync to go on',
      }
    case 'in-sync':
      return undefined
    default:
      return after.problem ?? plan?.problem ?? problemOf(after, input.steps)
  }
}

/** How the guard counts a block, given the entry before the pass. */
export function guardKinds(before: Entry | undefined, after: Entry, block: ServicePlanBlock): GuardKind[] {
  if (!before?.inUse) return []
  const isHeldBack = block.verdict === 'frozen' || block.verdict === 'retained' || block.verdict === 'paused'
  if (isHeldBack || block.verdict === 'take-over') return []
  if (after.expected === 'undeployed') return before.expected === 'deployed' ? ['removed'] : []
  const kinds: GuardKind[] = []
  if (before.inUse.targets.length > 0 && after.service.targets.length === 0) kinds.push('losingTargets')
  const losesName = before.inUse.dns_name.some((name) => !after.service.dns_name.includes(name))
  if (losesName || movesAddress(before.inUse.public_ip, block)) kinds.push('moving')
  return kinds
}

function movesAddress(inUse: string | undefined, block: ServicePlanBlock): boolean {
  if (inUse === undefined) return false
  return block.steps.some(
    (step) =>
      step.outputs.public_ip !== undefined &&
      step.outputs.public_ip !== inUse &&
      step.changes.some((change) => change.action === 'create'),
  )
}
