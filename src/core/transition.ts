import type { Problem } from '../sdk/errors.js'
import { normalizeTargets, type Service } from '../sdk/service.js'
import { onGo } from './advance.js'
import { sameDefinition } from './definition.js'
import { without, type Entry, type StepRecord } from './entry.js'
import type { Event, Transition, TransitionContext } from './events.js'
import {
  onAbandoned,
  onAnswered,
  onDrifted,
  onRecovered,
  onRetryNow,
  onSynced,
  onTimedOut,
} from './step-events.js'

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
    case 'abandoned':
      return quiet(onAbandoned(entry, event.step))
    case 'inherited':
      return quiet(onInherited(entry, event.heirs))
    case 'released':
      return quiet(onReleased(entry))
    case 'adopted':
      return quiet(entry.imported === true ? without(entry, 'imported') : entry)
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

/** Targets in order, outputs gone: what an entry keeps of a listed service. The policy stays. */
function cleanService(service: Service): Service {
  const { public_ip: _ip, public_port: _port, ...rest } = service
  return { ...rest, targets: normalizeTargets(service.targets) }
}

function onListed(entry: Entry, event: Event & { type: 'listed' }, context: TransitionContext): Entry {
  let next = entry
  if (next.expected === 'undeployed') {
    next = { ...without(next, 'closedAt'), expected: 'deployed', heirs: [] }
  }
  if (next.missingSince !== undefined || next.retained !== undefined || next.heirs.length > 0) {
    next = { ...without(next, 'missingSince', 'retained'), heirs: [] }
    next = { ...next, scheduled: next.scheduled.filter((item) => item.what !== 'grace') }
  }
  if (event.createdAt !== undefined && event.createdAt !== next.createdAt) {
    next = { ...next, createdAt: event.createdAt }
  }
  if (next.dispossessed !== event.dispossessed) {
    next = event.dispossessed === true ? { ...next, dispossessed: true } : without(next, 'dispossessed')
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
  const next = entry.problem ? without(entry, 'problem') : entry
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
  if (entry.imported === true) return entry
  if (entry.expected === 'undeployed') return inheritAnew(entry, heirs)
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

/** Its names may belong to others than at its leaving; once its removal has begun it is too late for that. */
function inheritAnew(entry: Entry, heirs: string[]): Entry {
  const hasBegun = Object.values(entry.steps).some((record) => record.state === 'removing')
  if (hasBegun || entry.closedAt !== undefined || isSameList(entry.heirs, heirs)) return entry
  return { ...entry, heirs }
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}

function leave(entry: Entry): Entry {
  const next = without(entry, 'problem', 'retained', 'dispossessed')
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

function onInherited(entry: Entry, heirs: string[]): Entry {
  const left = entry.heirs.filter((heir) => !heirs.includes(heir))
  return left.length === entry.heirs.length ? entry : { ...entry, heirs: left }
}
