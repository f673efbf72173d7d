import { type Answer, answerTo, type Outcome } from './answer.js'
import {
  checkPlans,
  checkResults,
  outcomesOf,
  planInputOf,
  type WrittenChange,
  writtenChanges,
} from './batch.js'
import { withDeadline } from './deadline.js'
import type { Context } from './define.js'
import { InterlookError, type Problem, toProblem } from './errors.js'
import type { Message } from './message.js'
import type { MessageLoop } from './message-loop.js'
import type { SharedObservation } from './observation.js'
import type { AdoptRule, ApplyResult, Provisioner, ServicePlan } from './provisioner.js'
import { serviceKey } from './service.js'

/** Nothing is changed or deleted on the word of a read that is older. */
const MAX_AGE_MS = 60_000

export interface ProvisionerHooks {
  /** One call per write on the backend that was done. */
  onChange?: (record: WrittenChange) => void
}

/** Answers batches: plan, read again where the observation does not do, apply. */
export class BatchWorker<Observed> {
  adopt: AdoptRule = { unmarked: false, owners: [] }
  private readonly provisioner: Provisioner<Observed>
  private readonly context: Context
  private readonly hooks: ProvisionerHooks
  private readonly observation: SharedObservation<Observed>
  /** An `apply` that outran its deadline. */
  private late: Promise<unknown> = Promise.resolve()

  constructor(
    provisioner: Provisioner<Observed>,
    context: Context,
    hooks: ProvisionerHooks,
    observation: SharedObservation<Observed>,
  ) {
    this.provisioner = provisioner
    this.context = context
    this.hooks = hooks
    this.observation = observation
  }

  async answer(batch: Message[], loop: MessageLoop): Promise<Answer[]> {
    // Two writers at once could undo each other's work.
    await this.late.catch(() => undefined)
    const plans = await this.planBatch(batch, loop.stopping)
    const changing = plans.filter((plan) => plan.problem === undefined && plan.changes.length > 0)
    const results = changing.length === 0 ? [] : await this.apply(changing, loop)
    const outcomes: Map<string, Outcome> = outcomesOf(plans, results)
    return batch.map((message) =>
      answerTo(message, this.context.id, outcomes.get(serviceKey(message.service)) ?? {}),
    )
  }

  private async planBatch(batch: Message[], stopping: AbortSignal): Promise<ServicePlan[]> {
    const { observation } = this
    const unread = batch.filter(
      ({ action, service, previous }) =>
        observation.isUnread(service, action === 'delete' ? 'remove' : 'put') ||
        (previous !== undefined && observation.isUnread(previous, 'put')),
    )
    await this.read(unread, stopping)
    const plans = this.plan(batch)
    const old = this.context.clock.now() - MAX_AGE_MS
    const breaking = new Set(
      plans.filter((plan) => plan.changes.some(({ action }) => action !== 'create')).map((plan) => plan.key),
    )
    const aged = batch
      .map((message) => ({ message, key: serviceKey(message.service) }))
      .filter(({ key }) => breaking.has(key) && observation.lastReadAt(key) < old)
    if (aged.length === 0) return plans
    await this.read(
      aged.map(({ message }) => message),
      stopping,
    )
    return this.plan(batch)
  }

  private plan(batch: Message[]): ServicePlan[] {
    const input = planInputOf(batch, this.adopt, this.context.clock.now())
    return checkPlans(input, this.provisioner.plan(input, this.observation.require()), this.context.id)
  }

  private async read(batch: Message[], stopping: AbortSignal): Promise<void> {
    if (batch.length === 0) return
    // `previous` may stand in other places than the service, so both are wanted.
    const wanted = batch.flatMap(({ service, previous }) => (previous ? [service, previous] : [service]))
    await withDeadline((signal) => this.observation.read({ all: false, wanted }, signal), {
      clock: this.context.clock,
      ms: this.context.deadlineMs,
      what: `reading ${this.context.id}`,
      signal: stopping,
    })
  }

  private async apply(plans: ServicePlan[], loop: MessageLoop): Promise<ApplyResult[]> {
    const { clock, deadlineMs, dryRun, id } = this.context
    if (dryRun) throw new InterlookError('internal', `${id} was asked to write in a dry run`)
    const keys = plans.map((plan) => plan.key)
    this.observation.beginWrites(keys)
    let late: Promise<unknown> | undefined
    let results: ApplyResult[]
    try {
      const given = await withDeadline((signal) => this.provisioner.apply(plans, signal), {
        clock,
        ms: deadlineMs,
        what: `applying ${plans.length === 1 ? `${keys[0]} on ${id}` : `${plans.length} services on ${id}`}`,
        writes: true,
        onLate: (work) => {
          late = work
        },
      })
      results = checkResults(plans, given, id)
    } catch (error) {
      // Some of the writes may have been done before it broke.
      const problem: Problem = { ...toProblem(error, 'backend-error'), outcomeUnknown: true }
      results = plans.map(({ key }) => ({ key, problem }))
    }
    this.observation.endWrites(plans, results)
    if (late !== undefined) this.late = loop.track(this.outlast(late, keys))
    for (const record of writtenChanges(plans, results, clock.now())) this.hooks.onChange?.(record)
    return results
  }
  /** Until an `apply` that outran its deadline ends, nothing that is read of its services can be trusted. */
  private async outlast(work: Promise<unknown>, keys: string[]): Promise<void> {
    this.observation.beginWrites(keys)
    await work.catch(() => undefined)
    this.observation.abandonWrites(keys)
  }
}
