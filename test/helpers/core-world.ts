import { Controller, silentProgress } from '../../src/core/controller.js'
import type { Entry } from '../../src/core/entry.js'
import { listingFeed, type Listing } from '../../src/core/feeds.js'
import { reconcileOnce, type OneShotOptions } from '../../src/core/pass.js'
import type { PassResult } from '../../src/core/plan.js'
import type { Settings } from '../../src/core/settings.js'
import type { StepHandle } from '../../src/core/step-handle.js'
import type { Store } from '../../src/core/store.js'
import { createChannel } from '../../src/sdk/channel.js'
import type { Clock } from '../../src/sdk/clock.js'
import type { Context } from '../../src/sdk/define.js'
import { InterlookError, type Problem } from '../../src/sdk/errors.js'
import { silentLogger, type Logger } from '../../src/sdk/logger.js'
import type { Message } from '../../src/sdk/message.js'
import type { ListedService } from '../../src/sdk/provider.js'
import type { Change, OwnedObject, PlanInput, Provisioner, ServicePlan } from '../../src/sdk/provisioner.js'
import { serveProvisioner } from '../../src/sdk/serve-provisioner.js'
import { bareService, parseServiceKey, serviceKey, type Service } from '../../src/sdk/service.js'

/** A clock that moves only when told, or when `sleep` is the only thing left to do. */
export class FakeClock implements Clock {
  time = Date.parse('2026-01-01T00:00:00Z')
  readonly #sleepers = new Set<{ at: number; wake: () => void }>()

  now = (): number => this.time

  sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted || ms <= 0) {
        resolve()
        return
      }
      const sleeper = {
        at: this.time + ms,
        wake: () => {
          this.#sleepers.delete(sleeper)
          resolve()
        },
      }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', sleeper.wake, { once: true })
    })

  advance(ms: number): void {
    this.time += ms
    for (const sleeper of [...this.#sleepers]) if (sleeper.at <= this.time) sleeper.wake()
  }
}

/** Lets everything that is ready run: several rounds of the event loop. */
export async function flush(rounds = 30): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve))
}

export class FakeStore implements Store {
  readonly saved = new Map<string, string>()
  readonly meta = new Map<string, string>()
  commits = 0
  failWith: Error | undefined

  load(): Map<string, Entry> {
    return new Map([...this.saved].map(([key, text]) => [key, JSON.parse(text) as Entry]))
  }

  commit(changes: { put: readonly Entry[]; remove: readonly string[] }): void {
    if (this.failWith) throw this.failWith
    this.commits += 1
    for (const entry of changes.put) this.saved.set(entry.key, JSON.stringify(entry))
    for (const key of changes.remove) this.saved.delete(key)
  }

  getMeta(name: string): string | undefined {
    return this.meta.get(name)
  }

  setMeta(name: string, value: string): void {
    this.meta.set(name, value)
  }

  close(): void {
    // Nothing is open.
  }
}

/** One object on a fake backend. */
export interface FakeObject {
  name: string
  owner: string
  key: string
  value: string
}

/** What a fake backend is asked to do wrong. */
export interface FakeFaults {
  /** Name of an object -> the problem that a write of it ends with. */
  refuse: Map<string, Problem>
  /** Writes wait for this. */
  hold: Promise<void> | undefined
  unreadable: boolean
}

/**
 * A backend of named objects (`name` -> value), and the provisioner for it. What a service needs is a pure function
 * of its definition: that is all that ipam, lb and dns differ in.
 */
export class FakeBackend {
  readonly objects = new Map<string, FakeObject>()
  readonly log: string[] = []
  readonly faults: FakeFaults = { refuse: new Map(), hold: undefined, unreadable: false }
  reads = 0
  readonly id: string
  readonly kind: 'ipam' | 'lb' | 'dns'
  readonly wants: (service: Service) => { name: string; value: string }[]
  settleMs = 0

  constructor(kind: 'ipam' | 'lb' | 'dns', id: string, wants: FakeBackend['wants']) {
    this.kind = kind
    this.id = id
    this.wants = wants
  }

  provisioner(owner: string, onWrite: (line: string) => void): Provisioner<Map<string, FakeObject>> {
    const settleMs = this.settleMs
    return {
      settleMs,
      observe: () => {
        this.reads += 1
        if (this.faults.unreadable)
          throw new InterlookError('unreachable', `${this.id} is down`, { retryable: true })
        return Promise.resolve(new Map(this.objects))
      },
      plan: (input, observed) => this.plan(owner, input, observed),
      apply: async (plans) => {
        if (this.faults.hold) await this.faults.hold
        return plans.map((plan) => {
          for (const change of plan.changes) {
            const refusal = this.faults.refuse.get(change.object)
            if (refusal) return { key: plan.key, problem: refusal }
          }
          for (const change of plan.changes) this.write(owner, plan.key, change, onWrite)
          return { key: plan.key, outputs: plan.outputs }
        })
      },
      claims: (service) => this.claims(service),
      owned: (observed) => this.owned(observed),
    }
  }

  private claims(service: Service): string[] {
    if (this.kind === 'dns') return service.dns_name.map((name) => `alias:${name}`)
    const address = this.kind === 'ipam' ? (service.address ?? service.public_ip) : undefined
    return address === undefined ? [] : [`address:${address}`]
  }

  private owned(observed: Map<string, FakeObject>): OwnedObject[] {
    return [...observed.values()]
      .filter((object) => object.owner !== '')
      .map((object) => ({
        owner: object.owner,
        key: object.key,
        objects: [object.name],
        service: {
          ...bareService(parseServiceKey(object.key) ?? { provider: 'x', name: object.key }),
          ...(this.kind === 'ipam' && { public_ip: object.name }),
          ...(this.kind === 'dns' && { dns_name: [object.name], public_ip: object.value }),
        },
      }))
  }

  private plan(owner: string, input: PlanInput, observed: Map<string, FakeObject>): ServicePlan[] {
    const taken = new Set(observed.keys())
    const puts = input.put.map((item): ServicePlan => {
      const key = serviceKey(item.service)
      const mine = [...observed.values()].filter((object) => object.key === key && object.owner === owner)
      if (this.kind === 'ipam') return this.planAddress(item, key, mine, taken)
      if (item.service.public_ip === undefined && item.unknown?.public_ip !== undefined) {
        const names = this.wants(item.service).map((want) => want.name)
        return {
          key,
          outputs: {},
          changes: names.map((name) => ({
            action: 'create',
            kind: 'object',
            object: name,
            fields: [{ field: 'value', to: { unknown: 'public_ip' } }],
            reason: 'new',
          })),
        }
      }
      const keep = item.previous ? this.wants(item.previous).map((want) => want.name) : []
      const changes: Change[] = []
      const wants = this.wants(item.service)
      for (const want of wants) {
        const there = observed.get(want.name)
        if (there && there.owner !== owner && !input.adopt.unmarked) {
          return {
            key,
            outputs: {},
            changes: [],
            problem: { code: 'conflict', message: `${want.name} is not ours`, retryable: false },
          }
        }
        if (there && there.value === want.value && there.key === key && there.owner === owner) continue
        changes.push({
          action: there ? 'update' : 'create',
          kind: 'object',
          object: want.name,
          fields: [{ field: 'value', ...(there && { from: there.value }), to: want.value }],
          reason: there ? 'changed' : 'new',
          data: want.value,
        })
      }
      for (const object of mine) {
        if (wants.some((want) => want.name === object.name) || keep.includes(object.name)) continue
        changes.push({
          action: 'delete',
          kind: 'object',
          object: object.name,
          fields: [],
          reason: 'not wanted',
        })
      }
      return { key, outputs: this.kind === 'lb' ? { public_port: item.service.tls ? 443 : 80 } : {}, changes }
    })
    const removes = input.remove.map((service): ServicePlan => {
      const key = serviceKey(service)
      const mine = [...observed.values()].filter((object) => object.key === key && object.owner === owner)
      return {
        key,
        outputs: {},
        changes: mine.map((object) => ({
          action: 'delete',
          kind: 'object',
          object: object.name,
          fields: [],
          reason: 'removed',
        })),
      }
    })
    return [...puts, ...removes]
  }

  private planAddress(
    item: PlanInput['put'][number],
    key: string,
    mine: FakeObject[],
    taken: Set<string>,
  ): ServicePlan {
    const { service, previous } = item
    const asked = service.address ?? service.public_ip
    const current = mine.find((object) => asked === undefined || object.name === asked)
    const free = (): string => {
      for (let i = 1; ; i++) if (!taken.has(`10.0.0.${i}`)) return `10.0.0.${i}`
    }
    if (!current && service.address !== undefined && taken.has(service.address)) {
      const problem = { code: 'address-taken', message: 'in use', retryable: true } as const
      return { key, outputs: {}, changes: [], problem }
    }
    const address = current?.name ?? (asked !== undefined && !taken.has(asked) ? asked : free())
    taken.add(address)
    const changes: Change[] = []
    if (!current) {
      changes.push({
        action: 'create',
        kind: 'address',
        object: address,
        fields: [],
        reason: 'new',
        data: 'leased',
      })
    }
    for (const object of mine) {
      if (object.name === address || object.name === previous?.public_ip) continue
      changes.push({
        action: 'delete',
        kind: 'address',
        object: object.name,
        fields: [],
        reason: 'not wanted',
      })
    }
    return { key, changes, outputs: { public_ip: address }, tentative: !current }
  }

  private write(owner: string, key: string, change: Change, onWrite: (line: string) => void): void {
    // Another service of the same batch may have taken the object over.
    if (change.action === 'delete' && this.objects.get(change.object)?.key !== key) return
    if (change.action === 'delete') this.objects.delete(change.object)
    else {
      this.objects.set(change.object, { name: change.object, owner, key, value: String(change.data) })
    }
    const sign = { create: '+', update: '~', delete: '-' }[change.action]
    const line = `${sign} ${this.id} ${change.object}${change.action === 'delete' ? '' : ` = ${String(change.data)}`}`
    this.log.push(line)
    onWrite(line)
  }
}

export interface WorldOptions {
  settings?: Partial<Settings>
  backends?: FakeBackend[]
  /** Called after every write on any backend: for invariants. */
  onWrite?: (line: string, world: World) => void
}

export function standardBackends(): FakeBackend[] {
  return [
    new FakeBackend('ipam', 'ipam.fake', () => []),
    new FakeBackend('lb', 'lb.fake', (service) =>
      service.public_ip === undefined
        ? [{ name: `vs:${service.name}`, value: '?' }]
        : [
            {
              name: `vs:${service.name}:${service.public_ip}:${service.tls ? 443 : 80}`,
              value: service.targets.map((target) => `${target.host}:${target.port}`).join(','),
            },
          ],
    ),
    new FakeBackend('dns', 'dns.fake', (service) =>
      service.dns_name.map((name) => ({ name, value: service.public_ip ?? '?' })),
    ),
  ]
}

/** A whole installation in memory: one provider, fake backends, a fake clock and store. */
export class World {
  readonly clock = new FakeClock()
  readonly store: FakeStore
  readonly backends: FakeBackend[]
  readonly writes: string[] = []
  readonly messages: Message[] = []
  /** Level and message of what the controller logged. */
  readonly logged: string[] = []
  listing: ListedService[] = []
  /** Backends of steps that the workflow has lost, started for a pass that prunes. */
  lost: FakeBackend[] = []
  listingFails: Error | undefined
  settings: Settings
  readonly options: WorldOptions
  #ids = 0

  constructor(options: WorldOptions = {}, store = new FakeStore()) {
    this.options = options
    this.store = store
    this.backends = options.backends ?? standardBackends()
    this.settings = {
      owner: 'me',
      steps: this.backends.map(({ id, kind }) => ({ id, kind })),
      providers: ['provider.fake'],
      serviceWipTimeoutMs: 90_000,
      undeployGracePeriodMs: 0,
      cleanUndeployedServiceAfterMs: 600_000,
      whenNoTargets: 'keep-last',
      providerSettleMs: 5_000,
      domains: [],
      guard: { maxDeletePercent: 30, minServices: 10, maxDeletes: 100, windowMs: 600_000 },
      maxInFlight: 500,
      backoff: { baseMs: 1_000, maxMs: 300_000 },
      ...options.settings,
    }
  }

  backend(id: string): FakeBackend {
    const found = this.backends.find((backend) => backend.id === id)
    if (!found) throw new Error(`no backend ${id}`)
    return found
  }

  names(): Record<string, string> {
    return Object.fromEntries([...this.backend('dns.fake').objects.values()].map((o) => [o.name, o.value]))
  }

  listingSide(): Listing {
    return {
      connect: () => Promise.resolve(),
      list: () =>
        this.listingFails ? Promise.reject(this.listingFails) : Promise.resolve([...this.listing]),
      watch: (_onChange, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
      close: () => Promise.resolve(),
    }
  }

  /** A fresh process on the same store and backends. */
  async boot(dryRun = false): Promise<{ controller: Controller; close: () => Promise<void> }> {
    const handles: StepHandle[] = []
    const closers: (() => Promise<void>)[] = []
    const box: { controller?: Controller } = {}
    const lostSteps: StepHandle[] = []
    for (const backend of [...this.backends, ...this.lost]) {
      const context: Context = {
        id: backend.id,
        owner: this.settings.owner,
        logger: silentLogger,
        clock: this.clock,
        dryRun,
        deadlineMs: 60_000,
      }
      const provisioner = backend.provisioner(this.settings.owner, (line) => {
        this.writes.push(line)
        this.options.onWrite?.(line, this)
      })
      const served = serveProvisioner(provisioner, context, {
        onChange: ({ key, change, at }) =>
          box.controller?.changes.push({ ...change, key, step: backend.id, at }),
      })
      const channel = createChannel<Message>()
      if (!dryRun) {
        await served.start(channel, (message) => {
          box.controller?.engine.answer(backend.id, message)
          return Promise.resolve()
        })
      } else await served.preview.connect(AbortSignal.timeout(5_000))
      closers.push(async () => {
        channel.close()
        await served.stop()
      })
      const list = this.lost.includes(backend) ? lostSteps : handles
      list.push({
        id: backend.id,
        kind: backend.kind,
        preview: served.preview,
        push: (message) => {
          this.messages.push(message)
          channel.push(message)
        },
        setAdopt: (rule) => served.setAdopt(rule),
      })
    }
    const logger = loggerInto(this.logged)
    const controller = new Controller({
      settings: this.settings,
      store: this.store,
      steps: handles,
      lostSteps,
      feeds: [listingFeed('provider.fake', this.listingSide(), this.clock, silentLogger)],
      clock: this.clock,
      logger,
      random: () => 0.5,
      newId: () => `m${++this.#ids}`,
    })
    box.controller = controller
    return {
      controller,
      close: async () => {
        await controller.engine.stop(AbortSignal.abort())
        for (const close of closers) await close()
      },
    }
  }

  async pass(given: Partial<OneShotOptions> = {}): Promise<PassResult> {
    const options = passOptions(given)
    const { controller, close } = await this.boot(options.dryRun)
    try {
      return await reconcileOnce(controller, options)
    } finally {
      await close()
    }
  }
}

export function passOptions(given: Partial<OneShotOptions> = {}): OneShotOptions {
  return {
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
    signal: new AbortController().signal,
    ...given,
  }
}

/** A listed service with sensible defaults. */
export function listed(name: string, over: Partial<Service> = {}, createdAt?: string): ListedService {
  return {
    service: {
      provider: 'provider.fake',
      name,
      targets: [{ host: '192.0.2.1', port: 8080, weight: 1 }],
      tls: false,
      dns_name: [`${name}.example.com`],
      options: {},
      ...over,
    },
    ...(createdAt !== undefined && { createdAt }),
  }
}

function loggerInto(lines: string[]): Logger {
  const log = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`)
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}
