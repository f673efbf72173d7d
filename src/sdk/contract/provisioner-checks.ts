import { type ContractCheck, PROVISIONERS } from './check.js'
import { canaryService } from './harness.js'
import { failed, ok, type Session, skipped, type Verdict } from './session.js'
import {
  askUntilDone,
  driftAfter,
  isAccepted,
  onFreshInstance,
  restart,
  type Station,
  stopInFlight,
  walk,
} from './walk.js'

const NOT_COUNTED = 'nobody counts the writes of an extension of start and stop alone'
const ANSWERS = ['start-fails', 'answer-missing'] as const

/** Checks on what a provisioner writes, and when. */
export const PROVISIONER_CHECKS: readonly ContractCheck[] = [
  {
    id: 'writes-again',
    title: 'the same again, and the last delete again, write nothing',
    kinds: PROVISIONERS,
    writes: true,
    needs: [...ANSWERS, 'create-fails'],
    run: async (session): Promise<Verdict> => {
      const { exchanges } = await walk(session)
      for (const station of ['same-again', 'delete-again', 'delete-absent'] satisfies Station[]) {
        const exchange = exchanges[station]
        if (exchange === undefined) continue
        if (exchange.writes === undefined) return skipped(NOT_COUNTED)
        if (exchange.writes > 0) return failed(`${station}: ${exchange.writes} writes`)
      }
      return ok
    },
  },
  {
    id: 'not-in-sync',
    title: 'after a message a fresh read says in sync',
    kinds: PROVISIONERS,
    writes: true,
    needs: [...ANSWERS, 'create-fails', 'delete-fails', 'writes-again'],
    run: async (session): Promise<Verdict> => {
      const { drift } = await walk(session)
      for (const [station, plan] of Object.entries(drift)) {
        const what =
          plan.problem?.message ??
          plan.changes.map((change) => `${change.action} ${change.object}`).join(', ')
        return failed(`${station}: the plan is still ${what}`)
      }
      return session.harness.definition.form === 'provisioner' ? ok : skipped('it has no plan to look at')
    },
  },
  {
    id: 'restart-writes',
    title: 'a restart with nothing changed writes nothing',
    kinds: PROVISIONERS,
    writes: true,
    needs: [...ANSWERS, 'create-fails', 'writes-again', 'not-in-sync'],
    run: async (session): Promise<Verdict> => {
      const { second } = await restart(session)
      if (!isAccepted(second)) return failed(`after a restart: ${second?.answers[0]?.error ?? 'no answer'}`)
      if (second?.writes === undefined) return skipped(NOT_COUNTED)
      return second.writes === 0 ? ok : failed(`after a restart: ${second.writes} writes`)
    },
  },
  {
    id: 'stop-in-flight',
    title: 'stop returns while a message is in flight',
    kinds: PROVISIONERS,
    writes: true,
    needs: ['start-fails', 'stop-hangs', 'left-open'],
    run: async (session): Promise<Verdict> => {
      const { end } = await stopInFlight(session)
      if (end.stop.ended === 'hung') return failed('stop did not return in time')
      if (end.stop.ended === 'rejected') return failed(`stop failed: ${end.stop.error ?? ''}`)
      return end.leftOpen.length === 0 ? ok : failed(`left open: ${end.leftOpen.join(', ')}`)
    },
  },
  {
    id: 'works-after-stop',
    title: 'when stop has returned, nothing is in flight',
    kinds: PROVISIONERS,
    writes: true,
    needs: ['start-fails', 'stop-hangs', 'left-open'],
    run: async (session): Promise<Verdict> => {
      const { host } = await stopInFlight(session)
      return host.sentAfterStop.length === 0 ? ok : failed('an answer came after stop had returned')
    },
  },
  {
    id: 'refusal-thrown',
    title: 'a refusal is an answer with a reason, and the next message works',
    kinds: PROVISIONERS,
    writes: true,
    needs: [...ANSWERS, 'create-fails'],
    run: refusal,
  },
  {
    id: 'foreign-touched',
    title: 'what is not ours is a conflict and stays as it is',
    kinds: PROVISIONERS,
    writes: true,
    needs: [...ANSWERS, 'create-fails', 'delete-fails'],
    run: foreign,
  },
  {
    id: 'heir-undone',
    title: 'a name that another service took over survives the removal of the first',
    kinds: ['dns'],
    writes: true,
    needs: [...ANSWERS, 'create-fails', 'delete-fails', 'not-in-sync'],
    run: handover,
  },
]

/** The core hands names over: add to the heir, then delete of the one that had it. */
async function handover(session: Session): Promise<Verdict> {
  if (session.harness.definition.form !== 'provisioner') return skipped('it has no plan to look at')
  const first = canaryService(session.harness, '-first')
  const heir = { ...canaryService(session.harness, '-heir'), dns_name: first.dns_name }
  const plan = await onFreshInstance(session, async (subject) => {
    await askUntilDone(session, subject, 'create', { action: 'add', service: first })
    await askUntilDone(session, subject, 'create', { action: 'add', service: heir })
    await askUntilDone(session, subject, 'delete', { action: 'delete', service: first })
    const drift = await driftAfter(session, { action: 'add', service: heir })
    await askUntilDone(session, subject, 'delete', { action: 'delete', service: heir })
    return drift
  })
  if (plan === undefined) return ok
  const wanted =
    plan.problem?.message ?? plan.changes.map(({ action, object }) => `${action} ${object}`).join(', ')
  return failed(`the plan for the heir is still ${wanted}`)
}

async function refusal(session: Session): Promise<Verdict> {
  const refused = session.harness.backend?.refused
  if (refused === undefined) return skipped('the backend has no service that it refuses')
  const service = canaryService(session.harness, '-after')
  const verdict = await onFreshInstance(session, async (subject): Promise<Verdict> => {
    const first = await askUntilDone(session, subject, 'create', { action: 'add', service: refused })
    const next = await askUntilDone(session, subject, 'create', { action: 'add', service })
    for (const item of [refused, service]) {
      await askUntilDone(session, subject, 'delete', { action: 'delete', service: item })
    }
    const [answer] = first.answers
    if (answer === undefined) return failed('the refused service was not answered')
    if (answer.error === undefined || answer.reason === undefined)
      return failed('the answer has no error or no reason')
    return isAccepted(next) ? ok : failed('the service after the refused one was not accepted')
  })
  return verdict ?? failed('start failed')
}

async function foreign(session: Session): Promise<Verdict> {
  const { backend } = session.harness
  if (backend?.plantForeign === undefined) return skipped('nothing foreign can be planted here')
  const service = canaryService(session.harness, '-foreign')
  const isUntouched = await backend.plantForeign(service)
  const answer = await onFreshInstance(session, async (subject) => {
    const exchange = await askUntilDone(session, subject, 'create', { action: 'add', service })
    await askUntilDone(session, subject, 'delete', { action: 'delete', service })
    return exchange.answers[0]
  })
  if (!(await isUntouched())) return failed('the foreign object was changed or removed')
  return answer?.reason === 'conflict'
    ? ok
    : failed(`reason is ${answer?.reason ?? 'missing'} and not conflict`)
}
