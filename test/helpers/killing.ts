import { join } from 'node:path'
import { expect } from 'vitest'
import type { Installation } from './installation.js'
import type { Random } from './random.js'
import { killWhenTorn } from './tear.js'

/** Key of a service -> its host names. */
export type Wanted = ReadonlyMap<string, readonly string[]>

/** How often what was found after kills. */
export interface Tally {
  kills: number
  /** Commands that had ended before the signal came. */
  tooLate: number
  /** The hosts file was not yet what was wanted. */
  unfinished: number
  /** A message was on its way. */
  inFlight: number
  /** The core's store was being written: its journal has to be rolled back. */
  entriesTorn: number
  /** The same of the address store. */
  addressesTorn: number
}

/**
 * Kills commands with SIGKILL again and again, and holds what was left against what must be true at any time:
 *
 * - no address is given to two services, and no service has two;
 * - a service has for life the address that it was first seen with, also when it goes and comes back;
 * - a name points at the address of its service, and that one is in use;
 * - a name that was there, and has been wanted ever since, is there.
 */
export class Killing {
  readonly tally: Tally = {
    kills: 0,
    tooLate: 0,
    unfinished: 0,
    inFlight: 0,
    entriesTorn: 0,
    addressesTorn: 0,
  }
  readonly #site: Installation
  readonly #random: Random
  readonly #addresses = new Map<string, string>()
  /** Names that nothing may take away. */
  #standing = new Set<string>()
  #wanted: Wanted = new Map()
  /** How long a command works, from its first write to its end, ms. */
  #span: number

  constructor(site: Installation, random: Random, span: number) {
    this.#site = site
    this.#random = random
    this.#span = span
  }

  get wanted(): Wanted {
    return this.#wanted
  }

  /** What the platform wants from now on. */
  want(wanted: Wanted): void {
    this.#wanted = wanted
    const names = new Set([...wanted.values()].flat())
    this.#standing = new Set([...this.#standing].filter((name) => names.has(name)))
  }

  /** Starts a command and kills it some time after its first write; `meanwhile` is done before that. */
  async kill(command: 'run' | 'reconcile', meanwhile?: () => Promise<unknown>): Promise<void> {
    const random = this.#random
    const process = this.#site.start(command)
    const isAimed = random.next() < 0.5
    const wait = (random.next() * (command === 'run' ? 1.5 : 1) + (isAimed ? 0.7 : 0)) * this.#span
    let timer: NodeJS.Timeout | undefined
    const unwatch = this.#site.onWrite(() => {
      timer ??= setTimeout(() => process.kill('SIGKILL'), wait)
    })
    // By the clock alone a transaction is hardly ever met.
    const store = random.next() < 0.5 ? 'entries' : 'addresses'
    const path = join(this.#site.folder, 'state', `${store}.db`)
    const unaim = isAimed ? await killWhenTorn(path, process.pid, random.below(3)) : undefined
    if (meanwhile !== undefined) {
      const isUp = process.saw((record) => record.msg === 'started' || record.msg === 'change')
      await isUp.then(meanwhile, () => undefined)
    }
    const { code, stdout, stderr } = await process.ended
    unwatch()
    await unaim?.()
    clearTimeout(timer)
    if (code === null) this.tally.kills += 1
    else {
      expect({ code, stdout, stderr }).toMatchObject({ code: 0 })
      this.tally.tooLate += 1
    }
    // As long as some are too late, the others are killed at any point of their work, however busy the machine is.
    if (command === 'reconcile' && !isAimed) this.#span *= code === null ? 1.1 : 0.75
    const isTorn = await this.#count()
    await this.check()
    if (isTorn && random.next() < 0.5) await this.#lookOn()
  }

  /** A dry run of what was left changes no byte. */
  async #lookOn(): Promise<void> {
    const before = await this.#site.snapshot()
    const { code, json } = await this.#site.reconcile('--dry-run', '--detailed-exitcode')
    expect([0, 2], `${this.#where()}: ${json.message}`).toContain(code)
    expect(await this.#site.snapshot(), this.#where()).toEqual(before)
  }

  #where(): string {
    return `seed ${this.#random.seed}, after kill ${this.tally.kills}`
  }

  /** True when a store was left in the middle of a transaction. */
  async #count(): Promise<boolean> {
    const isSent = (await this.#site.entries()).some(({ steps }) =>
      Object.values(steps).some((record) => record.inFlight),
    )
    if (isSent) this.tally.inFlight += 1
    if (!(await this.#isReached())) this.tally.unfinished += 1
    const [entries, addresses] = [await this.#site.isTorn('entries'), await this.#site.isTorn('addresses')]
    if (entries) this.tally.entriesTorn += 1
    if (addresses) this.tally.addressesTorn += 1
    return entries || addresses
  }

  async #isReached(): Promise<boolean> {
    const names = (await this.#site.hosts()).map(({ name }) => name)
    return JSON.stringify(names.toSorted()) === JSON.stringify([...this.#wanted.values()].flat().toSorted())
  }

  /** What must be true at any time, whatever was killed. */
  async check(): Promise<void> {
    const where = this.#where()
    const [hosts, leases] = [await this.#site.hosts(), await this.#site.leases()]
    const inUse = new Map<string, string>()
    for (const { ip, service, retired_at } of leases) {
      if (service === null) continue
      expect(ip, `${where}: address of ${service}`).toBe(this.#addresses.get(service) ?? ip)
      this.#addresses.set(service, ip)
      if (retired_at === null) inUse.set(service, ip)
    }
    expect(new Set(this.#addresses.values()).size, `${where}: addresses given once`).toBe(
      this.#addresses.size,
    )
    for (const { ip, name, key } of hosts) {
      expect(ip, `${where}: ${name} of ${key} points at its address`).toBe(inUse.get(key))
    }
    const names = hosts.map(({ name }) => name)
    expect(new Set(names).size, `${where}: names once`).toBe(names.length)
    const lost = [...this.#standing].filter((name) => !names.includes(name))
    expect(lost, `${where}: lost names`).toEqual([])
    const wanted = new Set([...this.#wanted.values()].flat())
    for (const name of names) if (wanted.has(name)) this.#standing.add(name)
  }

  /** One pass more: all is as it is wanted, and a further look finds nothing to do. */
  async converge(): Promise<void> {
    const where = this.#where()
    const pass = await this.#site.reconcile()
    expect({ code: pass.code, message: pass.json.message }, where).toEqual({ code: 0 })
    await this.check()
    const expected = [...this.#wanted].flatMap(([key, names]) => names.map((name) => ({ key, name })))
    const found = (await this.#site.hosts()).map(({ key, name }) => ({ key, name }))
    expect(byName(found), where).toEqual(byName(expected))
    const holders = (await this.#site.leases()).filter((lease) => lease.retired_at === null)
    expect(holders.map(({ service }) => service).sort(), where).toEqual([...this.#wanted.keys()].sort())
    const before = await this.#site.snapshot()
    const dry = await this.#site.reconcile('--dry-run', '--detailed-exitcode')
    expect(dry, where).toMatchObject({ code: 0, json: { counts: { inSync: this.#wanted.size } } })
    expect(await this.#site.snapshot(), where).toEqual(before)
  }
}

function byName<T extends { name: string }>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
