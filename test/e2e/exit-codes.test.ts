import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EXIT_CODES } from '../../src/cli/exit-codes.js'
import { documentOf, FileChain } from './file-chain.js'

let place: FileChain
beforeEach(() => {
  place = new FileChain()
  place.configure()
  place.list(['web'])
})
afterEach(() => place.remove())

/** The chain with a provisioner of somebody else's at its end, which does what the test wants. */
function withJournal(faults: Record<string, unknown>, core: Record<string, unknown> = {}): void {
  place.copy('examples/extensions/journal-provisioner', 'journal-provisioner')
  place.configure(
    {
      extensions: ['./journal-provisioner'],
      workflow: ['provider.file', 'ipam.ipalloc', 'dns.hosts', 'dns.journal'],
      ...core,
    },
    { 'dns.journal': { path: 'state/journal.json', faults } },
  )
}

/** Prepares the folder so that `reconcile FLAGS...` ends with the code. */
interface Case {
  code: number
  reason: string | undefined
  title: string
  flags?: string[]
  message?: RegExp
  prepare?: () => unknown
}

const CASES: Case[] = [
  { code: 64, reason: 'usage', title: 'an unknown flag', flags: ['--frobnicate'], message: /--frobnicate/ },
  {
    code: 64,
    reason: 'usage',
    title: 'a number that is none',
    flags: ['--allow-deletes', 'many'],
    message: /many/,
  },
  { code: 64, reason: 'usage', title: 'a negative number', flags: ['--allow-deletes=-1'], message: /-1/ },
  { code: 64, reason: 'usage', title: 'a duration that is none', flags: ['--wait', 'soon'], message: /soon/ },
  {
    code: 64,
    reason: 'usage',
    title: '--detailed-exitcode without --dry-run',
    flags: ['--detailed-exitcode'],
    message: /--dry-run/,
  },
  {
    code: 64,
    reason: 'usage',
    title: 'a report that cannot be written, before anything is done',
    flags: ['--output', 'nowhere/report.md'],
    message: /nowhere\/report\.md/,
  },
  {
    code: 64,
    reason: 'usage',
    title: 'bad usage even with a bad config',
    flags: ['--wait', 'soon'],
    prepare: () => place.write('interlook.yml', 'cors: {}'),
  },
  {
    code: 78,
    reason: 'config-invalid',
    title: 'an unknown key',
    message: /interlook\.yml: 1 error/,
    prepare: () => place.configure({ instanceID: 'x' }),
  },
  {
    code: 78,
    reason: 'config-unreadable',
    title: 'no config file',
    flags: ['--config', 'absent.yml'],
    message: /absent\.yml/,
  },
  {
    code: 78,
    reason: 'config-invalid',
    title: 'a third-party extension that cannot be loaded',
    message: /1 error/,
    prepare: () => place.configure({ extensions: ['./absent'] }),
  },
  {
    code: 69,
    reason: 'extension-unavailable',
    title: 'a step that this release cannot run',
    message: /dns\.consul/,
    prepare: () =>
      place.configure(
        { workflow: ['provider.file', 'ipam.ipalloc', 'dns.consul'] },
        { 'dns.consul': { url: 'http://127.0.0.1:1' } },
      ),
  },
  {
    code: 69,
    reason: 'extension-start',
    title: 'an address store that is damaged',
    message: /ipam\.ipalloc did not start: .*addresses\.db/,
    prepare: () => place.write('state/addresses.db', 'SQLite format 3\0 and nothing else'),
  },
  {
    code: 1,
    reason: 'store-unreadable',
    title: 'an entries store that is damaged',
    message: /entries\.db/,
    prepare: () => place.write('state/entries.db', 'SQLite format 3\0 and nothing else'),
  },
  {
    code: 3,
    reason: 'guard',
    title: 'the guard',
    message: /--allow-deletes 2/,
    prepare: async () => {
      place.list(['web', 'api'])
      await place.json()
      place.list([])
    },
  },
  {
    code: 4,
    reason: 'provider-unlisted',
    title: 'a provider that cannot list',
    message: /provider\.file/,
    prepare: () => place.write('services.yml', ''),
  },
  {
    code: 4,
    reason: 'label-invalid',
    title: 'a service with a wrong key',
    message: /provider\.file\/web.*hosts/,
    prepare: () => place.list([{ name: 'web', hosts: ['no host'] }]),
  },
  {
    code: 4,
    reason: 'conflict',
    title: 'a name that somebody else has',
    message: /provider\.file\/web: web\.example\.com .*hosts:1/,
    prepare: () => place.write('state/hosts', '10.9.9.9 web.example.com\n'),
  },
  {
    code: 4,
    reason: 'address-exhausted',
    title: 'a pool that is used up',
    message: /no free address in pool default/,
    prepare: () => {
      place.list(['a', 'b', 'c'])
      place.configure({}, { 'ipam.ipalloc': { network_cidr: '192.0.2.0/30' } })
    },
  },
  {
    code: 2,
    reason: undefined,
    title: 'pending changes, when that is asked for',
    flags: ['--dry-run', '--detailed-exitcode'],
  },
  { code: 0, reason: undefined, title: 'pending changes in a plain dry run', flags: ['--dry-run'] },
  { code: 0, reason: undefined, title: 'changes that were made' },
  {
    code: 0,
    reason: undefined,
    title: 'nothing to do',
    flags: ['--dry-run', '--detailed-exitcode'],
    prepare: () => place.json(),
  },
]

describe('reconcile ends with', () => {
  it.each(CASES)('$code ($reason) on $title', async ({ code, reason, flags = [], message, prepare }) => {
    await prepare?.()
    const before = place.files()

    const text = await place.reconcile(...flags)
    const isOver = code === 64 || code === 78 || code === 3
    if (isOver) expect(place.files()).toEqual(before)
    const document = code === 0 ? undefined : await place.json(...flags)

    expect(text.code).toBe(code)
    if (document !== undefined) expect([document.exitCode, document.reason]).toEqual([code, reason])
    if (message !== undefined) {
      expect(`${text.stdout}${text.stderr}`).toMatch(message)
      expect(document?.message).toMatch(message)
    }
    // Trouble that kept the pass from beginning leaves stdout alone.
    if (code === 64 || code === 78 || code === 69 || code === 1) expect(text.stdout).toBe('')
  })

  it.each([
    ['SIGINT', 130, 'late', 'deployed'],
    ['SIGTERM', 143, 'hang', 'dns.journal'],
  ] as const)(
    'cut short by %s: %i, after work in flight had a moment to end; the next pass settles the rest',
    async (signal, code, fault, state) => {
      withJournal({ web: [fault] })
      const pass = place.start('reconcile', '--json', '--log-level', 'info')
      await pass.saw(({ msg, step }) => msg === 'change' && step === 'dns.hosts')

      pass.kill(signal)
      const ended = await pass.ended

      expect(ended.code).toBe(code)
      expect(documentOf(ended)).toMatchObject({
        exitCode: code,
        reason: 'aborted',
        services: [{ state }],
      })
      withJournal({})
      expect(await place.json()).toMatchObject({ exitCode: 0, services: [{ state: 'deployed' }] })
    },
  )

  it('has a case for every code', () => {
    const tested = new Set([...CASES.map(({ code }) => code), 130, 143, 5])

    expect([...tested].sort()).toEqual(
      Object.values(EXIT_CODES)
        .map(({ code }) => code as number)
        .sort(),
    )
  })
})

describe('the lock', () => {
  it('ends a second writer with 5, who is told of the first', async () => {
    const daemon = await place.run()

    const { code, stderr } = await place.reconcile()
    const document = await place.json('--lock-timeout', '200ms')
    const second = await place.cli('run')

    expect([code, second.code]).toEqual([5, 5])
    expect(document).toMatchObject({ exitCode: 5, reason: 'locked' })
    for (const text of [stderr, document.message, second.stderr]) {
      expect(text).toContain(`process ${daemon.pid}`)
      expect(text).toContain('interlook run')
    }
  })

  it('is waited for with --lock-timeout, and no dry run needs it', async () => {
    const daemon = await place.run()
    await daemon.saw(({ msg, step }) => msg === 'change' && step === 'dns.hosts')

    const dry = await place.json('--dry-run')
    const waiting = place.json('--lock-timeout', '20s')
    daemon.kill('SIGTERM')

    expect((await daemon.ended).code).toBe(0)
    expect(dry).toMatchObject({ exitCode: 0, dryRun: true })
    expect(await waiting).toMatchObject({ exitCode: 0, counts: { inSync: 1 } })
  })

  it('is free after a kill', async () => {
    const daemon = await place.run()
    daemon.kill('SIGKILL')
    await daemon.ended

    expect((await place.json()).exitCode).toBe(0)
  })
})

describe('flags', () => {
  it('--quiet prints nothing at all when everything is in sync', async () => {
    await place.json()

    const inSync = await place.reconcile('--quiet')
    place.list(['web', 'api'])
    const changed = await place.reconcile('--quiet')

    expect(inSync).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(changed.stdout).toContain('api.example.com')
  })

  it('--output writes the report, also of what is refused', async () => {
    const first = await place.reconcile('--output', 'report.md')
    const report = place.read('report.md')
    place.write('services.yml', '')
    const failed = await place.reconcile('--output', 'report.md')

    expect([first.code, failed.code]).toEqual([0, 4])
    expect(report).toMatch(/^# interlook reconcile\n/)
    expect(report).toContain('| `provider.file/web` | 192.0.2.1 | web.example.com | deployed |')
    expect(place.read('report.md')).toMatch(/provider-unlisted: .*the file is empty/)
  })

  it('--timeout ends a pass that hangs, with 4', async () => {
    withJournal({ web: ['hang'] }, { serviceWIPTimeout: '2s' })

    const document = await place.json('--timeout', '500ms')

    expect(document).toMatchObject({ exitCode: 4, reason: 'timeout' })
    expect(document.services).toMatchObject([{ state: 'dns.journal' }])
  })

  it('--config, INTERLOOK_CONFIG and --conf name the file', async () => {
    place.write('other/interlook.yml', place.read('interlook.yml').replace('services.yml', 'other.yml'))
    place.write(
      'other.yml',
      'services: [{ name: other, hosts: [other.example.com], targets: [{ host: a, port: 1 }] }]',
    )

    const results = [
      await place.json('--dry-run', '--config', 'other/interlook.yml'),
      await place.json('--dry-run', '--conf', 'other/interlook.yml'),
      await place.json('--dry-run', '-c', 'other/interlook.yml'),
    ]

    for (const { plan } of results) expect(plan.map(({ key }) => key)).toEqual(['provider.file/other'])
  })

  it('--no-color and a pipe keep escape codes out', async () => {
    const { stdout, stderr } = await place.reconcile('--no-color')

    expect(`${stdout}${stderr}`).not.toContain('\u001b')
  })

  it('--dry-run does not even make the state folder', async () => {
    await place.reconcile('--dry-run')

    expect(existsSync(place.path('state'))).toBe(false)
  })

  it('an --output that is a folder is refused before anything is done', async () => {
    mkdirSync(place.path('report.md'))
    writeFileSync(place.path('report.md/x'), '')

    const { code } = await place.reconcile('--output', 'report.md')

    expect(code).toBe(64)
    expect(existsSync(place.path('state'))).toBe(false)
  })
})
