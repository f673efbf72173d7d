import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Step } from '../../src/core/settings.js'
import type { GoImportReport } from '../../src/store/import-go.js'
import { importGoEntries } from '../../src/store/import-go.js'
import { openStore } from '../../src/store/sqlite-store.js'
import { picture, tempFolder } from './fixtures.js'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const STEPS: Step[] = [
  { id: 'ipam.ipalloc', kind: 'ipam' },
  { id: 'lb.f5ltm', kind: 'lb' },
  { id: 'dns.consul', kind: 'dns' },
]

const DEPLOYED = {
  work_in_progress: false,
  wip_time: '0001-01-01T00:00:00Z',
  state: 'deployed',
  expected_state: 'deployed',
  time_detected: '2020-05-01T10:00:00.5+02:00',
  last_update: '2020-05-02T10:00:00Z',
  close_time: '0001-01-01T00:00:00Z',
  service: {
    provider: 'provider.swarm',
    name: 'web',
    targets: [
      { host: '10.0.0.2', port: 8080 },
      { host: '10.0.0.1', port: 8080 },
      { host: '10.0.0.2', port: 8080 },
    ],
    tls: true,
    public_ip: '10.32.30.2',
    dns_name: ['Web.Example.com', 'web.example.com'],
  },
}

function importText(value: unknown, options: { steps?: Step[]; providers?: string[] } = {}) {
  const content = typeof value === 'string' ? value : JSON.stringify(value)
  return importGoEntries(content, 'flow.db', {
    steps: STEPS,
    providers: ['provider.swarm'],
    now: NOW,
    ...options,
  })
}

describe('importGoEntries', () => {
  it('takes a deployed service over as it is', () => {
    const { entries, report } = importText({ web: DEPLOYED })

    const service = {
      provider: 'provider.swarm',
      name: 'web',
      targets: [
        { host: '10.0.0.1', port: 8080, weight: 1 },
        { host: '10.0.0.2', port: 8080, weight: 1 },
      ],
      tls: true,
      public_ip: '10.32.30.2',
      dns_name: ['web.example.com'],
      options: {},
    }
    const { public_ip: _, ...listed } = service
    const done = { state: 'done', sent: { service }, acked: { service }, attempts: 0 }
    expect(report).toEqual({ imported: 1, skipped: 0 })
    expect(entries).toEqual([
      {
        key: 'provider.swarm/web',
        service: listed,
        expected: 'deployed',
        inUse: service,
        steps: {
          'ipam.ipalloc': { ...done, outputs: { public_ip: '10.32.30.2' } },
          'lb.f5ltm': { ...done, outputs: {} },
          'dns.consul': { ...done, outputs: {} },
        },
        scheduled: [],
        heirs: [],
        imported: true,
        detectedAt: Date.parse('2020-05-01T08:00:00.5Z'),
        updatedAt: Date.parse('2020-05-02T10:00:00Z'),
      },
    ])
  })

  it.each([
    ['stopped at a step', { state: 'lb.f5ltm' }, ['ipam.ipalloc', 'lb.f5ltm']],
    ['stopped at a step under its other name', { state: 'provisioner.ipalloc' }, ['ipam.ipalloc']],
    ['on its way out', { state: 'lb.f5ltm', expected_state: 'undeployed' }, ['ipam.ipalloc', 'lb.f5ltm']],
    [
      'at a place that no step has, with an address',
      { state: 'provider.swarm' },
      STEPS.map((step) => step.id),
    ],
    ['without a state, with an address', { state: '' }, STEPS.map((step) => step.id)],
  ])('counts the steps of a service %s as sent', (_, change, expected) => {
    const [entry] = importText({ web: { ...DEPLOYED, ...change } }).entries

    expect(entry).toMatchObject({ imported: true, expected: 'deployed' })
    expect(entry).not.toHaveProperty('inUse')
    expect(Object.keys(entry?.steps ?? {})).toEqual(expected)
    expect(new Set(Object.values(entry?.steps ?? {}).map((record) => record.state))).toEqual(
      new Set(['sent']),
    )
  })

  it.each([
    ['undeployed', { ...DEPLOYED, state: 'undeployed' }],
    ['never begun', { expected_state: 'deployed', service: { name: 'web', dns_name: null } }],
  ])('leaves out a service that is %s', (_, entry) => {
    expect(importText({ web: entry })).toEqual({ entries: [], report: { imported: 0, skipped: 1 } })
  })

  it.each([
    ['the only provider', ['provider.kubernetes'], 'provider.kubernetes/web'],
    ['nothing where several could be', ['provider.kubernetes', 'provider.swarm'], 'unknown/web'],
  ])('guesses %s when the file names no provider', (_, providers, key) => {
    const entry = { ...DEPLOYED, service: { ...DEPLOYED.service, provider: '' } }

    expect(importText({ web: entry }, { providers }).entries.map((one) => one.key)).toEqual([key])
  })

  it('gives the address to the load balancer where no ipam stands before it', () => {
    const [entry] = importText({ web: DEPLOYED }, { steps: STEPS.slice(1) }).entries

    expect(entry?.steps['lb.f5ltm']?.outputs).toEqual({ public_ip: '10.32.30.2' })
    expect(entry?.steps['dns.consul']?.outputs).toEqual({})
  })

  it('uses its own time where the file has none', () => {
    const zero = '0001-01-01T00:00:00Z'

    const [entry] = importText({ web: { ...DEPLOYED, time_detected: zero, last_update: zero } }).entries

    expect(entry).toMatchObject({ detectedAt: NOW, updatedAt: NOW })
  })

  it.each([
    ['wrapped entries', { entries: { web: DEPLOYED } }, ['provider.swarm/web']],
    ['a service called entries', { entries: DEPLOYED }, ['provider.swarm/entries']],
    ['wrapped nothing', { entries: null }, []],
    ['no entry', {}, []],
    ['null', 'null', []],
    ['a byte order mark', `\uFEFF${JSON.stringify({ web: DEPLOYED })}`, ['provider.swarm/web']],
  ])('reads %s', (_, value, keys) => {
    expect(importText(value).entries.map((entry) => entry.key)).toEqual(keys)
  })

  it.each([
    ['half a file', '{"web": {"state": "deplo', 'no complete JSON'],
    ['an entry that is none', { web: 'deployed' }, 'web: '],
    [
      'a port out of range',
      { web: { service: { targets: [{ host: 'a', port: 70000 }] } } },
      'web.service.targets.0.port',
    ],
    ['a state of another type', { web: { state: 3 } }, 'web.state'],
    ['a name that can be no service', { 'a/b': DEPLOYED }, 'a/b'],
  ])('refuses %s', (_, value, message) => {
    expect(() => importText(value)).toThrow(
      expect.objectContaining({ code: 'import-failed', message: expect.stringContaining(message) as string }),
    )
  })
})

describe('opening a file of the earlier tool', () => {
  const goImport = (reports: GoImportReport[] = []) => ({
    steps: STEPS,
    providers: ['provider.swarm'],
    now: NOW,
    onImport: (report: GoImportReport) => void reports.push(report),
  })

  function goFile(content: string = JSON.stringify({ web: DEPLOYED })): { folder: string; file: string } {
    const folder = tempFolder()
    const file = join(folder, 'flow.db')
    writeFileSync(file, content)
    return { folder, file }
  }

  it('imports it once and keeps it as a backup', async () => {
    const { folder, file } = goFile()
    const original = readFileSync(file)
    const reports: GoImportReport[] = []

    const first = await openStore({ file, dryRun: false, goImport: goImport(reports) })
    first.close()
    const second = await openStore({ file, dryRun: false, goImport: goImport(reports) })
    onTestFinished(() => second.close())

    expect([...second.load().keys()]).toEqual(['provider.swarm/web'])
    expect(reports).toEqual([{ imported: 1, skipped: 0, backup: `${file}.go-backup` }])
    expect(readFileSync(`${file}.go-backup`).equals(original)).toBe(true)
    expect(readdirSync(folder).sort()).toEqual(['flow.db', 'flow.db.go-backup'])
  })

  it('imports it in memory only in a dry run', async () => {
    const { folder, file } = goFile()
    const before = picture(folder)
    const reports: GoImportReport[] = []

    const store = await openStore({ file, dryRun: true, goImport: goImport(reports) })

    expect([...store.load().keys()]).toEqual(['provider.swarm/web'])
    expect(reports).toEqual([{ imported: 1, skipped: 0 }])
    expect(picture(folder)).toEqual(before)
  })

  it.each([true, false])('changes nothing when it is broken (dry run: %s)', async (dryRun) => {
    const { folder, file } = goFile('{"web": {')
    const before = picture(folder)

    await expect(openStore({ file, dryRun, goImport: goImport() })).rejects.toMatchObject({
      code: 'import-failed',
    })

    expect(picture(folder)).toEqual(before)
  })

  it('changes nothing when the new store cannot be made', async () => {
    const { folder, file } = goFile()
    mkdirSync(`${file}.importing`)
    const original = readFileSync(file)

    await expect(openStore({ file, dryRun: false, goImport: goImport() })).rejects.toMatchObject({
      code: 'store-unreadable',
    })

    expect(readFileSync(file).equals(original)).toBe(true)
    expect(existsSync(`${folder}/flow.db.go-backup`)).toBe(false)
  })

  it('begins again where an import was killed, and overwrites no other backup', async () => {
    const { folder, file } = goFile()
    const original = readFileSync(file)
    writeFileSync(`${file}.importing`, 'half a database')
    writeFileSync(`${file}.importing-journal`, 'half a journal')
    writeFileSync(`${file}.go-backup`, 'of another time')
    writeFileSync(`${file}.go-backup.2.unfinished`, 'half a backup')

    const store = await openStore({ file, dryRun: false, goImport: goImport() })
    onTestFinished(() => store.close())

    expect(store.load().size).toBe(1)
    expect(readFileSync(`${file}.go-backup.2`).equals(original)).toBe(true)
    expect(readFileSync(`${file}.go-backup`, 'utf8')).toBe('of another time')
    expect(readdirSync(folder).sort()).toEqual(['flow.db', 'flow.db.go-backup', 'flow.db.go-backup.2'])
  })

  it('refuses it where nobody asked for an import', async () => {
    const { file } = goFile()

    await expect(openStore({ file, dryRun: false })).rejects.toMatchObject({ code: 'import-failed' })
  })
})
