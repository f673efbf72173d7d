import type { Controller } from './controller.js'
import type { ProviderNews } from './intake.js'

/** What the operator should know of steps that the workflow has lost. */
export function warningsOf(controller: Controller): string[] {
  const warnings: string[] = []
  const steps = new Set(controller.allSteps.map((step) => step.id))
  const lost = new Map<string, number>()
  for (const entry of controller.entries.values()) {
    for (const [id, record] of Object.entries(entry.steps)) {
      if (!steps.has(id) && record.state !== 'none') lost.set(id, (lost.get(id) ?? 0) + 1)
    }
  }
  for (const [id, count] of lost) {
    warnings.push(
      `${id} is not in the workflow any more; it keeps objects of ${count} services until reconcile --prune`,
    )
  }
  return warnings
}

/** Keys that were to be released and that no policy retains. */
export function unreleased(controller: Controller, release: readonly string[]): string[] {
  return release
    .filter((key) => controller.entries.get(key)?.retained !== true)
    .map((key) => `--release ${key}: no service of this key is retained; nothing was released`)
}

/** Services that a provider was asked about and said nothing of: absence is not proved, so they stay. */
export function unansweredIn(news: readonly ProviderNews[]): string[] {
  return news.flatMap(({ id, unanswered = [] }) => {
    if (unanswered.length === 0) return []
    const some = unanswered.slice(0, 3).join(', ') + (unanswered.length > 3 ? ', ...' : '')
    return [`${id} gave no answer about ${unanswered.length} services (${some}); they stay as they are`]
  })
}
