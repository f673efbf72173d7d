import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../../sdk/clock.js'
import { InterlookError } from '../../../sdk/errors.js'
import { type ImportOptions, importedLeases } from './import-go.js'
import type { Lease } from './lease-book.js'
import { fileKind, isMissing, readHead, realPath } from './open.js'
import { damaged, storeError } from './store-error.js'
import { readLeases } from './tables.js'

const TRIES = 20
const PAUSE_MS = 50
/** The part of a journal that differs from one transaction to the next. */
const JOURNAL_HEAD = 28

/** All leases, for a dry run: no byte of the store changes, whoever writes to it or was killed while doing so. */
export async function snapshotLeases(
  file: string,
  options: ImportOptions & { clock: Clock },
): Promise<Lease[]> {
  try {
    const path = await realPath(file)
    const kind = await fileKind(path)
    if (kind === 'missing' || kind === 'empty') return []
    if (kind === 'text') return importedLeases(await readFile(path, 'utf8'), file, options)
    return await readStore(path, options.clock)
  } catch (error) {
    throw storeError(error, file)
  }
}

/**
 * A reader of SQLite that meets the journal of a killed writer rolls it back into the file. So where a journal lies,
 * a private copy of both is read. A writer at work may end while we copy: then we look again.
 */
async function readStore(path: string, clock: Clock): Promise<Lease[]> {
  const journal = `${path}-journal`
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if ((await readHead(journal, 1)) === undefined) return read(path)
    const copied = await withCopy(path, journal)
    if (copied !== undefined) return copied
    await clock.sleep(PAUSE_MS)
  }
  throw new InterlookError('locked', `the address store ${path} is being written to without a pause`, {
    retryable: true,
  })
}

/** Undefined when the two did not stay the same while they were copied. */
async function withCopy(path: string, journal: string): Promise<Lease[] | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'interlook-'))
  const copy = join(directory, 'leases')
  try {
    const before = await stamp(path, journal)
    await copyFile(path, copy)
    await copyFile(journal, `${copy}-journal`)
    if ((await stamp(path, journal)) !== before) return undefined
    return await read(copy)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function stamp(path: string, journal: string): Promise<string> {
  const files = await Promise.all([path, journal].map((one) => stat(one, { bigint: true })))
  const head = (await readHead(journal, JOURNAL_HEAD))?.toString('hex')
  return JSON.stringify([...files.map(({ ino, size, mtimeNs }) => `${ino} ${size} ${mtimeNs}`), head])
}

async function read(path: string): Promise<Lease[]> {
  const { default: Libsql } = await import('libsql')
  const db = new Libsql(path)
  try {
    db.exec('PRAGMA busy_timeout = 5000')
    // libsql ignores `readonly`; a copy with a journal must be rolled back first, which this does not hinder.
    db.exec('PRAGMA query_only = ON')
    const leases = readLeases(db)
    if (leases === undefined) throw damaged(path, 'it holds no leases')
    return leases
  } finally {
    db.close()
  }
}
