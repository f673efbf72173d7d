import { describe, expect, it } from 'vitest'
import { FakeStore, listed, World } from '../helpers/core-world.js'

/** The same backends and listing, with the store lost. */
function withoutStore(world: World, owner: string): World {
  const next = new World({ backends: world.backends }, new FakeStore())
  next.listing = world.listing
  next.settings = { ...next.settings, owner }
  return next
}

describe('a store that was lost', () => {
  it('writes nothing when the objects carry another owner, and names it', async () => {
    const world = new World()
    world.listing = [listed('web'), listed('api')]
    await world.pass()
    const lost = withoutStore(world, 'other')

    await expect(lost.pass()).rejects.toMatchObject({
      code: 'owner-mismatch',
      message: expect.stringContaining("owner 'me'") as string,
      hint: expect.stringContaining('core.instanceId: me') as string,
    })
    expect(lost.writes).toEqual([])
    expect(lost.store.commits).toBe(0)
  })

  it('is rebuilt from our own objects: every service keeps its address, and nothing is written', async () => {
    const world = new World()
    world.listing = [listed('web'), listed('api'), listed('blog')]
    await world.pass()
    const names = world.names()
    const lost = withoutStore(world, 'me')
    // Another order, so that addresses would be given in another order.
    lost.listing = [...world.listing].reverse()

    const result = await lost.pass()

    expect(lost.writes).toEqual([])
    expect(lost.names()).toEqual(names)
    expect(result.services.every((service) => service.state === 'deployed')).toBe(true)
  })

  it('takes addresses from the names when the leases are lost too', async () => {
    const world = new World()
    world.listing = [listed('web'), listed('api'), listed('blog')]
    await world.pass()
    const names = world.names()
    world.backend('ipam.fake').objects.clear()
    const lost = withoutStore(world, 'me')
    lost.listing = [...world.listing].reverse()

    await lost.pass()

    expect(lost.names()).toEqual(names)
    expect(lost.writes.filter((line) => !line.includes('ipam.fake'))).toEqual([])
  })
})

describe('objects with our mark and no service', () => {
  it('are told in every plan, and removed only when asked', async () => {
    const world = new World()
    world.listing = [listed('web'), listed('gone')]
    await world.pass()
    world.store.saved.delete('provider.fake/gone')
    world.listing = [listed('web')]
    world.writes.length = 0

    const told = await world.pass()
    expect(told.plan.orphans.map((orphan) => orphan.step)).toEqual(['ipam.fake', 'lb.fake', 'dns.fake'])
    expect(world.writes).toEqual([])

    await world.pass({ prune: true })
    expect(world.writes).toEqual([
      '- dns.fake gone.example.com',
      '- lb.fake vs:gone:10.0.0.2:80',
      '- ipam.fake 10.0.0.2',
    ])
  })
})

describe('policies', () => {
  it('retain keeps everything until it is released', async () => {
    const world = new World()
    world.listing = [listed('web', { policy: 'retain' }), listed('api')]
    await world.pass()
    world.listing = [listed('api')]
    world.writes.length = 0

    const kept = await world.pass()
    expect(world.writes).toEqual([])
    expect(kept.plan.services.find((block) => block.key.endsWith('web'))?.verdict).toBe('retained')
    expect(kept.exitCode).toBe(0)

    await world.pass({ release: ['provider.fake/web'] })
    expect(world.names()).toEqual({ 'api.example.com': '10.0.0.2' })
  })

  it('pause changes nothing and shows the difference', async () => {
    const world = new World()
    world.listing = [listed('web')]
    await world.pass()
    world.writes.length = 0
    world.listing = [listed('web', { policy: 'pause', targets: [{ host: '192.0.2.5', port: 1, weight: 1 }] })]

    const result = await world.pass()

    expect(world.writes).toEqual([])
    expect(result.plan.services[0]).toMatchObject({ verdict: 'paused' })
    expect(result.plan.services[0]?.steps[0]?.changes[0]?.action).toBe('update')
  })
})

it('a service outside of core.domains keeps its last good state', async () => {
  const world = new World({ settings: { domains: [{ domain: 'example.com' }] } })
  world.listing = [listed('web')]
  await world.pass()
  world.listing = [listed('web', { dns_name: ['web.example.org'] })]

  const result = await world.pass()

  expect(result).toMatchObject({ exitCode: 4, reason: 'domain-not-allowed' })
  expect(world.names()).toEqual({ 'web.example.com': '10.0.0.1' })
})

describe('a step that is new in the workflow', () => {
  it('is walked for services that are deployed; one that was taken out keeps its objects and is told', async () => {
    const world = new World()
    const [ipam, lb, dns] = world.backends
    if (!ipam || !lb || !dns) throw new Error('three backends')
    const short = new World({ backends: [ipam, dns] }, world.store)
    short.listing = [listed('web')]
    await short.pass()
    expect(lb.objects.size).toBe(0)

    world.listing = [listed('web')]
    await world.pass()
    expect([...lb.objects.keys()]).toEqual(['vs:web:10.0.0.1:80'])

    const result = await short.pass()
    expect(lb.objects.size).toBe(1)
    expect(result.plan.warnings.join()).toContain('lb.fake is not in the workflow any more')

    short.lost = [lb]
    const pruned = await short.pass({ prune: true })
    expect(lb.objects.size).toBe(0)
    expect(pruned.services[0]).toMatchObject({ state: 'deployed', public_ip: '10.0.0.1' })
    expect(short.names()).toEqual({ 'web.example.com': '10.0.0.1' })
    short.lost = []
    expect((await short.pass()).plan.warnings).toEqual([])
  })
})
