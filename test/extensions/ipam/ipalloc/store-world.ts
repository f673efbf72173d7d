import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definition } from '../../../../src/extensions/ipam/ipalloc/index.js'
import type { ObservedLeases } from '../../../../src/extensions/ipam/ipalloc/plan.js'
import { IpallocConfig } from '../../../../src/extensions/ipam/ipalloc/schema.js'
import type { Clock } from '../../../../src/sdk/clock.js'
import { silentLogger } from '../../../../src/sdk/logger.js'
import type {
  AdoptRule,
  ApplyResult,
  PlanInput,
  Provisioner,
  PutItem,
  ServicePlan,
} from '../../../../src/sdk/provisioner.js'
import { bareService, type Service } from '../../../../src/sdk/service.js'

export const NOW = Date.UTC(2030, 0, 1)
export const MINUTE = 60_000
export const NO_ADOPT: AdoptRule = { unmarked: false, owners: [] }
const never = new AbortController().signal

export function service(name: string, more: Partial<Service> = {}): Service {
  return { ...bareService({ provider: 'provider.file', name }), ...more }
}

export interface IpallocOptions {
  config?: Record<string, unknown>
  owner?: string
  dryRun?: boolean
}

/** An ipalloc on a file of its own, driven as the core does: observe, plan, apply, applied. */
export class World {
  readonly provisioner: Provisioner<ObservedLeases>
  now = NOW
  observed: ObservedLeases | undefined

  constructor(file: string, { config, owner = 'me', dryRun = false }: IpallocOptions = {}) {
    const clock: Clock = { now: () => this.now, sleep: () => Promise.resolve() }
    this.provisioner = definition.create(
      IpallocConfig.parse({ network_cidr: '10.0.0.0/29', db_file: file, ...config }),
      { id: 'ipam.ipalloc', owner, logger: silentLogger, clock, dryRun, deadlineMs: 5000 },
    )
  }

  static async open(file: string, options: IpallocOptions = {}): Promise<World> {
    const world = new World(file, options)
    await world.provisioner.connect?.(never)
    return world
  }

  async observe(wanted: readonly Service[] = []): Promise<ObservedLeases> {
    this.observed = await this.provisioner.observe({ all: true, wanted }, never)
    return this.observed
  }

  async reread(wanted: readonly Service[]): Promise<void> {
    const scope = { all: false as const, wanted }
    const part = await this.provisioner.observe(scope, never)
    this.observed = this.provisioner.merge?.(this.observed ?? part, part, scope) ?? part
  }

  async plan(put: readonly PutItem[], remove: Service[] = [], adopt = NO_ADOPT): Promise<ServicePlan[]> {
    const input: PlanInput = { put: [...put], remove, adopt, now: this.now }
    return this.provisioner.plan(input, this.observed ?? (await this.observe()))
  }

  async apply(plans: ServicePlan[]): Promise<ApplyResult[]> {
    const doable = plans.filter((plan) => plan.problem === undefined && plan.changes.length > 0)
    const results = await this.provisioner.apply(doable, never)
    const before = this.observed ?? (await this.observe())
    this.observed = this.provisioner.applied?.(before, doable, results) ?? before
    return results
  }

  /** Plans, applies, and answers the plans. */
  async do(put: readonly PutItem[], remove: Service[] = [], adopt = NO_ADOPT): Promise<ServicePlan[]> {
    const plans = await this.plan(put, remove, adopt)
    for (const { problem } of await this.apply(plans)) if (problem) throw new Error(problem.message)
    return plans
  }

  async give(...services: Service[]): Promise<(string | undefined)[]> {
    const plans = await this.do(services.map((one) => ({ service: one })))
    return plans.map((plan) => plan.outputs.public_ip)
  }

  async close(): Promise<void> {
    await this.provisioner.close?.()
  }
}

export interface Folder {
  path: string
  file: string
  remove(): Promise<void>
}

export async function makeFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'interlook-ipalloc-'))
  return { path, file: join(path, 'ipalloc.db'), remove: () => rm(path, { recursive: true, force: true }) }
}

/** Names, bytes and times of everything in a folder. */
export async function fingerprint(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of (await readdir(folder)).sort()) {
    const { mtimeNs, size } = await stat(join(folder, name), { bigint: true })
    const hash = createHash('sha256')
      .update(await readFile(join(folder, name)))
      .digest('hex')
    found[name] = `${size} ${mtimeNs} ${hash}`
  }
  return found
}
