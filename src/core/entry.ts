import type { Problem } from '../sdk/errors.js'
import type { Outputs } from '../sdk/provisioner.js'
import type { Service } from '../sdk/service.js'
import type { Scheduled } from './plan.js'

/** `none`: never sent, or its delete was acknowledged. `sent`: an `add` is out or its outcome is unknown. */
export type StepState = 'none' | 'sent' | 'done' | 'removing'

/** What a step was last told, or last acknowledged: an `add` with these two. */
export interface Definition {
  service: Service
  /** Present while what users still reach must be kept beside the new. */
  previous?: Service
}

/** The record of one step of one service. */
export interface StepRecord {
  state: StepState
  /** The definition last sent; a delete carries its `service`. */
  sent?: Definition
  /** The definition last acknowledged. */
  acked?: Definition
  outputs: Outputs
  /** Id of the message in flight; an answer with another id is late and dropped. */
  inFlight?: string
  /** When the message in flight is given up, wall clock ms. */
  deadline?: number
  /** Tries since the last success. */
  attempts: number
  /** Not tried before this time, wall clock ms. */
  nextTry?: number
  error?: Problem
  /** Set when the backend was seen to differ from what was acknowledged: the step is visited again. */
  drifted?: boolean
  /** The workflow has lost the step, and the operator wants what it made to go. */
  abandoned?: boolean
}

/** Everything that the core knows of one service. */
export interface Entry {
  key: string
  /** The definition last listed and accepted, without outputs. */
  service: Service
  expected: 'deployed' | 'undeployed'
  /** The complete definition (outputs included) that users reach now; absent before the first deployment. */
  inUse?: Service
  /** The complete definition whose objects are still kept beside the ones in use, until the backward walk. */
  retiring?: Service
  /** Step id -> record, also of steps that the workflow has lost. */
  steps: Record<string, StepRecord>
  /** Why the entry as a whole cannot go on (label, claim, domain, targets). */
  problem?: Problem
  /** What its definition claims belongs to another service now: it is left as it is. */
  dispossessed?: boolean
  /** First complete listing without the service, wall clock ms. */
  missingSince?: number
  /** Work that waits, step by step. */
  scheduled: Scheduled[]
  /** Keys of services that take names over from this leaving one: it stays until they are deployed. */
  heirs: string[]
  /** The policy was `retain` when it was removed from the platform. */
  retained?: boolean
  /** Imported from the earlier tool as deployed, and not taken over yet. */
  imported?: boolean
  /** The platform's creation time, ISO 8601. */
  createdAt?: string
  /** Wall clock, ms. */
  detectedAt: number
  updatedAt: number
  /** When it became undeployed; forgotten `cleanUndeployedServiceAfter` later. */
  closedAt?: number
}

/** The record of a step; that of one which was never visited where there is none. */
export function recordOf(entry: Entry, step: string): StepRecord {
  return entry.steps[step] ?? { state: 'none', outputs: {}, attempts: 0 }
}

/** The entry without the fields named. */
export function without(entry: Entry, ...names: (keyof Entry)[]): Entry {
  const copy = { ...entry }
  for (const name of names) Reflect.deleteProperty(copy, name)
  return copy
}

/** The entry with another record of one step. */
export function withRecord(entry: Entry, step: string, record: StepRecord): Entry {
  return { ...entry, steps: { ...entry.steps, [step]: record } }
}

/** The record once no message of it is in flight any more. */
export function landed(record: StepRecord): StepRecord {
  const { inFlight: _inFlight, deadline: _deadline, ...rest } = record
  return rest
}
