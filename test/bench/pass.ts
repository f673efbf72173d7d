import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSession } from '../../src/cli/compose.js'
import { loadConfig } from '../../src/config/load.js'
import { silentProgress } from '../../src/core/controller.js'
import { reconcileOnce, type OneShotOptions } from '../../src/core/pass.js'
import { registry } from '../../src/extensions/index.js'
import { silentLogger } from '../../src/sdk/logger.js'

export interface PassBench {
  /** Median of a pass that changes nothing, ms: list, read, plan, judge. */
  smallMs: number
  largeMs: number
}

/** A no-change pass over file -> ipalloc -> hosts with 1,000 and with 10,000 services, taken in turns. */
export async function benchPass(rounds = 7): Promise<PassBench> {
  return withInstallation(1_000, (small) =>
    withInstallation(10_000, async (large) => {
      const times: [number[], number[]] = [[], []]
      for (let round = 0; round < rounds; round++) {
        times[0].push(await small())
        times[1].push(await large())
      }
      return { smallMs: median(times[0]), largeMs: median(times[1]) }
    }),
  )
}

async function withInstallation<T>(
  count: number,
  use: (pass: () => Promise<number>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'interlook-bench-'))
  try {
    await writeFile(join(folder, 'interlook.yml'), configText(folder))
    await writeFile(join(folder, 'services.yml'), servicesText(count))
    await onePass(folder)
    return await use(() => onePass(folder))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** One pass in a session of its own; the time is that of the pass alone. */
async function onePass(folder: string): Promise<number> {
  const file = join(folder, 'interlook.yml')
  const { readFileSync } = await import('node:fs')
  const { config, issues } = await loadConfig({
    file,
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    cwd: folder,
    mode: 'run',
    registry: registry(),
  })
  if (!config) throw new Error(issues.map((issue) => issue.message).join('; '))
  const signal = new AbortController().signal
  const session = await openSession({
    config,
    logger: silentLogger,
    command: 'bench',
    dryRun: false,
    lockTimeoutMs: 0,
    signal,
  })
  try {
    const started = performance.now()
    const result = await reconcileOnce(session.controller, { ...options, signal })
    if (result.exitCode !== 0)
      throw new Error(`the pass ended with ${result.exitCode}: ${result.message ?? ''}`)
    return performance.now() - started
  } finally {
    await session.close()
  }
}

const options: Omit<OneShotOptions, 'signal'> = {
  dryRun: false,
  detailedExitCode: false,
  waitMs: 0,
  adopt: { unmarked: false, owners: [] },
  prune: false,
  release: [],
  observe: 'all',
  mode: 'settle',
  earlier: [],
  progress: silentProgress,
}

/** A chain of the embedded extensions below `folder`. */
export function configText(folder: string): string {
  return `core:
  instanceId: bench
  workflow: [provider.file, ipam.ipalloc, dns.hosts]
  workflowEntriesFile: ${folder}/entries.db
  logLevel: ERROR
provider: { file: { path: ${folder}/services.yml } }
ipam: { ipalloc: { network_cidr: 10.64.0.0/16, db_file: ${folder}/addresses.db } }
dns: { hosts: { path: ${folder}/hosts } }
`
}

export function servicesText(count: number): string {
  const lines = ['services:']
  for (let i = 0; i < count; i++) {
    lines.push(
      `  - { name: s${i}, hosts: [s${i}.example.com], targets: [{ host: 198.51.100.1, port: ${1024 + (i % 60000)} }, { host: 198.51.100.2, port: ${1024 + (i % 60000)} }] }`,
    )
  }
  return `${lines.join('\n')}\n`
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
