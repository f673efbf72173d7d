import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HostsState } from '../../../../src/extensions/dns/hosts/state.js'
import { definition } from '../../../../src/extensions/dns/hosts/index.js'
import { HostsConfig } from '../../../../src/extensions/dns/hosts/schema.js'
import { systemClock } from '../../../../src/sdk/clock.js'
import { silentLogger } from '../../../../src/sdk/logger.js'
import type {
  AdoptRule,
  ApplyResult,
  Provisioner,
  PutItem,
  ServicePlan,
} from '../../../../src/sdk/provisioner.js'
import { bareService, type Service } from '../../../../src/sdk/service.js'

export const NO_ADOPT: AdoptRule = { unmarked: false, owners: [] }
const never = new AbortController().signal

export function service(name: string, ip?: string, dns_name: string[] = [`${name}.example.com`]): Service {
  return {
    ...bareService({ provider: 'provider.file', name }),
    dns_name,
    ...(ip !== undefined && { public_ip: ip }),
  }
}

export interface Folder {
  path: string
  file: string
  write(text: string): Promise<void>
  read(): Promise<string>
  remove(): Promise<void>
}

export async function makeFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'interlook-hosts-'))
  const file = join(path, 'hosts')
  return {
    path,
    file,
    write: (text) => writeFile(file, text, 'latin1'),
    read: () => readFile(file, 'latin1'),
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

/** A hosts extension on one file, driven as the core does. */
export class World {
  readonly provisioner: Provisioner<HostsState>
  observed: HostsState | undefined

  constructor(file: string, { owner = 'me', dryRun = false } = {}) {
    this.provisioner = definition.create(HostsConfig.parse({ path: file }), {
      id: 'dns.hosts',
      owner,
      logger: silentLogger,
      clock: systemClock,
      dryRun,
      deadlineMs: 5000,
    })
  }

  async observe(): Promise<HostsState> {
    this.observed = await this.provisioner.observe({ all: true, wanted: [] }, never)
    return this.observed
  }

  async plan(put: readonly PutItem[], remove: Service[] = [], adopt = NO_ADOPT): Promise<ServicePlan[]> {
    return this.provisioner.plan({ put: [...put], remove, adopt, now: 0 }, await this.observe())
  }

  async apply(plans: ServicePlan[]): Promise<ApplyResult[]> {
    const doable = plans.filter((plan) => plan.problem === undefined && plan.changes.length > 0)
    const before = this.observed ?? (await this.observe())
    const results = await this.provisioner.apply(doable, never)
    this.observed = this.provisioner.applied?.(before, doable, results) ?? before
    return results
  }

  /** Plans, applies, and answers the plans. */
  async do(put: readonly PutItem[], remove: Service[] = [], adopt = NO_ADOPT): Promise<ServicePlan[]> {
    const plans = await this.plan(put, remove, adopt)
    await this.apply(plans)
    return plans
  }

  async put(...services: Service[]): Promise<ServicePlan[]> {
    return this.do(services.map((one) => ({ service: one })))
  }
}

export function block(owner: string, ...lines: string[]): string {
  return [`# BEGIN interlook ${owner}`, ...lines, `# END interlook ${owner}`, ''].join('\n')
}
