import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { like } from '../../../helpers/like.js'
import { block, type Folder, makeFolder, service, World } from './hosts-world.js'

let folder: Folder
let world: World

beforeEach(async () => {
  folder = await makeFolder()
  world = new World(folder.file)
})
afterEach(() => folder.remove())

function shown(plans: Awaited<ReturnType<World['plan']>>) {
  return plans.flatMap((plan) => plan.changes.map(({ action, object, reason }) => [action, object, reason]))
}

describe('a new service', () => {
  it('gets one line per name', async () => {
    const plans = await world.put(service('web', '10.0.0.1', ['web.example.com', 'WWW.example.com']))

    expect(plans[0]?.changes.map(({ data: _, ...change }) => change)).toMatchObject([
      {
        action: 'create',
        kind: 'name',
        object: 'web.example.com',
        fields: [{ field: 'address', to: '10.0.0.1' }],
        reason: 'new service',
      },
      { action: 'create', object: 'www.example.com' },
    ])
    expect(await folder.read()).toBe(
      block(
        'me',
        '10.0.0.1 web.example.com # provider.file/web',
        '10.0.0.1 www.example.com # provider.file/web',
      ),
    )
  })

  it('is planned with what only an earlier step can give', async () => {
    const [plan] = await world.plan([{ service: service('web'), unknown: { public_ip: 'ipam.ipalloc' } }])

    expect(plan?.changes).toMatchObject([
      { action: 'create', fields: [{ field: 'address', to: { unknown: 'public_ip' } }] },
    ])
  })

  it.each([
    ['without an address', service('web'), 'address-missing', 'no step before dns.hosts gave'],
    ['with no address in public_ip', service('web', 'lb.local'), 'address-missing', 'lb.local, which'],
    ['with a wildcard', service('web', '10.0.0.1', ['*.example.com']), 'label-invalid', 'a wildcard'],
    [
      'with a name that breaks the line',
      service('web', '10.0.0.1', ['a b']),
      'label-invalid',
      'no host name',
    ],
  ])('%s is a problem', async (_what, wanted, code, message) => {
    const [plan] = await world.put(wanted)

    expect(plan).toMatchObject({ changes: [], problem: { code, message: like(new RegExp(message)) } })
    await expect(folder.read()).rejects.toThrow('ENOENT')
  })

  it('without a name needs nothing', async () => {
    expect(await world.put(service('web', undefined, []))).toEqual([
      { key: 'provider.file/web', changes: [], outputs: {} },
    ])
  })
})

describe('a service that is there', () => {
  it('is in sync', async () => {
    await world.put(service('web', '10.0.0.1'))

    expect(shown(await world.plan([{ service: service('web', '10.0.0.1') }]))).toEqual([])
  })

  it('gets its new address', async () => {
    await world.put(service('web', '10.0.0.1'))

    const [plan] = await world.put(service('web', '10.0.0.2'))

    expect(plan?.changes).toMatchObject([
      { action: 'update', fields: [{ field: 'address', from: '10.0.0.1', to: '10.0.0.2' }] },
    ])
    expect(await folder.read()).toBe(block('me', '10.0.0.2 web.example.com # provider.file/web'))
  })

  it('keeps a name that users still reach until the second walk', async () => {
    const old = service('web', '10.0.0.1', ['old.example.com', 'both.example.com'])
    const next = service('web', '10.0.0.2', ['both.example.com', 'new.example.com'])
    await world.put(old)

    const forward = await world.do([{ service: next, previous: old }])
    const between = await folder.read()
    const again = await world.plan([{ service: next, previous: old }])
    const backward = await world.put(next)

    expect(shown(forward)).toEqual([
      ['update', 'both.example.com', 'address changed'],
      ['create', 'new.example.com', 'new name'],
    ])
    expect(between).toContain('10.0.0.1 old.example.com # provider.file/web')
    expect(shown(again)).toEqual([])
    expect(shown(backward)).toEqual([['delete', 'old.example.com', 'name no longer wanted']])
  })

  it('is never given a name that only the old definition needs', async () => {
    await world.put(service('other', '10.0.0.9', ['shared.example.com']))

    const plans = await world.plan([
      {
        service: service('web', '10.0.0.1'),
        previous: service('web', '10.0.0.1', ['gone.example.com', 'shared.example.com']),
      },
    ])

    expect(shown(plans)).toEqual([['create', 'web.example.com', 'new service']])
  })

  it('leaves nothing when it is removed, and a second removal nothing to do', async () => {
    await world.put(service('web', '10.0.0.1'), service('api', '10.0.0.2'))

    const first = await world.do([], [service('web')])
    const second = await world.plan([], [service('web')])

    expect(shown(first)).toEqual([['delete', 'web.example.com', 'service removed']])
    expect(shown(second)).toEqual([])
    expect(await folder.read()).toBe(block('me', '10.0.0.2 api.example.com # provider.file/api'))
  })
})

describe('a name that changes hands', () => {
  const name = ['shared.example.com']

  it.each([
    ['in one plan with the removal', true],
    ['before the removal', false],
  ])('%s is one update and stays', async (_what, together) => {
    await world.put(service('old', '10.0.0.1', name))
    const removed = service('old', '10.0.0.1', name)

    const plans = await world.do([{ service: service('new', '10.0.0.2', name) }], together ? [removed] : [])
    const rest = together ? [] : await world.do([], [removed])

    expect(shown([...plans, ...rest])).toEqual([['update', 'shared.example.com', 'the name changed hands']])
    expect(plans[0]?.changes[0]?.fields).toEqual([
      { field: 'address', from: '10.0.0.1', to: '10.0.0.2' },
      { field: 'service', from: 'provider.file/old', to: 'provider.file/new' },
    ])
    expect(await folder.read()).toBe(block('me', '10.0.0.2 shared.example.com # provider.file/new'))
  })

  it('stays when the one that loses it is applied later on an old plan', async () => {
    await world.put(service('old', '10.0.0.1', name))
    const removal = await world.plan([], [service('old')])
    await world.put(service('new', '10.0.0.2', name))

    await world.apply(removal)

    expect(await folder.read()).toContain('10.0.0.2 shared.example.com # provider.file/new')
  })
})

describe('a name that somebody else has', () => {
  it.each([
    [
      'outside of our block',
      '127.0.0.1 localhost\n10.9.9.9\tother WEB.example.com # by hand\n',
      ':2 with 10.9.9.9',
    ],
    [
      'in the block of another owner',
      block('them', '10.9.9.9 web.example.com # provider.file/web'),
      'block of them at .*:2 with 10.9.9.9',
    ],
  ])('%s is a conflict that names the place', async (_what, text, message) => {
    await folder.write(text)

    const [plan] = await world.put(service('web', '10.0.0.1'))

    expect(plan).toMatchObject({
      changes: [],
      problem: { code: 'conflict', message: like(new RegExp(message)) },
    })
    expect(await folder.read()).toBe(text)
  })

  it('with our address is none', async () => {
    await folder.write('10.0.0.1 web.example.com\n')

    expect(shown(await world.put(service('web', '10.0.0.1')))).toEqual([
      ['create', 'web.example.com', 'new service'],
    ])
  })

  it('that is mentioned in a comment is none', async () => {
    await folder.write('# 10.9.9.9 web.example.com\n')

    expect((await world.put(service('web', '10.0.0.1')))[0]?.problem).toBeUndefined()
  })

  it('in another owner’s block is taken when that is asked for, and only that', async () => {
    const theirs = block(
      'them',
      '10.9.9.9 web.example.com # provider.file/web',
      '10.9.9.8 api.example.com # provider.file/api',
    )
    await folder.write(theirs)

    const [plan] = await world.do([{ service: service('web', '10.0.0.1') }], [], {
      unmarked: false,
      owners: ['them'],
    })

    expect(plan?.changes).toMatchObject([{ action: 'update', adopts: true, reason: 'taken over' }])
    expect(await folder.read()).toBe(
      block('them', '10.9.9.8 api.example.com # provider.file/api') +
        block('me', '10.0.0.1 web.example.com # provider.file/web'),
    )
  })

  it('that comes between plan and apply is a conflict of that service alone', async () => {
    const plans = await world.plan([
      { service: service('web', '10.0.0.1') },
      { service: service('api', '10.0.0.2') },
    ])
    await folder.write('10.9.9.9 web.example.com\n')

    const results = await world.apply(plans)

    expect(results.map((result) => result.problem?.code)).toEqual(['conflict', undefined])
    expect(await folder.read()).toBe(
      `10.9.9.9 web.example.com\n${block('me', '10.0.0.2 api.example.com # provider.file/api')}`,
    )
  })
})

describe('what is told', () => {
  it('are all marked names, by owner and service', async () => {
    await folder.write(
      block('them', '10.9.9.9 a.example.com # provider.swarm/a') +
        block('me', '10.0.0.1 b.example.com # provider.k/ns/b', '10.0.0.1 c.example.com # provider.k/ns/b'),
    )

    const owned = world.provisioner.owned?.(await world.observe()) ?? []

    expect(
      owned.map(({ owner, key, objects, service: one }) => [owner, key, objects, one.public_ip]),
    ).toEqual([
      ['me', 'provider.k/ns/b', ['b.example.com', 'c.example.com'], '10.0.0.1'],
      ['them', 'provider.swarm/a', ['a.example.com'], '10.9.9.9'],
    ])
    expect(owned[0]?.service).toMatchObject({ namespace: 'ns', name: 'b' })
  })

  it('are the names that a service will occupy', () => {
    expect(world.provisioner.claims?.(service('a', undefined, ['A.example.com', 'a.example.com']))).toEqual([
      'alias:a.example.com',
    ])
  })
})
