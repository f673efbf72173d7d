import type { Problem } from './errors.js'
import type { Service } from './service.js'

/** What a step may give to the steps behind it. */
export interface Outputs {
  public_ip?: string
  public_port?: number
}
export type OutputName = keyof Outputs

/** A value of a plan: known, or known only after an earlier step (`unknown` names the output). */
export type PlannedValue = string | { unknown: OutputName }

export interface FieldChange {
  field: string
  from?: PlannedValue
  to?: PlannedValue
}

/** One write on a backend. */
export interface Change {
  action: 'create' | 'update' | 'delete'
  /** What kind of object, in the backend's own term: `address`, `virtual server`, `name`. */
  kind: string
  /** Its name on the backend. */
  object: string
  /** What changes in it; for a create what it gets, for a delete what it had. */
  fields: FieldChange[]
  /** Why, in a few words: `new service`, `target removed`, `drift`. */
  reason: string
  /** True when an unmarked object, or another owner's, is only marked as ours. */
  adopts?: boolean
  /** For `apply`: whatever the extension needs. Never printed. */
  data?: unknown
}

export interface PutItem {
  service: Service
  /** The definition that users still reach: what it needs must be kept, never made. */
  previous?: Service
  /** Outputs of earlier steps that are not known yet (a dry run), and the step that will give them. */
  unknown?: Partial<Record<OutputName, string>>
}

export interface AdoptRule {
  /** Take unmarked objects and the earlier tool's. */
  unmarked: boolean
  /** Take objects of these owners. */
  owners: string[]
}

export interface PlanInput {
  put: PutItem[]
  remove: Service[]
  adopt: AdoptRule
  /** Wall clock, ms. */
  now: number
}

/** The plan of one service on one step. No changes and no problem: in sync. */
export interface ServicePlan {
  key: string
  changes: Change[]
  /** What the step gives once the changes are applied; an output left out of both is not this step's. */
  outputs: Outputs
  /** Outputs that only `apply` can tell. */
  unknownOutputs?: OutputName[]
  /** True when `outputs` holds a guess that `apply` may not keep (an address that another may take). */
  tentative?: boolean
  /** Why nothing can be done for this service; `changes` is then empty. */
  problem?: Problem
  /** Things worth telling that are not changes: maintenance by hand, a member that drains. */
  notes?: string[]
}

/** An object (or several of one service) that carries an owner's mark. */
export interface OwnedObject {
  owner: string
  /** Key of the service that it was made for. */
  key: string
  /** Names on the backend. */
  objects: string[]
  /** What the objects tell of the service: enough to delete it, or to rebuild an entry. */
  service: Service
}

/** `all`: everything we own, and anything foreign where a wanted object must go; else these services only. */
export type Scope = { all: true; wanted: readonly Service[] } | { all: false; wanted: readonly Service[] }

/** The outcome of one service's changes. */
export interface ApplyResult {
  key: string
  outputs?: Outputs
  problem?: Problem
}

/**
 * What an author of a provisioner writes; `serveProvisioner` makes an Extension of it.
 *
 * Ownership: everything it creates carries `context.owner` and the service's key. Objects of our owner under
 * another service's key are ours: the core keeps claims unique, so a name that a service asks for may be taken
 * over from it (never one that only `previous` needs). So `apply` deletes an object for a service only while it
 * still carries that service's key: another service of the same batch may have taken it over. Objects without our
 * mark are a `conflict`.
 */
export interface Provisioner<Observed = unknown> {
  connect?(signal: AbortSignal): Promise<void>
  close?(): Promise<void>
  /** Bulk read; its cost depends on pages, not on services. */
  observe(scope: Scope, signal: AbortSignal): Promise<Observed>
  /** Puts a partial read (scope `all: false`) into a whole one. Without it a partial read is a whole one. */
  merge?(whole: Observed, part: Observed, scope: Scope): Observed
  /** Pure. One ServicePlan per service of `put` and `remove`. What is in neither list stays as it is. */
  plan(input: PlanInput, observed: Observed): ServicePlan[]
  /** Writes. One result per plan, so that a batch with one bad service answers each. May throw for all. */
  apply(plans: ServicePlan[], signal: AbortSignal): Promise<ApplyResult[]>
  /** Pure: the observation after `plans` were applied. Without it the scope is read again before its next use. */
  applied?(observed: Observed, plans: ServicePlan[], results: ApplyResult[]): Observed
  /** Names that the service will occupy, e.g. `alias:web.example.com`: the core keeps them unique. */
  claims?(service: Service): string[]
  /** After this step removed a name: how long resolvers may still know it, ms. The next step waits that long. */
  settleMs?: number
  /** Pure: everything observed that carries an owner's mark, ours and others'. */
  owned?(observed: Observed): OwnedObject[]
  /** Lines for status pages and `ext test`: free addresses and the like. */
  facts?(observed: Observed): Record<string, string | number>
}
