import { rmSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileChain } from './file-chain.js'

let place: FileChain
beforeEach(() => {
  place = new FileChain()
  place.configure()
})
afterEach(() => place.remove())

const KEY = 'provider.file'

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `web${String(i + 1).padStart(2, '0')}`)
}

async function deploy(count: number): Promise<void> {
  place.list(names(count))
  expect((await place.json()).exitCode).toBe(0)
}

describe('the guard', () => {
  it('refuses an empty list over 50 deployed services, with numbers, limit, key and the way out', async () => {
    await deploy(50)
    place.list([])
    const before = place.files()

    const dry = await place.json('--dry-run')
    const refused = await place.json()
    const { code, stdout } = await place.reconcile()

    expect(dry).toMatchObject({ exitCode: 3, reason: 'guard', dryRun: true })
    expect(refused).toMatchObject({ exitCode: 3, reason: 'guard', changes: [] })
    expect(refused.guard).toMatchObject({ tripped: true, frozen: ['provider.file'] })
    expect(code).toBe(3)
    for (const text of [dry.message, refused.message, stdout]) {
      expect(text).toMatch(/of 50 deployed services 50 would be removed/)
      expect(text).toMatch(/listed no service at all/)
      expect(text).toMatch(/100 % is over the limit of 30 % \(core\.guard\.maxDeletePercent\)/)
      expect(text).toMatch(/interlook reconcile --allow-deletes 50/)
    }
    expect(place.files()).toEqual(before)
  })

  it('lets pass what a person has agreed to, and no more', async () => {
    await deploy(50)
    place.list([])

    const less = await place.json('--allow-deletes', '49')
    const enough = await place.json('--allow-deletes', '50')

    expect(less).toMatchObject({ exitCode: 3, changes: [] })
    expect(less.message).toContain('--allow-deletes 49 is less')
    expect(enough).toMatchObject({ exitCode: 0, counts: { remove: 50 } })
    expect(place.names()).toEqual({})
  })

  it.each([
    ['30 % of ten', 10, 3, 0, undefined],
    ['40 % of ten', 10, 4, 3, '40 % is over the limit of 30 % (core.guard.maxDeletePercent)'],
    ['most of nine: below minServices', 9, 8, 0, undefined],
    ['all of two: an empty listing', 2, 2, 3, 'listed no service at all'],
    ['all of one', 1, 1, 0, undefined],
  ])('judges the removal of %s', async (_, deployed, removed, exitCode, said) => {
    await deploy(deployed)
    place.list(names(deployed).slice(removed))

    const result = await place.json()

    expect(result.exitCode).toBe(exitCode)
    if (said !== undefined) expect(result.message).toContain(said)
  })

  it('takes its limits from the configuration', async () => {
    place.configure({ guard: { maxDeletePercent: 100, maxDeletes: 2 } })
    await deploy(12)
    place.list(names(9))

    const result = await place.json()

    expect(result).toMatchObject({ exitCode: 3, changes: [] })
    expect(result.message).toContain('3 is over the limit of 2 (core.guard.maxDeletes)')
  })

  it('counts lost names and addresses like removals', async () => {
    await deploy(10)
    place.list(names(10).map((name, i) => (i < 4 ? { name, hosts: [`other-${name}.example.com`] } : name)))

    const result = await place.json()

    expect(result).toMatchObject({ exitCode: 3, changes: [] })
    expect(result.message).toContain('of 10 deployed services 4 would change address or name')
  })

  it('counts the loss of the last target where that empties a service', async () => {
    place.configure({ whenNoTargets: 'empty' })
    await deploy(10)
    place.list(names(10).map((name) => ({ name, targets: [] })))

    const result = await place.json()

    expect(result).toMatchObject({ exitCode: 3, changes: [] })
    expect(result.message).toContain('10 would lose the last target')
  })
})

describe('the guard of the daemon', () => {
  const refused = ({ msg }: { msg: string }): boolean => msg.startsWith('guard: these changes are refused')

  it('holds back the counted changes alone, says so once, and lifts itself when the services are back', async () => {
    place.configure({}, { 'provider.file': { pollInterval: '100ms' } })
    await deploy(10)
    const known = place.names()
    const daemon = await place.run()
    place.list([...names(10).slice(5), 'new'])

    const record = await daemon.saw(refused)
    await daemon.saw(
      ({ msg, step, service }) => msg === 'change' && step === 'dns.hosts' && service === `${KEY}/new`,
    )
    const held = place.names()
    place.list([...names(10), 'new'])
    await daemon.saw(({ msg }) => msg.includes('nothing is held back any more'))
    daemon.kill('SIGTERM')

    expect((await daemon.ended).code).toBe(0)
    expect(record).toMatchObject({ level: 'error' })
    expect(record.reasons).toMatch(/of 10 deployed services 5 would be removed: 50 % .*--allow-deletes 5/)
    expect(record.hint).toContain('stop this daemon first')
    expect(held).toMatchObject(known)
    expect(daemon.log.filter(refused)).toHaveLength(1)
    expect((await place.reconcile()).stdout).toMatch(/^in sync: 11 services/)
  })

  it('counts the changes of its window together', async () => {
    place.configure({}, { 'provider.file': { pollInterval: '100ms' } })
    await deploy(10)
    const daemon = await place.run()
    for (const left of [9, 8, 7]) {
      const from = daemon.log.length
      place.list(names(left))
      await daemon.saw(
        ({ msg, step, action }) => msg === 'change' && step === 'ipam.ipalloc' && action === 'delete',
        from,
      )
    }
    place.list(names(6))

    const record = await daemon.saw(refused)
    daemon.kill('SIGTERM')

    expect(record.reasons).toMatch(/of 10 deployed services 4 would be removed/)
    expect((await daemon.ended).code).toBe(0)
    expect(Object.keys(place.names())).toHaveLength(7)
  })
})

describe('a file that cannot be believed', () => {
  const SECOND = '  - { name: b, hosts: [b.example.com], targets: [{ host: 10.0.0.1, port: 80 }] }\n'

  it.each([
    ['is missing', undefined, /services\.yml: the file cannot be read/],
    ['is empty', '', /services\.yml:1:1: the file is empty/],
    ['ends in the middle', 'services:\n  - { name: a, hosts: [a', /services\.yml:2:\d+: /],
    ['is a list', '- a\n', /services\.yml:1:1: expected a mapping with the key services/],
    ['has a section without a list', 'services:\n', /services\.yml:1:1: services is no list/],
    ['has another key', 'service: []\n', /services\.yml:1:1: unknown key service/],
    [
      'holds an element without a name',
      `services:\n${SECOND}  - { hosts: [a.example.com] }\n`,
      /services\.yml:3:5: /,
    ],
    ['holds a service twice', `services:\n${SECOND}${SECOND}`, /services\.yml:3:5: .*second time/],
  ])('that %s is an error, never a removal', async (_, text, message) => {
    await deploy(3)
    const known = place.names()
    if (text === undefined) rmSync(place.path('services.yml'))
    else place.write('services.yml', text)
    const before = place.files()

    const dry = await place.json('--dry-run')
    const result = await place.json()

    for (const one of [dry, result]) {
      expect(one).toMatchObject({ exitCode: 4, reason: 'provider-unlisted', changes: [] })
      expect(one.message).toMatch(message)
      expect(one.providers[0]?.listed).toBeUndefined()
      expect(one.plan.map(({ verdict }) => verdict)).toEqual(['frozen', 'frozen', 'frozen'])
    }
    expect(place.files()).toEqual(before)
    expect(place.names()).toEqual(known)
  })

  it('with one bad service harms no other', async () => {
    await deploy(2)
    place.list([{ name: 'web01', targets: [{ host: '10.0.0.1', port: 99_999 }] }, 'web02', 'web03'])

    const result = await place.json()

    expect(result).toMatchObject({ exitCode: 4, reason: 'label-invalid' })
    expect(result.message).toMatch(/provider\.file\/web01: targets\[0\]\.port is 99999, expected one port/)
    expect(Object.keys(place.names())).toEqual([
      'web01.example.com',
      'web02.example.com',
      'web03.example.com',
    ])
  })
})

describe('a service without targets', () => {
  it('is not deployed before it has its first one', async () => {
    place.list([{ name: 'web', targets: [] }])

    const waiting = await place.json()
    place.list(['web'])
    const ready = await place.json()

    expect(waiting).toMatchObject({ exitCode: 0, changes: [] })
    expect(waiting.plan).toMatchObject([{ verdict: 'waiting', problem: { code: 'no-targets' } }])
    expect(ready.services).toMatchObject([{ state: 'deployed', public_ip: '192.0.2.1' }])
  })

  it.each([
    ['keep-last', [{ host: '10.0.0.1', port: 80, weight: 1 }]],
    ['empty', []],
  ])('keeps its name; %s', async (whenNoTargets, targets) => {
    place.configure({ whenNoTargets })
    await deploy(1)
    place.list([{ name: 'web01', targets: [] }])

    const result = await place.json()

    expect(result.exitCode).toBe(0)
    expect(result.plan).toMatchObject([{ key: 'provider.file/web01', service: { targets } }])
    expect(place.names()).toEqual({ 'web01.example.com': '192.0.2.1' })
  })
})
