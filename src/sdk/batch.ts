import type { Outcome } from './answer.js'
import { InterlookError, type Problem } from './errors.js'
import type { Message } from './message.js'
import type { AdoptRule, ApplyResult, Change, PlanInput, ServicePlan } from './provisioner.js'
import { type Service, serviceKey } from './service.js'

/** One write that was done, for the log of changes. */
export interface WrittenChange {
  key: string
  change: Omit<Change, 'data'>
  /** Wall clock, ms. */
  at: number
}

/** The longest start of the queue in which no service occurs twice, and the rest in its order. */
export function splitBatch(queue: readonly Message[]): { batch: Message[]; rest: Message[] } {
  const batch: Message[] = []
  const rest: Message[] = []
  const keys = new Set<string>()
  for (const message of queue) {
    const key = serviceKey(message.service)
    if (keys.has(key)) rest.push(message)
    else batch.push(message)
    keys.add(key)
  }
  return { batch, rest }
}

/** What the messages of one batch ask for. */
export function planInputOf(batch: readonly Message[], adopt: AdoptRule, now: number): PlanInput {
  const put: PlanInput['put'] = []
  const remove: Service[] = []
  for (const { action, service, previous } of batch) {
    if (action === 'delete') remove.push(service)
    else put.push({ service, ...(previous !== undefined && { previous }) })
  }
  return { put, remove, adopt, now }
}

/**
 * Exactly one plan per service of `input`, in its order. What the extension left out or gave twice becomes a
 * problem of that service; plans for services that nobody asked about are dropped.
 */
export function checkPlans(input: PlanInput, plans: readonly ServicePlan[], id: string): ServicePlan[] {
  const byKey = new Map<string, ServicePlan[]>()
  for (const plan of plans) byKey.set(plan.key, [...(byKey.get(plan.key) ?? []), plan])
  const asked = [...input.put.map((item) => item.service), ...input.remove].map(serviceKey)
  return [...new Set(asked)].map((key) => {
    const [plan, ...more] = byKey.get(key) ?? []
    if (plan === undefined || more.length > 0) {
      const count = plan === undefined ? 'no plan' : `${more.length + 1} plans`
      return { key, changes: [], outputs: {}, problem: contractProblem(`${id} gave ${count} for ${key}`) }
    }
    return plan.problem === undefined ? plan : { ...plan, changes: [] }
  })
}

/** Exactly one result per plan; a missing one is a problem, and whether it was applied is not known. */
export function checkResults(
  plans: readonly ServicePlan[],
  results: readonly ApplyResult[],
  id: string,
): ApplyResult[] {
  const byKey = new Map(results.map((result) => [result.key, result]))
  return plans.map(
    ({ key }) =>
      byKey.get(key) ?? {
        key,
        problem: { ...contractProblem(`${id} gave no result for ${key}`), outcomeUnknown: true },
      },
  )
}

/** What to answer per service: the plan's own problem, else the result of its changes. */
export function outcomesOf(
  plans: readonly ServicePlan[],
  results: readonly ApplyResult[],
): Map<string, Outcome> {
  const byKey = new Map(results.map((result) => [result.key, result]))
  const outcomes = new Map<string, Outcome>()
  for (const plan of plans) {
    const result = byKey.get(plan.key)
    const problem = plan.problem ?? result?.problem
    outcomes.set(
      plan.key,
      problem === undefined ? { outputs: { ...plan.outputs, ...result?.outputs } } : { problem },
    )
  }
  return outcomes
}

/** Every change whose service had no problem, without what only `apply` needs. */
export function writtenChanges(
  plans: readonly ServicePlan[],
  results: readonly ApplyResult[],
  at: number,
): WrittenChange[] {
  const failed = new Set(results.filter((result) => result.problem !== undefined).map((result) => result.key))
  return plans
    .filter((plan) => !failed.has(plan.key))
    .flatMap((plan) =>
      plan.changes.map(({ data: _, ...change }): WrittenChange => ({ key: plan.key, change, at })),
    )
}

function contractProblem(message: string): Problem {
  const { code, retryable } = new InterlookError('extension-contract', message)
  return { code, message, retryable }
}
