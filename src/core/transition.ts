import type { Problem } from '../sdk/errors.js'
import type { Message } from '../sdk/message.js'
import type { Outputs } from '../sdk/provisioner.js'
import { normalizeTargets, type Service } from '../sdk/service.js'
import { backoffMs } from './backoff.js'
import { sameDefinition, sameOutputs, sameReach, withOutputs } from './definition.js'
import type { Definition, Entry, StepRecord } from './entry.js'
import { nextMove, ownOutputs, previousFor, recordOf } from './move.js'
import type { Settings } from './settings.js'

/** What can happen to an entry. */
export type Event =
  /** A complete listing (or a message) says that the service is there. */
  | { type: 'listed'; service: Service; createdAt?: string; problem?: Problem }
  /** A complete listing (or a `delete`) says that it is not. `heirs` take names over from it first. */
  | { type: 'missing'; heirs?: string[] }
  /** Take the next move: a slot is free. `id` names the message. */
  | { type: 'go'; id: string }
  /** An extension answered message `id`. */
  | { type: 'answered'; step: string; id: string; outputs: Outputs; problem?: Problem }
  /** The answer to message `id` did not come in time. */
  | { type: 'timed-out'; step: string; id: string }
  /** The backend was seen to be as the step's goal wants it: no call is needed. */
  | { type: 'synced'; step: string; service: Service; outputs: Outputs }
  /** The backend was seen to differ from what it acknowledged. */
  | { type: 'drifted'; step: string }
  /** A heir is deployed, or is no heir any more. */
  | { type: 'inherited'; heirs: string[] }
  /** The operator releases a retained service, or takes an imported one over. */
  | { type: 'released' }
  | { type: 'adopted' }
  /** The process that had messages in flight is gone: their outcome is unknown. */
  | { type: 'recovered' }
  /** Failed steps may be tried again at once, but for what the backend itself put off. */
  | { type: 'retry-now' }

export type EventType = Event['type']

export type Effect = { type: 'send'; step: string; message: Message }

export interface TransitionContext {
  settings: Pick<
    Settings,
    'steps' | 'serviceWipTimeoutMs' | 'undeployGracePeriodMs' | 'whenNoTargets' | 'backoff'
  >
  /** Step id -> how long resolvers keep a name that it removed, ms. */
  settleMs: Readonly<Record<string, number>>
  /** Wall clock, ms. */
  now: number
  /** A number in [0, 1): jitter of retries. */
  random: number
}

export interface Transition {
  entry: Entry
  effects: Effect[]
}

/** A service seen for the first time. */
export function newEntry(key: string, service: Service, now: number): Entry {
  return {
    key,
    service: cleanService(service),
    expected: 'deployed',
    steps: {},
    scheduled: [],
    heirs: [],
    detectedAt: now,
    updatedAt: now,
  }
}

/** The pure heart: an event that changes nothing gives the same entry object back. */
export function transition(entry: Entry, event: Event, context: TransitionContext): Transition {
  switch (event.type) {
    case 'listed':
      return quiet(onListed(entry, event, context))
    case 'missing':
      return quiet(onMissing(entry, event.heirs ?? [], context))
    case 'go':
      return onGo(entry, event.id, context)
    case 'answered':
      return quiet(onAnswered(entry, event, context))
    case 'timed-out':
      return quiet(onTimedOut(entry, event, context))
    case 'synced':
      return quiet(onSynced(entry, event))
    case 'drifted':
      return quiet(onDrifted(entry, event.step))
    case 'inherited':
      return quiet(onInherited(entry, event.heirs))
    case 'released':
      return quiet(onReleased(entry))
    case 'adopted':
      return quiet(entry.imported === true ? omit(entry, 'imported') : entry)
    case 'recovered':
      return quiet(onRecovered(entry))
    case 'retry-now':
      return quiet(onRetryNow(entry))
    default:
      return event satisfies never
  }
}

function quiet(entry: Entry): Transition {
  return { entry, effects: [] }
}

function omit<K extends keyof Entry>(entry: Entry, ...names: K[]): Entry {
  const copy = { ...entry }
  for (const name of names) delete copy[name]
  return copy
}

/** Targets in order, outputs gone: what an entry keeps of a listed service. The policy stays. */
function cleanService(service: Service): Service {
  const { public_ip: _ip, public_port: _port, ...rest } = service
  return { ...rest, targets: normalizeTargets(service.targets) }
}

function onListed(entry: Entry, event: Event & { type: 'listed' }, context: TransitionContext): Entry {
  let next = entry
  if (next.expected === 'undeployed') {
    next = { ...omit(next, 'closedAt'), expected: 'deployed', heirs: [] }
  }
  if (next.missingSince !== undefined || next.retained !== undefined || next.heirs.length > 0) {
    next = { ...omit(next, 'missingSince', 'retained'), heirs: [] }
    next = { ...next, scheduled: next.scheduled.filter((item) => item.what !== 'grace') }
  }
  if (event.createdAt !== undefined && event.createdAt !== next.createdAt) {
    next = { ...next, createdAt: event.createdAt }
  }
  if (event.problem) return setProblem(next, event.problem)
  return accept(next, cleanService(event.service), context)
}

/** Takes a new definition over; one without targets keeps the last ones, or waits for its first. */
function accept(entry: Entry, listed: Service, context: TransitionContext): Entry {
  let service = listed
  if (listed.targets.length === 0) {
    const known = entry.inUse ?? (entry.service.targets.length > 0 ? entry.service : undefined)
    if (!known) {
      const waiting = isSame(entry.service, listed) ? entry : { ...entry, service: listed }
      return setProblem(waiting, {
        code: 'no-targets',
        message: 'no target is running yet',
        retryable: true,
        hint: 'it is deployed as soon as its first target runs',
      })
    }
    if (context.settings.whenNoTargets === 'keep-last') {
      service = {
        ...listed,
        targets: entry.service.targets.length > 0 ? entry.service.targets : known.targets,
      }
    }
  }
  const next = entry.problem ? omit(entry, 'problem') : entry
  if (isSame(next.service, service)) return next
  return resetTries({ ...next, service, updatedAt: context.now })
}

function isSame(a: Service, b: Service): boolean {
  return a.policy === b.policy && sameDefinition(a, b)
}

function setProblem(entry: Entry, problem: Problem): Entry {
  if (entry.problem?.code === problem.code && entry.problem.message === problem.message) return entry
  return { ...entry, problem }
}

/** A new definition deserves a try at once. */
function resetTries(entry: Entry): Entry {
  const steps: Record<string, StepRecord> = {}
  for (const [id, record] of Object.entries(entry.steps)) {
    const { nextTry: _nextTry, ...rest } = record
    steps[id] = record.error?.code === 'throttled' ? record : { ...rest, attempts: 0 }
  }
  return { ...entry, steps }
}

function onMissing(entry: Entry, heirs: string[], context: TransitionContext): Entry {
  if (entry.expected === 'undeployed' || entry.imported === true) return entry
  if (entry.service.policy === 'retain' || entry.service.policy === 'pause') {
    return entry.retained === true ? entry : { ...entry, retained: true }
  }
  const since = entry.missingSince ?? context.now
  const due = since + context.settings.undeployGracePeriodMs
  if (context.now < due) {
    if (entry.missingSince !== undefined) return entry
    const waits = entry.scheduled.filter((item) => item.what !== 'grace')
    return {
      ...entry,
      missingSince: since,
      scheduled: [...waits, { key: entry.key, what: 'grace', notBefore: due }],
    }
  }
  return leave({ ...entry, missingSince: since, heirs })
}

function leave(entry: Entry): Entry {
  const next = omit(entry, 'problem', 'retained')
  return resetTries({
    ...next,
    expected: 'undeployed',
    scheduled: next.scheduled.filter((item) => item.what !== 'grace'),
  })
}

function onReleased(entry: Entry): Entry {
  if (entry.retained !== true) return entry
  const { policy: _policy, ...service } = entry.service
  return leave({ ...entry, service })
}

function onGo(entry: Entry, id: string, context: TransitionContext): Transition {
  const move = nextMove(entry, context.settings.steps, context.now)
  switch (move.kind) {
    case 'none':
    case 'wait':
      return quiet(entry)
    case 'complete':
      return quiet(onComplete(entry, move.complete, context))
    case 'cleaned':
      return quiet(omit(entry, 'retiring'))
    case 'closed':
      return quiet(onClosed(entry, context.now))
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
  return { ...omit(entry, 'inUse', 'retiring', 'problem'), closedAt: now, scheduled: [], heirs: [] }
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
    const left = withRecord(omit(entry, 'inUse'), step, next)
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

function withRecord(entry: Entry, step: string, record: StepRecord): Entry {
  return { ...entry, steps: { ...entry.steps, [step]: record } }
}

function landed(record: StepRecord): StepRecord {
  const { inFlight: _inFlight, deadline: _deadline, ...rest } = record
  return rest
}

function onAnswered(entry: Entry, event: Event & { type: 'answered' }, context: TransitionContext): Entry {
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

function onTimedOut(entry: Entry, event: Event & { type: 'timed-out' }, context: TransitionContext): Entry {
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

function onSynced(entry: Entry, event: Event & { type: 'synced' }): Entry {
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

function onDrifted(entry: Entry, step: string): Entry {
  const record = recordOf(entry, step)
  if (record.state !== 'done' || record.drifted === true) return entry
  return withRecord(entry, step, { ...record, drifted: true })
}

function onInherited(entry: Entry, heirs: string[]): Entry {
  const left = entry.heirs.filter((heir) => !heirs.includes(heir))
  return left.length === entry.heirs.length ? entry : { ...entry, heirs: left }
}

function onRecovered(entry: Entry): Entry {
  const lost = Object.entries(entry.steps).filter(([, record]) => record.inFlight !== undefined)
  if (lost.length === 0) return entry
  const steps = { ...entry.steps }
  for (const [id, record] of lost) steps[id] = landed(record)
  return { ...entry, steps }
}

function onRetryNow(entry: Entry): Entry {
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
