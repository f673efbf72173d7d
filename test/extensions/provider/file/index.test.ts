import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { definition } from '../../../../src/extensions/provider/file/index.js'
import { FileConfig } from '../../../../src/extensions/provider/file/schema.js'
import { type Clock, systemClock } from '../../../../src/sdk/clock.js'
import { silentLogger } from '../../../../src/sdk/logger.js'
import type { Provider } from '../../../../src/sdk/provider.js'
import { contractHarness, runContract } from '../../../helpers/contract.js'
import { like } from '../../../helpers/like.js'

const LISTING = `
services:
  - name: web
    hosts: [web.example.com]
    targets: [{ host: 10.1.1.2, port: 80 }]
`

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interlook-file-'))
  path = join(folder, 'services.yml')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function makeProvider(clock: Clock = systemClock, pollInterval = '5m'): Provider {
  return definition.create(FileConfig.parse({ path, pollInterval }), {
    id: 'provider.file',
    owner: 'me',
    logger: silentLogger,
    clock,
    dryRun: false,
    deadlineMs: 5000,
  })
}

const never = new AbortController().signal

describe('a listing', () => {
  it('is what the file says', async () => {
    await writeFile(path, LISTING)

    expect(await makeProvider().list(never)).toMatchObject([
      { service: { provider: 'provider.file', name: 'web', dns_name: ['web.example.com'] } },
    ])
  })

  it('may be empty, when the file says so', async () => {
    await writeFile(path, 'services: []\n')

    expect(await makeProvider().list(never)).toEqual([])
  })

  it.each([
    ['is missing', undefined, 'cannot be read: ENOENT'],
    ['is empty', '', ':1:1: the file is empty'],
    ['holds only blanks', ' \n\n', ':1:1: the file is empty'],
    ['holds only a comment', '# services: []\n', ':1:1: expected a document'],
    ['has no list of services', 'services:\n', ':1:1: services is no list'],
    ['has something else for the list', 'services: { web: {} }\n', ':1:1: services is no list'],
    ['has a mistyped key', 'service: []\n', ':1:1: unknown key service'],
    ['is a list', '- name: web\n', ':1:1: expected a mapping with the key services'],
    [
      'ends early',
      'services:\n  - name: web\n    hosts: [a.example.com, b',
      ':3:29: unexpected end of the stream',
    ],
    ['is broken', 'services:\n  - name: x\n   tls: true\n', ':3:4: bad indentation'],
    ['has two documents', '---\nservices: []\n---\nservices: []\n', ':1:1: expected a single document'],
    [
      'has an element without a name',
      'services:\n  - name: a\n  - hosts: []\n',
      ':3:5: services\\[1\\]: expected',
    ],
    [
      'has an element without a name behind a nested one',
      'services: [{name: a, targets: [{host: h, port: 1}], lb: {x: 1}}, 7]\n',
      ':1:66: services\\[1\\]: expected',
    ],
    [
      'has a name twice',
      'services:\n  - name: a\n  - name: a\n',
      ':3:5: services\\[1\\]: provider.file/a stands',
    ],
    ['is no UTF-8', Buffer.from([0x73, 0xff]), ':1:1: the file is not UTF-8'],
  ])('is refused when the file %s', async (_what, content, message) => {
    if (content !== undefined) await writeFile(path, content)

    await expect(makeProvider().list(never)).rejects.toMatchObject({
      code: 'provider-unlisted',
      retryable: true,
      message: like(new RegExp(`^${path}.*${message}`)),
    })
  })

  it('is refused when the path is a folder', async () => {
    await mkdir(path)

    await expect(makeProvider().list(never)).rejects.toMatchObject({ code: 'provider-unlisted' })
  })
})

/** Wakes a sleeper when told to, and tells when it sleeps. */
class HandClock implements Clock {
  private wakers: (() => void)[] = []
  private waiting: (() => void)[] = []
  now = (): number => 0

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      signal?.addEventListener('abort', () => resolve(), { once: true })
      this.wakers.push(resolve)
      for (const tell of this.waiting.splice(0)) tell()
    })
  }

  async asleep(): Promise<void> {
    if (this.wakers.length === 0) await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  /** Lets one interval pass and waits until the watch sleeps again. */
  async pass(): Promise<void> {
    await this.asleep()
    const wakers = this.wakers.splice(0)
    for (const wake of wakers) wake()
    await this.asleep()
  }
}

describe('the watch', () => {
  let stop: AbortController
  let changes: number
  let ended: Promise<void>
  let onNext: () => void

  beforeEach(() => {
    stop = new AbortController()
    changes = 0
    onNext = () => undefined
  })
  afterEach(async () => {
    stop.abort()
    await ended
  })

  function watch(provider: Provider): void {
    const watched = provider.watch?.(() => {
      changes++
      onNext()
    }, stop.signal)
    ended = watched ?? Promise.reject(new Error('there is no watch'))
  }

  function nextChange(): Promise<void> {
    return new Promise((resolve) => {
      onNext = resolve
    })
  }

  it('tells of a new content soon, long before the interval is over', async () => {
    await writeFile(path, LISTING)
    const provider = makeProvider()
    await provider.list(never)
    watch(provider)
    const change = nextChange()

    await writeFile(`${path}.new`, 'services: []\n')
    await rename(`${path}.new`, path)

    await change
    expect(changes).toBe(1)
  })

  it('tells of what changed between the listing and its beginning', async () => {
    await writeFile(path, LISTING)
    const provider = makeProvider()
    await provider.list(never)
    await writeFile(path, 'services: []\n')
    const change = nextChange()

    watch(provider)

    await change
    expect(changes).toBe(1)
  })

  it('sees at the next look what the system does not tell, and only a new content', async () => {
    // Links into another folder: what happens there is no news of this folder.
    const hidden = await mkdtemp(join(tmpdir(), 'interlook-file-'))
    try {
      await writeFile(join(hidden, 'one'), LISTING)
      await symlink(join(hidden, 'one'), path)
      const clock = new HandClock()
      const provider = makeProvider(clock)
      await provider.list(never)
      watch(provider)

      await clock.pass()
      await writeFile(join(hidden, 'one'), LISTING)
      await clock.pass()
      const touched = changes
      await writeFile(join(hidden, 'one'), 'services: []\n')
      await clock.pass()
      const changed = changes
      await unlink(join(hidden, 'one'))
      await clock.pass()

      expect([touched, changed, changes]).toEqual([0, 1, 2])
    } finally {
      await rm(hidden, { recursive: true, force: true })
    }
  })

  it('ends at once when it is told to', async () => {
    await writeFile(path, LISTING)
    watch(makeProvider())

    stop.abort()

    await expect(ended).resolves.toBeUndefined()
  })
})

runContract('provider', async () => {
  const own = await mkdtemp(join(tmpdir(), 'interlook-file-'))
  const file = join(own, 'services.yml')
  await writeFile(file, LISTING)
  return {
    harness: contractHarness({
      definition,
      config: FileConfig.parse({ path: file }),
      backend: { brokenConfig: FileConfig.parse({ path: join(own, 'missing.yml') }) },
    }),
    close: () => rm(own, { recursive: true, force: true }),
  }
}, ['secret-leaked', 'failed-start-stop', 'failed-start-left-open'])
