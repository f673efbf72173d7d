import type { Problem } from '../sdk/errors.js'
import type { AdoptRule, OutputName, Outputs, PutItem, ServicePlan } from '../sdk/provisioner.js'
import type { Service } from '../sdk/service.js'
import { sameDefinition, withOutputs, withoutOutputs } from './definition.js'
import { recordOf, type Entry } from './entry.js'
import { ownOutputs } from './addresses.js'
import { isDone, isHeld, lastKnown } from './move.js'
import type { StepPlan } from './plan.js'
import type { StepHandle } from './step-handle.js'
import type { Event } from './events.js'

/** What the steps would do for one entry, and what seeing the backends tells of it. */
export interface EntryPlan {
  steps: StepPlan[]
  /** Events that the observation is worth: `synced` and `drifted`. */
  events: Event[]
  problem?: Problem
}

export interface SimulateInput {
  /** Entries as they will be after the intake. */
  entries: Iterable<Entry>
  steps: readonly StepHandle[]
  /** Steps that the workflow has lost, when what they made is to go. */
  lost: readonly StepHandle[]
  adopt: AdoptRule
  now: number
}

/** How far the simulation of one entry has come. */
interface Course {
  entry: Entry
  known: Outputs
  unknown: Partial<Record<OutputName, string>>
  plan: EntryPlan
  /** A step before could not go on: the steps behind it are not reached. */
  blocked: boolean
}

/**
 * Walks all entries through the workflow on paper: one `plan` call per step, each step fed with what the steps
 * before it give. The total difference is planned (without `previous`): first what is made, then what goes.
 */
export function simulate(input: SimulateInput): Map<string, EntryPlan> {
  const courses = new Map<string, Course>()
  for (const entry of input.entries) {
    courses.set(entry.key, {
      entry,
      known: {},
      unknown: {},
      plan: { steps: [], events: [] },
      blocked: false,
    })
  }
  let hasIpam = false
  for (const step of input.steps) {
    simulateStep(step, courses, input, hasIpam)
    hasIpam ||= step.kind === 'ipam'
  }
  for (const step of input.lost) simulateLost(step, courses, input)
  return new Map([...courses].map(([key, course]) => [key, finish(course)]))
}

function finish(course: Course): EntryPlan {
  if (course.entry.expected === 'undeployed') course.plan.steps.reverse()
  return course.plan
}

function simulateStep(
  step: StepHandle,
  courses: ReadonlyMap<string, Course>,
  input: SimulateInput,
  hasIpam: boolean,
): void {
  const put: PutItem[] = []
  const remove: Service[] = []
  const goals = new Map<string, Service>()
  for (const course of courses.values()) {
    const { entry } = course
    const record = recordOf(entry, step.id)
    if (entry.expected === 'undeployed') {
      if (record.state === 'none') continue
      if (step.preview) remove.push(lastKnown(entry, step.id))
      else course.plan.steps.push(opaqueStep(step, course))
      continue
    }
    if (course.blocked || isIdle(entry)) continue
    const goal = withOutputs(withoutOutputs(entry.service), course.known)
    goals.set(entry.key, goal)
    if (!step.preview) {
      simulateOpaque(step, course, goal, hasIpam)
      continue
    }
    put.push({ service: withOutputs(goal, ownOutputs(entry, step.id, goal)), unknown: { ...course.unknown } })
  }
  if (!step.preview || put.length + remove.length === 0) return
  const plans = step.preview.plan({ put, remove, adopt: input.adopt, now: input.now })
  for (const plan of plans) {
    const course = courses.get(plan.key)
    if (course) record(step, course, plan, goals.get(plan.key), hasIpam)
  }
}

function simulateLost(step: StepHandle, courses: ReadonlyMap<string, Course>, input: SimulateInput): void {
  const concerned = [...courses.values()].filter(({ entry }) => recordOf(entry, step.id).state !== 'none')
  if (!step.preview) {
    for (const course of concerned) course.plan.steps.push(opaqueStep(step, course))
    return
  }
  const remove = concerned.map(({ entry }) => lastKnown(entry, step.id))
  if (remove.length === 0) return
  for (const plan of step.preview.plan({ put: [], remove, adopt: input.adopt, now: input.now })) {
    const course = courses.get(plan.key)
    if (course) record(step, course, plan, undefined, true)
  }
}

/** Not planned at all: its problem or policy keeps it as it is, and there is no difference worth showing. */
function isIdle(entry: Entry): boolean {
  if (entry.retained === true) return true
  return isHeld(entry) && entry.problem !== undefined
}

function record(
  step: StepHandle,
  course: Course,
  plan: ServicePlan,
  goal: Service | undefined,
  hasIpam: boolean,
): void {
  const { entry } = course
  const outputs = allowedOutputs(step, plan.outputs, hasIpam)
  const shown: StepPlan = {
    step: step.id,
    changes: plan.changes.map(({ data: _data, ...change }) => change),
    outputs,
    tentative: plan.tentative === true,
    unknown: { ...course.unknown },
    notes: plan.notes ?? [],
    opaque: false,
    ...(plan.problem && { problem: plan.problem }),
  }
  if (shown.changes.length > 0 || shown.problem || shown.notes.length > 0) course.plan.steps.push(shown)
  if (plan.problem) {
    course.plan.problem ??= plan.problem
    course.blocked = true
    const isSettled = recordOf(entry, step.id).state === 'done' && goal !== undefined
    if (isSettled) course.plan.events.push({ type: 'drifted', step: step.id })
    return
  }
  if (goal === undefined) return
  noteWhatWasSeen(step, course, plan, goal, outputs)
  spread(step, course, plan, outputs)
}

function noteWhatWasSeen(
  step: StepHandle,
  course: Course,
  plan: ServicePlan,
  goal: Service,
  outputs: Outputs,
): void {
  const known = recordOf(course.entry, step.id)
  const isCertain = Object.keys(course.unknown).length === 0 && plan.tentative !== true
  if (plan.changes.length === 0 && isCertain) {
    course.plan.events.push({ type: 'synced', step: step.id, service: goal, outputs })
    return
  }
  const isAcknowledged = known.acked?.previous === undefined && sameDefinition(known.acked?.service, goal)
  if (plan.changes.length > 0 && isAcknowledged) course.plan.events.push({ type: 'drifted', step: step.id })
}

/** What the steps behind may count on. A guess is not handed on: it is known only after this step. */
function spread(step: StepHandle, course: Course, plan: ServicePlan, outputs: Outputs): void {
  for (const name of ['public_ip', 'public_port'] as const) {
    const isUnknown = plan.unknownOutputs?.includes(name) === true
    if (isUnknown || (plan.tentative === true && outputs[name] !== undefined)) {
      const { [name]: _guess, ...known } = course.known
      course.known = known
      course.unknown = { ...course.unknown, [name]: step.id }
    } else if (outputs[name] !== undefined) {
      const { [name]: _before, ...unknown } = course.unknown
      course.known = { ...course.known, [name]: outputs[name] }
      course.unknown = unknown
    }
  }
}

/** An answer may change `public_ip` (ipam; an lb where no ipam stands before it) and `public_port` (lb). */
export function allowedOutputs(step: { kind: string }, outputs: Outputs, hasIpam: boolean): Outputs {
  const mayGiveAddress = step.kind === 'ipam' || (step.kind === 'lb' && !hasIpam)
  return {
    ...(mayGiveAddress && outputs.public_ip !== undefined && { public_ip: outputs.public_ip }),
    ...(step.kind === 'lb' && outputs.public_port !== undefined && { public_port: outputs.public_port }),
  }
}

function simulateOpaque(step: StepHandle, course: Course, goal: Service, hasIpam: boolean): void {
  const known = recordOf(course.entry, step.id)
  const isUnknown = Object.keys(course.unknown).length > 0
  if (!isUnknown && isDone(known, goal) && known.acked?.previous === undefined) {
    course.known = { ...course.known, ...allowedOutputs(step, known.outputs, hasIpam) }
    return
  }
  course.plan.steps.push(opaqueStep(step, course))
  const gives: OutputName[] = step.kind === 'ipam' ? ['public_ip'] : step.kind === 'lb' ? ['public_port'] : []
  for (const name of gives) course.unknown[name] = step.id
}

function opaqueStep(step: StepHandle, course: Course): StepPlan {
  return {
    step: step.id,
    changes: [],
    outputs: recordOf(course.entry, step.id).outputs,
    tentative: false,
    unknown: { ...course.unknown },
    notes: [],
    opaque: true,
  }
}
