import { describe, expect, it } from 'vitest'
import { settleClaims, type Claimant } from '../../src/core/claims.js'
import { listed, World } from '../helpers/core-world.js'

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
