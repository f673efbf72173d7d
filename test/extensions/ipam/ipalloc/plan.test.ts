import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { like } from '../../../helpers/like.js'
import { type Folder, makeFolder, MINUTE, NOW, service, World } from './store-world.js'

let folder: Folder
const open: World[] = []

beforeEach(async () => {
  folder = await makeFolder()
})
afterEach(async () => {
  for (const world of open.splice(0)) await world.close()
  await folder.remove()
})

async function makeWorld(config: Record<string, unknown> = {}, owner = 'me'): Promise<World> {
  const world = await World.open(folder.file, { config, owner })
  open.push(world)
  return world
}

describe('what is free', () => {
  it.each([
    [
      'never the network and the broadcast address',
      { network_cidr: '10.0.0.0/30' },
      ['10.0.0.1', '10.0.0.2'],
    ],
    ['both of a /31', { network_cidr: '10.0.0.0/31' }, ['10.0.0.0', '10.0.0.1']],
    [
      'from ip_start to ip_end',
      { network_cidr: '10.0.0.0/24', ip_start: '10.0.0.7', ip_end: '10.0.0.8' },
      ['10.0.0.7', '10.0.0.8'],
    ],
    [
      'nothing that is excluded, as an address, a network or a range',
      { exclude: ['10.0.0.1', '10.0.0.2/31', '10.0.0.5-10.0.0.9'] },
      ['10.0.0.4'],
    ],
    [
      'IPv6 but its subnet-router anycast address',
      { network_cidr: 'fd00::/64', ip_end: 'fd00::2' },
      ['fd00::1', 'fd00::2'],
    ],
  ])('gives %s', async (_what, config, expected) => {
    const world = await makeWorld(config)
    const services = [...expected, 'one too many'].map((_, index) => service(`s${index}`))

    const plans = await world.do(services.map((one) => ({ service: one })))

    expect(plans.slice(0, -1).map((plan) => plan.outputs.public_ip)).toEqual(expected)
    expect(plans.slice(0, -1).every((plan) => plan.tentative)).toBe(true)
    expect(plans.at(-1)?.problem?.code).toBe('address-exhausted')
  })

  it('is said with numbers and the next time when there is none', async () => {
    const world = await makeWorld({ network_cidr: '10.0.0.0/30', quarantine: '10m' })
    await world.give(service('a'), service('b'))
    await world.do([], [service('a')])
    world.now += MINUTE

    const [plan] = await world.plan([{ service: service('c') }])

    expect(plan).toMatchObject({ changes: [], outputs: {} })
    expect(plan?.problem).toMatchObject({
      code: 'address-exhausted',
      retryable: true,
      notBefore: NOW + 10 * MINUTE,
      message:
        'no free address in pool default (10.0.0.0/30): 2 in all, 1 leased, 1 in quarantine; the next comes free at 2030-01-01T00:10:00.000Z',
    })
  })

  it('goes to those that wait when space comes', async () => {
    const world = await makeWorld({ network_cidr: '10.0.0.0/30', quarantine: '0s' })
    await world.give(service('a'), service('b'))
    const [waiting] = await world.plan([{ service: service('c') }])
    await world.do([], [service('a')])

    expect(waiting?.problem?.code).toBe('address-exhausted')
    expect(await world.give(service('c'))).toEqual(['10.0.0.1'])
  })
})

describe('a service', () => {
  it('keeps its address, and nothing is planned for it', async () => {
    const world = await makeWorld()
    await world.give(service('a'), service('b'))

    const plans = await world.plan([{ service: service('b') }, { service: service('a') }])

    expect(plans.map(({ changes, outputs, tentative }) => [changes, outputs.public_ip, tentative])).toEqual([
      [[], '10.0.0.2', undefined],
      [[], '10.0.0.1', undefined],
    ])
  })

  it('shows what it gets', async () => {
    const world = await makeWorld()

    const [plan] = await world.plan([{ service: service('a') }])

    expect(plan?.changes.map(({ data: _, ...shown }) => shown)).toEqual([
      {
        action: 'create',
        kind: 'address',
        object: '10.0.0.1',
        fields: [
          { field: 'service', to: 'provider.file/a' },
          { field: 'pool', to: 'default' },
        ],
        reason: 'new service',
      },
    ])
  })

  it('gets back what it had within the quarantine, and nobody else does', async () => {
    const world = await makeWorld()
    await world.give(service('a'), service('b'))

    const [removal] = await world.do([], [service('a')])
    world.now += 9 * MINUTE
    const other = await world.give(service('c'))
    const again = await world.give(service('a'))

    expect(removal?.changes[0]).toMatchObject({
      action: 'delete',
      object: '10.0.0.1',
      reason: 'service removed',
      fields: [
        { field: 'service', from: 'provider.file/a' },
        { field: 'quarantine until', to: '2030-01-01T00:10:00.000Z' },
      ],
    })
    expect(other).toEqual(['10.0.0.3'])
    expect(again).toEqual(['10.0.0.1'])
  })

  it('leaves an address that is free after the quarantine', async () => {
    const world = await makeWorld()
    await world.give(service('a'))
    await world.do([], [service('a')])
    world.now += 10 * MINUTE

    expect(await world.give(service('b'))).toEqual(['10.0.0.1'])
    expect(await world.give(service('a'))).toEqual(['10.0.0.2'])
  })

  it('is removed twice without a second change', async () => {
    const world = await makeWorld()
    await world.give(service('a'))
    await world.do([], [service('a')])

    const [again] = await world.plan([], [service('a')])

    expect(again).toEqual({ key: 'provider.file/a', changes: [], outputs: {} })
  })

  it('gets the address that the core says users reach, when the store was lost', async () => {
    const world = await makeWorld()

    const plans = await world.do([
      { service: service('new') },
      { service: service('old', { public_ip: '10.0.0.1' }) },
      { service: service('stray', { public_ip: '192.0.2.1' }) },
    ])

    expect(plans.map((plan) => plan.outputs.public_ip)).toEqual(['10.0.0.2', '10.0.0.1', '10.0.0.3'])
  })
})

describe('a request', () => {
  const requests = { allowRequests: true, pools: { dmz: { network_cidr: '172.16.0.0/29' } } }

  it.each([
    ['an address', { address: '10.0.0.5' }],
    ['a pool', { pool: 'dmz' }],
  ])('for %s is refused unless it is allowed', async (_what, asked) => {
    const world = await makeWorld({ ...requests, allowRequests: false })

    const [plan] = await world.plan([{ service: service('a', asked) }])

    expect(plan?.problem?.code).toBe('request-not-allowed')
    expect(world.provisioner.claims?.(service('a', asked))).toEqual([])
  })

  it.each([
    [{ address: '10.0.0.5' }, '10.0.0.5', ['ipam.ipalloc:default/10.0.0.5']],
    [{ address: '172.16.0.3' }, '172.16.0.3', ['ipam.ipalloc:dmz/172.16.0.3']],
    [{ pool: 'dmz' }, '172.16.0.1', []],
    [{ pool: 'dmz', address: '172.16.0.4' }, '172.16.0.4', ['ipam.ipalloc:dmz/172.16.0.4']],
  ])('for %j gets %s', async (asked, address, claims) => {
    const world = await makeWorld(requests)
    const asking = service('a', asked)

    expect(await world.give(asking)).toEqual([address])
    expect(world.provisioner.claims?.(asking)).toEqual(claims)
    expect((await world.plan([{ service: asking }]))[0]?.changes).toEqual([])
  })

  it.each([
    [{ address: 'ten' }, 'ten is no address'],
    [{ address: '10.0.0.7' }, '10.0.0.7 is not in any pool'],
    [{ address: '10.0.0.5', pool: 'dmz' }, '10.0.0.5 is not in what pool dmz may give'],
    [{ pool: 'lan' }, 'no pool is named lan; known are default, dmz'],
  ])('for %j is invalid', async (asked, message) => {
    const world = await makeWorld(requests)

    const [plan] = await world.plan([{ service: service('a', asked) }])

    expect(plan?.problem).toMatchObject({ code: 'address-invalid', message: like(new RegExp(message)) })
  })

  it('for what another has waits, and says who has it', async () => {
    const world = await makeWorld(requests)
    await world.give(service('a'))

    const [plan] = await world.plan([{ service: service('b', { address: '10.0.0.1' }) }])

    expect(plan?.problem).toMatchObject({
      code: 'address-taken',
      retryable: true,
      message: 'provider.file/b asks for 10.0.0.1, which provider.file/a has',
    })
  })

  it('for what rests waits until it is free', async () => {
    const world = await makeWorld(requests)
    await world.give(service('a'))
    await world.do([], [service('a')])
    const asking = service('b', { address: '10.0.0.1' })

    const [early] = await world.plan([{ service: asking }])
    world.now += 10 * MINUTE

    expect(early?.problem).toMatchObject({ code: 'address-taken', notBefore: NOW + 10 * MINUTE })
    expect(await world.give(asking)).toEqual(['10.0.0.1'])
  })

  it('comes before those that take any address', async () => {
    const world = await makeWorld(requests)

    const plans = await world.do([
      { service: service('any') },
      { service: service('asks', { address: '10.0.0.1' }) },
      { service: service('asks-too', { address: '10.0.0.1' }) },
    ])

    expect(plans.map((plan) => plan.outputs.public_ip ?? plan.problem?.code)).toEqual([
      '10.0.0.2',
      '10.0.0.1',
      'address-taken',
    ])
  })
})

describe('an address change', () => {
  const config = { allowRequests: true }
  const before = service('a')
  const after = service('a', { address: '10.0.0.5' })

  it('keeps the old address until the core lets go of it', async () => {
    const world = await makeWorld(config)
    await world.give(before)
    const previous = { ...before, public_ip: '10.0.0.1' }

    const [forward] = await world.do([{ service: after, previous }])
    const [again] = await world.plan([{ service: after, previous }])
    const other = await world.give(service('b'))
    const [backward] = await world.do([{ service: after }])
    const [done] = await world.plan([{ service: after }])

    expect(forward?.outputs).toEqual({ public_ip: '10.0.0.5' })
    expect(forward?.changes.map(({ action, object }) => [action, object])).toEqual([
      ['create', '10.0.0.5'],
      ['update', '10.0.0.1'],
    ])
    expect(again?.changes).toEqual([])
    expect(other).toEqual(['10.0.0.2'])
    expect(backward?.changes.map(({ action, object }) => [action, object])).toEqual([['delete', '10.0.0.1']])
    expect(done?.changes).toEqual([])
  })

  it('that turns round goes back to the address that was kept', async () => {
    const world = await makeWorld(config)
    await world.give(before)
    await world.do([{ service: after, previous: { ...before, public_ip: '10.0.0.1' } }])
    const asksBack = service('a', { address: '10.0.0.1' })

    const [turned] = await world.do([{ service: asksBack }])

    expect(turned?.outputs).toEqual({ public_ip: '10.0.0.1' })
    expect(turned?.changes.map(({ action, object }) => [action, object])).toEqual([
      ['update', '10.0.0.1'],
      ['delete', '10.0.0.5'],
    ])
  })

  it('takes both addresses along when the service is removed half way', async () => {
    const world = await makeWorld(config)
    await world.give(before)
    await world.do([{ service: after, previous: { ...before, public_ip: '10.0.0.1' } }])

    const [removal] = await world.do([], [after])

    expect(removal?.changes.map(({ action, object }) => [action, object])).toEqual(
      expect.arrayContaining([
        ['delete', '10.0.0.1'],
        ['delete', '10.0.0.5'],
      ]),
    )
    expect(world.provisioner.facts?.(await world.observe())).toMatchObject({
      'default leased': 0,
      'default quarantined': 2,
    })
  })

  it('between pools does the same', async () => {
    const world = await makeWorld({ ...config, pools: { dmz: { network_cidr: '172.16.0.0/29' } } })
    await world.give(before)

    const [moved] = await world.do([
      { service: service('a', { pool: 'dmz' }), previous: { ...before, public_ip: '10.0.0.1' } },
    ])

    expect(moved?.outputs).toEqual({ public_ip: '172.16.0.1' })
    expect(moved?.changes.map(({ action, object, reason }) => [action, object, reason])).toEqual([
      ['create', '172.16.0.1', 'another pool'],
      ['update', '10.0.0.1', 'users still reach it'],
    ])
  })
})

describe('leases of another owner', () => {
  it('are a conflict that names the owner, until they are adopted', async () => {
    const theirs = await makeWorld({}, 'them')
    await theirs.give(service('a'))
    const world = await makeWorld({}, 'me')

    const [refused] = await world.plan([{ service: service('a') }])
    const [removal] = await world.plan([], [service('a')])
    const [adopted] = await world.do([{ service: service('a') }], [], { unmarked: false, owners: ['them'] })

    expect(refused?.problem).toMatchObject({ code: 'conflict', message: like(/10\.0\.0\.1 .* owner them/) })
    expect(removal?.changes).toEqual([])
    expect(adopted?.changes).toMatchObject([{ action: 'update', object: '10.0.0.1', adopts: true }])
    expect(world.provisioner.owned?.(await world.observe())).toMatchObject([
      { owner: 'me', key: 'provider.file/a', objects: ['10.0.0.1'] },
    ])
  })

  it('are never given to anybody', async () => {
    const theirs = await makeWorld({}, 'them')
    await theirs.give(service('a'))
    const world = await makeWorld({}, 'me')

    expect(await world.give(service('b'))).toEqual(['10.0.0.2'])
  })
})

describe('what is told', () => {
  it('counts free, leased and quarantined apart', async () => {
    const world = await makeWorld({ network_cidr: '10.0.0.0/28' })
    await world.give(service('a'), service('b'), service('c'))
    await world.do([], [service('b')])
    const observed = await world.observe()

    expect(world.provisioner.facts?.(observed)).toEqual({
      'default size': 14,
      'default leased': 2,
      'default quarantined': 1,
      'default free': 11,
      imported: 0,
    })
    world.now += 10 * MINUTE
    expect(world.provisioner.facts?.(observed)).toMatchObject({
      'default quarantined': 0,
      'default free': 12,
    })
  })

  it('names what each service has, not what rests', async () => {
    const world = await makeWorld()
    await world.give(service('a'), service('b'))
    await world.do([], [service('b')])

    expect(world.provisioner.owned?.(await world.observe())).toEqual([
      {
        owner: 'me',
        key: 'provider.file/a',
        objects: ['10.0.0.1'],
        service: service('a', { public_ip: '10.0.0.1' }),
      },
    ])
  })
})
