import { describe, expect, it } from 'vitest'
import { judge, type GuardInput, type GuardItem } from '../../src/core/guard.js'

const settings = { maxDeletePercent: 30, minServices: 10, maxDeletes: 100, windowMs: 600_000 }

function removals(count: number, provider = 'provider.a', from = 0): GuardItem[] {
  return Array.from({ length: count }, (_, i) => ({
    key: `${provider}/s${from + i}`,
    provider,
    kind: 'removed' as const,
    at: 0,
  }))
}

function input(over: Partial<GuardInput>): GuardInput {
  return {
    settings,
    deployed: new Map([['provider.a', 50]]),
    items: [],
    earlier: [],
    listed: new Map([['provider.a', 50]]),
    ...over,
  }
}

describe('the guard', () => {
  it.each([
    { what: 'nothing counted', over: {}, tripped: false },
    { what: '15 of 50 are 30 percent: at the limit', over: { items: removals(15) }, tripped: false },
    { what: '16 of 50 are over it', over: { items: removals(16) }, tripped: true },
    {
      what: 'below minServices no percentage counts',
      over: { items: removals(8), deployed: new Map([['provider.a', 9]]) },
      tripped: false,
    },
    {
      what: 'an empty listing with two deployed always trips',
      over: {
        items: removals(2),
        deployed: new Map([['provider.a', 2]]),
        listed: new Map([['provider.a', 0]]),
      },
      tripped: true,
    },
    {
      what: 'an empty listing with one deployed does not',
      over: {
        items: removals(1),
        deployed: new Map([['provider.a', 1]]),
        listed: new Map([['provider.a', 0]]),
      },
      tripped: false,
    },
    {
      what: 'the absolute limit',
      over: { items: removals(101), deployed: new Map([['provider.a', 10_000]]) },
      tripped: true,
    },
    {
      what: 'what was done within the window counts too',
      over: { items: removals(6, 'provider.a', 10), earlier: removals(10) },
      tripped: true,
    },
    {
      what: 'one service counts once, however often it comes',
      over: { items: removals(10), earlier: removals(10) },
      tripped: false,
    },
    { what: 'an agreed number', over: { items: removals(16), allowDeletes: 16 }, tripped: false },
    { what: 'more than the agreed number', over: { items: removals(17), allowDeletes: 16 }, tripped: true },
  ])('$what', ({ over, tripped }) => {
    expect(judge(input(over)).tripped).toBe(tripped)
  })

  it('tells numbers, limit, key and the way out', () => {
    const verdict = judge(input({ items: removals(16) }))

    expect(verdict.reasons.join('\n')).toBe(
      'provider.a: of 50 deployed services 16 would be removed: 32 % is over the limit of 30 % (core.guard.maxDeletePercent)\n' +
        'if this is meant: interlook reconcile --allow-deletes 16',
    )
    expect(verdict.frozen).toEqual(['provider.a'])
  })

  it('freezes only the provider that is over', () => {
    const verdict = judge(
      input({
        deployed: new Map([
          ['provider.a', 50],
          ['provider.b', 50],
        ]),
        items: [...removals(20), ...removals(2, 'provider.b')],
      }),
    )

    expect(verdict.frozen).toEqual(['provider.a'])
  })

  it('judges the total when each provider alone is fine', () => {
    const verdict = judge(
      input({
        settings: { ...settings, maxDeletes: 10 },
        deployed: new Map([
          ['provider.a', 50],
          ['provider.b', 50],
        ]),
        items: [...removals(8), ...removals(8, 'provider.b')],
      }),
    )

    expect(verdict.tripped).toBe(true)
    expect(verdict.frozen).toEqual(['provider.a', 'provider.b'])
    expect(verdict.reasons[0]).toContain('total: of 100 deployed services 16 would be removed')
  })
})
