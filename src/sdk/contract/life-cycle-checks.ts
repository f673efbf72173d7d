import { errorText } from '../errors.js'
import { type ContractCheck, EVERY_KIND } from './check.js'
import type { CallReport } from './host.js'
import { type EndReport, failed, ok, type Session, skipped, type Subject, type Verdict } from './session.js'

/** A start and a stop with nothing in between. */
interface Life {
  start: CallReport
  end: EndReport
  readsAfterStop: number
}

async function live(session: Session, options: { config?: unknown } = {}): Promise<Life> {
  let subject: Subject
  try {
    subject = session.open(options)
  } catch (error) {
    session.hear(error)
    const start: CallReport = { ended: 'rejected', error: errorText(error) }
    const well: CallReport = { ended: 'well' }
    return { start, end: { stop: well, again: well, leftOpen: [] }, readsAfterStop: 0 }
  }
  const start = await subject.host.start()
  const end = await subject.end()
  return { start, end, readsAfterStop: subject.host.readsAfterStop }
}

const idle = (session: Session): Promise<Life> => session.once('idle', () => live(session))

/** A start that fails: by itself, or because the test has a broken section. */
async function failedStart(session: Session): Promise<Life | undefined> {
  const life = await idle(session)
  if (life.start.ended !== 'well') return life
  const { backend } = session.harness
  if (backend?.brokenConfig === undefined) return undefined
  return session.once('broken', () => live(session, { config: backend.brokenConfig }))
}

const NO_FAILED_START = 'start did not fail'

/** Checks on `start` and `stop` that hold for every extension. */
export const LIFE_CYCLE_CHECKS: readonly ContractCheck[] = [
  {
    id: 'start-fails',
    title: 'start resolves in time',
    kinds: EVERY_KIND,
    writes: false,
    run: async (session) => verdictOf('start', (await idle(session)).start),
  },
  {
    id: 'failed-start-stop',
    title: 'stop works after a failed start',
    kinds: EVERY_KIND,
    writes: false,
    run: async (session) => {
      const life = await failedStart(session)
      if (life === undefined || life.start.ended === 'well') return skipped(NO_FAILED_START)
      return verdictOf('stop', life.end.stop)
    },
  },
  {
    id: 'failed-start-left-open',
    title: 'nothing is open after a failed start and stop',
    kinds: EVERY_KIND,
    writes: false,
    needs: ['failed-start-stop'],
    run: async (session) => {
      const life = await failedStart(session)
      if (life === undefined || life.start.ended === 'well') return skipped(NO_FAILED_START)
      return leftOpen(life)
    },
  },
  {
    id: 'stop-hangs',
    title: 'stop returns in time',
    kinds: EVERY_KIND,
    writes: false,
    needs: ['start-fails'],
    run: async (session) => verdictOf('stop', (await idle(session)).end.stop),
  },
  {
    id: 'stop-twice',
    title: 'stop can be called twice',
    kinds: EVERY_KIND,
    writes: false,
    needs: ['start-fails', 'stop-hangs'],
    run: async (session) => verdictOf('the second stop', (await idle(session)).end.again),
  },
  {
    id: 'stop-before-start',
    title: 'stop works without a start',
    kinds: EVERY_KIND,
    writes: false,
    needs: ['start-fails', 'stop-hangs'],
    run: async (session) => verdictOf('stop', (await session.open().end()).stop),
  },
  {
    id: 'left-open',
    title: 'nothing is open after stop',
    kinds: EVERY_KIND,
    writes: false,
    needs: ['start-fails', 'stop-hangs'],
    run: async (session) => leftOpen(await idle(session)),
  },
  {
    id: 'reads-after-stop',
    title: 'nothing is asked of the core after stop',
    kinds: EVERY_KIND,
    writes: false,
    needs: ['start-fails', 'stop-hangs'],
    run: async (session) => {
      const { readsAfterStop } = await idle(session)
      return readsAfterStop === 0
        ? ok
        : failed(`receive was read ${readsAfterStop} times after stop returned`)
    },
  },
]

function verdictOf(what: string, report: CallReport): Verdict {
  if (report.ended === 'well') return ok
  return failed(
    report.ended === 'hung' ? `${what} did not return in time` : `${what} failed: ${report.error ?? ''}`,
  )
}

function leftOpen(life: Life): Verdict {
  const { leftOpen: left } = life.end
  return left.length === 0 ? ok : failed(`left open: ${left.join(', ')}`)
}
