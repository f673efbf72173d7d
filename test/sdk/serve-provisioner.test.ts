import { describe, expect, it, vi } from 'vitest'
import type { Answer } from '../../src/sdk/answer.js'
import type { WrittenChange } from '../../src/sdk/batch.js'
import { type Channel, createChannel } from '../../src/sdk/channel.js'
import { InterlookError } from '../../src/sdk/errors.js'
import { silentLogger } from '../../src/sdk/logger.js'
import type { Message } from '../../src/sdk/message.js'
import type {
  ApplyResult,
  Change,
  PlanInput,
  Provisioner,
  Scope,
  ServicePlan,
} from '../../src/sdk/provisioner.js'
import { type ServedProvisioner, serveProvisioner } from '../../src/sdk/serve-provisioner.js'
import { bareService, type Service, serviceKey } from '../../src/sdk/service.js'
import { type ManualClock, manualClock, settled } from '../helpers/manual-clock.js'

type Names = ReadonlyMap<string, string>

/** A provisioner over a map, which notes what it is asked. */
class Backend implements Provisioner<Names> {
  readonly names = new Map<string, string>()
  readonly scopes: Scope[] = []
  readonly inputs: PlanInput[] = []
  readonly applied_: string[][] = []
  closed = 0
  connected = 0
  /** In place of what `apply` does. */
  onApply?: (plans: ServicePlan[], signal: AbortSignal) => Promise<ApplyResult[]>

  async connect(): Promise<void> {
    this.connected += 1
  }
  async close(): Promise<void> {
    this.closed += 1
  }
  async observe(scope: Scope): Promise<Names> {
    this.scopes.push(scope)
    return new Map(this.names)
  }
  plan(input: PlanInput, observed: Names): ServicePlan[] {
    this.inputs.push(input)
    return [
      ...input.put.map(({ service }) => this.planOne(service, observed, service.public_ip ?? 'none')),
      ...input.remove.map((service) => this.planOne(service, observed, undefined)),
    ]
  }
  async apply(plans: ServicePlan[], signal: AbortSignal): Promise<ApplyResult[]> {
    this.applied_.push(plans.map(({ key }) => key))
    if (this.onApply) return this.onApply(plans, signal)
    for (const { object, data } of plans.flatMap((plan) => plan.changes)) {
      if (data === undefined) this.names.delete(object)
      else this.names.set(object, data as string)
    }
    return plans.map(({ key }) => ({ key }))
  }
  private planOne(service: Service, observed: Names, to: string | undefined): ServicePlan {
    const from = observed.get(service.name)
    const action = to === undefined ? 'delete' : from === undefined ? 'create' : 'update'
    const change: Change = {
      action,
      kind: 'name',
      object: service.name,
      fields: [],
      reason: 'test',
      data: to,
    }
    return {
      key: serviceKey(service),
      changes: from === to ? [] : [change],
      outputs: to === undefined ? {} : { public_ip: to },
    }
  }
}

/** The same, which keeps its observation up to date by itself. */
class TidyBackend extends Backend {
  applied(observed: Names, plans: ServicePlan[]): Names {
    const after = new Map(observed)
    for (const { object, data } of plans.flatMap((plan) => plan.changes)) {
      if (data === undefined) after.delete(object)
      else after.set(object, data as string)
    }
    return after
  }
  merge(whole: Names, part: Names): Names {
    return new Map([...whole, ...part])
  }
}

interface Stage {
  backend: Backend
  clock: ManualClock
  served: ServedProvisioner
  receive: Channel<Message>
  answers: Answer[]
  changes: WrittenChange[]
}

function stage(backend: Backend, { dryRun = false } = {}): Stage {
  const clock = manualClock()
  const changes: WrittenChange[] = []
  const context = { id: 'dns.test', owner: 'me', logger: silentLogger, clock, dryRun, deadlineMs: 10_000 }
  const served = serveProvisioner(backend, context, { onChange: (record) => changes.push(record) })
  return { backend, clock, served, receive: createChannel(), answers: [], changes }
}

async function start(stage: Stage): Promise<void> {
  await stage.served.start(stage.receive, async (answer) => void stage.answers.push(answer))
}

async function stop(stage: Stage): Promise<void> {
  stage.receive.close()
  await stage.served.stop()
}

let ids = 0
function message(action: Message['action'], name: string, more: Partial<Service> = {}): Message {
  ids += 1
  const service = { ...bareService({ provider: 'provider.test', name }), public_ip: '192.0.2.1', ...more }
  return { action, sender: 'core', destination: 'dns.test', id: `m${ids}`, service }
}

describe('a served provisioner', () => {
  it('answers each message once, with id, outputs and previous', async () => {
    const here = stage(new TidyBackend())
    await start(here)
    const add = {
      ...message('add', 'web'),
      previous: bareService({ provider: 'provider.test', name: 'web' }),
    }

    here.receive.push(add)
    await settled()
    await stop(here)

    expect(here.answers).toEqual([
      {
        ...add,
        sender: 'dns.test',
        destination: 'core',
        service: { ...add.service, public_ip: '192.0.2.1' },
      },
    ])
  })

  it('takes what is queued as one batch: one read, one apply', async () => {
    const here = stage(new TidyBackend())
    await start(here)

    for (let index = 0; index < 300; index += 1) here.receive.push(message('add', `web${index}`))
    await settled()
    await stop(here)

    expect(here.answers).toHaveLength(300)
    expect(here.backend.scopes).toHaveLength(1)
    expect(here.backend.applied_).toHaveLength(1)
  })

  it('leaves the second message about a service to the next batch', async () => {
    const here = stage(new TidyBackend())
    await start(here)

    here.receive.push(message('add', 'web'))
    here.receive.push(message('add', 'api'))
    here.receive.push(message('delete', 'web'))
    await settled()
    await stop(here)

    expect(here.backend.applied_).toEqual([['provider.test/web', 'provider.test/api'], ['provider.test/web']])
    expect(here.answers.map(({ action }) => action)).toEqual(['add', 'add', 'delete'])
    expect([...here.backend.names.keys()]).toEqual(['api'])
  })

  it('does not apply a plan without changes', async () => {
    const here = stage(new TidyBackend())
    here.backend.names.set('web', '192.0.2.1')
    await start(here)

    here.receive.push(message('add', 'web'))
    await settled()
    await stop(here)

    expect(here.answers[0]?.error).toBeUndefined()
    expect(here.backend.applied_).toEqual([])
  })

  it('shares its observation with the preview, and does not read again what that covers', async () => {
    const here = stage(new TidyBackend())
    const add = message('add', 'web')
    await here.served.preview.connect(AbortSignal.timeout(1_000))
    await here.served.preview.observe({ all: true, wanted: [add.service] }, AbortSignal.timeout(1_000))
    await start(here)

    here.receive.push(add)
    await settled()
    const plans = here.served.preview.plan({
      put: [{ service: add.service }],
      remove: [],
      adopt: { unmarked: false, owners: [] },
      now: 0,
    })
    await stop(here)

    expect(here.backend.connected).toBe(1)
    expect(here.backend.scopes.map(({ all }) => all)).toEqual([true])
    expect(plans).toEqual([expect.objectContaining({ key: 'provider.test/web', changes: [] })])
  })

  it.each<[string, number, Message['action'], string, number]>([
    ['a change, when the read is older than a minute', 60_001, 'add', '192.0.2.2', 2],
    ['a removal, when the read is older than a minute', 60_001, 'delete', '192.0.2.1', 2],
    ['nothing, while the read is younger', 60_000, 'delete', '192.0.2.1', 1],
    ['nothing, when nothing would change', 60_001, 'add', '192.0.2.1', 1],
  ])('reads again before %s', async (_, ageMs, action, ip, reads) => {
    const backend = new TidyBackend()
    // Names alone say where objects would stand, so that another address is no other place.
    const here = stage(Object.assign(backend, { claims: (service: Service) => [service.name] }))
    backend.names.set('web', '192.0.2.1')
    await here.served.preview.observe(
      { all: true, wanted: [message('add', 'web').service] },
      AbortSignal.timeout(1_000),
    )
    await start(here)

    await here.clock.advance(ageMs)
    here.receive.push(message(action, 'web', { public_ip: ip }))
    await settled()
    await stop(here)

    expect(backend.scopes).toHaveLength(reads)
  })

  it('reads the places of a service that has moved', async () => {
    const here = stage(new TidyBackend())
    const add = message('add', 'web')
    await here.served.preview.observe({ all: true, wanted: [add.service] }, AbortSignal.timeout(1_000))
    await start(here)

    here.receive.push(message('add', 'web', { dns_name: ['other.example.com'] }))
    await settled()
    await stop(here)

    expect(here.backend.scopes.map(({ all }) => all)).toEqual([true, false])
  })

  it('answers each service of a batch by its own result', async () => {
    const here = stage(new TidyBackend())
    const problem = {
      code: 'refused',
      message: 'no',
      retryable: false,
      notBefore: 1_700_000_060_000,
    } as const
    here.backend.onApply = async (plans) =>
      plans.map(({ key }) =>
        key.endsWith('bad') ? { key, problem } : { key, outputs: { public_port: 443 } },
      )
    await start(here)

    here.receive.push(message('add', 'bad'))
    here.receive.push(message('add', 'good'))
    await settled()
    await stop(here)

    expect(here.answers[0]).toMatchObject({
      error: 'no',
      reason: 'refused',
      notBefore: '2023-11-14T22:14:20.000Z',
    })
    expect(here.answers[1]?.error).toBeUndefined()
    expect(here.answers[1]?.service.public_port).toBe(443)
    expect(here.changes.map(({ key }) => key)).toEqual(['provider.test/good'])
    expect(here.changes[0]?.change).not.toHaveProperty('data')
  })

  it('answers a whole batch with what apply threw, and reads those services again', async () => {
    const here = stage(new TidyBackend())
    here.backend.onApply = async () => {
      throw new InterlookError('unreachable', 'no route')
    }
    await start(here)
    here.receive.push(message('add', 'web'))
    here.receive.push(message('add', 'api'))
    await settled()

    delete here.backend.onApply
    here.receive.push(message('add', 'web'))
    await settled()
    await stop(here)

    expect(here.answers.map(({ reason }) => reason)).toEqual(['unreachable', 'unreachable', undefined])
    expect(here.answers[0]?.problem).toMatchObject({ outcomeUnknown: true })
    expect(here.backend.scopes).toHaveLength(2)
  })

  it.each([
    ['gives no plan', { plan: () => [] }, undefined],
    ['gives no result', { apply: async () => [] }, true],
  ])('tells of an extension that %s', async (_, fault, outcomeUnknown) => {
    const here = stage(Object.assign(new TidyBackend(), fault))
    await start(here)

    here.receive.push(message('add', 'web'))
    await settled()
    await stop(here)

    expect(here.answers[0]).toMatchObject({ reason: 'extension-contract' })
    expect(here.answers[0]?.problem?.outcomeUnknown).toBe(outcomeUnknown)
  })

  it('gives up on an apply at its deadline, and starts no other before that has ended', async () => {
    const here = stage(new TidyBackend())
    let finish: () => void = () => undefined
    here.backend.onApply = (plans) =>
      new Promise((resolve) => {
        finish = () => resolve(plans.map(({ key }) => ({ key })))
      })
    await start(here)
    here.receive.push(message('add', 'web'))
    await settled()

    await here.clock.advance(9_000)
    await here.clock.advance(1_000)
    delete here.backend.onApply
    here.receive.push(message('add', 'api'))
    await settled()
    const before = here.backend.applied_.length
    finish()
    await settled()
    await stop(here)

    expect(here.answers[0]).toMatchObject({ reason: 'timeout', problem: { outcomeUnknown: true } })
    expect(before).toBe(1)
    expect(here.backend.applied_).toEqual([['provider.test/web'], ['provider.test/api']])
    expect(here.answers).toHaveLength(2)
  })

  it('does not trust a read that ran while a service was written', async () => {
    const here = stage(new TidyBackend())
    const add = message('add', 'web')
    let finish: () => void = () => undefined
    here.backend.onApply = (plans) =>
      new Promise((resolve) => {
        finish = () => resolve(plans.map(({ key }) => ({ key })))
      })
    await start(here)
    here.receive.push(add)
    await settled()

    await here.served.preview.observe({ all: true, wanted: [add.service] }, AbortSignal.timeout(1_000))
    finish()
    await settled()
    here.receive.push(message('add', 'web'))
    await settled()
    finish()
    await stop(here)

    // First by the message, then whole, then once more because that one overlapped the write.
    expect(here.backend.scopes.map(({ all }) => all)).toEqual([false, true, false])
  })

  it('passes on what may be adopted', async () => {
    const here = stage(new TidyBackend())
    await start(here)

    here.served.setAdopt({ unmarked: true, owners: ['old'] })
    here.receive.push(message('add', 'web'))
    await settled()
    await stop(here)

    expect(here.backend.inputs.at(-1)?.adopt).toEqual({ unmarked: true, owners: ['old'] })
  })

  it('never applies in a dry run', async () => {
    const here = stage(new TidyBackend(), { dryRun: true })
    await start(here)

    here.receive.push(message('add', 'web'))
    await settled()
    await stop(here)

    expect(here.answers[0]).toMatchObject({ reason: 'internal' })
    expect(here.backend.applied_).toEqual([])
  })

  it('lets a write that is under way finish when it is stopped, and begins no other', async () => {
    const here = stage(new TidyBackend())
    let finish: () => void = () => undefined
    here.backend.onApply = (plans) =>
      new Promise((resolve) => {
        finish = () => resolve(plans.map(({ key }) => ({ key })))
      })
    await start(here)
    here.receive.push(message('add', 'web'))
    await settled()
    here.receive.push(message('add', 'api'))

    const stopped = vi.fn()
    const stopping = stop(here).then(stopped)
    await settled()
    const wasEarly = stopped.mock.calls.length > 0
    finish()
    await stopping

    expect(wasEarly).toBe(false)
    expect(here.backend.closed).toBe(1)
    expect(here.backend.applied_).toEqual([['provider.test/web']])
    expect(here.answers.map(({ reason }) => reason)).toEqual([undefined, 'aborted'])
  })

  it('can be stopped without a start, after a failed start, and twice', async () => {
    const idle = stage(new TidyBackend())
    const failing = stage(
      Object.assign(new TidyBackend(), {
        connect: () => Promise.reject(new InterlookError('unauthorized', 'no')),
      }),
    )

    await idle.served.stop()
    await expect(start(failing)).rejects.toMatchObject({ code: 'unauthorized' })
    await failing.served.stop()
    await failing.served.stop()

    expect(idle.backend.closed).toBe(0)
    expect(failing.backend.closed).toBe(1)
  })

  it('does not plan before it has read', () => {
    const { preview } = stage(new TidyBackend()).served
    const input = { put: [], remove: [], adopt: { unmarked: false, owners: [] }, now: 0 }

    expect(() => preview.plan(input)).toThrow('before the backend was observed')
    expect(preview.owned()).toEqual([])
    expect(preview.facts()).toEqual({})
  })
})
