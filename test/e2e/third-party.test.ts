import { existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Running } from '../helpers/running.js'
import { FileChain } from './file-chain.js'

/** The provider and the provisioner of the examples, which implement `start` and `stop` alone, around ipalloc. */
let place: FileChain
beforeEach(() => {
  place = new FileChain()
  place.copy('examples/extensions', '.')
  configure()
})
afterEach(() => place.remove())

interface Knobs {
  core?: Record<string, unknown>
  /** Service -> what the provisioner does wrong, message by message. */
  faults?: Record<string, string | string[]>
  lateMs?: number
  /** How often the provider looks at its file, ms. */
  intervalMs?: number
}

function configure({ core, faults = {}, lateMs, intervalMs = 20 }: Knobs = {}): void {
  place.configure(
    {
      extensions: ['./inventory-provider', './journal-provisioner'],
      workflow: ['provider.inventory', 'ipam.ipalloc', 'dns.journal'],
      providerSettle: '200ms',
      retry: { base: '100ms', max: '200ms' },
      ...core,
    },
    {
      'provider.inventory': { path: 'inventory.jsonl', intervalMs },
      'dns.journal': { path: 'state/journal.json', faults, ...(lateMs !== undefined && { lateMs }) },
    },
  )
}

/** Name, or name and aliases, of each service. */
function inventory(...services: (string | [name: string, ...hosts: string[]])[]): void {
  const lines = services.map((service) => {
    const [name, ...hosts] = typeof service === 'string' ? [service, `${service}.example.com`] : service
    return JSON.stringify({ name, hosts, targets: [{ host: '10.0.1.5', port: 8080 }] })
  })
  place.write('inventory.jsonl', `${lines.join('\n')}\n`)
}

function journal(): Record<string, Record<string, string>> {
  return existsSync(place.path('state/journal.json'))
    ? (JSON.parse(place.read('state/journal.json')) as Record<string, Record<string, string>>)
    : {}
}

const WEB = 'provider.inventory/web'
const API = 'provider.inventory/api'
const BOTH = {
  [WEB]: { 'web.example.com': '192.0.2.1' },
  [API]: { 'api.example.com': '192.0.2.2' },
}

describe('reconcile', () => {
  beforeEach(() => inventory('web', 'api'))

  it('creates, and sends nothing again to a provisioner that acknowledged it', async () => {
    const first = await place.json()
    // Whatever was sent would be refused now.
    configure({ faults: { web: 'refuse', api: 'refuse' } })
    const before = place.files()
    const again = await place.reconcile()

    expect(first).toMatchObject({ exitCode: 0, counts: { create: 2 } })
    expect(journal()).toEqual(BOTH)
    expect(again).toMatchObject({ code: 0, stdout: 'in sync: 2 services deployed, nothing to do\n' })
    expect(place.files()).toEqual(before)
  })

  it('shows the step in a dry run as not previewable, and does not start the provisioner', async () => {
    // It would not start: it reads its file first.
    place.write('state/journal.json', 'no JSON')
    const before = place.everything()

    const dry = await place.json('--dry-run')
    const text = (await place.reconcile('--dry-run')).stdout
    const after = place.everything()
    const real = await place.json()

    expect(dry).toMatchObject({ exitCode: 0, counts: { create: 2 } })
    expect(dry.plan[0]?.steps.map(({ step, opaque }) => [step, opaque])).toEqual([
      ['ipam.ipalloc', false],
      ['dns.journal', true],
    ])
    expect(text).toContain('cannot be previewed')
    expect(after).toEqual(before)
    expect(real).toMatchObject({ exitCode: 69, reason: 'extension-start' })
    expect(real.message).toContain('dns.journal')
  })

  it('changes an alias: only the new one is left, at the same address', async () => {
    await place.json()
    inventory(['web', 'www.example.com'], 'api')

    const result = await place.json()

    expect(result).toMatchObject({ exitCode: 0, counts: { update: 1, inSync: 1 } })
    expect(journal()).toEqual({ ...BOTH, [WEB]: { 'www.example.com': '192.0.2.1' } })
    expect((await place.reconcile()).stdout).toMatch(/^in sync/)
  })

  it('tells of a refusal, does the rest, and tries again in the next pass', async () => {
    configure({ faults: { web: 'refuse' } })

    const refused = await place.json()
    const partial = journal()
    configure()
    const done = await place.json()

    expect(refused).toMatchObject({ exitCode: 4, reason: 'refused' })
    expect(refused.message).toContain('the journal refuses web')
    expect(Object.keys(partial)).toEqual([API])
    expect(done.exitCode).toBe(0)
    expect(journal()).toEqual(BOTH)
  })

  it.each([
    ['hangs', { web: ['hang'] }],
    ['answers too late', { web: ['late'] }],
  ])('gives a provisioner that %s up at the deadline, and settles it in the next pass', async (_, faults) => {
    configure({ faults, lateMs: 3_000, core: { serviceWIPTimeout: '1s' } })

    const late = await place.json()
    configure()
    const done = await place.json()

    expect(late).toMatchObject({ exitCode: 4, reason: 'timeout' })
    expect(late.services.map(({ key, state }) => [key, state])).toEqual([
      [API, 'deployed'],
      [WEB, 'dns.journal'],
    ])
    expect(late.durationMs).toBeLessThan(3_000)
    expect(done.exitCode).toBe(0)
    expect(journal()).toEqual(BOTH)
  })

  it('takes the first of two answers, and warns of the second', async () => {
    configure({ faults: { web: ['twice'] } })

    const { code, stderr } = await place.reconcile('--log-level', 'warn')

    expect(code).toBe(0)
    expect(stderr.match(/late or unasked answer dropped/g)).toHaveLength(1)
    expect(journal()).toEqual(BOTH)
  })

  it('removes what the provider, asked for it, says is gone', async () => {
    await place.json()
    inventory('api')

    const result = await place.json()

    expect(result).toMatchObject({ exitCode: 0, counts: { remove: 1, inSync: 1 } })
    expect(journal()).toEqual({ [API]: BOTH[API] })
    expect(result.changes).toMatchObject([{ action: 'delete', object: '192.0.2.1' }])
  })

  it('takes a delete that was not answered up again', async () => {
    await place.json()
    inventory('api')
    configure({ faults: { web: ['hang'] }, core: { serviceWIPTimeout: '1s' } })

    const late = await place.json()
    configure()
    const done = await place.json()

    expect(late).toMatchObject({ exitCode: 4, reason: 'timeout' })
    expect(late.changes).toEqual([])
    expect(done.exitCode).toBe(0)
    expect(done.changes).toMatchObject([{ action: 'delete', object: '192.0.2.1' }])
    expect(journal()).toEqual({ [API]: BOTH[API] })
  })

  it.each([
    ['an add', ['web', 'api'], BOTH],
    ['a delete', ['api'], { [API]: BOTH[API] }],
  ] as const)('goes on after a kill while %s is not answered', async (what, services, expected) => {
    if (what === 'a delete') await place.json()
    inventory(...services)
    configure({ faults: { web: ['hang'] } })
    const pass = place.start('reconcile')
    const isDone = what === 'an add' ? () => WEB in journal() : () => !(WEB in journal())
    await expect.poll(isDone, { timeout: 60_000, interval: 10 }).toBe(true)
    pass.kill('SIGKILL')
    await pass.ended
    configure()

    const result = await place.json()

    expect(result.exitCode).toBe(0)
    expect(journal()).toEqual(expected)
    expect((await place.reconcile()).stdout).toMatch(/^in sync/)
  })

  it('does not take silence, or an answer with an error, for absence', async () => {
    await place.json()
    // Without a line for web, and one that cannot be read: the provider can tell nothing any more.
    place.write('inventory.jsonl', 'no JSON\n')
    const result = await place.json()

    expect(result).toMatchObject({ exitCode: 69, reason: 'extension-start' })
    expect(journal()).toEqual(BOTH)
  })
})

/** Ends when the provisioner has acknowledged another message about the service. */
function answered(daemon: Running, service: string, from = 0): Promise<unknown> {
  return daemon.saw(
    (record) => record.msg === 'step answered' && record.step === 'dns.journal' && record.service === service,
    from,
  )
}

function failed(daemon: Running, reason: string): Promise<unknown> {
  return daemon.saw(
    (record) => record.msg === 'step failed' && record.step === 'dns.journal' && record.reason === reason,
  )
}

function poll(read: () => unknown): ReturnType<typeof expect.poll> {
  return expect.poll(read, { timeout: 60_000, interval: 10 })
}

async function stop(daemon: Running): Promise<void> {
  daemon.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
}

describe('run', () => {
  beforeEach(() => inventory('web', 'api'))

  it('creates, changes an alias, and deletes, as the provider tells', async () => {
    const daemon = await place.run('--log-level', 'debug')
    await Promise.all([answered(daemon, WEB), answered(daemon, API)])
    const created = journal()
    inventory(['web', 'www.example.com'], 'api')
    await poll(journal).toEqual({ ...BOTH, [WEB]: { 'www.example.com': '192.0.2.1' } })
    inventory('api')
    await poll(journal).toEqual({ [API]: BOTH[API] })
    await daemon.saw(
      ({ msg, step, action }) => msg === 'change' && step === 'ipam.ipalloc' && action === 'delete',
    )
    await stop(daemon)

    expect(created).toEqual(BOTH)
    expect((await place.reconcile()).stdout).toBe('in sync: 1 service deployed, nothing to do\n')
  })

  it('tries again after a refusal', async () => {
    configure({ faults: { web: ['refuse', 'refuse'] } })
    const daemon = await place.run('--log-level', 'debug')
    await failed(daemon, 'refused')
    await answered(daemon, WEB)
    await stop(daemon)

    expect(journal()).toEqual(BOTH)
  })

  it.each(['hang', 'late'])('gives up at the deadline and asks again; %s', async (fault) => {
    configure({ faults: { web: [fault] }, lateMs: 1_500, core: { serviceWIPTimeout: '1s' } })
    const daemon = await place.run('--log-level', 'debug')
    await failed(daemon, 'timeout')
    await answered(daemon, WEB)
    if (fault === 'late') await daemon.saw(({ msg }) => msg === 'late or unasked answer dropped')
    await stop(daemon)

    expect(journal()).toEqual(BOTH)
    expect((await place.reconcile()).stdout).toMatch(/^in sync/)
  })

  it('drops the second of two answers', async () => {
    configure({ faults: { web: 'twice' } })
    const daemon = await place.run('--log-level', 'debug')
    await daemon.saw(({ msg, service }) => msg === 'late or unasked answer dropped' && service === WEB)
    inventory(['web', 'www.example.com'], 'api')
    await poll(journal).toEqual({ ...BOTH, [WEB]: { 'www.example.com': '192.0.2.1' } })
    await stop(daemon)

    expect((await place.reconcile()).stdout).toMatch(/^in sync/)
  })

  it('goes on after a kill between a message and its answer', async () => {
    configure({ faults: { web: 'hang' } })
    const first = await place.run('--log-level', 'debug')
    await poll(() => WEB in journal()).toBe(true)
    first.kill('SIGKILL')
    await first.ended
    configure()

    const second = await place.run('--log-level', 'debug')
    await answered(second, WEB)
    await stop(second)

    expect(journal()).toEqual(BOTH)
  })

  it('sends nothing after a restart in which nothing changed', async () => {
    await place.json()
    configure({ faults: { web: 'refuse', api: 'refuse' }, core: { resync: '200ms' } })
    const before = place.files()
    const daemon = await place.run('--log-level', 'debug')
    inventory('web', 'api', 'new')
    await answered(daemon, 'provider.inventory/new')
    await stop(daemon)

    expect(daemon.log.filter(({ msg }) => msg === 'step failed')).toEqual([])
    expect(journal()).toMatchObject(BOTH)
    expect(Object.keys(place.files())).toEqual(Object.keys(before))
  })

  it('asks for services that the provider has not spoken of for core.serviceMaxLastUpdated', async () => {
    // The provider does not look at its file by itself within this test.
    configure({ intervalMs: 3_600_000, core: { serviceMaxLastUpdated: '500ms' } })
    const daemon = await place.run('--log-level', 'debug')
    await answered(daemon, API)
    inventory('web')
    await poll(journal).toEqual({ [WEB]: BOTH[WEB] })
    await stop(daemon)

    expect(daemon.log.filter(({ msg }) => msg === 'step failed')).toEqual([])
  })

  it('asks in vain, and removes nothing, while the provider cannot tell', async () => {
    configure({ intervalMs: 3_600_000, core: { serviceMaxLastUpdated: '500ms' } })
    const daemon = await place.run('--log-level', 'debug')
    await answered(daemon, API)
    await answered(daemon, WEB)
    place.write('inventory.jsonl', 'no JSON\n')
    const isTold = ({ msg, service }: { msg: string; service?: unknown }) =>
      msg === 'provider could not refresh a service' && service === WEB
    await daemon.saw(isTold)
    const from = daemon.log.findIndex(isTold) + 1
    await daemon.saw(isTold, from)
    await stop(daemon)

    expect(journal()).toEqual(BOTH)
  })
})

describe('an extension that keeps to no contract', () => {
  const RUDE = `
const answers = [
  () => undefined,
  () => ({}),
  (message) => ({ ...message, service: undefined }),
  (message) => ({ ...message, service: { name: 5 } }),
  (message) => ({ ...message, id: 'other' }),
  (message) => ({ ...message, error: new Error('no room'), problem: 'bad', reason: 7 }),
]
function create() {
  let round = 0
  return {
    async start(receive, send) {
      void (async () => {
        for await (const message of receive) {
          for (const answer of answers) void send(answer(message))
          if (++round > 1) void send(message)
        }
      })()
    },
    async stop() {},
  }
}
export default { form: 'extension', apiVersion: 1, kind: 'dns', name: 'rude', summary: 'rude', create }
`

  it('does not bring the daemon down: what cannot be read is dropped, an error is a text', async () => {
    place.write('rude.mjs', RUDE)
    place.list(['web'])
    place.configure({
      extensions: ['./rude.mjs'],
      workflow: ['provider.file', 'ipam.ipalloc', 'dns.rude'],
      retry: { base: '100ms', max: '200ms' },
    })
    const daemon = await place.run('--log-level', 'debug')

    const failure = await daemon.saw(({ msg }) => msg === 'step failed')
    await stop(daemon)
    const result = await place.json()

    expect(failure).toMatchObject({ step: 'dns.rude', reason: 'refused', error: 'no room' })
    expect(daemon.log.filter(({ msg }) => msg.startsWith('answer against the contract'))).not.toEqual([])
    expect(result).toMatchObject({ exitCode: 4, reason: 'refused' })
  })
})
