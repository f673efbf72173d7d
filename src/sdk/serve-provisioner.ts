import { BatchWorker, type ProvisionerHooks } from './batch-worker.js'
import { checkPlans } from './batch.js'
import type { Context } from './define.js'
import type { Extension } from './message.js'
import { MessageLoop } from './message-loop.js'
import { SharedObservation } from './observation.js'
import type { AdoptRule, OwnedObject, PlanInput, Provisioner, Scope, ServicePlan } from './provisioner.js'
import type { Service } from './service.js'

export type { ProvisionerHooks } from './batch-worker.js'

/** What the core asks a provisioner beside messages. It shares its observation with the message loop. */
export interface ProvisionerPreview {
  /** Harmless to repeat; `start` connects too. */
  connect(signal: AbortSignal): Promise<void>
  observe(scope: Scope, signal: AbortSignal): Promise<void>
  /** One plan per service of `input`, against the last observation. Throws before the first `observe`. */
  plan(input: PlanInput): ServicePlan[]
  /** Everything observed that carries an owner's mark; empty before the first `observe`. */
  owned(): OwnedObject[]
  claims(service: Service): string[]
  facts(): Record<string, string | number>
  settleMs: number
}

/** A provisioner as the core sees it: an Extension whose plans can be seen before they are applied. */
export interface ServedProvisioner extends Extension {
  readonly preview: ProvisionerPreview
  /** What messages may take over from now on; nothing by default. */
  setAdopt(rule: AdoptRule): void
}

/**
 * Makes an Extension of `observe`, `plan` and `apply`: message loop, batches, deadlines, answers.
 * A write that is not over at its deadline is answered with `timeout`; the next batch and `stop` wait for its end.
 */
export function serveProvisioner<Observed>(
  provisioner: Provisioner<Observed>,
  context: Context,
  hooks: ProvisionerHooks = {},
): ServedProvisioner {
  const observation = new SharedObservation(provisioner, context.clock)
  const worker = new BatchWorker(provisioner, context, hooks, observation)
  const loop: MessageLoop = new MessageLoop({
    context,
    ...(provisioner.connect && { connect: provisioner.connect.bind(provisioner) }),
    ...(provisioner.close && { close: provisioner.close.bind(provisioner) }),
    answer: (batch) => worker.answer(batch, loop),
  })
  return {
    start: (receive, send) => loop.start(receive, send),
    stop: () => loop.stop(),
    setAdopt: (rule) => {
      worker.adopt = rule
    },
    preview: {
      connect: (signal) => loop.connect(signal),
      observe: (scope, signal) => loop.track(observation.read(scope, signal)),
      plan: (input) => checkPlans(input, provisioner.plan(input, observation.require()), context.id),
      owned: () => (observation.current && provisioner.owned?.(observation.current.value)) ?? [],
      claims: (service) => provisioner.claims?.(service) ?? [],
      facts: () => (observation.current && provisioner.facts?.(observation.current.value)) ?? {},
      settleMs: provisioner.settleMs ?? 0,
    },
  }
}
