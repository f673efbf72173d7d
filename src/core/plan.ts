import type { Problem } from '../sdk/errors.js'
import type { Change, OutputName, OwnedObject, Outputs } from '../sdk/provisioner.js'
import type { Service } from '../sdk/service.js'

/** A change as it is shown: without what only `apply` needs. */
export type ShownChange = Omit<Change, 'data'>

/** What one step would do for one service. */
export interface StepPlan {
  step: string
  changes: ShownChange[]
  outputs: Outputs
  tentative: boolean
  /** Outputs that this step's inputs lack until an earlier step has answered: output -> that step. */
  unknown: Partial<Record<OutputName, string>>
  problem?: Problem
  notes: string[]
  /** True for an extension that implements only `start` and `stop`: what it would do cannot be seen. */
  opaque: boolean
}

/**
 * `create` new service · `update` changed or drifted · `remove` goes · `in-sync` · `waiting` for time, a claim or a
 * target · `error` cannot go on · `take-over` imported, needs --adopt · `retained`, `paused` by policy ·
 * `frozen` its provider did not list, or is configured no more.
 */
export const VERDICTS = [
  'create',
  'update',
  'remove',
  'in-sync',
  'waiting',
  'error',
  'take-over',
  'retained',
  'paused',
  'frozen',
] as const
export type Verdict = (typeof VERDICTS)[number]

/** Work that must wait until a point in time, and is written down instead. */
export interface Scheduled {
  key: string
  what: 'grace' | 'drain' | 'settle' | 'retry' | 'pending'
  step?: string
  /** Wall clock, ms. */
  notBefore: number
}

export interface ServicePlanBlock {
  key: string
  verdict: Verdict
  service: Service
  /** In workflow order; for a removal in reverse. Steps without anything to tell are left out. */
  steps: StepPlan[]
  problem?: Problem
  scheduled: Scheduled[]
}

export interface ProviderReport {
  id: string
  /** Number of services listed; undefined when there is no complete listing. */
  listed?: number
  problem?: Problem
}

export interface Orphan {
  step: string
  object: OwnedObject
  /** True when `--prune` was given and it goes. */
  pruned: boolean
}

export interface GuardCount {
  /** Provider id, or `total`. */
  scope: string
  deployed: number
  removed: number
  losingTargets: number
  moving: number
}

export interface GuardVerdict {
  tripped: boolean
  counts: GuardCount[]
  /** One per rule that tripped: numbers, limit, key and way out, as one sentence. */
  reasons: string[]
  /** Providers whose counted changes are refused. */
  frozen: string[]
}

export interface PlanCounts {
  create: number
  update: number
  remove: number
  waiting: number
  error: number
  inSync: number
  other: number
}

/** What a pass would do: the value that a dry run prints and that apply executes. */
export interface Plan {
  services: ServicePlanBlock[]
  orphans: Orphan[]
  providers: ProviderReport[]
  guard: GuardVerdict
  counts: PlanCounts
  /** Steps whose backend could not be read: nothing new is done there. */
  unread: { step: string; problem: Problem }[]
  warnings: string[]
}

/** Where a service stands; what tables and `--json` show. */
export interface ServiceStatus {
  key: string
  /** `undeployed`, `deployed`, or the step in work. */
  state: string
  public_ip?: string
  public_port?: number
  dns_name: string[]
  problem?: Problem
  /** What is tried next, and when. */
  next?: Scheduled
}

/** One write on a backend that was done. */
export interface ChangeRecord extends ShownChange {
  key: string
  step: string
  /** Wall clock, ms. */
  at: number
}

/** The outcome of one pass. */
export interface PassResult {
  dryRun: boolean
  plan: Plan
  /** In a dry run: the state before. */
  services: ServiceStatus[]
  changes: ChangeRecord[]
  scheduled: Scheduled[]
  exitCode: number
  /** The reason code behind an exit code other than 0 and 2. */
  reason?: string
  message?: string
  durationMs: number
}
