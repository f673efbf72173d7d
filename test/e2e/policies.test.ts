import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileChain } from './file-chain.js'

let place: FileChain
beforeEach(() => {
  place = new FileChain()
  place.configure()
})
afterEach(() => place.remove())

const KEY = 'provider.file/web'

describe('core.undeployGracePeriod', () => {
  it('leaves a missing service for a while, and names the time', async () => {
    place.configure({ undeployGracePeriod: '1h' })
    place.list(['web', 'api'])
    await place.json()
    place.list(['api'])

    const first = await place.json()
    const again = await place.json()

    for (const result of [first, again]) {
      expect(result).toMatchObject({ exitCode: 0, changes: [], counts: { waiting: 1, inSync: 1 } })
      expect(result.scheduled).toMatchObject([{ key: KEY, what: 'grace' }])
    }
    expect(again.scheduled).toEqual(first.scheduled)
    expect((await place.reconcile()).stdout).toMatch(/later:\n {2}provider\.file\/web: is removed in 59m 5/)
    expect(place.names()).toHaveProperty(['web.example.com'])
  })

  it('is waited for as long as --wait says', async () => {
    place.configure({ undeployGracePeriod: '1s' })
    place.list(['web', 'api'])
    await place.json()
    place.list(['api'])

    const result = await place.json('--wait', '20s')

    expect(result).toMatchObject({ exitCode: 0, scheduled: [] })
    expect(result.changes.map(({ action, object }) => `${action} ${object}`)).toEqual([
      'delete web.example.com',
      'delete 192.0.2.1',
    ])
    expect(result.durationMs).toBeLessThan(15_000)
  })

  it('ends when the service is back', async () => {
    place.configure({ undeployGracePeriod: '1h' })
    place.list(['web', 'api'])
    await place.json()
    place.list(['api'])
    await place.json()
    place.list(['web', 'api'])
    await place.json()

    const result = await place.reconcile()

    expect(result.stdout).toBe('in sync: 2 services deployed, nothing to do\n')
  })
})

describe('the daemon', () => {
  it('removes a service when its grace period is over, and not before', async () => {
    place.configure({ undeployGracePeriod: '1s' }, { 'provider.file': { pollInterval: '100ms' } })
    place.list(['web', 'api'])
    await place.json()
    const daemon = await place.run()
    const before = Date.now()
    place.list(['api'])

    const record = await daemon.saw(({ msg, action }) => msg === 'change' && action === 'delete')
    await daemon.saw(({ msg, step }) => msg === 'change' && step === 'ipam.ipalloc')
    daemon.kill('SIGTERM')

    expect((await daemon.ended).code).toBe(0)
    expect(record.service).toBe(KEY)
    expect(Date.parse(String(record.time)) - before).toBeGreaterThanOrEqual(1_000)
    expect(place.names()).toEqual({ 'api.example.com': '192.0.2.2' })
  })
})

describe('an address pool that is used up', () => {
  const QUARANTINE = { 'ipam.ipalloc': { network_cidr: '192.0.2.0/30', quarantine: '2s' } }

  beforeEach(async () => {
    place.configure({}, { ...QUARANTINE, 'provider.file': { pollInterval: '100ms' } })
    place.list(['web', 'api'])
    await place.json()
  })

  it('serves the next one when a quarantine ends, within --wait', async () => {
    place.list(['new', 'api'])

    const told = await place.json()
    const waited = await place.json('--wait', '10s')

    expect(told).toMatchObject({ exitCode: 4, reason: 'address-exhausted' })
    expect(told.message).toMatch(/2 leased|1 in quarantine/)
    expect(told.scheduled).toMatchObject([{ key: 'provider.file/new', what: 'retry', step: 'ipam.ipalloc' }])
    expect(waited).toMatchObject({ exitCode: 0, scheduled: [] })
    expect(place.names()).toEqual({ 'api.example.com': '192.0.2.2', 'new.example.com': '192.0.2.1' })
  })

  it('serves it in the daemon without anybody doing anything', async () => {
    const daemon = await place.run()
    place.list(['new', 'api'])

    await daemon.saw(({ msg, step, service }) => {
      return msg === 'change' && step === 'dns.hosts' && service === 'provider.file/new'
    })
    daemon.kill('SIGTERM')

    expect((await daemon.ended).code).toBe(0)
    expect(place.names()).toMatchObject({ 'new.example.com': '192.0.2.1' })
  })
})

describe('a workflow that changes', () => {
  it('walks deployed services through a step that is new in it', async () => {
    place.configure({ workflow: ['provider.file', 'ipam.ipalloc'] })
    place.list(['web'])
    await place.json()
    place.configure()

    const result = await place.json()

    expect(result).toMatchObject({ exitCode: 0, counts: { update: 1 } })
    expect(place.names()).toEqual({ 'web.example.com': '192.0.2.1' })
  })

  it('keeps and reports what a step holds that was taken out, until --prune', async () => {
    place.list(['web'])
    await place.json()
    place.configure({ workflow: ['provider.file', 'ipam.ipalloc'] })

    const reported = await place.json()
    const names = place.names()
    const pruned = await place.json('--prune')
    const after = await place.reconcile()

    expect(reported).toMatchObject({ exitCode: 0, changes: [] })
    expect(reported.warnings.join()).toMatch(/dns\.hosts is not in the workflow any more/)
    expect(names).toEqual({ 'web.example.com': '192.0.2.1' })
    expect(pruned.changes).toMatchObject([{ action: 'delete', object: 'web.example.com' }])
    expect(place.names()).toEqual({})
    expect(after.stdout).toBe('in sync: 1 service deployed, nothing to do\n')
  })
})

describe('the policy of a service', () => {
  it('retain: everything stays when it is removed, until it is released', async () => {
    place.list([{ name: 'web', policy: 'retain' }, 'api'])
    await place.json()
    place.list(['api'])

    const retained = await place.json()
    const other = await place.json('--release', 'provider.file/api')
    const before = place.names()
    const dry = await place.json('--release', KEY, '--dry-run')
    const released = await place.json('--release', KEY)

    expect(retained).toMatchObject({ exitCode: 0, changes: [], counts: { other: 1, inSync: 1 } })
    expect(retained.plan).toMatchObject([
      {},
      { key: KEY, verdict: 'retained', problem: { code: 'retained' } },
    ])
    expect(retained.plan[1]?.problem?.hint).toContain(`--release ${KEY}`)
    expect(other).toMatchObject({ exitCode: 0, changes: [] })
    expect(other.warnings.join()).toContain('provider.file/api')
    expect(before).toEqual({ 'api.example.com': '192.0.2.2', 'web.example.com': '192.0.2.1' })
    expect(dry.plan[1]).toMatchObject({ verdict: 'remove' })
    expect(released).toMatchObject({ exitCode: 0, counts: { remove: 1 } })
    expect(place.names()).toEqual({ 'api.example.com': '192.0.2.2' })
  })

  it('retain: a service that comes back goes on as before', async () => {
    place.list([{ name: 'web', policy: 'retain' }])
    await place.json()
    place.list([])
    await place.json()
    place.list(['web'])
    await place.json()

    expect((await place.reconcile()).stdout).toBe('in sync: 1 service deployed, nothing to do\n')
  })

  it('pause: nothing is changed or removed, and the difference is shown', async () => {
    place.list(['web', 'api'])
    await place.json()
    place.list([{ name: 'web', policy: 'pause', hosts: ['new.example.com'] }, 'api'])

    const changed = await place.json()
    const text = (await place.reconcile()).stdout
    place.list(['api'])
    const removed = await place.json()

    expect(changed).toMatchObject({ exitCode: 0, changes: [] })
    expect(changed.plan[1]).toMatchObject({ key: KEY, verdict: 'paused' })
    expect(changed.plan[1]?.steps.flatMap(({ changes }) => changes.map(({ object }) => object))).toEqual([
      'new.example.com',
      'web.example.com',
    ])
    expect(text).toMatch(/paused.*\n.*provider\.file\/web[^]*name new\.example\.com/)
    expect(removed).toMatchObject({ exitCode: 0, changes: [] })
    expect(removed.plan[1]?.problem?.message).toContain('pause')
    expect(place.names()).toMatchObject({ 'web.example.com': '192.0.2.1' })
    expect(await place.json('--release', KEY)).toMatchObject({ exitCode: 0, counts: { remove: 1 } })
    expect(place.names()).toEqual({ 'api.example.com': '192.0.2.2' })
  })

  it('sync again: what was paused is done', async () => {
    place.list(['web'])
    await place.json()
    place.list([{ name: 'web', policy: 'pause', hosts: ['new.example.com'] }])
    await place.json()
    place.list([{ name: 'web', policy: 'sync', hosts: ['new.example.com'] }])

    const result = await place.json()

    expect(result.exitCode).toBe(0)
    expect(place.names()).toEqual({ 'new.example.com': '192.0.2.1' })
  })
})

describe('core.domains', () => {
  it('refuses other host names, each service for itself', async () => {
    place.configure({
      domains: ['example.com', { domain: 'example.org', namespace: 'blue' }],
    })
    place.list([
      'web',
      { name: 'evil', hosts: ['evil.example.net'] },
      { name: 'blue', namespace: 'blue', hosts: ['a.example.org'] },
      { name: 'red', namespace: 'red', hosts: ['b.example.org'] },
    ])

    const result = await place.json()

    expect(result).toMatchObject({ exitCode: 4, reason: 'domain-not-allowed' })
    expect(Object.keys(place.names())).toEqual(['a.example.org', 'web.example.com'])
    const refused = result.services.filter(({ problem }) => problem?.code === 'domain-not-allowed')
    expect(refused.map(({ key }) => key)).toEqual(['provider.file/evil', 'provider.file/red/red'])
  })

  it('does not take a deployed name away when a service asks for a forbidden one', async () => {
    place.configure({ domains: ['example.com'] })
    place.list(['web'])
    await place.json()
    place.list([{ name: 'web', hosts: ['web.example.net'] }])

    const result = await place.json()

    expect(result).toMatchObject({ exitCode: 4, reason: 'domain-not-allowed', changes: [] })
    expect(place.names()).toEqual({ 'web.example.com': '192.0.2.1' })
  })
})

describe('claims', () => {
  const SAME = ['shop.example.com']

  it('give a name to the one that has it; the other waits and is told why', async () => {
    place.list([{ name: 'zeta', hosts: SAME }])
    await place.json()
    place.list([{ name: 'alpha', hosts: SAME }, { name: 'zeta', hosts: SAME }, 'web'])

    const dry = await place.json('--dry-run')
    const lost = await place.json()
    place.list([{ name: 'alpha', hosts: SAME }, 'web'])
    const won = await place.json()

    for (const result of [dry, lost]) {
      expect(result).toMatchObject({ exitCode: 4, reason: 'claim-taken' })
      expect(result.message).toMatch(/provider\.file\/alpha: .*shop\.example\.com.*provider\.file\/zeta/)
    }
    expect(lost.services.find(({ key }) => key === 'provider.file/web')?.state).toBe('deployed')
    expect(won.exitCode).toBe(0)
    const alpha = won.services.find(({ key }) => key === 'provider.file/alpha')
    expect(place.names()).toMatchObject({ 'shop.example.com': alpha?.public_ip })
  })

  it('of two new services give it to the first by key', async () => {
    place.list([
      { name: 'zeta', hosts: SAME },
      { name: 'alpha', hosts: SAME },
    ])

    const result = await place.json()

    expect(result).toMatchObject({ exitCode: 4, reason: 'claim-taken' })
    expect(result.services).toMatchObject([
      { key: 'provider.file/alpha', state: 'deployed' },
      { key: 'provider.file/zeta', state: 'undeployed' },
    ])
  })

  it('hand a name over in a rename without a moment in which it is gone', async () => {
    place.list([{ name: 'old', hosts: SAME }])
    await place.json()
    place.list([{ name: 'new', hosts: SAME }])

    const result = await place.json()

    expect(result.exitCode).toBe(0)
    expect(result.changes.map(({ action, object }) => `${action} ${object}`)).toEqual([
      'create 192.0.2.2',
      'update shop.example.com',
      'delete 192.0.2.1',
    ])
  })
})

describe('--service', () => {
  it('touches the services that match, and no other', async () => {
    place.list(['web', 'api'])
    await place.json()
    place.list([
      { name: 'web', hosts: ['web2.example.com'] },
      { name: 'api', hosts: ['api2.example.com'] },
      'new',
    ])

    const result = await place.json('--service', 'provider.file/a*')

    expect(result.exitCode).toBe(0)
    expect(result.plan.map(({ key }) => key)).toEqual(['provider.file/api'])
    expect(Object.keys(place.names()).sort()).toEqual(['api2.example.com', 'web.example.com'])
    const rest = await place.json()
    expect(rest.counts).toMatchObject({ create: 1, update: 1, inSync: 1 })
  })

  it('removes only those that match', async () => {
    place.list(['web', 'api', 'app'])
    await place.json()
    place.list(['api'])

    await place.json('--service', 'provider.file/web')

    expect(Object.keys(place.names())).toEqual(['api.example.com', 'app.example.com'])
  })
})

describe('orphans', () => {
  const GHOST = '192.0.2.77 ghost.example.com # provider.file/ghost'

  beforeEach(async () => {
    place.list(['web'])
    await place.json()
    place.write('state/hosts', place.read('state/hosts').replace('# END', `${GHOST}\n# END`))
  })

  it('are shown in every plan, and stay', async () => {
    const result = await place.json()
    const text = (await place.reconcile()).stdout

    expect(result).toMatchObject({ exitCode: 0, changes: [] })
    expect(result.orphans).toEqual([
      {
        step: 'dns.hosts',
        owner: 'e2e',
        key: 'provider.file/ghost',
        objects: ['ghost.example.com'],
        pruned: false,
      },
    ])
    expect(text).toMatch(/--prune[^]*dns\.hosts: ghost\.example\.com {2}of provider\.file\/ghost/)
    expect(place.read('state/hosts')).toContain(GHOST)
  })

  it('go with --prune', async () => {
    const dry = await place.json('--prune', '--dry-run', '--detailed-exitcode')
    const result = await place.json('--prune')

    expect(dry).toMatchObject({ exitCode: 2, orphans: [{ pruned: true }] })
    expect(result).toMatchObject({
      exitCode: 0,
      changes: [{ action: 'delete', object: 'ghost.example.com' }],
    })
    expect(place.names()).toEqual({ 'web.example.com': '192.0.2.1' })
    expect((await place.reconcile()).stdout).toBe('in sync: 1 service deployed, nothing to do\n')
  })
})
