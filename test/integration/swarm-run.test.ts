import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ROOT } from '../helpers/cli.js'
import { type Installation, install } from '../helpers/installation.js'
import { describeReal, SWARM_NEEDS } from '../helpers/real.js'
import type { LogRecord, Running } from '../helpers/running.js'
import { startSwarm, type Swarm } from '../helpers/swarm.js'

let swarm: Swarm
let site: Installation
let suite = 0
let port = 8000
const made = new Set<string>()

/** The swarm, with the services of the present test. */
function provider(): Record<string, object> {
  const labelSelector = [`suite=${suite}`]
  return { swarm: { endpoint: swarm.endpoint, labelSelector, pollInterval: '100ms', requestTimeout: '1s' } }
}

function labelsOf(name: string, hosts = `${name}.example.com`): Record<string, string> {
  return { 'interlook.hosts': hosts, suite: String(suite) }
}

async function create(name: string): Promise<void> {
  made.add(name)
  port += 1
  const ports = [{ target: 80, published: port, mode: 'host' as const }]
  await swarm.createService({ name, labels: labelsOf(name), ports })
}

async function remove(name: string): Promise<void> {
  made.delete(name)
  await swarm.removeService(name)
}

function isChange(name: string, step: string, action: string): (record: LogRecord) => boolean {
  return (record) =>
    record.msg === 'change' &&
    record.service === `provider.swarm/${name}` &&
    record.step === step &&
    record.action === action
}

const isStillUnlisted = (record: LogRecord): boolean => record.msg === 'provider still not listed'
const isUnlisted = (record: LogRecord): boolean =>
  record.msg === 'provider not listed; its services stay as they are'

/** What was written for a service, oldest first. */
function changesOf(daemon: Running, name: string): string[] {
  return daemon.log
    .filter(({ msg, service }) => msg === 'change' && service === `provider.swarm/${name}`)
    .map(({ step, action, object }) => `${String(step)} ${String(action)} ${String(object)}`)
}

/** After the daemon: no lock held, no journal, no half file; and nothing for a pass to do. */
async function expectCleanEnd(): Promise<void> {
  const left = Object.keys(await site.snapshot()).filter((name) => name.startsWith('state/'))
  expect(left.sort()).toEqual([
    'state/addresses.db',
    'state/entries.db',
    'state/entries.db.lock',
    'state/hosts',
  ])
  expect(await site.scratch()).toEqual([])
  expect(await site.reconcile('--dry-run', '--detailed-exitcode')).toMatchObject({
    code: 0,
    json: { counts: { create: 0, update: 0, remove: 0, error: 0, waiting: 0 } },
  })
}

describeReal('run on a real swarm', SWARM_NEEDS, () => {
  beforeAll(async () => {
    swarm = await startSwarm()
  })

  afterAll(async () => {
    await swarm.stop()
  })

  beforeEach(async () => {
    suite += 1
    site = await install({ provider: provider() })
  })

  afterEach(async () => {
    for (const name of [...made]) await remove(name)
    await site.remove()
  })

  it('deploys services as they come, follows their labels, and undeploys them as they go', async () => {
    await create('web')
    const daemon = await site.run()

    await daemon.saw(isChange('web', 'dns.hosts', 'create'))
    const first = await site.hosts()
    await create('api')
    await daemon.saw(isChange('api', 'dns.hosts', 'create'))
    const both = await site.hosts()
    await swarm.updateService('web', { labels: labelsOf('web', 'shop.example.com'), wait: false })
    await daemon.saw(isChange('web', 'dns.hosts', 'delete'))
    const renamed = await site.hosts()
    await remove('web')
    await daemon.saw(isChange('web', 'ipam.ipalloc', 'delete'))
    const gone = await site.hosts()
    await site.quiet()
    daemon.kill('SIGTERM')

    const [web] = first
    const api = both.find(({ name }) => name === 'api.example.com')
    expect(first).toEqual([{ ip: web?.ip, name: 'web.example.com', key: 'provider.swarm/web' }])
    expect(both).toEqual([api, web])
    expect(api?.ip).not.toBe(web?.ip)
    expect(renamed).toEqual([api, { ...web, name: 'shop.example.com' }])
    expect(gone).toEqual([api])
    expect(changesOf(daemon, 'web')).toEqual([
      `ipam.ipalloc create ${web?.ip}`,
      'dns.hosts create web.example.com',
      'dns.hosts create shop.example.com',
      'dns.hosts delete web.example.com',
      'dns.hosts delete shop.example.com',
      `ipam.ipalloc delete ${web?.ip}`,
    ])
    expect(await daemon.ended).toMatchObject({ code: 0, stdout: '' })
    await expectCleanEnd()
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 at %s in the middle of its work', async (signal) => {
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => create(name)))
    const daemon = await site.run()
    await daemon.saw((record) => record.msg === 'change')

    const asked = performance.now()
    daemon.kill(signal)
    const end = await daemon.ended
    const took = performance.now() - asked
    const given = new Map((await site.leases()).map(({ service, ip }) => [service, ip]))
    const pass = await site.reconcile()

    expect(end).toMatchObject({ code: 0, stdout: '' })
    expect(took).toBeLessThan(3000)
    expect(daemon.log.at(-1)).toMatchObject({ msg: 'stopped' })
    expect(given.size).toBeGreaterThan(0)
    expect(pass).toMatchObject({ code: 0 })
    expect(pass.json.services).toMatchObject(Array(4).fill({ state: 'deployed' }))
    for (const { key, public_ip } of pass.json.services) expect(given.get(key) ?? public_ip).toBe(public_ip)
    await expectCleanEnd()
  })

  it('removes nothing while dockerd hangs, is dead and comes back, and goes on after it', async () => {
    await Promise.all([create('web'), create('api')])
    const daemon = await site.run('--log-level', 'debug')
    await Promise.all(['web', 'api'].map((name) => daemon.saw(isChange(name, 'dns.hosts', 'create'))))
    await site.quiet()
    const before = await site.snapshot()
    const written = daemon.log.filter(({ msg }) => msg === 'change').length

    const asleep = daemon.log.length
    swarm.pause()
    const hung = await daemon.saw(isUnlisted, asleep)
    swarm.resume()
    const dying = daemon.log.length
    await swarm.kill()
    const dead = await daemon.saw((record) => isUnlisted(record) && record.reason === 'unreachable', dying)
    // Several listings fail.
    for (let round = 0; round < 3; round++) await daemon.saw(isStillUnlisted, daemon.log.length)
    const meanwhile = await site.snapshot()
    await swarm.restart()
    await create('new')
    await daemon.saw(isChange('new', 'dns.hosts', 'create'))
    await site.quiet()
    daemon.kill('SIGTERM')

    expect(hung).toMatchObject({ level: 'warn', provider: 'provider.swarm', reason: 'timeout' })
    expect(dead).toMatchObject({ level: 'warn', provider: 'provider.swarm' })
    expect(meanwhile).toEqual(before)
    expect(daemon.log.filter(({ msg }) => msg === 'change').slice(written)).toMatchObject([
      { service: 'provider.swarm/new', step: 'ipam.ipalloc' },
      { service: 'provider.swarm/new', step: 'dns.hosts' },
    ])
    expect((await site.hosts()).map(({ name }) => name)).toEqual([
      'api.example.com',
      'new.example.com',
      'web.example.com',
    ])
    expect(await daemon.ended).toMatchObject({ code: 0 })
    await expectCleanEnd()
  })

  it('undeploys after a restart what went while it was down', async () => {
    await Promise.all([create('web'), create('api')])
    const first = await site.run()
    await Promise.all(['web', 'api'].map((name) => first.saw(isChange(name, 'dns.hosts', 'create'))))
    await site.quiet()
    first.kill('SIGTERM')
    await first.ended
    await remove('web')
    const second = await site.run()

    await second.saw(isChange('web', 'ipam.ipalloc', 'delete'))
    await site.quiet()
    second.kill('SIGTERM')

    expect(await second.ended).toMatchObject({ code: 0 })
    expect(second.log.filter(({ msg }) => msg === 'change')).toMatchObject([
      { service: 'provider.swarm/web', step: 'dns.hosts' },
      { service: 'provider.swarm/web', step: 'ipam.ipalloc' },
    ])
    expect((await site.hosts()).map(({ name }) => name)).toEqual(['api.example.com'])
    await expectCleanEnd()
  })

  describe('with an extension that never answers', () => {
    // A step of somebody else's behind ours; it writes and then says nothing.
    const dns = (faults: object) => ({ journal: { path: 'state/journal.json', faults } })
    const core = { extensions: [`${ROOT}/examples/extensions/journal-provisioner`] }

    it.each([
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const)(
      'ends at once at a second %s, with %i, and the next pass finishes the work',
      async (signal, code) => {
        await site.configure({ provider: provider(), core, dns: dns({ web: 'hang' }) })
        await create('web')
        const daemon = await site.run()
        await daemon.saw(isChange('web', 'dns.hosts', 'create'))
        await site.quiet()

        daemon.kill(signal)
        await daemon.saw((record) => record.msg.startsWith('stopping'))
        const asked = performance.now()
        daemon.kill(signal)
        const end = await daemon.ended
        const took = performance.now() - asked
        const [entry] = await site.entries()
        await site.configure({ provider: provider(), core, dns: dns({}) })
        const pass = await site.reconcile()

        expect(end).toMatchObject({ code, stdout: '' })
        expect(took).toBeLessThan(1500)
        expect(daemon.log.at(-1)).toMatchObject({ inFlight: 1 })
        // What was sent is journalled, so that it is settled and not forgotten.
        expect(entry?.steps['dns.journal']).toMatchObject({ state: 'sent', inFlight: expect.any(String) })
        expect(pass).toMatchObject({ code: 0, json: { services: [{ state: 'deployed' }] } })
      },
    )
  })
})
