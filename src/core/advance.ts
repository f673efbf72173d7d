import type { Message } from '../sdk/message.js'
import type { Service } from '../sdk/service.js'
import { sameReach, withOutputs } from './definition.js'
import { recordOf, without, withRecord, type Definition, type Entry, type StepRecord } from './entry.js'
import type { Transition, TransitionContext } from './events.js'
import { ownOutputs } from './addresses.js'
import { nextMove } from './move.js'

/** Takes the next move of the entry, now that a slot is free. */
export function onGo(entry: Entry, id: string, context: TransitionContext): Transition {
  const move = nextMove(entry, context.settings.steps, context.now)
  switch (move.kind) {
    case 'none':
    case 'wait':
      return still(entry)
    case 'complete':
      return still(onComplete(entry, move.complete, context))
    case 'cleaned':
      return still(without(entry, 'retiring'))
    case 'closed':
      return still(onClosed(entry, context.now))
    case 'add':
      return send(entry, move.step, { definition: move.definition }, id, context)
    case 'delete':
      return send(entry, move.step, { remove: move.service }, id, context)
    default:
      return move satisfies never
  }
}

/** The forward walk is through. What users reached before is kept until it has settled. */
function onComplete(entry: Entry, complete: Service, context: TransitionContext): Entry {
  const old = entry.inUse
  if (entry.retiring) return { ...entry, inUse: complete }
  if (!old) return { ...entry, inUse: complete }
  if (sameReach(old, complete)) return { ...forgetPrevious(entry), inUse: complete }
  const settle = Math.max(0, ...Object.values(context.settleMs))
  const waits = entry.scheduled.filter((item) => item.what !== 'settle')
  return {
    ...entry,
    inUse: complete,
    retiring: old,
    scheduled:
      settle > 0
        ? [...waits, { key: entry.key, what: 'settle', notBefore: context.now + settle }]
        : entry.scheduled,
  }
}

/** Nothing that users reach changed, so `previous` kept nothing: there is nothing to clean. */
function forgetPrevious(entry: Entry): Entry {
  const steps: Record<string, StepRecord> = {}
  for (const [id, record] of Object.entries(entry.steps)) {
    steps[id] = record.acked?.previous ? { ...record, acked: { service: record.acked.service } } : record
  }
  return { ...entry, steps }
}

function onClosed(entry: Entry, now: number): Entry {
  if (entry.closedAt !== undefined) return entry
  return { ...without(entry, 'inUse', 'retiring', 'problem'), closedAt: now, scheduled: [], heirs: [] }
}

function send(
  entry: Entry,
  step: string,
  what: { definition: Definition } | { remove: Service },
  id: string,
  context: TransitionContext,
): Transition {
  const record = recordOf(entry, step)
  const { nextTry: _nextTry, ...kept } = record
  const flight = { inFlight: id, deadline: context.now + context.settings.serviceWipTimeoutMs }
  const address = { sender: 'core', destination: step, id }
  if ('remove' in what) {
    const next: StepRecord = { ...kept, ...flight, state: 'removing' }
    const message: Message = { action: 'delete', ...address, service: what.remove }
    // From here on users do not reach the whole of it any more.
    const left = withRecord(entry.expected === 'undeployed' ? without(entry, 'inUse') : entry, step, next)
    return { entry: left, effects: [{ type: 'send', step, message }] }
  }
  const { service, previous } = what.definition
  const next: StepRecord = { ...kept, ...flight, state: 'sent', sent: what.definition }
  const message: Message = {
    action: 'add',
    ...address,
    service: withOutputs(service, ownOutputs(entry, step, service)),
    ...(previous && { previous }),
  }
  return { entry: withRecord(entry, step, next), effects: [{ type: 'send', step, message }] }
}

function still(entry: Entry): Transition {
  return { entry, effects: [] }
}
