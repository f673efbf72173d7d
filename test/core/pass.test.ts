import { describe, expect, it } from 'vitest'
import { listed, World } from '../helpers/core-world.js'

describe('a pass', () => {
  it('deploys a new service step by step, in order', async () => {
    const world = new World()
    world.listing = [listed('web')]

    const result = await world.pass()

    expect(result.exitCode).toBe(0)
    expect(world.writes).toEqual([
      '+ ipam.fake 10.0.0.1 = leased',
      '+ lb.fake vs:web:10.0.0.1:80 = 192.0.2.1:8080',
      '+ dns.fake web.example.com = 10.0.0.1',
    ])
    expect(result.services).toEqual([
      expect.objectContaining({
        key: 'provider.fake/web',
        state: 'deployed',
        public_ip: '10.0.0.1',
        public_port: 80,
      }),
    ])
  })

  it('does nothing the second time: no message, no write, no commit', async () => {
    const world = new World()
    world.listing = [listed('web'), listed('api')]
    await world.pass()
    world.writes.length = 0
    world.messages.length = 0
    const { commits } = world.store

    const result = await world.pass()

    expect(world.writes).toEqual([])
    expect(world.messages).toEqual([])
    expect(world.store.commits).toBe(commits)
    expect(result.plan.counts).toMatchObject({ inSync: 2, create: 0, update: 0, remove: 0 })
  })

  it('removes in reverse order what is no longer listed', async () => {
    const world = new World()
    world.listing = [listed('web'), listed('api')]
    await world.pass()
    world.writes.length = 0
    world.listing = [listed('api')]

    const result = await world.pass()

    expect(world.writes).toEqual([
      '- dns.fake web.example.com',
      '- lb.fake vs:web:10.0.0.1:80',
      '- ipam.fake 10.0.0.1',
    ])
    expect(result.exitCode).toBe(0)
    expect(result.services.find((s) => s.key === 'provider.fake/web')?.state).toBe('undeployed')
  })

  it('shows in a dry run exactly what a pass then does, and writes nothing', async () => {
    const world = new World()
    world.listing = [listed('web')]

    const dry = await world.pass({ dryRun: true, detailedExitCode: true })

    expect(dry.exitCode).toBe(2)
    expect(world.writes).toEqual([])
    expect(world.store.commits).toBe(0)
    expect(
      dry.plan.services[0]?.steps.map((s) => [s.step, s.changes.map((c) => `${c.action} ${c.object}`)]),
    ).toEqual([
      ['ipam.fake', ['create 10.0.0.1']],
      ['lb.fake', ['create vs:web']],
      ['dns.fake', ['create web.example.com']],
    ])
    expect(dry.plan.services[0]?.steps[2]?.unknown).toEqual({ public_ip: 'ipam.fake' })
  })

  it('makes the new address before it breaks the old one, and gives the old one back last', async () => {
    const world = new World()
    world.listing = [listed('web')]
    await world.pass()
    world.writes.length = 0
    world.listing = [listed('web', { address: '10.0.0.9' })]

    const result = await world.pass()

    expect(world.writes).toEqual([
      '+ ipam.fake 10.0.0.9 = leased',
      '+ lb.fake vs:web:10.0.0.9:80 = 192.0.2.1:8080',
      '~ dns.fake web.example.com = 10.0.0.9',
      '- lb.fake vs:web:10.0.0.1:80',
      '- ipam.fake 10.0.0.1',
    ])
    expect(result.services[0]).toMatchObject({ state: 'deployed', public_ip: '10.0.0.9' })
    world.writes.length = 0
    await world.pass()
    expect(world.writes).toEqual([])
  })

  it('hands a name over to a renamed service without an outage', async () => {
    const world = new World()
    world.listing = [listed('web')]
    await world.pass()
    world.writes.length = 0
    world.listing = [listed('web2', { dns_name: ['web.example.com'] })]

    const result = await world.pass()

    expect(world.writes).toEqual([
      '+ ipam.fake 10.0.0.2 = leased',
      '+ lb.fake vs:web2:10.0.0.2:80 = 192.0.2.1:8080',
      '~ dns.fake web.example.com = 10.0.0.2',
      '- lb.fake vs:web:10.0.0.1:80',
      '- ipam.fake 10.0.0.1',
    ])
    expect(result.exitCode).toBe(0)
    expect(world.names()).toEqual({ 'web.example.com': '10.0.0.2' })
  })

  it('changes targets in place, on the one step that shows them', async () => {
    const world = new World()
    world.listing = [listed('web')]
    await world.pass()
    world.writes.length = 0
    world.messages.length = 0
    world.listing = [listed('web', { targets: [{ host: '192.0.2.7', port: 8080, weight: 1 }] })]

    await world.pass()

    expect(world.writes).toEqual(['~ lb.fake vs:web:10.0.0.1:80 = 192.0.2.7:8080'])
    expect(world.messages.map((m) => m.destination)).toEqual(['lb.fake'])
  })

  it('heals what drifted on a backend', async () => {
    const world = new World()
    world.listing = [listed('web')]
    await world.pass()
    world.writes.length = 0
    world.backend('dns.fake').objects.delete('web.example.com')

    await world.pass()

    expect(world.writes).toEqual(['+ dns.fake web.example.com = 10.0.0.1'])
  })

  it('refuses an empty listing for two deployed services', async () => {
    const world = new World()
    world.listing = [listed('web'), listed('api')]
    await world.pass()
    world.writes.length = 0
    world.listing = []

    const result = await world.pass()

    expect(result).toMatchObject({ exitCode: 3, reason: 'guard' })
    expect(result.message).toContain('--allow-deletes 2')
    expect(world.writes).toEqual([])

    const allowed = await world.pass({ allowDeletes: 2 })
    expect(allowed.exitCode).toBe(0)
    expect(world.names()).toEqual({})
  })

  it('changes nothing for a provider that fails, and ends 4', async () => {
    const world = new World()
    world.listing = [listed('web')]
    await world.pass()
    world.writes.length = 0
    world.listingFails = new Error('connection refused')

    const result = await world.pass()

    expect(result).toMatchObject({ exitCode: 4, reason: 'provider-unlisted' })
    expect(world.writes).toEqual([])
  })

  it('keeps the last good state of a service whose change fails, with the error', async () => {
    const world = new World()
    world.listing = [listed('web')]
    await world.pass()
    world.backend('lb.fake').faults.refuse.set('vs:web:10.0.0.1:80', {
      code: 'refused',
      message: 'no such profile',
      retryable: false,
    })
    world.writes.length = 0
    world.listing = [listed('web', { targets: [{ host: '192.0.2.7', port: 1, weight: 1 }] }), listed('api')]

    const result = await world.pass()

    expect(result).toMatchObject({ exitCode: 4, reason: 'refused' })
    expect(result.services.find((s) => s.key === 'provider.fake/web')).toMatchObject({
      state: 'lb.fake',
      public_ip: '10.0.0.1',
      problem: { code: 'refused' },
    })
    expect(world.names()).toEqual({ 'web.example.com': '10.0.0.1', 'api.example.com': '10.0.0.2' })
  })
})
