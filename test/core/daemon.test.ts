import { afterEach, describe, expect, it } from 'vitest'
import { silentProgress, type Controller } from '../../src/core/controller.js'
import { runDaemon } from '../../src/core/daemon.js'
import { InterlookError } from '../../src/sdk/errors.js'
import { flush, listed, World } from '../helpers/core-world.js'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

interface Running {
  controller: Controller
  /** The provider says that something changed. */
  poke(): Promise<void>
  stop(): Promise<void>
}

/** A daemon on the fake clock; `poke` and `advance` let everything that follows happen. */
async function daemon(world: World, over: { resyncMs?: number } = {}): Promise<Running> {
  let onChange: () => void = () => undefined
  const side = world.listingSide()
  world.listingSide = () => ({
    ...side,
    watch: (notify, signal) => {
      onChange = notify
      return side.watch(notify, signal)
    },
  })
  const { controller, close } = await world.boot()
  const end = new AbortController()
  const running = runDaemon(controller, {
    resyncMs: over.resyncMs ?? 600_000,
    housekeepMs: 60_000,
    progress: silentProgress,
    signal: end.signal,
    stopLimitMs: 1_000,
  })
  let isStopped = false
  const stop = async (): Promise<void> => {
    if (isStopped) return
    isStopped = true
    end.abort()
    await running
    await close()
  }
  stops.push(stop)
  await flush(80)
  return {
    controller,
    poke: async () => {
      onChange()
      await flush(80)
      world.clock.advance(200)
      await flush(80)
    },
    stop,
  }
}

describe('the daemon', () => {
  it('deploys what is listed at its start, and what comes later', async () => {
    const world = new World()
    world.listing = [listed('web')]
    const { poke } = await daemon(world)
    expect(world.names()).toEqual({ 'web.example.com': '10.0.0.1' })

    world.listing = [listed('web'), listed('api')]
    await poke()

    expect(Object.keys(world.names()).sort()).toEqual(['api.example.com', 'web.example.com'])
  })

  it('undeploys what goes, and forgets it after a while', async () => {
    const world = new World()
    world.listing = [listed('web'), listed('api')]
    const { poke, controller } = await daemon(world)

    world.listing = [listed('api')]
    await poke()
    expect(world.names()).toEqual({ 'api.example.com': '10.0.0.2' })
    expect(controller.entries.has('provider.fake/web')).toBe(true)

    world.clock.advance(700_000)
    await flush(80)
    expect(controller.entries.has('provider.fake/web')).toBe(false)
    expect(world.store.load().has('provider.fake/web')).toBe(false)
  })

  it('reads no backend again for news of one service', async () => {
    const world = new World()
    world.listing = Array.from({ length: 20 }, (_, i) => listed(`s${i}`))
    const { poke } = await daemon(world)
    const before = world.backends.map((backend) => backend.reads)
    world.messages.length = 0

    world.listing = [
      ...world.listing.slice(1),
      listed('s0', { targets: [{ host: '192.0.2.9', port: 1, weight: 1 }] }),
    ]
    await poke()

    expect(new Set(world.messages.map((message) => message.service.name))).toEqual(new Set(['s0']))
    const reads = world.backends.map((backend, i) => backend.reads - (before[i] ?? 0))
    expect(Math.max(...reads)).toBeLessThanOrEqual(1)
  })

  it('heals drift at the next resync', async () => {
    const world = new World()
    world.listing = [listed('web')]
    await daemon(world, { resyncMs: 60_000 })
    world.backend('dns.fake').objects.clear()

    world.clock.advance(60_000)
    await flush(80)

    expect(world.names()).toEqual({ 'web.example.com': '10.0.0.1' })
  })

  it('takes nothing away while the provider fails, and goes on when it is back', async () => {
    const world = new World()
    world.listing = [listed('web'), listed('api')]
    const { poke } = await daemon(world)
    world.listingFails = new InterlookError('unreachable', 'down', { retryable: true })
    world.writes.length = 0

    await poke()
    expect(world.writes).toEqual([])

    world.listingFails = undefined
    world.listing = [listed('api')]
    await poke()
    expect(world.names()).toEqual({ 'api.example.com': '10.0.0.2' })
  })

  it('freezes a mass removal of one provider, lets the rest go on, and lifts itself', async () => {
    const world = new World()
    const many = Array.from({ length: 20 }, (_, i) => listed(`s${String(i).padStart(2, '0')}`))
    world.listing = many
    const { poke } = await daemon(world)

    world.listing = [...many.slice(10), listed('new')]
    await poke()
    expect(Object.keys(world.names()).length).toBe(21)
    expect(world.names()['new.example.com']).toBeDefined()

    world.listing = [...many.slice(1), listed('new')]
    await poke()
    expect(Object.keys(world.names()).length).toBe(20)
    expect(world.names()['s00.example.com']).toBeUndefined()
  })

  it('counts removals over a window, also over a restart', async () => {
    const world = new World()
    const many = Array.from({ length: 20 }, (_, i) => listed(`s${String(i).padStart(2, '0')}`))
    world.listing = many
    const first = await daemon(world)
    world.listing = many.slice(4)
    await first.poke()
    expect(Object.keys(world.names()).length).toBe(16)
    await first.stop()

    world.listing = many.slice(8)
    const second = await daemon(world)
    expect(Object.keys(world.names()).length).toBe(16)

    world.clock.advance(600_001)
    await second.poke()
    expect(Object.keys(world.names()).length).toBe(12)
  })

  it('removes a service when its grace period is over, and not before', async () => {
    const world = new World({ settings: { undeployGracePeriodMs: 30_000 } })
    world.listing = [listed('web'), listed('api')]
    const { poke } = await daemon(world)
    world.listing = [listed('api')]
    await poke()
    expect(Object.keys(world.names()).length).toBe(2)

    world.clock.advance(29_000)
    await flush(80)
    expect(Object.keys(world.names()).length).toBe(2)
    world.clock.advance(6_000)
    await flush(80)
    expect(Object.keys(world.names())).toEqual(['api.example.com'])
  })

  it('ends with an error when the store fails', async () => {
    const world = new World()
    world.listing = [listed('web')]
    const { controller, close } = await world.boot()
    stops.push(close)
    world.store.failWith = new InterlookError('store-full', 'no space left')

    const running = runDaemon(controller, {
      resyncMs: 600_000,
      housekeepMs: 60_000,
      progress: silentProgress,
      signal: new AbortController().signal,
      stopLimitMs: 1_000,
    })

    await expect(running).rejects.toMatchObject({ code: 'store-full' })
    expect(world.writes).toEqual([])
    world.store.failWith = undefined
  })
})

it('says once that a provider cannot be listed, and once that it is back', async () => {
  const world = new World()
  world.listing = [listed('web')]
  const { poke } = await daemon(world)
  const before = world.logged.length

  world.listingFails = new InterlookError('unreachable', 'down', { retryable: true })
  await poke()
  await poke()
  world.listingFails = undefined
  await poke()
  await poke()

  expect(world.logged.slice(before)).toEqual([
    'warn provider not listed; its services stay as they are',
    'debug provider still not listed',
    'info provider is listed again',
  ])
})
