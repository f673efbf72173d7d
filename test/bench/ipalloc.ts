import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definition } from '../../src/extensions/ipam/ipalloc/index.js'
import type { ObservedLeases } from '../../src/extensions/ipam/ipalloc/plan.js'
import { systemClock } from '../../src/sdk/clock.js'
import { silentLogger } from '../../src/sdk/logger.js'
import type { Provisioner } from '../../src/sdk/provisioner.js'
import { bareService, type Service } from '../../src/sdk/service.js'

const NONE = { unmarked: false, owners: [] }

export interface IpallocBench {
  /** Filling a /16 in durable batches, as the core offers them. */
  fillMs: number
  filled: number
  /** Median of one allocation, plan and durable write, with this many leases in the store. */
  oneAt1000Ms: number
  oneAt60000Ms: number
}

/** Measures in a store of its own, which it removes. */
export async function benchIpalloc(batchSize = 500): Promise<IpallocBench> {
  const fill = await withPool(async (pool) => {
    const filled = 65_534
    const started = performance.now()
    await pool.add(0, filled, batchSize)
    return { filled, fillMs: performance.now() - started }
  })
  const [oneAt1000Ms, oneAt60000Ms] = await withPool((small) =>
    withPool(async (large) => {
      await small.add(0, 1000, batchSize)
      await large.add(0, 60_000, batchSize)
      const times: [number[], number[]] = [[], []]
      // In turns, so that whatever else the machine does slows both alike.
      for (let at = 0; at < 200; at++) {
        times[0].push(await timed(() => small.add(1000 + at, 1, 1)))
        times[1].push(await timed(() => large.add(60_000 + at, 1, 1)))
      }
      return [median(times[0]), median(times[1])] as const
    }),
  )
  return { ...fill, oneAt1000Ms, oneAt60000Ms }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}

interface Bench {
  add(first: number, count: number, batchSize: number): Promise<void>
}

async function withPool<Result>(work: (bench: Bench) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'interlook-bench-'))
  const signal = new AbortController().signal
  const provisioner: Provisioner<ObservedLeases> = definition.create(
    {
      network_cidr: '10.0.0.0/16',
      exclude: [],
      db_file: join(directory, 'ipalloc.db'),
      quarantine: 600_000,
      allowRequests: false,
      pools: {},
    },
    {
      id: 'ipam.ipalloc',
      owner: 'bench',
      logger: silentLogger,
      clock: systemClock,
      dryRun: false,
      deadlineMs: 60_000,
    },
  )
  try {
    await provisioner.connect?.(signal)
    let observed = await provisioner.observe({ all: true, wanted: [] }, signal)
    return await work({
      async add(first, count, batchSize) {
        for (let at = first; at < first + count; at += batchSize) {
          const size = Math.min(batchSize, first + count - at)
          const put = Array.from({ length: size }, (_, index) => ({ service: serviceNumber(at + index) }))
          const plans = provisioner.plan({ put, remove: [], adopt: NONE, now: Date.now() }, observed)
          const results = await provisioner.apply(plans, signal)
          observed = provisioner.applied?.(observed, plans, results) ?? observed
        }
      },
    })
  } finally {
    await provisioner.close?.()
    await rm(directory, { recursive: true, force: true })
  }
}

function serviceNumber(number: number): Service {
  return bareService({ provider: 'provider.swarm', name: `service-${number}` })
}
