import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Installation, install, type Pass } from '../helpers/installation.js'
import { like } from '../helpers/like.js'
import { seededRandom } from '../helpers/random.js'
import { describeReal, SWARM_NEEDS } from '../helpers/real.js'
import { killWhenTorn } from '../helpers/tear.js'
import { type SocketTap, tapSocket } from '../helpers/socket-tap.js'
import { startSwarm, type Swarm } from '../helpers/swarm.js'

let swarm: Swarm
let tap: SocketTap
let site: Installation
let suite = 0
let port = 8000
const made = new Set<string>()

/** A service of the present test, with one task on a port of its own: its target stays the same. */
async function create(name: string, labels: Record<string, string> = {}): Promise<void> {
  made.add(name)
  port += 1
  await swarm.createService({
    name,
    labels: labelsOf(name, labels),
    ports: [{ target: 80, published: port, mode: 'host' }],
  })
}

function labelsOf(name: string, labels: Record<string, string> = {}): Record<string, string> {
  return { 'interlook.hosts': `${name}.example.com`, suite: String(suite), ...labels }
}

/** Other labels; its task runs on. */
async function relabel(name: string, labels: Record<string, string> = {}): Promise<void> {
  await swarm.updateService(name, { labels: labelsOf(name, labels), wait: false })
}

/** It runs on, and asks for nothing any more. */
async function hide(name: string): Promise<void> {
  await swarm.updateService(name, { labels: { suite: String(suite) }, wait: false })
}

async function remove(name: string): Promise<void> {
  made.delete(name)
  await swarm.removeService(name)
}

/** What a plan says it would write. */
function planned({ json }: Pass): unknown[] {
  return json.plan.flatMap(({ key, steps }) =>
    steps.flatMap(({ step, changes }) => changes.map((change) => ({ key, step, ...change }))),
  )
}

/** What was written. */
function written({ json }: Pass): unknown[] {
  return json.changes.map(({ at: _, ...change }) => change)
}

/** What is on disk apart from the lock: the note in it comes and goes with every run. */
async function stateFiles(): Promise<Record<string, string>> {
  const all = await site.snapshot()
  return Object.fromEntries(Object.entries(all).filter(([name]) => name !== 'state'))
}

describeReal('reconcile on a real swarm', SWARM_NEEDS, () => {
  beforeAll(async () => {
    swarm = await startSwarm()
    tap = await tapSocket(swarm.endpoint)
  })

  afterAll(async () => {
    await tap.close()
    await swarm.stop()
  })

  beforeEach(async () => {
    suite += 1
    site = await install({
      provider: {
        swarm: {
          endpoint: tap.endpoint,
          labelSelector: [`suite=${suite}`],
          pollInterval: '100ms',
          requestTimeout: '1s',
        },
      },
    })
  })

  afterEach(async () => {
    tap.onRequest = () => undefined
    for (const name of [...made]) await remove(name)
    await site.remove()
  })

  it('shows in a dry run what a pass then does, and is in sync after it', async () => {
    await Promise.all([
      create('web', { 'interlook.hosts': 'web.example.com,www.example.com' }),
      create('api'),
    ])
    const before = await site.snapshot()

    const dry = await site.reconcile('--dry-run', '--detailed-exitcode')
    const shown = await site.start('reconcile', '--dry-run').ended
    const untouched = await site.snapshot()
    const first = await site.reconcile()
    const after = await stateFiles()
    const again = await site.reconcile()

    expect(untouched).toEqual(before)
    expect(dry).toMatchObject({ code: 2, json: { exitCode: 2, counts: { create: 2 }, changes: [] } })
    expect(shown).toMatchObject({ code: 0, stdout: like(/^plan: 2 to create, .*[^]*www\.example\.com/) })
    expect(first).toMatchObject({ code: 0, json: { exitCode: 0, counts: { create: 2 } } })
    const addresses = new Map(first.json.services.map(({ key, public_ip }) => [key, public_ip]))
    // What only ipalloc could tell is known now; everything else is as it was shown.
    const expected = planned(dry).map((change) =>
      JSON.parse(JSON.stringify(change), (_, value) =>
        value?.unknown === 'public_ip' ? addresses.get((change as { key: string }).key) : value,
      ),
    )
    expect(expected).toHaveLength(5)
    expect(byText(written(first))).toEqual(byText(expected))
    expect(await site.hosts()).toEqual([
      { ip: addresses.get('provider.swarm/api'), name: 'api.example.com', key: 'provider.swarm/api' },
      { ip: addresses.get('provider.swarm/web'), name: 'web.example.com', key: 'provider.swarm/web' },
      { ip: addresses.get('provider.swarm/web'), name: 'www.example.com', key: 'provider.swarm/web' },
    ])
    expect(again).toMatchObject({ code: 0, json: { counts: { inSync: 2, create: 0 }, changes: [] } })
    expect(await stateFiles()).toEqual(after)
    const settled = await site.start('reconcile').ended
    expect(settled).toMatchObject({ code: 0, stdout: 'in sync: 2 services deployed, nothing to do\n' })
    expect(await site.scratch()).toEqual([])
  })

  it('undoes a removed service in reverse: name first, then the address, which rests', async () => {
    await Promise.all([create('web'), create('api')])
    const first = await site.reconcile()
    const ip = first.json.services.find(({ key }) => key === 'provider.swarm/web')?.public_ip

    await remove('web')
    const before = await site.snapshot()
    const dry = await site.reconcile('--dry-run', '--detailed-exitcode')
    const untouched = await site.snapshot()
    const pass = await site.reconcile()
    await create('new')
    const next = await site.reconcile()

    expect(untouched).toEqual(before)
    expect(dry).toMatchObject({ code: 2, json: { counts: { remove: 1, inSync: 1 } } })
    expect(pass).toMatchObject({ code: 0, json: { counts: { remove: 1, inSync: 1 } } })
    expect(withoutTimes(written(pass))).toEqual(withoutTimes(planned(dry)))
    expect(pass.json.changes).toMatchObject([
      { key: 'provider.swarm/web', step: 'dns.hosts', action: 'delete', object: 'web.example.com' },
      { key: 'provider.swarm/web', step: 'ipam.ipalloc', action: 'delete', object: ip },
    ])
    expect(JSON.stringify(pass.json.changes.at(-1)?.fields)).toContain('quarantine until')
    const lease = (await site.leases()).find((row) => row.ip === ip)
    expect(lease).toMatchObject({ service: 'provider.swarm/web', held: 0, retired_at: expect.any(Number) })
    expect(next.code).toBe(0)
    expect((await site.hosts()).map(({ name }) => name)).toEqual(['api.example.com', 'new.example.com'])
    expect((await site.hosts()).map((line) => line.ip)).not.toContain(ip)
  })

  it('follows a changed label for that service alone, at the same address', async () => {
    await Promise.all([create('web'), create('api')])
    await site.reconcile()
    const before = await site.hosts()

    await relabel('web', { 'interlook.hosts': 'shop.example.com' })
    const dry = await site.reconcile('--dry-run', '--detailed-exitcode')
    const pass = await site.reconcile()
    const again = await site.reconcile()

    expect(dry).toMatchObject({ code: 2, json: { counts: { update: 1, inSync: 1 } } })
    expect(written(pass)).toEqual(planned(dry))
    // The new before the old goes.
    expect(pass.json.changes).toMatchObject([
      { key: 'provider.swarm/web', step: 'dns.hosts', action: 'create', object: 'shop.example.com' },
      { key: 'provider.swarm/web', step: 'dns.hosts', action: 'delete', object: 'web.example.com' },
    ])
    expect(await site.hosts()).toEqual(
      before
        .map((line) => (line.name === 'web.example.com' ? { ...line, name: 'shop.example.com' } : line))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    )
    expect(again).toMatchObject({ code: 0, json: { counts: { inSync: 2 }, changes: [] } })
  })

  it('keeps the last good state of a service whose label became bad, and says which one', async () => {
    await Promise.all([create('web'), create('api')])
    await site.reconcile()
    const before = await site.hosts()

    await relabel('web', { 'interlook.hosts': 'other.example.com', 'interlook.ssl': 'maybe' })
    await relabel('api', { 'interlook.hosts': 'api2.example.com' })
    const dry = await site.reconcile('--dry-run', '--detailed-exitcode')
    const pass = await site.reconcile()
    const hosts = await site.hosts()
    await relabel('web', {})
    const mended = await site.reconcile()

    for (const { code, json } of [dry, pass]) {
      expect({ code, ...json }).toMatchObject({
        code: 4,
        reason: 'label-invalid',
        message: like(/provider\.swarm\/web: .*interlook\.ssl.*maybe.*expected/),
        counts: { error: 1, update: 1 },
      })
    }
    const service = pass.json.services.find(({ key }) => key === 'provider.swarm/web')
    expect(service).toMatchObject({ state: 'deployed', problem: { code: 'label-invalid' } })
    expect(hosts.find(({ name }) => name === 'web.example.com')).toEqual(
      before.find(({ name }) => name === 'web.example.com'),
    )
    // The others go on.
    expect(hosts.map(({ name }) => name)).toEqual(['api2.example.com', 'web.example.com'])
    expect(mended).toMatchObject({ code: 0, json: { counts: { inSync: 2 }, changes: [] } })
  })

  describe('with a dockerd that does not answer', () => {
    /** A pass in a broken world between two in a whole one: nothing changes. */
    async function passesIn(broken: () => Promise<Pass[]>, mend: () => Promise<void>): Promise<Pass[]> {
      await Promise.all([create('web'), create('api')])
      await site.reconcile()
      const before = await stateFiles()
      let passes: Pass[]
      try {
        passes = await broken()
      } finally {
        await mend()
      }
      expect(await stateFiles()).toEqual(before)
      expect(await site.reconcile()).toMatchObject({ code: 0, json: { counts: { inSync: 2 }, changes: [] } })
      expect(await stateFiles()).toEqual(before)
      return passes
    }

    /** dockerd in trouble from the moment on in which the services are asked for. */
    async function passTroubledBy(trouble: () => Promise<void> | void, ...flags: string[]): Promise<Pass> {
      let isDone = false
      tap.onRequest = async (text) => {
        if (isDone || !/^GET \S*\/services/.test(text)) return
        isDone = true
        await trouble()
      }
      return site.reconcile(...flags)
    }

    it('ends with 69 and changes nothing when it is dead', async () => {
      const passes = await passesIn(
        async () => {
          await swarm.kill()
          return [await site.reconcile(), await site.reconcile('--dry-run')]
        },
        () => swarm.restart(),
      )

      for (const { code, json } of passes) {
        expect({ code, ...json }).toMatchObject({
          code: 69,
          exitCode: 69,
          reason: 'extension-start',
          message: like(/^provider\.swarm did not start: /),
        })
      }
    })

    it('ends with 69 and changes nothing when it hangs before the pass', async () => {
      const [pass] = await passesIn(
        async () => {
          swarm.pause()
          return [await site.reconcile()]
        },
        async () => swarm.resume(),
      )

      expect(pass).toMatchObject({
        code: 69,
        json: { reason: 'extension-start', message: like(/provider\.swarm did not start: .*1000 ms/) },
      })
    })

    it('ends with 4 and changes nothing when it hangs in the middle of the pass', async () => {
      const passes = await passesIn(
        async () => {
          const pass = await passTroubledBy(() => swarm.pause())
          swarm.resume()
          return [pass, await passTroubledBy(() => swarm.pause(), '--dry-run', '--detailed-exitcode')]
        },
        async () => swarm.resume(),
      )

      for (const { code, json } of passes) expect({ code, ...json }).toMatchObject(unlisted)
    })

    it('ends with 4 and changes nothing when it dies in the middle of the pass', async () => {
      const [pass] = await passesIn(
        async () => [await passTroubledBy(() => swarm.kill())],
        () => swarm.restart(),
      )

      expect({ code: pass?.code, ...pass?.json }).toMatchObject(unlisted)
    })

    const unlisted = {
      code: 4,
      exitCode: 4,
      reason: 'provider-unlisted',
      message: like(/^provider\.swarm: /),
      counts: { remove: 0, update: 0, inSync: 0, other: 2 },
      changes: [],
      plan: [{ verdict: 'frozen' }, { verdict: 'frozen' }],
      services: [{ state: 'deployed' }, { state: 'deployed' }],
    }
  })

  it('changes no byte in a dry run right after a pass was killed in mid-write', async () => {
    const random = seededRandom('dry run after a kill')
    const names = ['a', 'b', 'c', 'd']
    await Promise.all(names.map((name) => create(name)))
    await site.reconcile()
    const found = { dead: 0, pending: 0, entries: 0, addresses: 0 }

    // On a busy machine a transaction may be missed: then it is tried again.
    for (let round = 1; round <= 15 || (round <= 45 && Math.min(...Object.values(found)) === 0); round++) {
      await Promise.all([
        relabel('a', { 'interlook.hosts': `a${round}.example.com` }),
        relabel('b', { 'interlook.hosts': `b${round}.example.com` }),
        // These two come and go, so that addresses are given and given back.
        round % 2 === 0 ? hide('c') : relabel('c'),
        round % 2 === 1 ? hide('d') : relabel('d'),
      ])
      const pass = site.start('reconcile')
      // It dies somewhere, or in the middle of a transaction.
      const store = [undefined, 'entries', 'addresses'][round % 3]
      const unwatch =
        store === undefined
          ? site.onWrite(once(() => setTimeout(() => pass.kill('SIGKILL'), random.next() * 200)))
          : undefined
      const unaim =
        store === undefined
          ? undefined
          : await killWhenTorn(
              join(site.folder, `state/${store}.db`),
              pass.pid,
              store === 'entries' ? random.below(2) : 0,
            )
      const { code } = await pass.ended
      unwatch?.()
      await unaim?.()
      if (code === null) found.dead += 1
      if (await site.isTorn('entries')) found.entries += 1
      if (await site.isTorn('addresses')) found.addresses += 1

      const before = await site.snapshot()
      const dry = await site.reconcile('--dry-run', '--detailed-exitcode')

      const where = `seed ${random.seed}, round ${round}`
      expect(await site.snapshot(), where).toEqual(before)
      expect([0, 2], `${where}: ${dry.json.message}`).toContain(dry.code)
      if (dry.code === 2) found.pending += 1
    }

    process.stderr.write(`dry run after a kill: ${JSON.stringify(found)}\n`)
    for (const [what, times] of Object.entries(found)) expect(times, what).toBeGreaterThan(0)
    expect(await site.scratch()).toEqual([])
    expect(await site.reconcile()).toMatchObject({ code: 0 })
    expect(await site.reconcile('--dry-run', '--detailed-exitcode')).toMatchObject({ code: 0 })
  })

  it('changes no byte in a dry run while the daemon writes', async () => {
    const random = seededRandom('dry run beside the daemon')
    const names = ['a', 'b', 'c', 'd']
    await Promise.all(names.map((name) => create(name)))
    const daemon = await site.run()
    let isOver = false
    let turn = 0
    const churn = async (): Promise<void> => {
      while (!isOver) {
        turn += 1
        await Promise.all(
          names.map((name) => relabel(name, { 'interlook.hosts': `${name}${turn}.example.com` })),
        )
        const from = daemon.log.length
        await daemon.saw((record) => record.msg === 'change', from)
      }
    }
    const churning = churn().catch((error: unknown) => error)

    // As it goes: every dry run reads whole files and ends as usual.
    const beside = []
    for (let round = 0; round < 6; round++) {
      const from = daemon.log.length
      beside.push(await site.reconcile('--dry-run', '--detailed-exitcode'))
      await daemon.saw((record) => record.msg === 'change', from)
    }
    // With the writer frozen, wherever it stands, every byte can be compared.
    const frozen = []
    for (let round = 0; round < 4; round++) {
      await daemon.saw((record) => record.msg === 'change', daemon.log.length)
      await new Promise((resolve) => setTimeout(resolve, random.next() * 60))
      daemon.kill('SIGSTOP')
      const before = await site.snapshot()
      frozen.push(await site.reconcile('--dry-run', '--detailed-exitcode'))
      const after = await site.snapshot()
      daemon.kill('SIGCONT')
      expect(after, `seed ${random.seed}, round ${round}`).toEqual(before)
    }
    isOver = true
    expect(await churning).toBeUndefined()
    daemon.kill('SIGTERM')

    for (const { code, json } of beside) expect([0, 2], JSON.stringify(json.message)).toContain(code)
    // Frozen in the middle of a commit, a writer lets nobody read.
    for (const { code, json } of frozen) {
      expect(code === 5 ? json.reason === 'locked' : [0, 2].includes(code ?? -1), JSON.stringify(json)).toBe(
        true,
      )
    }
    expect(await daemon.ended).toMatchObject({ code: 0 })
    expect(await site.scratch()).toEqual([])
  })

  it('ends with 5 and says who holds the lock while the daemon runs', async () => {
    await create('web')
    const daemon = await site.run()
    await daemon.saw((record) => record.msg === 'change' && record.step === 'dns.hosts')
    await site.quiet()
    const before = await site.snapshot()

    const refused = await site.reconcile()
    const second = await site.start('run').ended
    expect(await site.snapshot()).toEqual(before)
    const [waiting] = await Promise.all([
      site.reconcile('--lock-timeout', '20s'),
      // By then it has found the lock held; nothing tells of that.
      new Promise((resolve) => setTimeout(resolve, 600)).then(() => daemon.kill('SIGTERM')),
    ])

    expect(refused).toMatchObject({
      code: 5,
      json: {
        exitCode: 5,
        reason: 'locked',
        message: like(new RegExp(`held by process ${daemon.pid} on \\S+ \\(interlook run, since 20`)),
        hint: like(/--lock-timeout/),
      },
    })
    expect(second).toMatchObject({ code: 5, stdout: '', stderr: like(/interlook run, since/) })
    expect(await daemon.ended).toMatchObject({ code: 0 })
    expect(waiting).toMatchObject({ code: 0, json: { counts: { inSync: 1 }, changes: [] } })
  })
})

/** A dry run and the pass after it do not happen at the same time. */
function withoutTimes(items: readonly unknown[]): unknown {
  return JSON.parse(JSON.stringify(items).replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'))
}

function byText(items: readonly unknown[]): string[] {
  return items.map((item) => JSON.stringify(item)).toSorted()
}

function once(work: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    work()
  }
}
