import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reconcileOnce } from '../../src/core/pass.js'
import type { ListedService } from '../../src/sdk/provider.js'
import { serviceKey } from '../../src/sdk/service.js'
import { flush, listed, passOptions, World } from '../helpers/core-world.js'

/** What must hold after every single write. */
function invariants(world: World): string[] {
  const broken: string[] = []
  const addresses = world.backend('ipam.fake').objects
  const servers = [...world.backend('lb.fake').objects.keys()]
  for (const { name, value } of world.backend('dns.fake').objects.values()) {
    if (!addresses.has(value)) broken.push(`${name} points at ${value}, which was given back`)
    if (!servers.some((server) => server.includes(`:${value}:`)))
      broken.push(`${name} points at ${value} without a virtual server`)
  }
  return broken
}

function watchedWorld(): { world: World; broken: string[]; kill: { after: number } } {
  const broken: string[] = []
  const kill = { after: Number.POSITIVE_INFINITY }
  const world = new World({
    onWrite: (line, self) => {
      for (const fault of invariants(self)) broken.push(`after '${line}': ${fault}`)
      kill.after -= 1
      if (kill.after > 0) return
      // The process is gone: no commit and no write comes any more.
      self.store.failWith = new Error('dead')
      for (const backend of self.backends) backend.faults.hold = new Promise(() => undefined)
    },
    settings: { guard: { maxDeletePercent: 100, minServices: 1000, maxDeletes: 1000, windowMs: 1 } },
  })
  return { world, broken, kill }
}

function revive(world: World): void {
  world.store.failWith = undefined
  for (const backend of world.backends) backend.faults.hold = undefined
}

/** A pass that may die at a write; it is left behind when it does. */
async function dyingPass(world: World): Promise<void> {
  const { controller } = await world.boot()
  const pass = reconcileOnce(controller, passOptions({ allowDeletes: 1000 })).then(
    () => undefined,
    () => undefined,
  )
  await Promise.race([pass, flush(60)])
}

const scenarios: { name: string; from: ListedService[]; to: ListedService[] }[] = [
  { name: 'a deployment', from: [], to: [listed('web')] },
  { name: 'a removal', from: [listed('web'), listed('api')], to: [listed('api')] },
  { name: 'an address change', from: [listed('web')], to: [listed('web', { address: '10.0.0.9' })] },
  {
    name: 'a rename with the same host name',
    from: [listed('web')],
    to: [listed('shop', { dns_name: ['web.example.com'] })],
  },
  {
    name: 'another name and another address at once',
    from: [listed('web')],
    to: [listed('web', { address: '10.0.0.9', dns_name: ['new.example.com'] })],
  },
  { name: 'TLS on', from: [listed('web')], to: [listed('web', { tls: true })] },
  {
    name: 'a name that moves between two services that stay',
    from: [listed('a', { dns_name: ['a.example.com', 'x.example.com'] }), listed('b')],
    to: [listed('a'), listed('b', { dns_name: ['b.example.com', 'x.example.com'] })],
  },
]

function expectedNames(services: readonly ListedService[]): string[] {
  return services.flatMap((one) => one.service.dns_name).sort()
}

async function expectConverged(world: World): Promise<void> {
  expect(Object.keys(world.names()).sort()).toEqual(expectedNames(world.listing))
  expect(world.backend('ipam.fake').objects.size).toBe(world.listing.length)
  expect(world.backend('lb.fake').objects.size).toBe(world.listing.length)
  const writes = world.writes.length
  const again = await world.pass()
  expect(world.writes.length).toBe(writes)
  expect(again.exitCode).toBe(0)
}

/** Like `expectConverged`, for listings in which a service may ask for an address that another one keeps. */
async function expectSettled(world: World): Promise<void> {
  const writes = world.writes.length
  const again = await world.pass()
  expect(world.writes.length).toBe(writes)
  const waiting = new Set(
    again.services.filter((one) => one.problem?.code === 'claim-taken').map((one) => one.key),
  )
  const winners = world.listing.filter((one) => !waiting.has(serviceKey(one.service)))
  for (const { service } of winners) {
    const status = again.services.find((one) => one.key === serviceKey(service))
    expect(status).toMatchObject({ state: 'deployed', dns_name: service.dns_name })
    if (service.address !== undefined) expect(status?.public_ip).toBe(service.address)
  }
  const owners = [...world.backend('dns.fake').objects.values()].map((object) => object.key)
  expect(owners.length).toBeLessThanOrEqual(world.listing.length)
  expect(new Set(world.listing.map((one) => serviceKey(one.service)))).toEqual(
    new Set([...owners, ...waiting]),
  )
}

describe.each(scenarios)('$name', ({ from, to }) => {
  it('ends right, and no name ever points at an address that was given back', async () => {
    const { world, broken } = watchedWorld()
    world.listing = from
    await world.pass()

    world.listing = to
    const result = await world.pass({ allowDeletes: 1000 })

    expect(result.exitCode).toBe(0)
    expect(broken).toEqual([])
    await expectConverged(world)
  })

  it('ends right after a death at any of its writes', async () => {
    for (let at = 1; at < 20; at++) {
      const { world, broken, kill } = watchedWorld()
      world.listing = from
      await world.pass()
      const before = world.writes.length

      world.listing = to
      kill.after = at
      await dyingPass(world)
      const isOver = kill.after > 0
      kill.after = Number.POSITIVE_INFINITY
      revive(world)
      await world.pass({ allowDeletes: 1000 })

      expect(broken, `killed at write ${at}: ${world.writes.slice(before).join(' | ')}`).toEqual([])
      await expectConverged(world)
      if (isOver) return
    }
  })

  it('ends right when it is taken back at any of its writes', async () => {
    for (let at = 1; at < 20; at++) {
      const { world, broken, kill } = watchedWorld()
      world.listing = from
      await world.pass()

      world.listing = to
      kill.after = at
      await dyingPass(world)
      const isOver = kill.after > 0
      kill.after = Number.POSITIVE_INFINITY
      revive(world)
      world.listing = from
      await world.pass({ allowDeletes: 1000 })

      expect(broken, `taken back after write ${at}`).toEqual([])
      await expectConverged(world)
      if (isOver) return
    }
  })

  it('ends right when everything is removed at any of its writes', async () => {
    for (let at = 1; at < 20; at++) {
      const { world, broken, kill } = watchedWorld()
      world.listing = from
      await world.pass()

      world.listing = to
      kill.after = at
      await dyingPass(world)
      const isOver = kill.after > 0
      kill.after = Number.POSITIVE_INFINITY
      revive(world)
      world.listing = []
      await world.pass({ allowDeletes: 1000 })

      expect(broken, `removed after write ${at}`).toEqual([])
      await expectConverged(world)
      if (isOver) return
    }
  })
})

describe('any sequence of listings and deaths', () => {
  const names = ['a', 'b', 'c']
  const service = fc.record({
    name: fc.constantFrom(...names),
    host: fc.constantFrom('x.example.com', 'y.example.com', 'z.example.com'),
    address: fc.constantFrom(undefined, '10.0.0.7', '10.0.0.8'),
    tls: fc.boolean(),
    port: fc.constantFrom(80, 81),
  })
  const step = fc.record({
    services: fc.uniqueArray(service, { selector: (one) => one.name, maxLength: 3 }),
    dieAfter: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  })

  it('ends with exactly what the last listing wants', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (plan) => {
        const { world, broken, kill } = watchedWorld()
        for (const { services, dieAfter } of plan) {
          world.listing = uniqueWishes(services)
          kill.after = dieAfter ?? Number.POSITIVE_INFINITY
          if (dieAfter === undefined) await world.pass({ allowDeletes: 1000 })
          else await dyingPass(world)
          kill.after = Number.POSITIVE_INFINITY
          revive(world)
          world.clock.advance(1_000)
        }
        // A claim that was lost in one pass is won in a later one, once its holder has let go.
        for (let i = 0; i < 6; i++) await world.pass({ allowDeletes: 1000 })

        expect(broken).toEqual([])
        await expectSettled(world)
      }),
      { numRuns: 150 },
    )
  })
})

/** No two of a listing ask for the same name or address: who wins a contest is tested elsewhere. */
function uniqueWishes(
  services: readonly {
    name: string
    host: string
    address: string | undefined
    tls: boolean
    port: number
  }[],
): ListedService[] {
  const hosts = new Set<string>()
  const addresses = new Set<string>()
  const result: ListedService[] = []
  for (const { name, host, address, tls, port } of services) {
    if (hosts.has(host)) continue
    hosts.add(host)
    const isFree = address !== undefined && !addresses.has(address)
    if (isFree) addresses.add(address)
    result.push(
      listed(name, {
        dns_name: [host],
        tls,
        targets: [{ host: '192.0.2.1', port, weight: 1 }],
        ...(isFree && { address }),
      }),
    )
  }
  return result
}
