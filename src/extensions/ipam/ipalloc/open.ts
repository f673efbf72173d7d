import { constants } from 'node:fs'
import { copyFile, mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type Database from 'libsql'
import { type ImportOptions, importedLeases } from './import-go.js'
import type { Lease } from './lease-book.js'
import { LeaseStore } from './store.js'
import { damaged, storeError } from './store-error.js'
import { ensureSchema, pragma } from './tables.js'

const SQLITE_MAGIC = 'SQLite format 3\0'

export type FileKind = 'missing' | 'empty' | 'store' | 'text'

/** Opens the store of a real run, makes it when there is none, and imports the earlier tool's file in its place. */
export async function openLeaseStore(file: string, options: ImportOptions): Promise<LeaseStore> {
  try {
    await mkdir(dirname(file), { recursive: true })
    const path = await realPath(file)
    if ((await fileKind(path)) === 'text') await replaceImported(path, options)
    return new LeaseStore(await openDatabase(path), path)
  } catch (error) {
    throw storeError(error, file)
  }
}

/** SQLite keeps its journal beside the file that a link points to. */
export async function realPath(file: string): Promise<string> {
  return realpath(file).catch(() => file)
}

export async function fileKind(path: string): Promise<FileKind> {
  const head = await readHead(path, SQLITE_MAGIC.length)
  if (head === undefined) return 'missing'
  if (head.length === 0) return 'empty'
  return head.toString('latin1') === SQLITE_MAGIC ? 'store' : 'text'
}

/** The first bytes of a file; undefined when there is none. */
export async function readHead(path: string, length: number): Promise<Buffer | undefined> {
  let file: Awaited<ReturnType<typeof open>>
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Not WAL: the SQLite inside has its reset bug. */
async function openDatabase(path: string): Promise<Database.Database> {
  const { default: Libsql } = await import('libsql')
  const db = new Libsql(path)
  try {
    db.exec('PRAGMA busy_timeout = 5000')
    db.exec('PRAGMA journal_mode = DELETE')
    db.exec('PRAGMA synchronous = FULL')
    const check = pragma(db, 'quick_check')
    if (check !== 'ok') throw damaged(path, String(check))
    if (!ensureSchema(db)) throw damaged(path, 'it holds tables of something else, or of a newer version')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * The new store is complete before it takes the place of the old file, so a kill at any point leaves one of the two.
 */
async function replaceImported(path: string, options: ImportOptions): Promise<void> {
  const text = await readFile(path, 'utf8')
  const leases = importedLeases(text, path, options)
  await backUp(path, text)
  const fresh = `${path}.import`
  await rm(fresh, { force: true })
  await rm(`${fresh}-journal`, { force: true })
  const store = new LeaseStore(await openDatabase(fresh), fresh)
  try {
    store.write([{ key: '', writes: leases.map(asWrite) }])
  } finally {
    store.close()
  }
  await rename(fresh, path)
  await syncDirectory(path)
}

function asWrite(lease: Lease) {
  return { lease, give: true, restedBefore: Number.NEGATIVE_INFINITY }
}

/** Never over another backup: an operator may have put a second file of the earlier tool here. */
async function backUp(path: string, text: string): Promise<void> {
  for (let number = 1; ; number++) {
    const backup = number === 1 ? `${path}.go-backup` : `${path}.go-backup-${number}`
    try {
      await copyFile(path, backup, constants.COPYFILE_EXCL)
      await syncFile(backup)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      if ((await readFile(backup, 'utf8')) === text) return
    }
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  await file.sync().finally(() => file.close())
}

async function syncDirectory(path: string): Promise<void> {
  await syncFile(dirname(path))
}
