import type { Problem } from '../sdk/errors.js'
import { backoffMs } from './backoff.js'
import { sameDefinition, sameOutputs } from './definition.js'
import { recordOf, landed, withRecord, type Entry, type StepRecord } from './entry.js'
import type { Event, TransitionContext } from './events.js'
import { previousFor } from './move.js'

/* What events about one step make of an entry: answers, their absence, and what was seen on the backend. */

export function onAnswered(
  entry: Entry,
  event: Event & { type: 'answered' },
  context: TransitionContext,
): Entry {
  const record = recordOf(entry, event.step)
  if (record.inFlight !== event.id) return entry
  if (event.problem) return withRecord(entry, event.step, failed(record, event.problem, context))
  if (record.state === 'removing') return onDeleted(entry, event.step, context)
  const { error: _error, drifted: _drifted, ...rest } = landed(record)
  const done: StepRecord = { ...rest, state: 'done', attempts: 0, outputs: event.outputs }
  if (record.sent) done.acked = record.sent
  const next = withRecord(entry, event.step, done)
  const hasKept = previousFor(next, context.settings.steps) !== undefined
  if (done.acked?.previous && !hasKept) done.acked = { service: done.acked.service }
  return afterNameGone(next, event.step, record, context)
}

/** A step that cleaned a name away: what stands before it waits until resolvers have forgotten the name. */
function afterNameGone(entry: Entry, step: string, before: StepRecord, context: TransitionContext): Entry {
  const settle = context.settleMs[step] ?? 0
  const gone = before.acked?.previous?.dns_name.some((name) => !before.sent?.service.dns_name.includes(name))
  if (settle === 0 || gone !== true || before.sent?.previous !== undefined) return entry
  return settleUntil(entry, context.now + settle)
}

function settleUntil(entry: Entry, notBefore: number): Entry {
  const waits = entry.scheduled.filter((item) => item.what !== 'settle')
  return { ...entry, scheduled: [...waits, { key: entry.key, what: 'settle', notBefore }] }
}

function onDeleted(entry: Entry, step: string, context: TransitionContext): Entry {
  const next = withRecord(entry, step, { state: 'none', outputs: {}, attempts: 0 })
  const settle = context.settleMs[step] ?? 0
  return settle > 0 ? settleUntil(next, context.now + settle) : next
}

function failed(record: StepRecord, problem: Problem, context: TransitionContext): StepRecord {
  const attempts = problem.code === 'pending' ? record.attempts : record.attempts + 1
  const { backoff } = context.settings
  const pause = problem.retryable ? backoffMs(Math.max(attempts, 1), backoff, context.random) : backoff.maxMs
  return {
    ...landed(record),
    attempts,
    error: problem,
    nextTry: problem.notBefore ?? context.now + pause,
  }
}

export function onTimedOut(
  entry: Entry,
  event: Event & { type: 'timed-out' },
  context: TransitionContext,
): Entry {
  const record = recordOf(entry, event.step)
  if (record.inFlight !== event.id) return entry
  const seconds = Math.round(context.settings.serviceWipTimeoutMs / 1000)
  const problem: Problem = {
    code: 'timeout',
    message: `${event.step} gave no answer for ${entry.key} within ${seconds} s; whether it was applied is not known`,
    retryable: true,
    outcomeUnknown: true,
    hint: 'see whether the backend is up; core.serviceWIPTimeout is the limit',
  }
  return withRecord(entry, event.step, failed(record, problem, context))
}

export function onSynced(entry: Entry, event: Event & { type: 'synced' }): Entry {
  const record = recordOf(entry, event.step)
  if (record.inFlight !== undefined || entry.expected !== 'deployed') return entry
  const isKnown =
    record.state === 'done' &&
    record.error === undefined &&
    record.drifted !== true &&
    sameDefinition(record.acked?.service, event.service) &&
    record.acked?.previous === undefined &&
    sameOutputs(record.outputs, event.outputs)
  if (isKnown) return entry
  const definition = { service: event.service }
  return withRecord(entry, event.step, {
    state: 'done',
    sent: definition,
    acked: definition,
    outputs: event.outputs,
    attempts: 0,
  })
}

export function onDrifted(entry: Entry, step: string): Entry {
  const record = recordOf(entry, step)
  if (record.state !== 'done' || record.drifted === true) return entry
  return withRecord(entry, step, { ...record, drifted: true })
}

export function onAbandoned(entry: Entry, step: string): Entry {
  const record = recordOf(entry, step)
  if (record.state === 'none' || record.abandoned === true) return entry
  return withRecord(entry, step, { ...record, abandoned: true })
}

export function onRecovered(entry: Entry): Entry {
  const lost = Object.entries(entry.steps).filter(([, record]) => record.inFlight !== undefined)
  if (lost.length === 0) return entry
  const steps = { ...entry.steps }
  for (const [id, record] of lost) steps[id] = landed(record)
  return { ...entry, steps }
}

export function onRetryNow(entry: Entry): Entry {
  const steps: Record<string, StepRecord> = {}
  let isChanged = false
  for (const [id, record] of Object.entries(entry.steps)) {
    const code = record.error?.code
    const isOurs = record.nextTry !== undefined && code !== 'pending' && code !== 'throttled'
    if (!isOurs) {
      steps[id] = record
      continue
    }
    const { nextTry: _nextTry, ...rest } = record
    steps[id] = rest
    isChanged = true
  }
  return isChanged ? { ...entry, steps } : entry
}
