import type { Message } from '../sdk/message.js'
import type { AdoptRule, OwnedObject, PlanInput, Scope, ServicePlan } from '../sdk/provisioner.js'
import type { Service } from '../sdk/service.js'
import type { Step } from './settings.js'

/** What an extension can show before it acts. Extensions of `start` and `stop` alone have none. */
export interface Preview {
  connect(signal: AbortSignal): Promise<void>
  /** Bulk read into the observation that `plan` and the message loop share. */
  observe(scope: Scope, signal: AbortSignal): Promise<void>
  plan(input: PlanInput): ServicePlan[]
  owned(): OwnedObject[]
  claims(service: Service): string[]
  facts(): Record<string, string | number>
  readonly settleMs: number
}

/** A started extension of the workflow, as the core holds it. */
export interface StepHandle extends Step {
  preview?: Preview
  /** Gives the extension a message. Its answer comes back through the engine. */
  push(message: Message): void
  setAdopt(rule: AdoptRule): void
}
