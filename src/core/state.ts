import { recordOf, type Entry } from './entry.js'
import { completeGoal, isHeld, nextMove, wasEverSent } from './move.js'
import type { Scheduled, ServiceStatus } from './plan.js'
import type { Step } from './settings.js'

/** The state that users see: `undeployed`, the step in work, or `deployed`. Derived, never stored. */
export function stateOf(entry: Entry, steps: readonly Step[]): string {
  if (entry.expected === 'undeployed' && !wasEverSent(entry)) return 'undeployed'
  if (isHeld(entry)) return entry.inUse ? 'deployed' : 'undeployed'
  const move = nextMove(entry, steps, Number.POSITIVE_INFINITY)
  switch (move.kind) {
    case 'add':
      return entry.retiring && move.definition.previous === undefined ? 'deployed' : inWork(entry, move.step)
    case 'delete':
      return move.step
    case 'wait':
      return move.step ?? (entry.inUse ? 'deployed' : 'undeployed')
    case 'none':
    case 'complete':
    case 'cleaned':
      return 'deployed'
    case 'closed':
      return 'undeployed'
    default:
      return move satisfies never
  }
}

/** A service that nothing was ever sent for is not deployed yet, whatever comes first. */
function inWork(entry: Entry, step: string): string {
  return wasEverSent(entry) ? step : 'undeployed'
}

/** What waits, with its time: written-down work, retries and steps that asked to wait. */
export function scheduledOf(entry: Entry, now: number): Scheduled[] {
  const items = entry.scheduled.filter((item) => item.notBefore > now)
  for (const [step, record] of Object.entries(entry.steps)) {
    if (record.nextTry === undefined || record.nextTry <= now || record.error === undefined) continue
    const what = record.error.code === 'pending' ? 'pending' : 'retry'
    items.push({ key: entry.key, what, step, notBefore: record.nextTry })
  }
  return items.toSorted((a, b) => a.notBefore - b.notBefore)
}

/** Where a service stands, for tables and `--json`. */
export function statusOf(entry: Entry, steps: readonly Step[], now: number): ServiceStatus {
  const shown = entry.inUse ?? completeGoal(entry, steps)
  const problem = problemOf(entry, steps)
  const next = scheduledOf(entry, now)[0]
  return {
    key: entry.key,
    state: stateOf(entry, steps),
    dns_name: shown.dns_name,
    ...(shown.public_ip !== undefined && { public_ip: shown.public_ip }),
    ...(shown.public_port !== undefined && { public_port: shown.public_port }),
    ...(problem && { problem }),
    ...(next && { next }),
  }
}

/** The first thing that keeps an entry from going on. `pending` is no failure. */
export function problemOf(entry: Entry, steps: readonly Step[]): ServiceStatus['problem'] {
  if (entry.problem) return entry.problem
  for (const step of steps) {
    const error = recordOf(entry, step.id).error
    if (error && error.code !== 'pending') return error
  }
  return undefined
}
