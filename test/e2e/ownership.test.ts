import { rmSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileChain } from './file-chain.js'

let place: FileChain
beforeEach(() => {
  place = new FileChain()
})
afterEach(() => place.remove())

function lose(...names: string[]): void {
  for (const name of names) rmSync(place.path(name))
}

/** Three services, of which the middle one went: addresses that are not what a fresh start would give. */
async function deployAsOwner(instanceId: string): Promise<Record<string, string>> {
  place.configure({ instanceId })
  place.list(['old', 'web', 'api'])
  await place.json()
  place.list(['api', 'web'])
  await place.json()
  return place.names()
}

describe('a new store that faces objects of another owner', () => {
  it.each([
    ['the entries are lost', ['state/entries.db'], 'other'],
    ['entries and addresses are lost', ['state/entries.db', 'state/addresses.db'], 'other'],
    ['no owner is configured', ['state/entries.db', 'state/addresses.db'], undefined],
  ])('writes nothing, and names the id: %s', async (_, files, instanceId) => {
    await deployAsOwner('first')
    lose(...files)
    place.configure({ instanceId })
    const hosts = place.files()['state/hosts']

    const dry = await place.json('--dry-run')
    const result = await place.json()
    const text = await place.reconcile('--adopt')

    for (const document of [dry, result]) {
      expect(document).toMatchObject({ exitCode: 1, reason: 'owner-mismatch' })
      expect(document.message).toMatch(/owner 'first' for 2 of the services.*nothing was written/)
      expect(document.hint).toContain('core.instanceId: first')
    }
    expect(text.code).toBe(1)
    expect(place.files()['state/hosts']).toBe(hosts)
  })

  it('is rebuilt from those objects once the id is set: the same addresses, and no write on them', async () => {
    const known = await deployAsOwner('first')
    lose('state/entries.db', 'state/addresses.db')
    place.configure({ instanceId: 'other' })
    await place.json()
    place.configure({ instanceId: 'first' })
    place.list(['new', 'api', 'web'])
    const hosts = place.files()['state/hosts']

    const dry = await place.json('--dry-run')
    const rebuilt = await place.json('--service', 'provider.file/[aw]*')

    expect(dry.plan.map(({ key, verdict }) => [key, verdict])).toContainEqual(['provider.file/new', 'create'])
    expect(rebuilt.exitCode).toBe(0)
    expect(place.files()['state/hosts']).toBe(hosts)
    const whole = await place.json()
    expect(whole.exitCode).toBe(0)
    expect(place.names()).toMatchObject(known)
    expect(new Set(Object.values(place.names())).size).toBe(3)
    expect((await place.reconcile()).stdout).toBe('in sync: 3 services deployed, nothing to do\n')
  })

  it('is rebuilt by the daemon, too', async () => {
    const known = await deployAsOwner('first')
    lose('state/entries.db', 'state/addresses.db')
    const daemon = await place.run()
    await daemon.saw(({ msg, step }) => msg === 'change' && step === 'ipam.ipalloc')
    daemon.kill('SIGTERM')

    expect((await daemon.ended).code).toBe(0)
    expect(await place.json()).toMatchObject({ exitCode: 0, counts: { inSync: 2 } })
    expect(place.names()).toEqual(known)
  })

  it('holds the daemon back from everything', async () => {
    const known = await deployAsOwner('first')
    lose('state/entries.db', 'state/addresses.db')
    place.configure({ instanceId: 'other' })
    const daemon = await place.run()

    const record = await daemon.saw(({ msg }) => msg === 'pass failed')
    daemon.kill('SIGTERM')

    expect(record).toMatchObject({ level: 'error', reason: 'owner-mismatch' })
    expect(record.hint).toContain('core.instanceId: first')
    expect((await daemon.ended).code).toBe(0)
    expect(place.names()).toEqual(known)
  })

  it('gives no address before the entries are rebuilt', async () => {
    const known = await deployAsOwner('first')
    lose('state/entries.db', 'state/addresses.db')
    place.configure({ instanceId: 'first' })
    place.list(['aaa', 'api', 'web'])

    await place.json()

    expect(place.names()).toMatchObject(known)
  })
})

describe('objects of somebody else', () => {
  const THEIRS =
    '# BEGIN interlook them\n192.0.2.9 web.example.com # provider.file/web\n# END interlook them\n'

  beforeEach(async () => {
    place.configure()
    place.list(['api'])
    await place.json()
    place.write('state/hosts', THEIRS + place.read('state/hosts'))
    place.list(['api', 'web'])
  })

  it('are a conflict on the service, which names object and place; --adopt alone does not take them', async () => {
    const result = await place.json()
    const adopted = await place.json('--adopt')

    for (const document of [result, adopted]) {
      expect(document).toMatchObject({ exitCode: 4, reason: 'conflict' })
      expect(document.message).toMatch(/web\.example\.com .*block of them at .*hosts:2 with 192\.0\.2\.9/)
    }
    expect(result.services.find(({ key }) => key === 'provider.file/web')?.problem?.hint).toContain(
      '--adopt-from them',
    )
    expect(place.read('state/hosts')).toContain(THEIRS)
  })

  it('are taken over with --adopt-from, and only of the owner that it names', async () => {
    const wrong = await place.json('--adopt-from', 'nobody')
    const dry = await place.json('--adopt-from', 'them', '--dry-run')
    const result = await place.json('--adopt-from', 'them')

    expect(wrong.exitCode).toBe(4)
    const web = dry.plan.find(({ key }) => key === 'provider.file/web')
    expect(web?.steps.flatMap(({ changes }) => changes)).toContainEqual(
      expect.objectContaining({ object: 'web.example.com', adopts: true }),
    )
    expect(result.exitCode).toBe(0)
    expect(place.read('state/hosts')).not.toContain('# provider.file/web\n# END interlook them')
    const address = result.services.find(({ key }) => key === 'provider.file/web')?.public_ip
    expect(place.names()).toMatchObject({ 'web.example.com': address })
    expect((await place.reconcile()).stdout).toBe('in sync: 2 services deployed, nothing to do\n')
  })
})
