import { describe, expect, it } from 'vitest'
import { settleClaims, type Claimant } from '../../src/core/claims.js'
import { reconcileOnce } from '../../src/core/pass.js'
import { flush, listed, passOptions, World } from '../helpers/core-world.js'

function wants(key: string, wanted: string[], over: Partial<Claimant> = {}): Claimant {
  return { key, wanted, held: [], isDeployed: false, ...over }
}

describe('the contest for claims', () => {
  it.each([
    {
      what: 'deployed beats new, whatever the age',
      claimants: [
        wants('new', ['x'], { createdAt: '2020-01-01T00:00:00Z' }),
        wants('old', ['x'], { held: ['x'], isDeployed: true, createdAt: '2025-01-01T00:00:00Z' }),
      ],
      holder: 'old',
    },
    {
      what: 'among new ones the older wins',
      claimants: [
        wants('a', ['x'], { createdAt: '2025-01-01T00:00:00Z' }),
        wants('b', ['x'], { createdAt: '2020-01-01T00:00:00Z' }),
      ],
      holder: 'b',
    },
    { what: 'else the key decides', claimants: [wants('b', ['x']), wants('a', ['x'])], holder: 'a' },
    {
      what: 'one without a creation time comes after one with',
      claimants: [wants('a', ['x']), wants('b', ['x'], { createdAt: '2025-01-01T00:00:00Z' })],
      holder: 'b',
    },
  ])('$what', ({ claimants, holder }) => {
    const verdict = settleClaims(claimants)

    expect(verdict.holders.get('x')).toBe(holder)
    expect([...verdict.losers.keys()]).toEqual(
      claimants.map((one) => one.key).filter((key) => key !== holder),
    )
    expect([...verdict.losers.values()][0]?.message).toBe(`x is held by ${holder}`)
  })

  it('gives a loser back what it would have let go', () => {
    const verdict = settleClaims([
      wants('a', ['y'], { held: ['x'], isDeployed: true }),
      wants('b', ['x']),
      wants('c', ['y'], { held: ['y'], isDeployed: true }),
    ])

    expect(Object.fromEntries(verdict.holders)).toEqual({ x: 'a', y: 'c' })
    expect([...verdict.losers.keys()].sort()).toEqual(['a', 'b'])
  })
})

describe('a name that two services ask for', () => {
  it('stays with the one that has it; the other waits, and gets it when that one goes', async () => {
    const world = new World()
    world.listing = [listed('web')]
    await world.pass()
    world.listing = [listed('web'), listed('rival', { dns_name: ['web.example.com'] })]

    const contest = await world.pass()

    expect(contest).toMatchObject({ exitCode: 4, reason: 'claim-taken' })
    expect(world.names()).toEqual({ 'web.example.com': '10.0.0.1' })
    world.listing = [listed('rival', { dns_name: ['web.example.com'] })]
    await world.pass()
    expect(world.names()).toEqual({ 'web.example.com': '10.0.0.2' })
  })
})

it('two services that each want what the other one has end in one stable state, whatever died on the way', async () => {
  const world = new World({
    settings: { guard: { maxDeletePercent: 100, minServices: 1000, maxDeletes: 1000, windowMs: 1 } },
  })
  world.listing = [
    listed('c', { dns_name: ['x.example.com'], address: '10.0.0.7' }),
    listed('a', { dns_name: ['y.example.com'] }),
  ]
  await world.pass()
  // c is on its way out, and a was granted z, when the one who carried it out died.
  world.listing = [listed('a', { dns_name: ['z.example.com'] })]
  const { controller } = await world.boot()
  for (const backend of world.backends) backend.faults.hold = new Promise(() => undefined)
  await Promise.race([
    reconcileOnce(controller, passOptions({ allowDeletes: 9 })).catch(() => undefined),
    flush(60),
  ])
  for (const backend of world.backends) backend.faults.hold = undefined

  world.listing = [
    listed('a', { dns_name: ['x.example.com'], address: '10.0.0.7' }),
    listed('c', { dns_name: ['z.example.com'] }),
  ]
  for (let i = 0; i < 4; i++) await world.pass()
  world.writes.length = 0
  for (let i = 0; i < 3; i++) await world.pass()

  expect(world.writes).toEqual([])
})

it('a service that comes back after its name was given away takes nothing back', async () => {
  const world = new World()
  world.listing = [listed('old', { dns_name: ['web.example.com'] })]
  await world.pass()
  world.backend('lb.fake').faults.refuse.set('vs:new:10.0.0.2:80', {
    code: 'refused',
    message: 'no',
    retryable: true,
  })
  world.listing = [listed('new', { dns_name: ['web.example.com'] })]
  await world.pass()
  world.backend('lb.fake').faults.refuse.clear()
  world.listing = [
    listed('new', { dns_name: ['web.example.com'] }),
    listed('old', { dns_name: ['web.example.com'] }),
  ]

  for (let i = 0; i < 3; i++) await world.pass()
  const owner = world.backend('dns.fake').objects.get('web.example.com')?.key
  world.writes.length = 0
  const last = await world.pass()

  expect(owner).toBe('provider.fake/new')
  expect(world.writes).toEqual([])
  expect(last.services.find((one) => one.key.endsWith('old'))?.problem?.code).toBe('claim-taken')
})
