import type { Clock } from './clock.js'
import { InterlookError } from './errors.js'
import type { ApplyResult, Provisioner, Scope, ServicePlan } from './provisioner.js'
import { type Service, serviceKey } from './service.js'

/** One read that is under way. */
interface Reading {
  /** Services that were written to while it ran: what it says of them may be from before or after. */
  touched: Set<string>
}

/**
 * The one observation of a provisioner, with what is known of its age: which services it covers, when they were
 * read, and which of them must be read again before anything is decided on it.
 */
export class SharedObservation<Observed> {
  private held: { value: Observed } | undefined
  private wholeAt: number | undefined
  private readonly readAt = new Map<string, number>()
  /** Key -> the places that were looked at for foreign objects. */
  private readonly places = new Map<string, Set<string>>()
  private readonly stale = new Set<string>()
  private readonly readings = new Set<Reading>()
  private readonly writing = new Set<string>()
  private readonly provisioner: Provisioner<Observed>
  private readonly clock: Clock

  constructor(provisioner: Provisioner<Observed>, clock: Clock) {
    this.provisioner = provisioner
    this.clock = clock
  }

  /** Undefined before the first read. */
  get current(): { value: Observed } | undefined {
    return this.held
  }

  /** The value, for those who may only come after a read. */
  require(): Observed {
    if (this.held === undefined) {
      throw new InterlookError('internal', 'a plan was asked for before the backend was observed')
    }
    return this.held.value
  }

  /** Reads `scope` and makes it part of the observation. */
  async read(scope: Scope, signal: AbortSignal): Promise<void> {
    const startedAt = this.clock.now()
    const reading: Reading = { touched: new Set() }
    this.readings.add(reading)
    try {
      this.install(scope, await this.provisioner.observe(scope, signal), startedAt, reading)
    } finally {
      this.readings.delete(reading)
    }
  }

  /** True when the observation tells nothing that holds of this service. */
  isUnread(service: Service, action: 'put' | 'remove'): boolean {
    const key = serviceKey(service)
    if (this.held === undefined || this.stale.has(key)) return true
    if (action === 'put') return !this.places.get(key)?.has(this.placesOf(service))
    // A whole read holds everything that we own, so it covers every service that may be removed.
    return this.wholeAt === undefined && !this.places.has(key)
  }

  /** When the service was last read or written with a known outcome. */
  lastReadAt(key: string): number {
    return Math.max(
      this.wholeAt ?? Number.NEGATIVE_INFINITY,
      this.readAt.get(key) ?? Number.NEGATIVE_INFINITY,
    )
  }

  /** Called before `apply`: reads that run meanwhile cannot be trusted for these services. */
  beginWrites(keys: readonly string[]): void {
    for (const key of keys) this.writing.add(key)
    this.touch(keys)
  }

  /** Called after `apply` with one result per plan. */
  endWrites(plans: readonly ServicePlan[], results: readonly ApplyResult[]): void {
    const keys = plans.map((plan) => plan.key)
    for (const key of keys) this.writing.delete(key)
    this.touch(keys)
    const failed = new Set(
      results.filter((result) => result.problem !== undefined).map((result) => result.key),
    )
    // A stale service was read while it was being written: what we know of it cannot be brought up to date.
    const settled = plans.filter((plan) => !failed.has(plan.key) && !this.stale.has(plan.key))
    this.markStale(keys.filter((key) => failed.has(key)))
    this.bringUpToDate(settled, results)
  }

  /** In place of `endWrites` when what was written is not known. */
  abandonWrites(keys: readonly string[]): void {
    for (const key of keys) this.writing.delete(key)
    this.touch(keys)
    this.markStale(keys)
  }

  markStale(keys: readonly string[]): void {
    for (const key of keys) this.stale.add(key)
  }

  private install(scope: Scope, part: Observed, startedAt: number, reading: Reading): void {
    const partial = !scope.all && this.held !== undefined && this.provisioner.merge !== undefined
    const value =
      partial && this.held !== undefined && this.provisioner.merge !== undefined
        ? this.provisioner.merge(this.held.value, part, scope)
        : part
    this.held = { value }
    if (scope.all || this.provisioner.merge === undefined) {
      this.wholeAt = startedAt
      this.readAt.clear()
      this.stale.clear()
    }
    if (scope.all) this.places.clear()
    for (const service of scope.wanted) {
      const key = serviceKey(service)
      this.stale.delete(key)
      if (!scope.all) this.readAt.set(key, startedAt)
      const seen = this.places.get(key) ?? new Set<string>()
      this.places.set(key, seen.add(this.placesOf(service)))
    }
    this.markStale([...reading.touched, ...this.writing])
  }

  private bringUpToDate(plans: readonly ServicePlan[], results: readonly ApplyResult[]): void {
    if (plans.length === 0) return
    if (this.provisioner.applied === undefined || this.held === undefined) {
      this.forget()
      return
    }
    const keys = new Set(plans.map((plan) => plan.key))
    const theirs = results.filter((result) => keys.has(result.key))
    this.held = { value: this.provisioner.applied(this.held.value, [...plans], theirs) }
    const now = this.clock.now()
    for (const key of keys) this.readAt.set(key, now)
  }

  /**
   * A write may have taken an object over from another service, so without `applied` nothing that was read before
   * holds of anybody.
   */
  private forget(): void {
    this.wholeAt = undefined
    this.places.clear()
    this.readAt.clear()
  }

  private touch(keys: readonly string[]): void {
    for (const reading of this.readings) {
      for (const key of keys) reading.touched.add(key)
    }
  }

  /** Where objects of the service would stand, so where foreign ones matter. */
  private placesOf(service: Service): string {
    const { tls, public_ip, public_port, dns_name, address, pool } = service
    const places = this.provisioner.claims?.(service) ?? [
      tls,
      public_ip,
      public_port,
      dns_name,
      address,
      pool,
    ]
    return JSON.stringify(places)
  }
}
