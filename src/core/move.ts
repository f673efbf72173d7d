import type { Outputs } from '../sdk/provisioner.js'
import type { Service } from '../sdk/service.js'
import { sameAsk, sameDefinition, sameOutputs, sameReach, withOutputs, withoutOutputs } from './definition.js'
import { addressSource } from './addresses.js'
import { recordOf, type Definition, type Entry, type StepRecord } from './entry.js'
import type { Scheduled } from './plan.js'
import type { Step } from './settings.js'

/**
 * What an entry does next, decided from its present state alone:
 *
 *     deployed wanted                                undeployed wanted
 *     1  in flight?            wait                  1  in flight?    wait
 *     2  stray address asked?  add the one in use    2  heirs?        wait
 *        (or delete), last step first                3  any step that knows it: delete, last step first
 *     3  retiring and reach changed? clean first     4  closed
 *     4  a step lacks its goal: add, first step first (with `previous`)
 *     5  settle time
 *     6  a step still keeps `previous`: add without it, last step first
 *     7  a step that the workflow lost, and that is to go? delete
 *     8  in sync
 */
export type Move =
  | { kind: 'none' }
  /** Nothing to send before `until`; without `until` before an event. */
  | { kind: 'wait'; what: Scheduled['what'] | 'answer' | 'heir' | 'hold'; step?: string; until?: number }
  | { kind: 'add'; step: string; definition: Definition }
  | { kind: 'delete'; step: string; service: Service }
  /** The forward walk is through: `complete` is what users reach now. */
  | { kind: 'complete'; complete: Service }
  /** The backward walk is through: nothing of the old is left. */
  | { kind: 'cleaned' }
  /** Every step acknowledged its delete. */
  | { kind: 'closed' }

/** The step whose answer is awaited, if any. */
export function inFlightStep(entry: Entry): string | undefined {
  for (const id in entry.steps) if (entry.steps[id]?.inFlight !== undefined) return id
  return undefined
}

/** Nothing may be done for the entry at all: policy, take-over pending, or a problem before it was ever deployed. */
export function isHeld(entry: Entry): boolean {
  if (entry.imported === true || entry.service.policy === 'pause') return true
  if (entry.expected === 'undeployed') return false
  if (entry.retained === true || entry.dispossessed === true) return true
  return entry.problem !== undefined && entry.inUse === undefined
}

export function wasEverSent(entry: Entry): boolean {
  return Object.values(entry.steps).some((record) => record.state !== 'none')
}

/** The definition each step should know: what the provider said, and what the steps before it gave. */
export function goals(entry: Entry, steps: readonly Step[]): { step: Step; service: Service }[] {
  let service = withoutOutputs(entry.service)
  return steps.map((step) => {
    const goal = { step, service }
    service = withOutputs(service, recordOf(entry, step.id).outputs)
    return goal
  })
}

/** The goal with everything that the steps gave. */
export function completeGoal(entry: Entry, steps: readonly Step[]): Service {
  let service = withoutOutputs(entry.service)
  for (const step of steps) service = withOutputs(service, recordOf(entry, step.id).outputs)
  return service
}

export function nextMove(entry: Entry, steps: readonly Step[], now: number): Move {
  const busy = inFlightStep(entry)
  if (busy !== undefined) {
    const until = recordOf(entry, busy).deadline
    return { kind: 'wait', what: 'answer', step: busy, ...(until !== undefined && { until }) }
  }
  if (isHeld(entry)) return { kind: 'wait', what: 'hold' }
  const move = entry.expected === 'deployed' ? towardsDeployed(entry, steps) : towardsUndeployed(entry, steps)
  return notBefore(entry, move, now)
}

/** A move that must wait for its time becomes that wait. */
function notBefore(entry: Entry, move: Move, now: number): Move {
  if (move.kind !== 'add' && move.kind !== 'delete') return move
  const record = recordOf(entry, move.step)
  if (record.nextTry !== undefined && record.nextTry > now) {
    const what = record.error?.code === 'pending' ? 'pending' : 'retry'
    return { kind: 'wait', what, step: move.step, until: record.nextTry }
  }
  const waits = entry.scheduled.filter(
    (item) => item.notBefore > now && (item.step === undefined || item.step === move.step),
  )
  const first = waits.toSorted((a, b) => b.notBefore - a.notBefore)[0]
  if (first === undefined) return move
  const holdsForward = first.what !== 'settle' || move.kind === 'delete' || isCleaning(entry, move)
  if (!holdsForward) return move
  return { kind: 'wait', what: first.what, until: first.notBefore, ...(move.step && { step: move.step }) }
}

function isCleaning(entry: Entry, move: Move): boolean {
  return move.kind === 'add' && entry.retiring !== undefined && move.definition.previous === undefined
}

function towardsDeployed(entry: Entry, steps: readonly Step[]): Move {
  const stray = strayMove(entry, steps)
  if (stray) return stray
  const { retiring, inUse } = entry
  if (retiring && inUse && !sameWish(entry.service, inUse)) {
    const clean = cleaningMove(entry, steps)
    return clean ?? { kind: 'cleaned' }
  }
  const changing = previousFor(entry, steps)
  for (const goal of goals(entry, steps)) {
    const record = recordOf(entry, goal.step.id)
    if (isDone(record, goal.service)) continue
    // Healing may give another address: what is in use is kept until the names have followed.
    const previous = changing ?? (record.drifted === true ? inUse : undefined)
    return {
      kind: 'add',
      step: goal.step.id,
      definition: { service: goal.service, ...(previous && { previous }) },
    }
  }
  const complete = completeGoal(entry, steps)
  if (!sameDefinition(complete, inUse)) return { kind: 'complete', complete }
  const clean = cleaningMove(entry, steps)
  if (clean) return clean
  if (retiring) return { kind: 'cleaned' }
  return lostMove(entry, steps) ?? { kind: 'none' }
}

/** What a step made that the workflow has lost goes once everything else is in place. */
function lostMove(entry: Entry, steps: readonly Step[]): Move | undefined {
  for (const [id, record] of Object.entries(entry.steps)) {
    if (record.abandoned !== true || record.state === 'none' || steps.some((step) => step.id === id)) continue
    return { kind: 'delete', step: id, service: lastKnown(entry, id) }
  }
  return undefined
}

/** What a delete carries: the definition last sent to the step, and what the step gave. */
export function lastKnown(entry: Entry, step: string): Service {
  const record = recordOf(entry, step)
  return withOutputs(record.sent?.service ?? withoutOutputs(entry.service), record.outputs)
}

/** The record knows the goal, acknowledged it, and the backend was not seen to differ. */
export function isDone(record: StepRecord, goal: Service): boolean {
  return record.state === 'done' && record.drifted !== true && sameDefinition(record.acked?.service, goal)
}

/** What must be kept while the new is made; undefined when nothing in use would change. */
export function previousFor(entry: Entry, steps: readonly Step[]): Service | undefined {
  if (entry.retiring) return entry.retiring
  if (!entry.inUse) return undefined
  const outputs: Outputs = completeGoal(entry, steps)
  const isSame =
    sameDefinition(withoutOutputs(entry.inUse), withoutOutputs(entry.service)) &&
    sameOutputs(outputs, entry.inUse)
  return isSame ? undefined : entry.inUse
}

/** Same in what the platform asks for that users reach; outputs may still differ. */
function sameWish(a: Service, b: Service): boolean {
  return sameAsk(a, b) && sameReach(withoutOutputs(a), withoutOutputs(b))
}

/**
 * A definition that asked for another address and was left half way: its address may be given back only after
 * the steps behind have forgotten it, so it is undone from the last step.
 */
function strayMove(entry: Entry, steps: readonly Step[]): Move | undefined {
  const { inUse } = entry
  const isStray = (step: Step): boolean => {
    const record = recordOf(entry, step.id)
    const sent = record.sent?.service
    if (record.state === 'none' || !sent || sameAsk(sent, entry.service)) return false
    return !inUse || !sameAsk(sent, inUse)
  }
  // The steps behind only follow the one that gives the address: when that one is right, they are brought forward.
  const source = addressSource(steps)
  if (!source || !isStray(source)) return undefined
  const last = steps.toReversed().find(isStray)
  if (!last) return undefined
  if (inUse) return { kind: 'add', step: last.id, definition: { service: inUseFor(inUse, last, steps) } }
  const service = recordOf(entry, last.id).sent?.service ?? entry.service
  return { kind: 'delete', step: last.id, service }
}

/** What the step knew when the definition in use was made: outputs of the steps before it only. */
function inUseFor(inUse: Service, step: Step, steps: readonly Step[]): Service {
  const before = steps.slice(0, steps.indexOf(step)).map((item) => item.kind)
  const known = withOutputs(withoutOutputs(inUse), {
    ...(before.some((kind) => kind === 'ipam' || kind === 'lb') &&
      inUse.public_ip !== undefined && { public_ip: inUse.public_ip }),
    ...(before.includes('lb') && inUse.public_port !== undefined && { public_port: inUse.public_port }),
  })
  return known
}

function cleaningMove(entry: Entry, steps: readonly Step[]): Move | undefined {
  for (const step of steps.toReversed()) {
    const record = recordOf(entry, step.id)
    const service = record.acked?.service
    if (!service || record.acked?.previous === undefined) continue
    return { kind: 'add', step: step.id, definition: { service } }
  }
  return undefined
}

function towardsUndeployed(entry: Entry, steps: readonly Step[]): Move {
  if (entry.closedAt !== undefined) return { kind: 'none' }
  const order = [
    ...steps.map((step) => step.id),
    ...Object.keys(entry.steps).filter((id) => !steps.some((step) => step.id === id)),
  ]
  for (const id of order.toReversed()) {
    const record = recordOf(entry, id)
    if (record.state === 'none') continue
    if (entry.heirs.length > 0) return { kind: 'wait', what: 'heir' }
    return { kind: 'delete', step: id, service: lastKnown(entry, id) }
  }
  return { kind: 'closed' }
}
