import { InterlookError } from '../sdk/errors.js'
import { serviceKey } from '../sdk/service.js'
import type { Controller } from './controller.js'
import type { ProviderNews } from './intake.js'
import { matchImported } from './match-imported.js'
import { foreignOwners, rebuiltEntries, type OwnedAt } from './rebuild.js'

/** A store without entries that meets marked objects: ours rebuild it, another owner's stop everything. */
export function recoverLostStore(
  controller: Controller,
  owned: readonly OwnedAt[],
  news: readonly ProviderNews[],
): void {
  if (controller.entries.size > 0 || owned.length === 0) return
  const { settings, steps, clock } = controller.parts
  const listed = new Map(
    news.flatMap((item) => item.listed.map((one) => [serviceKey(one.service), one.service] as const)),
  )
  const foreign = foreignOwners(owned, settings.owner, new Set(listed.keys()))
  for (const [owner, keys] of foreign) {
    throw new InterlookError(
      'owner-mismatch',
      `this store is new, and the backends hold objects of owner '${owner}' for ${keys.length} of the services listed now (${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ', ...' : ''}); nothing was written`,
      {
        hint: `if that was this installation, set core.instanceId: ${owner} and run again: entries and addresses are rebuilt from those objects`,
      },
    )
  }
  for (const [key, entry] of rebuiltEntries(owned, settings.owner, listed, steps, clock.now())) {
    controller.entries.set(key, entry)
  }
}

/** Imported entries under the key that the platform gives their service; on disk once the pass goes on. */
export function rekeyImported(controller: Controller, news: readonly ProviderNews[]): void {
  const complete = news.filter((item) => item.complete && !item.problem)
  if (complete.length < controller.parts.feeds.length) return
  const listed = complete.flatMap((item) => item.listed.map((one) => one.service))
  for (const rekeyed of matchImported(controller.entries.values(), listed)) {
    controller.entries.delete(rekeyed.from)
    controller.entries.set(rekeyed.entry.key, rekeyed.entry)
    controller.rekeyed.push(rekeyed)
  }
}
