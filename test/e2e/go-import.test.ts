import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileChain } from './file-chain.js'

let place: FileChain
beforeEach(() => {
  place = new FileChain()
  place.configure(
    { workflowEntriesFile: './share/flowentries.db' },
    { 'ipam.ipalloc': { db_file: './share/allocated.db' } },
  )
})
afterEach(() => place.remove())

const NEVER = '0001-01-01T00:00:00Z'

/** One entry as the earlier tool wrote it. */
function goEntry(name: string, ip: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    state: 'deployed',
    expected_state: 'deployed',
    wip_time: NEVER,
    time_detected: '2024-03-01T10:00:00.123456789+01:00',
    last_update: '2024-03-02T10:00:00Z',
    close_time: NEVER,
    service: {
      provider: 'provider.file',
      name,
      targets: [{ host: '10.0.0.1', port: 80 }],
      public_ip: ip,
      dns_name: [`${name}.example.com`],
    },
    ...more,
  }
}

const ENTRIES = {
  web: goEntry('web', '10.32.30.2'),
  api: goEntry('api', '192.0.2.1'),
  past: goEntry('past', '', { state: 'undeployed', expected_state: 'undeployed' }),
}
const ADDRESSES = [
  { ip: '10.32.30.2', host: 'web' },
  { ip: '192.0.2.1', host: 'api' },
]
const KNOWN = { 'web.example.com': '10.32.30.2', 'api.example.com': '192.0.2.1' }

function moveIn(entries: unknown = ENTRIES, addresses: unknown = ADDRESSES): void {
  place.write('share/flowentries.db', JSON.stringify(entries))
  place.write('share/allocated.db', JSON.stringify(addresses))
}

describe("the earlier tool's files", () => {
  it.each([
    ['bare', ENTRIES, ADDRESSES],
    ['wrapped', { entries: ENTRIES }, { records: ADDRESSES }],
  ])('%s: are shown as a take-over in a dry run, which changes no byte', async (_, entries, addresses) => {
    moveIn(entries, addresses)
    place.list(['web', 'api'])
    const before = place.everything()

    const dry = await place.json('--dry-run')
    const text = (await place.reconcile('--dry-run')).stdout

    expect(dry).toMatchObject({ exitCode: 4, reason: 'adoption-needed' })
    expect(dry.plan.map(({ key, verdict }) => [key, verdict])).toEqual([
      ['provider.file/api', 'take-over'],
      ['provider.file/web', 'take-over'],
    ])
    const leases = dry.plan.map(({ steps }) => steps.find(({ step }) => step === 'ipam.ipalloc')?.changes)
    expect(leases).toMatchObject([
      [{ action: 'update', object: '192.0.2.1', adopts: true }],
      [{ action: 'update', object: '10.32.30.2', adopts: true }],
    ])
    expect(text).toMatch(/take over/)
    expect(text).toContain('interlook reconcile --adopt')
    expect(place.everything()).toEqual(before)
  })

  it('are imported once, with a backup; nothing changes for their services without --adopt', async () => {
    moveIn()
    place.list(['web', 'api', 'new'])

    const first = await place.reconcile()
    const imported = readdirSync(place.path('share'))
    const second = await place.reconcile()
    const document = await place.json()

    for (const { code, stdout } of [first, second]) {
      expect(code).toBe(4)
      expect(stdout).toContain('interlook reconcile --adopt')
    }
    expect(first.stderr).toMatch(
      /imported 2 services of the earlier tool \(1 left out\).*flowentries\.db\.go-backup/,
    )
    expect(second.stderr).not.toContain('of the earlier tool')
    expect(imported.filter((name) => name.includes('backup'))).toHaveLength(2)
    expect(readdirSync(place.path('share'))).toEqual(imported)
    expect(JSON.parse(place.read('share/flowentries.db.go-backup'))).toEqual(ENTRIES)
    expect(document).toMatchObject({ exitCode: 4, reason: 'adoption-needed', changes: [] })
    // What is new goes on beside them, and is given none of their addresses.
    expect(place.names()).toEqual({ 'new.example.com': '192.0.2.2' })
  })

  it('keep their addresses, also outside of the range, and are in sync after --adopt', async () => {
    moveIn()
    place.list(['web', 'api'])

    const taken = await place.json('--adopt')
    const after = await place.reconcile()

    expect(taken).toMatchObject({ exitCode: 0 })
    expect(taken.services.map(({ key, public_ip }) => [key, public_ip])).toEqual([
      ['provider.file/api', '192.0.2.1'],
      ['provider.file/web', '10.32.30.2'],
    ])
    expect(place.names()).toEqual(KNOWN)
    expect(after).toMatchObject({ code: 0, stdout: 'in sync: 2 services deployed, nothing to do\n' })
  })

  it('come to the same in two steps, and by --service one after the other', async () => {
    moveIn()
    place.list(['web', 'api'])
    await place.json()

    const one = await place.json('--adopt', '--service', 'provider.file/web')
    const names = place.names()
    const rest = await place.json('--adopt')

    expect(one.exitCode).toBe(0)
    expect(names).toEqual({ 'web.example.com': '10.32.30.2' })
    expect(rest.exitCode).toBe(0)
    expect(place.names()).toEqual(KNOWN)
    expect((await place.reconcile()).stdout).toMatch(/^in sync: 2 services/)
  })

  it('belong to the one listed service of that name, whatever its namespace', async () => {
    moveIn({ ...ENTRIES, twin: goEntry('twin', '192.0.2.50') }, [
      ...ADDRESSES,
      { ip: '192.0.2.50', host: 'twin' },
    ])
    place.list([
      { name: 'web', namespace: 'blue' },
      { name: 'api', namespace: 'red' },
      { name: 'twin', namespace: 'blue', hosts: ['a.example.com'] },
      { name: 'twin', namespace: 'red', hosts: ['b.example.com'] },
    ])

    const result = await place.json('--adopt')

    expect(result.services.filter(({ state }) => state === 'deployed')).toMatchObject([
      { key: 'provider.file/blue/twin' },
      { key: 'provider.file/blue/web', public_ip: '10.32.30.2' },
      { key: 'provider.file/red/api', public_ip: '192.0.2.1' },
      { key: 'provider.file/red/twin' },
    ])
    const twins = result.services.filter(({ key, state }) => key.endsWith('twin') && state === 'deployed')
    expect(twins.map(({ public_ip }) => public_ip)).not.toContain('192.0.2.50')
  })

  it('of services that are gone stay until --adopt, and then leave', async () => {
    moveIn()
    place.list(['api'])

    const before = await place.json()
    const result = await place.json('--adopt')

    expect(before).toMatchObject({ exitCode: 4, changes: [] })
    expect(result.exitCode).toBe(0)
    expect(place.names()).toEqual({ 'api.example.com': '192.0.2.1' })
    expect((await place.reconcile()).stdout).toBe('in sync: 1 service deployed, nothing to do\n')
  })

  it('are imported by the daemon, which takes nothing over', async () => {
    moveIn()
    place.list(['web', 'api', 'new'])
    const daemon = await place.run()
    await daemon.saw(({ msg, step }) => msg === 'change' && step === 'dns.hosts')
    daemon.kill('SIGTERM')

    expect((await daemon.ended).code).toBe(0)
    expect(daemon.log.map(({ remark }) => remark)).toContainEqual(
      expect.stringMatching(/imported 2 services of the earlier tool/),
    )
    expect(place.names()).toEqual({ 'new.example.com': '192.0.2.2' })
    expect(await place.json('--adopt')).toMatchObject({ exitCode: 0 })
    expect(place.names()).toMatchObject(KNOWN)
  })

  it('of a provider that is not configured any more are frozen and reported', async () => {
    const swarm = {
      ...ENTRIES.web,
      service: { ...(ENTRIES.web.service as object), provider: 'provider.swarm' },
    }
    moveIn({ web: swarm }, [])
    place.list(['api'])

    const result = await place.json()

    expect(result.plan).toMatchObject([
      { key: 'provider.file/api', verdict: 'create' },
      { key: 'provider.swarm/web', verdict: 'frozen', problem: { code: 'provider-unlisted' } },
    ])
    expect(place.names()).toEqual({ 'api.example.com': '192.0.2.1' })
  })

  it.each([
    ['entries', '{"web": {"service": ', ADDRESSES, 1, 'flowentries.db'],
    ['addresses', JSON.stringify(ENTRIES), [{ ip: '10.32.30.999', host: 'web' }], 69, 'allocated.db'],
  ] as const)(
    'that are damaged (%s) are an error, and stay as they are',
    async (_, entries, addresses, code, file) => {
      place.write('share/flowentries.db', entries)
      place.write('share/allocated.db', JSON.stringify(addresses))
      place.list(['web'])

      const result = await place.json('--adopt')

      expect(result.exitCode).toBe(code)
      expect(result.message).toContain(file)
      expect(place.read('share/allocated.db')).toBe(JSON.stringify(addresses))
      expect(readdirSync(place.folder)).not.toContain('state')
    },
  )
})
