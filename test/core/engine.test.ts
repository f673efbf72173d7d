import { afterEach, describe, expect, it } from 'vitest'
import type { Controller } from '../../src/core/controller.js'
import { commence } from '../../src/core/commence.js'
import { decide } from '../../src/core/decide.js'
import { gather } from '../../src/core/gather.js'
import { FakeBackend, flush, listed, passOptions, World } from '../helpers/core-world.js'

const closers: (() => Promise<void>)[] = []
const releases: (() => void)[] = []
afterEach(async () => {
  for (const release of releases.splice(0)) release()
  for (const close of closers.splice(0)) await close()
})

/** A running engine, fed by one pass and left to itself. */
async function started(world: World): Promise<Controller> {
  const { controller, close } = await world.boot()
  closers.push(close)
  await feed(world, controller)
  return controller
}

async function feed(_world: World, controller: Controller): Promise<void> {
  const options = passOptions({ mode: 'now' })
  commence(controller, decide(controller, await gather(controller, options), options), options)
  await flush()
}

/** One step whose extension answers only when the test says so. */
function mute(world: World): World {
  world.backend('dns.fake').faults.hold = new Promise((resolve) => releases.push(resolve))
  return world
}

describe('a message without an answer', () => {
  it('is given up at its deadline, counts as sent, and is tried again after a backoff', async () => {
    const world = mute(new World())
    world.listing = [listed('web')]
    const controller = await started(world)
    const before = world.messages.length

    world.clock.advance(90_000)
    await flush()

    const record = controller.entries.get('provider.fake/web')?.steps['dns.fake']
    expect(record).toMatchObject({
      state: 'sent',
      attempts: 1,
      error: { code: 'timeout', outcomeUnknown: true },
    })
    expect(record?.acked).toBeUndefined()
    expect(record?.inFlight).toBeUndefined()
    expect(record?.nextTry).toBe(world.clock.now() + 750)
    expect(world.messages.length).toBe(before)

    world.clock.advance(751)
    await flush()
    expect(world.messages.length).toBe(before + 1)
  })

  it('drops the late answer to the message that was given up', async () => {
    const world = mute(new World())
    world.listing = [listed('web')]
    const controller = await started(world)
    const message = world.messages.at(-1)
    if (!message) throw new Error('nothing was sent')
    world.clock.advance(90_000)
    await flush()

    controller.engine.answer('dns.fake', { ...message, sender: 'dns.fake' })

    expect(controller.entries.get('provider.fake/web')?.steps['dns.fake']?.state).toBe('sent')
  })

  it('does not take a second answer to the same message', async () => {
    const world = mute(new World())
    world.listing = [listed('web')]
    const controller = await started(world)
    const message = world.messages.at(-1)
    if (!message) throw new Error('nothing was sent')

    controller.engine.answer('dns.fake', { ...message, error: 'no', reason: 'refused' })
    const once = controller.entries.get('provider.fake/web')
    controller.engine.answer('dns.fake', message)

    expect(controller.entries.get('provider.fake/web')).toBe(once)
    expect(controller.engine.inFlight).toBe(0)
  })
})

describe('an answer without an id', () => {
  it.each([
    { what: 'of the definition in flight is taken', change: {}, state: 'done' },
    { what: 'of another definition is dropped', change: { dns_name: ['other.example.com'] }, state: 'sent' },
  ])('$what', async ({ change, state }) => {
    const world = mute(new World())
    world.listing = [listed('web')]
    const controller = await started(world)
    const { id: _id, ...message } = world.messages.at(-1) ?? {}
    const answer = message as (typeof world.messages)[number]

    controller.engine.answer('dns.fake', { ...answer, service: { ...answer.service, ...change } })

    expect(controller.entries.get('provider.fake/web')?.steps['dns.fake']?.state).toBe(state)
  })
})

describe('a definition that changes while a step is in flight', () => {
  it('is not lost: the step is sent the new one after its answer', async () => {
    let release: () => void = () => undefined
    const world = new World()
    world.backend('lb.fake').faults.hold = new Promise((resolve) => {
      release = resolve
    })
    world.listing = [listed('web')]
    const controller = await started(world)

    world.listing = [listed('web', { targets: [{ host: '192.0.2.99', port: 1, weight: 1 }] })]
    await feed(world, controller)
    expect(world.writes.filter((line) => line.includes('lb.fake'))).toEqual([])
    release()
    await controller.engine.idle()

    expect(world.writes.filter((line) => line.includes('lb.fake'))).toEqual([
      '+ lb.fake vs:web:10.0.0.1:80 = 192.0.2.1:8080',
      '~ lb.fake vs:web:10.0.0.1:80 = 192.0.2.99:1',
    ])
  })
})

describe('messages in flight', () => {
  it('are bounded per extension', async () => {
    let release: () => void = () => undefined
    const world = new World({ settings: { maxInFlight: 3 } })
    world.backend('ipam.fake').faults.hold = new Promise((resolve) => {
      release = resolve
    })
    world.listing = Array.from({ length: 10 }, (_, i) => listed(`s${i}`))
    const controller = await started(world)

    expect(world.messages.length).toBe(3)
    expect(controller.engine.inFlight).toBe(3)
    release()
    await controller.engine.idle()
    expect(Object.keys(world.names()).length).toBe(10)
  })

  it('are on disk before they leave', async () => {
    const world = mute(new World())
    world.listing = [listed('web')]
    await started(world)

    const saved = world.store.load().get('provider.fake/web')

    expect(saved?.steps['dns.fake']).toMatchObject({ state: 'sent', inFlight: world.messages.at(-1)?.id })
  })

  it('do not leave when the store cannot take the intent', async () => {
    const world = new World()
    world.listing = [listed('web')]
    world.store.failWith = new Error('disk full')
    const controller = await started(world)

    expect(world.messages).toEqual([])
    await expect(controller.engine.idle()).rejects.toThrow('disk full')
    expect(controller.engine.fault).toBeInstanceOf(Error)
    world.store.failWith = undefined
  })

  it('end before stop returns, and none follows', async () => {
    let release: () => void = () => undefined
    const world = new World()
    world.backend('ipam.fake').faults.hold = new Promise((resolve) => {
      release = resolve
    })
    world.listing = [listed('web')]
    const controller = await started(world)

    const stopped = controller.engine.stop(AbortSignal.timeout(60_000))
    release()
    await stopped

    expect(world.writes).toEqual(['+ ipam.fake 10.0.0.1 = leased'])
    expect(world.store.load().get('provider.fake/web')?.steps['ipam.fake']).toMatchObject({ state: 'done' })
    expect(world.messages.length).toBe(1)
  })
})

describe('a failing backend', () => {
  const down = { code: 'unreachable', message: 'no route', retryable: true } as const

  it('is left alone after five failures in a row, then tried by one message', async () => {
    const world = new World({ settings: { maxInFlight: 1 } })
    const lb = world.backend('lb.fake')
    world.listing = Array.from({ length: 8 }, (_, i) => listed(`s${i}`))
    for (let i = 1; i <= 8; i++) lb.faults.refuse.set(`vs:s${i - 1}:10.0.0.${i}:80`, down)
    await started(world)
    const tries = (): number => world.messages.filter((m) => m.destination === 'lb.fake').length

    expect(tries()).toBe(5)
    world.clock.advance(999)
    await flush()
    expect(tries()).toBe(5)
    world.clock.advance(2)
    await flush()
    expect(tries()).toBe(6)
  })

  it('does not keep the others from going on', async () => {
    const world = new World()
    world.backend('lb.fake').faults.refuse.set('vs:bad:10.0.0.1:80', down)
    world.listing = [listed('bad'), ...Array.from({ length: 20 }, (_, i) => listed(`s${i}`))]
    const controller = await started(world)
    await controller.engine.idle()

    expect(Object.keys(world.names()).length).toBe(20)
  })

  it('that asks for a pause gets it', async () => {
    const world = new World()
    const until = world.clock.now() + 30_000
    world.backend('lb.fake').faults.refuse.set('vs:web:10.0.0.1:80', {
      code: 'throttled',
      message: 'too many requests',
      retryable: true,
      notBefore: until,
    })
    world.listing = [listed('web')]
    const controller = await started(world)

    expect(controller.entries.get('provider.fake/web')?.steps['lb.fake']?.nextTry).toBe(until)
    world.backend('lb.fake').faults.refuse.clear()
    world.clock.advance(29_999)
    await flush()
    expect(world.names()).toEqual({})
    world.clock.advance(2)
    await flush()
    expect(world.names()).toEqual({ 'web.example.com': '10.0.0.1' })
  })
})

describe('a step that asks to wait', () => {
  it('is asked again at its time, holds no slot, and is no failure', async () => {
    const world = new World()
    const notBefore = world.clock.now() + 10_000
    world.backend('lb.fake').faults.refuse.set('vs:web:10.0.0.1:80', {
      code: 'pending',
      message: 'draining',
      retryable: true,
      notBefore,
    })
    world.listing = [listed('web')]

    const result = await world.pass()

    expect(result.exitCode).toBe(0)
    expect(result.scheduled).toEqual([
      { key: 'provider.fake/web', what: 'pending', step: 'lb.fake', notBefore },
    ])
  })
})

describe('the settle time of a name', () => {
  it('keeps the load balancer and the address until resolvers have forgotten the name', async () => {
    const dns = new FakeBackend('dns', 'dns.fake', (service) =>
      service.dns_name.map((name) => ({ name, value: service.public_ip ?? '?' })),
    )
    dns.settleMs = 60_000
    const others = new World().backends.slice(0, 2)
    const world = new World({ backends: [...others, dns] })
    world.listing = [listed('web'), listed('api')]
    await world.pass()
    world.writes.length = 0
    world.listing = [listed('api')]

    const first = await world.pass()

    expect(world.writes).toEqual(['- dns.fake web.example.com'])
    expect(first.scheduled).toMatchObject([{ what: 'settle', key: 'provider.fake/web' }])
    expect(first.exitCode).toBe(0)
    world.clock.advance(60_000)
    await world.pass()
    expect(world.writes.slice(1)).toEqual(['- lb.fake vs:web:10.0.0.1:80', '- ipam.fake 10.0.0.1'])
  })

  it('keeps a renamed service reachable under both names meanwhile', async () => {
    const dns = new FakeBackend('dns', 'dns.fake', (service) =>
      service.dns_name.map((name) => ({ name, value: service.public_ip ?? '?' })),
    )
    dns.settleMs = 60_000
    const world = new World({ backends: [...new World().backends.slice(0, 2), dns] })
    world.listing = [listed('web')]
    await world.pass()
    world.listing = [listed('web', { dns_name: ['new.example.com'] })]

    await world.pass()

    expect(Object.keys(world.names()).sort()).toEqual(['new.example.com', 'web.example.com'])
    world.clock.advance(60_001)
    await world.pass()
    expect(Object.keys(world.names())).toEqual(['new.example.com'])
  })
})

it('a clock set back makes nothing due earlier', async () => {
  const world = mute(new World())
  world.listing = [listed('web')]
  const controller = await started(world)
  world.clock.advance(90_000)
  await flush()
  const sent = world.messages.length

  world.clock.time -= 3_600_000
  controller.engine.enqueue('provider.fake/web')
  await flush()

  expect(world.messages.length).toBe(sent)
})

it('a service that found no address is served as soon as one is given back', async () => {
  const world = new World()
  const full = { code: 'address-exhausted', message: 'no free address', retryable: true } as const
  world.listing = [listed('first'), listed('second')]
  world.backend('ipam.fake').faults.refuse.set('10.0.0.2', full)
  const controller = await started(world)
  expect(world.names()).toEqual({ 'first.example.com': '10.0.0.1' })

  world.listing = [listed('second')]
  await feed(world, controller)
  await controller.engine.idle()

  expect(world.names()).toEqual({ 'second.example.com': '10.0.0.1' })
})
