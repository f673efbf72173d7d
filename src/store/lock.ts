import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { pid } from 'node:process'
import type { Clock } from '../sdk/clock.js'
import { InterlookError } from '../sdk/errors.js'
import { type Connection, engineCode, openConnection, storeError } from './connection.js'

/** Who holds the writers' lock; empty when the holder's note cannot be read. */
export interface LockHolder {
  pid?: string
  host?: string
  /** What it was started as, e.g. `interlook run`. */
  command?: string
  /** ISO 8601. */
  since?: string
}

export interface Lock {
  /** Frees the lock; more than once is harmless. */
  release(): void
}

export interface AcquireLockOptions {
  /** The entries file that the lock guards. */
  file: string
  command: string
  /** How long to wait for another holder, ms; 0 tries once. */
  timeoutMs: number
  clock: Clock
  /** Ends the waiting. */
  signal?: AbortSignal
}

/** Long enough that the moment in which a dry run looks at the lock refuses nobody. */
const PROBE_MS = 50
const RETRY_MS = 200

/** A connection that is collected as garbage would free its lock. */
const held = new Set<Connection>()

/**
 * Takes the writers' lock: an exclusive transaction on a file of its own, so that the kernel frees it on any death.
 * Throws `locked`, with who holds it. Nothing else in this process may open the lock file: closing it would free it.
 */
export async function acquireLock(options: AcquireLockOptions): Promise<Lock> {
  const { file, timeoutMs, clock, signal } = options
  const giveUpAt = clock.now() + timeoutMs
  const connection = await open(lockFile(file), 'write')
  while (!tryLock(connection, file)) {
    const left = giveUpAt - clock.now()
    if (left <= 0 || signal?.aborted) {
      connection.close()
      throw lockedError(file, readNote(file))
    }
    await clock.sleep(Math.min(RETRY_MS, left), signal)
  }
  held.add(connection)
  writeNote(file, options.command, clock.now())
  return { release: () => release(connection, file) }
}

/** Who holds the lock now, if anybody. Changes nothing, not even by creating the lock file. */
export async function lockHolder(file: string): Promise<LockHolder | undefined> {
  if (!existsSync(lockFile(file))) return undefined
  const connection = await open(lockFile(file), 'read')
  try {
    connection.prepare('SELECT count(*) FROM sqlite_master').raw().get()
    return undefined
  } catch (error) {
    if (isBusy(error)) return readNote(file)
    throw storeError(error, lockFile(file))
  } finally {
    connection.close()
  }
}

async function open(path: string, mode: 'read' | 'write'): Promise<Connection> {
  try {
    return await openConnection(path, mode, PROBE_MS)
  } catch (error) {
    throw storeError(error, path)
  }
}

function tryLock(connection: Connection, file: string): boolean {
  try {
    // The lock file stays empty, with no journal beside it: there is nothing to roll back.
    connection.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (isBusy(error)) return false
    connection.close()
    throw storeError(error, lockFile(file))
  }
}

function release(connection: Connection, file: string): void {
  if (!held.delete(connection)) return
  rmSync(noteFile(file), { force: true })
  connection.exec('ROLLBACK')
  connection.close()
}

function isBusy(error: unknown): boolean {
  return engineCode(error).startsWith('SQLITE_BUSY')
}

function lockedError(file: string, { pid, host, command, since }: LockHolder): InterlookError {
  const process = pid === undefined ? 'another interlook' : `process ${pid}${host ? ` on ${host}` : ''}`
  const details = [command, since && `since ${since}`].filter(Boolean).join(', ')
  return new InterlookError(
    'locked',
    `the store ${file} is held by ${process}${details && ` (${details})`}`,
    {
      retryable: true,
      hint: 'wait for it with --lock-timeout, or stop it first; a dry run needs no lock',
    },
  )
}

function lockFile(file: string): string {
  return `${file}.lock`
}

function noteFile(file: string): string {
  return `${file}.lock.info`
}

function writeNote(file: string, command: string, now: number): void {
  const note: Required<LockHolder> = {
    pid: String(pid),
    host: hostname(),
    command,
    since: new Date(now).toISOString(),
  }
  const lines = Object.entries(note).map(([name, value]) => `${name}: ${value}\n`)
  try {
    writeFileSync(`${noteFile(file)}.new`, lines.join(''))
    renameSync(`${noteFile(file)}.new`, noteFile(file))
  } catch {
    // The lock holds without its note, as on a full disk; but a dead holder's must not speak for this one.
    rmSync(noteFile(file), { force: true })
  }
}

function readNote(file: string): LockHolder {
  let content: string
  try {
    content = readFileSync(noteFile(file), 'utf8')
  } catch {
    return {}
  }
  const value = (name: string): string | undefined => new RegExp(`^${name}: (.+)$`, 'm').exec(content)?.[1]
  const [pid, host, command, since] = [value('pid'), value('host'), value('command'), value('since')]
  return { ...(pid && { pid }), ...(host && { host }), ...(command && { command }), ...(since && { since }) }
}
