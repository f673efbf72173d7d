import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Installation, install } from '../helpers/installation.js'
import { Killing } from '../helpers/killing.js'
import { type Random, seededRandom } from '../helpers/random.js'
import { describeReal, SWARM_NEEDS } from '../helpers/real.js'
import { startSwarm, type Swarm } from '../helpers/swarm.js'

/** The guard has tests of its own; here so much comes and goes that it would refuse. */
const core = { guard: { maxDeletePercent: 100, maxDeletes: 100_000 } }

let site: Installation

afterEach(async () => {
  await site.remove()
})

describe('kill -9 over 300 services of a file', () => {
  const KILLS = 50
  const SERVICES = 300
  /** Name -> what stands in the file. */
  interface FileService {
    hosts: string[]
    port: number
  }
  const services = new Map<string, FileService>()
  const gone: string[] = []
  let made = 0
  /** The one that was given a name last. */
  let heir = ''

  function add(name: string): void {
    const host = `${name}.example.com`
    services.set(name, { hosts: [isTaken(host) ? `again-${host}` : host], port: 8000 })
  }

  function make(): string {
    made += 1
    add(`s${made}`)
    return `s${made}`
  }

  function isTaken(host: string): boolean {
    return [...services.values()].some(({ hosts }) => hosts.includes(host))
  }

  /** Some go, some come back, some are new, some change; and names pass from one that goes, or stays, to another. */
  async function change(killing: Killing, random: Random): Promise<void> {
    const old = [...services.keys()]
    // Often the same name again, while the last handover is still under way.
    const heirless = services.has(heir) && random.next() < 0.5 ? heir : random.some(old.slice(100), 1)[0]
    const leaving = random.some(old.slice(100), 8).filter((name) => name !== heirless)
    const inherited = services.get(heirless ?? '')?.hosts ?? []
    for (const name of [heirless ?? '', ...leaving]) services.delete(name)
    for (const name of random.some(gone, 4)) {
      gone.splice(gone.indexOf(name), 1)
      add(name)
    }
    gone.push(...leaving)
    while (services.size < SERVICES) make()
    const names = [...services.keys()]
    for (const service of some(random, names, 10)) service.port += 1
    for (const service of some(random, names, 10)) {
      service.hosts = [`n${random.below(1e9)}.example.com`, ...service.hosts.slice(0, 1)]
    }
    const [from, to] = some(random, names, 2)
    if (from && to && from.hosts.length > 1) to.hosts.push(...from.hosts.splice(-1))
    heir = random.next() < 0.5 ? `s${made}` : (random.some(names, 1)[0] ?? '')
    services.get(heir)?.hosts.push(...inherited)
    await write(killing)
  }

  function some(random: Random, names: readonly string[], count: number): FileService[] {
    return random.some(names, count).flatMap((name) => services.get(name) ?? [])
  }

  async function write(killing: Killing): Promise<void> {
    killing.want(new Map([...services].map(([name, { hosts }]) => [`provider.file/${name}`, hosts])))
    const list = [...services].map(([name, { hosts, port }]) => ({
      name,
      hosts,
      targets: [{ host: '192.0.2.1', port }],
    }))
    await site.write('services.yml', JSON.stringify({ services: list }))
  }

  beforeEach(async () => {
    site = await install({ provider: { file: { path: 'services.yml' } }, core })
  })

  it(`converges after ${KILLS} kills of passes and daemons, with no address twice, none moved, no name lost`, async () => {
    const random = seededRandom('kill -9, file')
    const killing = new Killing(site, random, 400)
    while (services.size < SERVICES) make()
    await write(killing)
    await killing.kill('reconcile')
    await killing.converge()

    while (killing.tally.kills < KILLS) {
      await change(killing, random)
      if (random.next() < 0.5) await killing.kill('reconcile')
      else await killing.kill('run', random.next() < 0.5 ? () => change(killing, random) : undefined)
      if (killing.tally.kills % 10 === 0) await killing.converge()
    }
    await killing.converge()

    process.stderr.write(`kill -9, file: ${JSON.stringify(killing.tally)}\n`)
    // Otherwise nothing was cut short, and nothing is proved.
    expect(killing.tally.unfinished).toBeGreaterThan(KILLS / 5)
    expect(killing.tally.inFlight).toBeGreaterThan(0)
    expect(killing.tally.entriesTorn + killing.tally.addressesTorn).toBeGreaterThan(0)
    expect(await site.scratch()).toEqual([])
  })
})

describeReal('kill -9 over the services of a real swarm', SWARM_NEEDS, () => {
  const KILLS = 12
  const SERVICES = 24
  let swarm: Swarm

  beforeEach(async () => {
    swarm = await startSwarm()
    site = await install({
      provider: { swarm: { endpoint: swarm.endpoint, pollInterval: '100ms' } },
      core,
    })
  })

  afterEach(async () => {
    await swarm.stop()
  })

  it(`converges after ${KILLS} kills of passes and daemons, with no address twice, none moved, no name lost`, async () => {
    const random = seededRandom('kill -9, swarm')
    const killing = new Killing(site, random, 400)
    const hosts = new Map<string, string>()
    const labels = (name: string) => ({ 'interlook.hosts': hosts.get(name) ?? '' })
    const wanted = () => new Map([...hosts].map(([name, host]) => [`provider.swarm/${name}`, [host]]))
    const create = async (index: number): Promise<void> => {
      const name = `s${index}`
      hosts.set(name, `${name}.example.com`)
      const ports = [{ target: 80, published: 8000 + index, mode: 'host' as const }]
      await swarm.createService({ name, labels: labels(name), ports })
    }
    const change = async (): Promise<void> => {
      const names = [...hosts.keys()]
      const renamed = random.some(names.slice(1), 6)
      for (const name of renamed) hosts.set(name, `${name}-${random.below(1e6)}.example.com`)
      const [leaving = ''] = random.some(names.slice(4), 1)
      hosts.delete(leaving)
      killing.want(wanted())
      await Promise.all([
        swarm.removeService(leaving),
        ...renamed
          .filter((name) => name !== leaving)
          .map((name) => swarm.updateService(name, { labels: labels(name), wait: false })),
      ])
    }
    await Promise.all(Array.from({ length: SERVICES }, (_, index) => create(index)))
    killing.want(wanted())
    await killing.kill('reconcile')
    await killing.converge()

    let next = SERVICES
    while (killing.tally.kills < KILLS) {
      await change()
      if (random.next() < 0.5) await killing.kill('reconcile')
      else await killing.kill('run')
      if (killing.tally.kills % 4 !== 0) continue
      await Promise.all(Array.from({ length: 3 }, () => create(next++)))
      killing.want(wanted())
      await killing.converge()
    }
    await killing.converge()

    process.stderr.write(`kill -9, swarm: ${JSON.stringify(killing.tally)}\n`)
    expect(killing.tally.unfinished).toBeGreaterThan(KILLS / 5)
    expect(await site.scratch()).toEqual([])
  })
})
