import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bitmap } from '../../../../src/extensions/ipam/ipalloc/bitmap.js'
import type { LeaseRules } from '../../../../src/extensions/ipam/ipalloc/choose.js'
import { type Lease, LeaseBook, leaseState } from '../../../../src/extensions/ipam/ipalloc/lease-book.js'
import {
  appliedLeases,
  type ObservedLeases,
  planLeases,
} from '../../../../src/extensions/ipam/ipalloc/plan.js'
import { poolsOf } from '../../../../src/extensions/ipam/ipalloc/pool.js'
import { ShardMap } from '../../../../src/extensions/ipam/ipalloc/shard-map.js'
import { serviceKey } from '../../../../src/sdk/service.js'
import { makeFolder, MINUTE, NO_ADOPT, NOW, service, World } from './store-world.js'

const RULES: LeaseRules = {
  owner: 'me',
  quarantineMs: 10 * MINUTE,
  allowRequests: true,
  pools: poolsOf({
    network_cidr: '10.0.0.0/28',
    exclude: ['10.0.0.5'],
    pools: { dmz: { network_cidr: 'fd00::/125' } },
  }),
}

const step = fc.record({
  names: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'), {
    minLength: 1,
  }),
  remove: fc.boolean(),
  address: fc.option(fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.5', 'fd00::3'), { nil: undefined }),
  pool: fc.option(fc.constantFrom('dmz', 'lan'), { nil: undefined }),
  hint: fc.option(fc.constantFrom('10.0.0.1', '10.0.0.9'), { nil: undefined }),
  keep: fc.boolean(),
  waitMinutes: fc.constantFrom(0, 0, 3, 11),
})
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

function inputOf({ names, remove, address, pool, hint, keep }: Step, book: LeaseBook, now: number) {
  const asked = names.map((name) =>
    service(name, {
      ...(address !== undefined && { address }),
      ...(pool !== undefined && { pool }),
      ...(hint !== undefined && { public_ip: hint }),
    }),
  )
  if (remove) return { put: [], remove: asked, adopt: NO_ADOPT, now }
  const put = asked.map((one) => {
    const current = book.of(serviceKey(one)).find((lease) => leaseState(lease) === 'current')
    const previous = { ...service(one.name), ...(current && { public_ip: current.ip }) }
    return keep ? { service: one, previous } : { service: one }
  })
  return { put, remove: [], adopt: NO_ADOPT, now }
}

function inUse(book: LeaseBook): Lease[] {
  return [...book.all()].filter((lease) => leaseState(lease) !== 'resting')
}

describe('whatever happens', () => {
  it('no address is anybody’s but one service’s, none moves unasked, none is given within its quarantine', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        let observed: ObservedLeases = { book: new LeaseBook(), claimants: new Map() }
        let now = NOW
        for (const one of steps) {
          now += one.waitMinutes * MINUTE
          const before = observed.book
          const plans = planLeases(inputOf(one, before, now), observed, RULES)
          observed = appliedLeases(
            observed,
            plans.filter((plan) => plan.problem === undefined),
            plans.map(({ key, outputs }) => ({ key, outputs })),
          )

          const given = plans.map((plan) => plan.outputs.public_ip).filter((ip) => ip !== undefined)
          expect(new Set(given).size).toBe(given.length)
          for (const plan of plans) {
            const ip = plan.outputs.public_ip
            if (ip === undefined) continue
            const held = before.at(ip)
            const isFree =
              held === undefined ||
              held.service === plan.key ||
              (leaseState(held) === 'resting' && (held.retiredAt ?? 0) + RULES.quarantineMs <= now)
            expect(isFree, `${ip} for ${plan.key}`).toBe(true)
            expect(observed.book.at(ip)).toMatchObject({ service: plan.key, held: false })
            expect(ip).not.toBe('10.0.0.5')
          }
          const touched = new Set(plans.map((plan) => plan.key))
          const untouched = inUse(before).filter((lease) => !touched.has(lease.service ?? ''))
          for (const lease of untouched) expect(observed.book.at(lease.ip)).toEqual(lease)
          if (one.address === undefined && one.pool === undefined && !one.remove) {
            for (const plan of plans) {
              const had = before.of(plan.key).find((lease) => leaseState(lease) === 'current')
              if (had?.pool === 'default') expect(plan.outputs.public_ip ?? had.ip).toBe(had.ip)
            }
          }
          const again = planLeases(inputOf(one, observed.book, now), observed, RULES)
          if (!one.keep) expect(again.flatMap((plan) => plan.changes)).toEqual([])
        }
      }),
      { numRuns: 300 },
    )
  })

  it('the observation that is kept is what the store holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const folder = await makeFolder()
        const world = await World.open(folder.file, {
          config: {
            network_cidr: '10.0.0.0/28',
            allowRequests: true,
            pools: { dmz: { network_cidr: 'fd00::/125' } },
          },
        })
        try {
          const kept = await world.observe()
          let book = kept.book
          for (const one of steps) {
            world.now += one.waitMinutes * MINUTE
            const { put, remove } = inputOf(one, book, world.now)
            await world.do(put, remove)
            book = world.observed?.book ?? book
            const byAddress = (leases: Iterable<Lease>): Lease[] =>
              [...leases].sort((a, b) => (a.ip < b.ip ? -1 : 1))
            const stored = (
              await world.provisioner.observe({ all: true, wanted: [] }, new AbortController().signal)
            ).book
            expect(byAddress(book.all())).toEqual(byAddress(stored.all()))
          }
        } finally {
          await world.close()
          await folder.remove()
        }
      }),
      { numRuns: 20 },
    )
  })
})

describe('the parts below', () => {
  it('a bitmap finds the first gap, and a fork is independent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(9000), fc.boolean()), { maxLength: 200 }),
        fc.array(fc.tuple(fc.nat(9000), fc.boolean()), { maxLength: 50 }),
        fc.nat(9000),
        (first, second, from) => {
          const bitmap = new Bitmap()
          const model = new Set<number>()
          const change = (target: Bitmap, [at, add]: [number, boolean]): void =>
            add ? target.add(BigInt(at)) : target.delete(BigInt(at))
          for (const [at, add] of first) {
            change(bitmap, [at, add])
            if (add) model.add(at)
            else model.delete(at)
          }
          const fork = bitmap.fork()
          for (const one of second) change(fork, one)

          let expected = from
          while (model.has(expected)) expected++
          expect(bitmap.firstGap(BigInt(from), 10_000n)).toBe(BigInt(expected))
          expect(bitmap.count(0n, 10_000n)).toBe(model.size)
        },
      ),
    )
  })

  it('a full bitmap has no gap', () => {
    const bitmap = new Bitmap()
    for (let at = 0n; at < 5000n; at++) bitmap.add(at)

    expect(bitmap.firstGap(0n, 4999n)).toBeUndefined()
    expect(bitmap.firstGap(0n, 5000n)).toBe(5000n)
    bitmap.delete(4095n)
    expect(bitmap.firstGap(10n, 4999n)).toBe(4095n)
  })

  it('a shard map is a map, and a fork is independent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ maxLength: 2 }), fc.option(fc.nat(), { nil: undefined })), {
          maxLength: 100,
        }),
        fc.array(fc.tuple(fc.string({ maxLength: 2 }), fc.nat()), { maxLength: 30 }),
        (changes, later) => {
          const map = new ShardMap<number>()
          const model = new Map<string, number>()
          for (const [key, value] of changes) {
            if (value === undefined) {
              map.delete(key)
              model.delete(key)
            } else {
              map.set(key, value)
              model.set(key, value)
            }
          }
          const fork = map.fork()
          for (const [key, value] of later) fork.set(key, value)

          expect(map.size).toBe(model.size)
          expect([...map].sort()).toEqual([...model.values()].sort())
          for (const [key, value] of model) expect(map.get(key)).toBe(value)
        },
      ),
    )
  })
})
