import { serviceKey } from '../sdk/service.js'
import type { Controller } from './controller.js'
import type { Entry } from './entry.js'
import type { Assembly } from './gather.js'
import type { Orphan } from './plan.js'

/** Objects with our mark that belong to no entry. */
export function orphansOf(controller: Controller, { news, changed, owned, options }: Assembly): Orphan[] {
  const { owner } = controller.parts.settings
  const listed = new Set(news.flatMap((item) => item.listed.map((one) => serviceKey(one.service))))
  const silent = news.filter((item) => item.problem).map((item) => item.id)
  const isPruned = (key: string): boolean => {
    const isUnknown = silent.some((provider) => key.startsWith(`${provider}/`))
    return options.prune && !isUnknown && (options.matches === undefined || options.matches(key))
  }
  return owned
    .filter(({ object }) => object.owner === owner && !listed.has(object.key))
    .filter(({ object }) => !controller.entries.has(object.key) && !changed.has(object.key))
    .map(({ step, object }) => ({ step, object, pruned: isPruned(object.key) }))
}

/** An orphan becomes an entry on its way out, so that it leaves like any other service. */
export function pruneOrphans(controller: Controller, orphans: readonly Orphan[]): void {
  const now = controller.parts.clock.now()
  const entries = new Map<string, Entry>()
  for (const { step, object, pruned } of orphans) {
    if (!pruned) continue
    const entry: Entry = entries.get(object.key) ?? {
      key: object.key,
      service: object.service,
      expected: 'undeployed',
      steps: {},
      scheduled: [],
      heirs: [],
      detectedAt: now,
      updatedAt: now,
    }
    entries.set(object.key, {
      ...entry,
      steps: {
        ...entry.steps,
        [step]: { state: 'done', sent: { service: object.service }, outputs: {}, attempts: 0 },
      },
    })
  }
  controller.engine.adoptEntries(entries.values())
}
