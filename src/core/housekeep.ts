import type { Controller } from './controller.js'

/** Forgets entries that have been undeployed for long enough. */
export function housekeep(controller: Controller): void {
  const { settings, clock } = controller.parts
  const before = clock.now() - settings.cleanUndeployedServiceAfterMs
  for (const entry of [...controller.entries.values()]) {
    if (entry.closedAt !== undefined && entry.closedAt <= before) controller.engine.remove(entry.key)
  }
}
