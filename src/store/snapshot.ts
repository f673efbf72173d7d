import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InterlookError } from '../sdk/errors.js'
import { type Connection, engineCode, openConnection, storeError } from './connection.js'
import { lockHolder } from './lock.js'
import { MemoryStore } from './memory-store.js'
import { checkTables, readEntries, textPair } from './tables.js'

const COPY_ATTEMPTS = 5
const READ_ATTEMPTS = 4

/**
 * The store as it is now, for a dry run: read at once, then closed, so that nothing is open while the run goes on.
 * No byte and no time on disk changes, also beside a writer or after one was killed.
 */
export async function readSnapshot(file: string): Promise<MemoryStore> {
  // A dead writer's journal has to be rolled back before the file can be read: that is done on a copy.
  if (existsSync(`${file}-journal`) && (await lockHolder(file)) === undefined) return readPrivateCopy(file)
  for (let attempt = 1; ; attempt++) {
    try {
      return await readAt(file, 'read')
    } catch (error) {
      const code = engineCode(error)
      // The writer was killed just now.
      if (code.startsWith('SQLITE_READONLY')) return readPrivateCopy(file)
      // A writer in the middle of its commit can look like a dead one, whose journal a reader may not roll back:
      // then the engine refuses at once, without waiting.
      if (!code.startsWith('SQLITE_BUSY') || attempt === READ_ATTEMPTS) throw storeError(error, file)
    }
  }
}

async function readAt(file: string, mode: 'read' | 'write'): Promise<MemoryStore> {
  const connection = await openConnection(file, mode)
  try {
    return readAll(connection, file)
  } finally {
    connection.close()
  }
}

function readAll(connection: Connection, file: string): MemoryStore {
  connection.exec('BEGIN')
  try {
    if (!checkTables(connection, file)) return new MemoryStore()
    const entries = readEntries(connection.prepare('SELECT key, data FROM entries').raw().iterate(), file)
    const meta = connection.prepare('SELECT name, value FROM meta').raw().all().map(textPair)
    return new MemoryStore(entries, new Map(meta))
  } finally {
    if (connection.inTransaction) connection.exec('ROLLBACK')
  }
}

async function readPrivateCopy(file: string): Promise<MemoryStore> {
  const folder = mkdtempSync(join(tmpdir(), 'interlook-dry-run-'))
  try {
    for (let attempt = 0; attempt < COPY_ATTEMPTS; attempt++) {
      if (copyUnchanged(file, join(folder, 'entries'))) return await readAt(join(folder, 'entries'), 'write')
    }
  } catch (error) {
    throw storeError(error, file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  throw new InterlookError('locked', `the store ${file} changes faster than it can be read`, {
    retryable: true,
    hint: 'try again when the other process has ended',
  })
}

/** False when a new writer came by meanwhile: file and journal may then not belong together. */
function copyUnchanged(file: string, copy: string): boolean {
  const before = stamp(file)
  copyFileSync(file, copy)
  if (existsSync(`${file}-journal`)) copyFileSync(`${file}-journal`, `${copy}-journal`)
  else rmSync(`${copy}-journal`, { force: true })
  return stamp(file) === before
}

function stamp(file: string): string {
  return [file, `${file}-journal`]
    .map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }))
    .map((found) => (found ? `${found.ino}:${found.size}:${found.mtimeNs}` : 'none'))
    .join(' ')
}
