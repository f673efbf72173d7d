import type { Controller } from './controller.js'
import type { Prepared } from './decide.js'
import { pruneOrphans } from './orphans.js'
import type { PassOptions } from './pass-options.js'

/** The third part: what was decided becomes events; the engine does the rest. */
export function commence(
  controller: Controller,
  prepared: Prepared,
  options: PassOptions,
  everything = true,
): void {
  const { engine } = controller
  engine.hold(prepared.held)
  for (const { from, entry } of controller.rekeyed.splice(0)) {
    engine.remove(from)
    engine.adoptEntries([entry])
  }
  engine.adoptEntries(prepared.accepted.values())
  for (const [key, plan] of prepared.plans) for (const event of plan.events) engine.feed(key, event)
  pruneOrphans(controller, prepared.plan.orphans)
  if (options.prune) abandonLostSteps(controller, prepared)
  if (!everything && prepared.held.size === 0 && !engine.wasHolding) return
  for (const key of controller.entries.keys()) {
    if (options.matches === undefined || options.matches(key)) engine.enqueue(key)
  }
}

function abandonLostSteps(controller: Controller, prepared: Prepared): void {
  for (const { id } of controller.parts.lostSteps ?? []) {
    for (const key of prepared.plans.keys()) controller.engine.feed(key, { type: 'abandoned', step: id })
  }
}
