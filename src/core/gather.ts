import { InterlookError } from '../sdk/errors.js'
import { serviceKey, type Service } from '../sdk/service.js'
import type { Controller } from './controller.js'
import type { Entry } from './entry.js'
import type { ProviderNews } from './intake.js'
import type { PassOptions } from './pass-options.js'
import { ownedAt, type OwnedAt } from './rebuild.js'

/** What was read from outside: all the waiting of a pass. */
export interface Gathered {
  news: readonly ProviderNews[]
  owned: readonly OwnedAt[]
}

/** What was read, and what it makes of the entries. */
export interface Assembly {
  news: readonly ProviderNews[]
  changed: Map<string, Entry>
  owned: readonly OwnedAt[]
  options: PassOptions
}

/** The first part of a pass, the same for the daemon, the one-shot and the dry run: list and read. Writes nothing. */
export async function gather(controller: Controller, options: PassOptions): Promise<Gathered> {
  const news = await listProviders(controller, options)
  if (options.observe === 'all') {
    await controller.observe(wantedServices(controller, news), options.signal, options.progress)
  }
  if (options.signal.aborted)
    throw new InterlookError('aborted', 'the run was cut short before anything was done')
  return { news, owned: options.observe === 'all' ? ownedAt(controller.parts.steps) : [] }
}

async function listProviders(controller: Controller, options: PassOptions): Promise<ProviderNews[]> {
  const { feeds } = controller.parts
  return Promise.all(
    feeds.map(async (feed) => {
      const stage = options.progress.stage(`list ${feed.id}`)
      const known = [...controller.entries.values()]
        .filter((entry) => entry.service.provider === feed.id && entry.expected === 'deployed')
        .map((entry) => entry.key)
      const news = await feed.take({ known, mode: options.mode, signal: options.signal })
      if (news.problem) stage.fail(news.problem.message)
      else stage.done(`${news.listed.length} services`)
      return news
    }),
  )
}

function wantedServices(controller: Controller, news: readonly ProviderNews[]): Service[] {
  const wanted = new Map<string, Service>()
  for (const entry of controller.entries.values()) wanted.set(entry.key, entry.service)
  for (const item of news)
    for (const listed of item.listed) wanted.set(serviceKey(listed.service), listed.service)
  return [...wanted.values()]
}
