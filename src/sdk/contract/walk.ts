import type { Message } from '../message.js'
import type { PlanInput, ServicePlan } from '../provisioner.js'
import { type Service, serviceKey } from '../service.js'
import { canaryService } from './harness.js'
import type { CallReport, Exchange, Host } from './host.js'
import type { EndReport, Session, Subject } from './session.js'

/** The stations of the canary service, in order. */
export const STATIONS = [
  'create',
  'same-again',
  'targets',
  'alias',
  'alias-done',
  'delete',
  'delete-again',
  'delete-absent',
] as const
export type Station = (typeof STATIONS)[number]

/** What the life of a canary service showed. */
export interface Walk {
  start: CallReport
  exchanges: Partial<Record<Station, Exchange>>
  /** What a fresh observation and plan still wanted to do after a station. */
  drift: Partial<Record<Station, ServicePlan>>
  unsolicited: Message[]
  end: EndReport
}

type Ask = Pick<Message, 'action' | 'service' | 'previous'>

/** Takes a canary service through its whole life on one instance. */
export function walk(session: Session): Promise<Walk> {
  return session.once('walk', async () => {
    const subject = session.open()
    const start = await subject.host.start()
    const exchanges: Walk['exchanges'] = {}
    const drift: Walk['drift'] = {}
    if (start.ended === 'well') await visitAll(session, subject, exchanges, drift)
    const unsolicited = [...subject.host.pushed]
    const end = await subject.end()
    if (exchanges.create !== undefined && !isAccepted(exchanges.delete)) await cleanUp(session)
    return { start, exchanges, drift, unsolicited, end }
  })
}

async function visitAll(
  session: Session,
  subject: Subject,
  exchanges: Walk['exchanges'],
  drift: Walk['drift'],
): Promise<void> {
  const { host } = subject
  let service = canaryService(session.harness)
  let last: Ask = { action: 'add', service }
  for (const station of STATIONS) {
    // When an `add` failed there is nothing to change any more, only to take away.
    const isBroken = Object.values(exchanges).some((exchange) => exchange.answers[0]?.error !== undefined)
    if (isBroken && !station.startsWith('delete')) continue
    last = askOf(station, service, last, session)
    const exchange = await askUntilDone(session, subject, station, last)
    exchanges[station] = exchange
    const [answer] = exchange.answers
    if (answer === undefined) return
    if (station === 'create') await host.quiet()
    if (last.action === 'add') service = withGiven(last.service, answer.service)
    if (station === 'create' || station === 'alias-done' || station === 'delete') {
      const plan = isAccepted(exchange) ? await driftAfter(session, { ...last, service }) : undefined
      if (plan !== undefined) drift[station] = plan
    }
  }
  await host.quiet()
}

function askOf(station: Station, service: Service, last: Ask, session: Session): Ask {
  switch (station) {
    case 'create':
      return { action: 'add', service }
    case 'same-again':
      return last
    case 'targets':
      return {
        action: 'add',
        service: { ...service, targets: [...service.targets, { host: '192.0.2.11', port: 8081, weight: 2 }] },
      }
    case 'alias':
      return {
        action: 'add',
        service: { ...service, dns_name: canaryService(session.harness, '-b').dns_name },
        previous: service,
      }
    case 'alias-done':
      return { action: 'add', service }
    case 'delete':
    case 'delete-again':
      return { action: 'delete', service }
    case 'delete-absent':
      return { action: 'delete', service: canaryService(session.harness, '-absent') }
    default:
      return station satisfies never
  }
}

/** An answer that says `pending` asks to be asked again; as long as an answer may take, that is done. */
async function askUntilDone(
  session: Session,
  { host, served }: Subject,
  station: Station,
  ask: Ask,
): Promise<Exchange> {
  const { clock } = session.harness.context
  const end = clock.now() + session.harness.waits.answerMs
  for (;;) {
    const before = await session.writes(served)
    const exchange = await host.ask(station, ask)
    const after = await session.writes(served)
    if (before !== undefined && after !== undefined) exchange.writes = after - before
    const [answer] = exchange.answers
    const notBefore = Date.parse(answer?.notBefore ?? '')
    if (answer?.reason !== 'pending' || !(notBefore < end)) return exchange
    await clock.sleep(Math.max(notBefore - clock.now(), session.harness.waits.quietMs))
  }
}

/** What a step gave travels with the service from then on. */
function withGiven(service: Service, answered: Service | undefined): Service {
  return {
    ...service,
    ...(answered?.public_ip !== undefined && { public_ip: answered.public_ip }),
    ...(answered?.public_port !== undefined && { public_port: answered.public_port }),
  }
}

/** Has a fresh instance read and plan the same again; undefined when nothing is left to do, or none can tell. */
export async function driftAfter(
  session: Session,
  { action, service }: Ask,
): Promise<ServicePlan | undefined> {
  if (session.harness.definition.form !== 'provisioner') return undefined
  const subject = session.open({ dryRun: true })
  try {
    if (subject.served.form !== 'provisioner') return undefined
    const { preview } = subject.served.extension
    await session.within('reading afresh', async (signal) => {
      await preview.connect(signal)
      await preview.observe({ all: true, wanted: action === 'add' ? [service] : [] }, signal)
    })
    const [put, remove] = action === 'add' ? [[service], []] : [[], [service]]
    const [plan] = preview.plan(planInput(session, put, remove))
    session.hear({ plan, facts: preview.facts(), owned: preview.owned() })
    return plan?.problem === undefined && plan?.changes.length === 0 ? undefined : plan
  } finally {
    await subject.end()
  }
}

/** Best effort: the canary must not stay on a backend because the extension failed half-way. */
async function cleanUp(session: Session): Promise<void> {
  const subject = session.open()
  const start = await subject.host.start()
  if (start.ended === 'well') {
    await subject.host.ask('clean-up', { action: 'delete', service: canaryService(session.harness) })
  }
  await subject.end()
}

/** Input of a plan with nothing to adopt. */
export function planInput(session: Session, put: Service[], remove: Service[]): PlanInput {
  return {
    put: put.map((service) => ({ service })),
    remove,
    adopt: { unmarked: false, owners: [] },
    now: session.harness.context.clock.now(),
  }
}

/** Creates the canary with one instance, sends it again to another, and takes it away. */
export function restart(session: Session): Promise<{ first?: Exchange; second?: Exchange }> {
  return session.once('restart', async () => {
    const ask: Ask = { action: 'add', service: canaryService(session.harness, '-restart') }
    const first = await onFreshInstance(session, async (subject) =>
      askUntilDone(session, subject, 'create', ask),
    )
    const second = await onFreshInstance(session, async (subject) => {
      const exchange = await askUntilDone(session, subject, 'same-again', ask)
      await askUntilDone(session, subject, 'delete', { ...ask, action: 'delete' })
      return exchange
    })
    return { ...(first && { first }), ...(second && { second }) }
  })
}

/** Calls `stop` right behind a message. */
export function stopInFlight(session: Session): Promise<{ end: EndReport; host: Host; exchange: Exchange }> {
  return session.once('stop-in-flight', async () => {
    const service = canaryService(session.harness, '-stop')
    const subject = session.open()
    await subject.host.start()
    const exchange = subject.host.give('create', { action: 'add', service })
    await subject.host.until(() => subject.host.hasTaken(exchange), session.harness.waits.quietMs)
    const end = await subject.end()
    await onFreshInstance(session, (other) =>
      askUntilDone(session, other, 'delete', { action: 'delete', service }),
    )
    return { end, host: subject.host, exchange }
  })
}

async function onFreshInstance<T>(
  session: Session,
  work: (subject: Subject) => Promise<T>,
): Promise<T | undefined> {
  const subject = session.open()
  const start = await subject.host.start()
  const result = start.ended === 'well' ? await work(subject) : undefined
  await subject.end()
  return result
}

/** Answered, and with yes. */
export function isAccepted(exchange: Exchange | undefined): boolean {
  const [answer] = exchange?.answers ?? []
  return answer !== undefined && answer.error === undefined && answer.reason === undefined
}

/** True when the two are about one service. */
export function isSameService(a: unknown, b: Service): boolean {
  // An answer from outside may hold anything in the place of a service.
  return typeof a === 'object' && a !== null && serviceKey(a as Service) === serviceKey(b)
}

export { askUntilDone, onFreshInstance }
