import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Entry } from '../../src/core/entry.js'
import type { Store } from '../../src/core/store.js'
import { openConnection } from '../../src/store/connection.js'
import { openSqliteStore, openStore, SqliteStore } from '../../src/store/sqlite-store.js'
import { makeEntry, picture, spawnChild, tempFolder } from './fixtures.js'

async function openForTest(file: string): Promise<Store> {
  const store = await openStore({ file, dryRun: false })
  onTestFinished(() => store.close())
  return store
}

/** Commits generation after generation over 200 entries, with a journal on disk early so that a kill leaves it. */
const WRITER = `
  const lock = new Database(process.argv[1] + '.lock')
  lock.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE')
  const db = new Database(process.argv[1])
  db.exec('PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000; PRAGMA cache_size=5')
  const put = db.prepare('INSERT INTO entries(key, data) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET data=excluded.data')
  const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  const crashAt = Number(process.argv[2])
  for (let generation = 1; ; generation++) {
    db.exec('BEGIN IMMEDIATE')
    for (let i = 0; i < 200; i++) {
      const key = 'provider.file/s' + i
      put.run(key, JSON.stringify({ key, generation, padding: String(generation % 10).repeat(500) }))
      if (generation === crashAt && i === 150) { console.log('mid'); pause() }
    }
    db.exec('COMMIT')
    pause(5)
    if (generation === 3) console.log('three')
  }
  lock.close()
`

function generations(entries: Map<string, Entry>): number[] {
  const found = [...entries.values()].map((entry) => (entry as Entry & { generation: number }).generation)
  return [...new Set(found)]
}

describe('a real run', () => {
  it('keeps entries and facts over a restart', async () => {
    const file = join(tempFolder(), 'deep', 'down', 'entries.db')
    const first = await openStore({ file, dryRun: false })
    first.commit({ put: [makeEntry('p/a', 'old'), makeEntry('p/b')], remove: [] })
    first.commit({ put: [makeEntry('p/a', 'new')], remove: ['p/b', 'p/unknown'] })
    first.setMeta('instanceId', 'abc')
    first.setMeta('instanceId', 'def')
    first.close()

    const second = await openForTest(file)

    expect([...second.load().values()]).toEqual([makeEntry('p/a', 'new')])
    expect(second.getMeta('instanceId')).toBe('def')
    expect(second.getMeta('other')).toBeUndefined()
    expect(readdirSync(join(file, '..'))).toEqual(['entries.db'])
  })

  it('writes nothing when opened again, nor for an empty commit or a fact that is so already', async () => {
    const folder = tempFolder()
    const file = join(folder, 'entries.db')
    const first = await openForTest(file)
    first.setMeta('a', '1')
    const before = picture(folder)

    const second = await openForTest(file)
    second.load()
    second.commit({ put: [], remove: [] })
    second.setMeta('a', '1')

    expect(picture(folder)).toEqual(before)
  })

  it('loads 65,000 entries within seconds', async () => {
    const store = await openForTest(join(tempFolder(), 'entries.db'))
    store.commit({
      put: Array.from({ length: 65_000 }, (_, i) => makeEntry(`p/${i}`, 'x'.repeat(400))),
      remove: [],
    })

    const started = performance.now()
    const { size } = store.load()

    expect(size).toBe(65_000)
    expect(performance.now() - started).toBeLessThan(5000)
  })

  it.each([
    ['another kind of file', scribble, 'file is not a database'],
    ['a folder', makeFolder, 'cannot be'],
    ['a truncated database', damage, ''],
  ])('refuses %s', async (_, prepare, message) => {
    const file = join(tempFolder(), 'entries.db')
    await prepare(file)
    const before = statSync(file).isFile() ? readFileSync(file) : undefined

    for (const dryRun of [true, false]) {
      await expect(openStore({ file, dryRun })).rejects.toMatchObject({
        code: 'store-unreadable',
        message: expect.stringContaining(message) as string,
      })
    }
    if (before) expect(readFileSync(file).equals(before)).toBe(true)
  })

  it.each([
    ['of another program', 'CREATE TABLE things(a)', 'something else'],
    [
      'of a newer release',
      'CREATE TABLE entries(a); PRAGMA application_id=0x696e746c; PRAGMA user_version=9',
      'version 9',
    ],
  ])('refuses a database %s', async (_, sql, message) => {
    const file = join(tempFolder(), 'entries.db')
    const connection = await openConnection(file, 'write')
    connection.exec(sql)
    connection.close()

    for (const dryRun of [true, false]) {
      await expect(openStore({ file, dryRun })).rejects.toMatchObject({
        code: 'store-unreadable',
        message: expect.stringContaining(message) as string,
      })
    }
  })

  it('names the entry that cannot be read', async () => {
    const file = join(tempFolder(), 'entries.db')
    const store = await openForTest(file)
    const connection = await openConnection(file, 'write')
    connection.exec("INSERT INTO entries VALUES('p/broken', '{')")
    connection.close()

    expect(() => store.load()).toThrow('p/broken')
  })
})

function scribble(file: string): Promise<void> {
  return writeFile(file, 'hello '.repeat(1000))
}

async function makeFolder(file: string): Promise<void> {
  await mkdir(file)
}

async function damage(file: string): Promise<void> {
  const store = await openSqliteStore(file)
  store.commit({
    put: Array.from({ length: 500 }, (_, i) => makeEntry(`p/${i}`, 'x'.repeat(400))),
    remove: [],
  })
  store.close()
  truncateSync(file, 40_960)
}

describe('a full disk', () => {
  it('is told as such, loses nothing, and ends when there is room again', async () => {
    const file = join(tempFolder(), 'entries.db')
    ;(await openSqliteStore(file)).close()
    const connection = await openConnection(file, 'write')
    const store = new SqliteStore(connection, file)
    onTestFinished(() => store.close())
    store.commit({ put: [makeEntry('p/kept')], remove: [] })
    connection.exec('PRAGMA max_page_count=10')
    const many = Array.from({ length: 100 }, (_, i) => makeEntry(`p/${i}`, 'x'.repeat(4000)))

    expect(() => store.commit({ put: many, remove: ['p/kept'] })).toThrow(
      expect.objectContaining({ code: 'store-full', retryable: true }),
    )
    expect([...store.load().keys()]).toEqual(['p/kept'])

    connection.exec('PRAGMA max_page_count=100000')
    store.commit({ put: many, remove: [] })
    expect(store.load().size).toBe(101)
  })

  it('is told as such on a real one', async ({ skip }) => {
    const mount = tempFolder()
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mount]).status === 0
    skip(!mounted, 'mounting needs root')
    onTestFinished(() => void spawnSync('umount', ['-l', mount]))
    const store = await openForTest(join(mount, 'entries.db'))
    store.commit({ put: [makeEntry('p/kept')], remove: [] })

    const many = Array.from({ length: 200 }, (_, i) => makeEntry(`p/${i}`, 'x'.repeat(4000)))
    expect(() => store.commit({ put: many, remove: [] })).toThrow(
      expect.objectContaining({ code: 'store-full' }),
    )

    expect([...store.load().keys()]).toEqual(['p/kept'])
    store.commit({ put: [makeEntry('p/more')], remove: [] })
    expect(store.load().size).toBe(2)
  })
})

describe('a killed writer', () => {
  it.each([2, 3, 4])('killed within transaction %i leaves the one before', async (crashAt) => {
    const folder = tempFolder()
    const file = join(folder, 'entries.db')
    ;(await openStore({ file, dryRun: false })).close()
    const child = spawnChild(WRITER, [file, String(crashAt)])
    await child.said('mid')
    await child.kill()
    expect(existsSync(`${file}-journal`)).toBe(true)
    const before = picture(folder)

    const dry = await openStore({ file, dryRun: true })

    expect(generations(dry.load())).toEqual([crashAt - 1])
    dry.close()
    expect(picture(folder)).toEqual(before)

    const real = await openForTest(file)
    expect(generations(real.load())).toEqual([crashAt - 1])
    expect(existsSync(`${file}-journal`)).toBe(false)
    expect(generations((await openStore({ file, dryRun: true })).load())).toEqual([crashAt - 1])
  })

  it('killed at any time, again and again, leaves whole generations', async () => {
    const folder = tempFolder()
    const file = join(folder, 'entries.db')
    ;(await openStore({ file, dryRun: false })).close()
    for (let round = 0; round < 5; round++) {
      const child = spawnChild(WRITER, [file, '0'])
      await child.said('three')
      await child.kill()
      const before = picture(folder)

      const seenDry = generations((await openStore({ file, dryRun: true })).load())

      expect(seenDry).toHaveLength(1)
      expect(picture(folder)).toEqual(before)
      const real = await openStore({ file, dryRun: false })
      expect(generations(real.load())).toEqual(seenDry)
      real.close()
    }
  })
})

describe('a dry run', () => {
  it('creates no file where there is none', async () => {
    const folder = tempFolder()

    const store = await openStore({ file: join(folder, 'deep', 'entries.db'), dryRun: true })

    expect(store.load().size).toBe(0)
    expect(readdirSync(folder)).toEqual([])
  })

  it('takes an empty file, as a kill at the first start leaves it, for an empty store', async () => {
    const folder = tempFolder()
    const file = join(folder, 'entries.db')
    writeFileSync(file, '')
    const before = picture(folder)

    expect((await openStore({ file, dryRun: true })).load().size).toBe(0)
    expect(picture(folder)).toEqual(before)
    expect((await openForTest(file)).load().size).toBe(0)
  })

  it('reads what is there, refuses to write it, and changes nothing', async () => {
    const folder = tempFolder()
    const file = join(folder, 'entries.db')
    const real = await openStore({ file, dryRun: false })
    real.commit({ put: [makeEntry('p/a')], remove: [] })
    real.setMeta('instanceId', 'abc')
    real.close()
    const before = picture(folder)

    const store = await openStore({ file, dryRun: true })
    store.setMeta('instanceId', 'changed')

    expect([...store.load().keys()]).toEqual(['p/a'])
    expect(store.getMeta('instanceId')).toBe('changed')
    expect(() => store.commit({ put: [], remove: [] })).toThrow(expect.objectContaining({ code: 'internal' }))
    store.close()
    expect(picture(folder)).toEqual(before)
  })

  it('reads whole generations while another process writes', async () => {
    const file = join(tempFolder(), 'entries.db')
    ;(await openStore({ file, dryRun: false })).close()
    const child = spawnChild(WRITER, [file, '0'])
    await child.said('three')

    const seen: number[] = []
    for (let i = 0; i < 10; i++) seen.push(...generations((await openStore({ file, dryRun: true })).load()))

    expect(seen).toHaveLength(10)
    expect(seen.at(-1)).toBeGreaterThan(seen[0] ?? Number.NaN)
    await child.kill()
  })
})
