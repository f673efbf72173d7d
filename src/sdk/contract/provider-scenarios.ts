import { errorText } from '../errors.js'
import type { Message } from '../message.js'
import type { ListedService } from '../provider.js'
import { type Served, serve } from '../serve.js'
import { bareService } from '../service.js'
import type { Exchange } from './host.js'
import type { Session } from './session.js'

/** How many times the quiet time a provider has for its first message. */
const FIRST_WORD = 20

/** What listing a few times showed. */
export interface ListLook {
  error?: string
  /** What the author's own `list` gave, twice. */
  listed: ListedService[][]
  /** What it gave for a signal that was aborted before; undefined when it threw, as it should. */
  cutShort?: ListedService[]
  watch?: 'ends' | 'hangs' | 'none'
}

export function look(session: Session): Promise<ListLook | undefined> {
  return session.once('look', async () => {
    const subject = session.open({ dryRun: true })
    const { served } = subject
    if (served.form !== 'provider') {
      await subject.end()
      return undefined
    }
    const report: ListLook = { listed: [] }
    try {
      await session.within('listing', async (signal) => {
        await served.extension.listing.connect(signal)
        report.listed.push(await served.author.list(signal), await served.author.list(signal))
      })
      report.watch = await watchEnds(session, served)
      const cutShort = await session.within('a listing cut short', () => listCutShort(served))
      if (cutShort !== undefined) report.cutShort = cutShort
    } catch (error) {
      session.hear(error)
      report.error = errorText(error)
    }
    session.hear(report)
    await subject.end()
    return report
  })
}

async function listCutShort(served: Served & { form: 'provider' }): Promise<ListedService[] | undefined> {
  try {
    return await served.author.list(AbortSignal.abort())
  } catch {
    return undefined
  }
}

async function watchEnds(
  session: Session,
  served: Served & { form: 'provider' },
): Promise<'ends' | 'hangs' | 'none'> {
  if (served.author.watch === undefined) return 'none'
  const { clock } = session.harness.context
  const controller = new AbortController()
  const done = new AbortController()
  const ended = served.author
    .watch(() => undefined, controller.signal)
    .then(
      () => 'ends' as const,
      () => 'ends' as const,
    )
    .finally(() => done.abort())
  await clock.sleep(session.harness.waits.quietMs, done.signal)
  controller.abort()
  const hung = clock
    .sleep(session.harness.waits.stopMs, done.signal)
    .then(() => (done.signal.aborted ? ended : ('hangs' as const)))
  return Promise.race([ended, hung])
}

/** The listing with the section of a backend that cannot be read; undefined when it threw, as it should. */
export async function listBroken(session: Session, config: unknown): Promise<ListedService[] | undefined> {
  const { context, definition } = session.harness
  const served = serve(definition, config, { ...context, dryRun: true })
  if (served.form !== 'provider') return undefined
  try {
    return await session.within('a listing that cannot work', async (signal) => {
      await served.extension.listing.connect(signal)
      return served.author.list(signal)
    })
  } catch (error) {
    session.hear(error)
    return undefined
  } finally {
    await served.extension.stop()
  }
}

/** What a provider says when only messages are understood. */
export interface Talk {
  pushed: Message[]
  present?: Exchange
  absent?: Exchange
}

export function talk(session: Session): Promise<Talk> {
  return session.once('talk', async () => {
    const subject = session.open()
    const { host } = subject
    const report: Talk = { pushed: [] }
    const start = await host.start()
    if (start.ended === 'well') {
      // A platform without services says nothing at all.
      await host.until(() => host.pushed.length > 0, FIRST_WORD * session.harness.waits.quietMs)
      await host.quiet()
      report.pushed = [...host.pushed]
      const known = report.pushed.find((message) => message.action === 'add' && message.error === undefined)
      if (known !== undefined) {
        report.present = await host.ask('present', { action: 'refresh', service: known.service })
      }
      const provider = `provider.${session.harness.definition.name}`
      const service = bareService({ provider, name: `${session.harness.canaryName}-absent` })
      report.absent = await host.ask('absent', { action: 'refresh', service })
      await host.quiet()
    }
    await subject.end()
    return report
  })
}
