import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../src/sdk/clock.js'
import { acquireLock, type Lock, lockHolder } from '../../src/store/lock.js'
import { picture, spawnChild, tempFolder } from './fixtures.js'

const NOON = Date.parse('2026-11-24T12:00:00Z')

/** Takes the lock as another process does: the kernel knows no difference. */
const HOLDER = `
  const db = new Database(process.argv[1] + '.lock')
  db.exec('PRAGMA journal_mode=MEMORY')
  db.exec('BEGIN EXCLUSIVE')
  const note = ['pid: ' + process.pid, 'host: edge-9', 'command: interlook run', 'since: 2026-11-24T10:00:00.000Z', '']
  require('node:fs').writeFileSync(process.argv[1] + '.lock.info', note.join('\\n'))
  console.log('held')
  setInterval(() => db.inTransaction, 1000)
`

/** Time passes only by sleeping. */
function steppingClock(onSleep: (ms: number) => void = () => undefined): Clock {
  let time = NOON
  return {
    now: () => time,
    sleep: async (ms) => {
      time += ms
      onSleep(ms)
    },
  }
}

async function take(file: string, clock: Clock = steppingClock(), timeoutMs = 0): Promise<Lock> {
  const lock = await acquireLock({ file, command: 'interlook reconcile', timeoutMs, clock })
  onTestFinished(() => lock.release())
  return lock
}

describe('acquireLock', () => {
  it('says who holds it, and lets the next one in after the release', async () => {
    const file = join(tempFolder(), 'state', 'entries.db')
    const first = await take(file)

    await expect(take(file)).rejects.toMatchObject({
      code: 'locked',
      message: `the store ${file} is held by process ${process.pid} on ${hostname()} (interlook reconcile, since 2026-11-24T12:00:00.000Z)`,
    })
    expect(statSync(`${file}.lock`).size).toBe(0)

    first.release()
    first.release()
    const second = await take(file)
    expect(await lockHolder(file)).toBeDefined()
    second.release()
    expect(readdirSync(join(file, '..'))).toEqual(['entries.db.lock'])
  })

  it('waits as long as it may, then gives up', async () => {
    const file = join(tempFolder(), 'entries.db')
    await take(file)
    const clock = steppingClock()

    await expect(take(file, clock, 1000)).rejects.toMatchObject({ code: 'locked' })

    expect(clock.now() - NOON).toBe(1000)
  })

  it('gets it when the holder ends meanwhile', async () => {
    const file = join(tempFolder(), 'entries.db')
    const first = await take(file)
    let sleeps = 0
    const clock = steppingClock(() => {
      if (++sleeps === 2) first.release()
    })

    await take(file, clock, 60_000)

    expect(sleeps).toBe(2)
  })

  it('stops waiting at a signal', async () => {
    const file = join(tempFolder(), 'entries.db')
    await take(file)
    const options = {
      file,
      command: 'x',
      timeoutMs: 600_000,
      clock: systemClock,
      signal: AbortSignal.abort(),
    }

    await expect(acquireLock(options)).rejects.toMatchObject({ code: 'locked' })
  })

  it('is freed by the kernel when the holder is killed', async () => {
    const file = join(tempFolder(), 'entries.db')
    const child = spawnChild(HOLDER, [file])
    await child.said('held')
    await expect(take(file)).rejects.toThrow(
      `held by process ${child.pid} on edge-9 (interlook run, since 2026-11-24T10:00:00.000Z)`,
    )

    await child.kill()

    expect(await lockHolder(file)).toBeUndefined()
    await take(file)
    expect(readFileSync(`${file}.lock.info`, 'utf8')).toContain(`pid: ${process.pid}\n`)
  })

  it('tells what it can when the note is missing', async () => {
    const file = join(tempFolder(), 'entries.db')
    await take(file)
    writeFileSync(`${file}.lock.info`, 'gibberish')

    await expect(take(file)).rejects.toThrow(`the store ${file} is held by another interlook`)
  })

  it('says so when the lock file cannot be made', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'file'), '')

    await expect(take(join(folder, 'file', 'entries.db'))).rejects.toMatchObject({ code: 'store-unreadable' })
  })
})

describe('lockHolder', () => {
  it('creates nothing where no lock ever was', async () => {
    const folder = tempFolder()

    expect(await lockHolder(join(folder, 'entries.db'))).toBeUndefined()
    expect(existsSync(join(folder, 'entries.db.lock'))).toBe(false)
  })

  it('changes nothing beside a living holder, nor after one was killed', async () => {
    const folder = tempFolder()
    const file = join(folder, 'entries.db')
    const child = spawnChild(HOLDER, [file])
    await child.said('held')
    const before = picture(folder)

    expect(await lockHolder(file)).toMatchObject({ pid: String(child.pid), host: 'edge-9' })
    await child.kill()
    expect(await lockHolder(file)).toBeUndefined()

    expect(picture(folder)).toEqual(before)
  })
})
