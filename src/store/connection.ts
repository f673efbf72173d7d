import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type Libsql from 'libsql'
import { errorText, InterlookError } from '../sdk/errors.js'

export type Connection = Libsql.Database

const BUSY_TIMEOUT_MS = 5000

/**
 * Opens a database of ours. `write` creates the file and its folders. `read` is the engine's own read-only mode: it
 * writes nothing, and refuses (`SQLITE_READONLY_ROLLBACK`) where a reader would have to roll a dead writer's journal back.
 */
export async function openConnection(
  file: string,
  mode: 'read' | 'write',
  busyTimeoutMs = BUSY_TIMEOUT_MS,
): Promise<Connection> {
  const { default: Database } = await import('libsql')
  const path = resolve(file)
  if (mode === 'write') mkdirSync(dirname(path), { recursive: true })
  const connection = new Database(mode === 'read' ? `${pathToFileURL(path).href}?mode=ro` : path)
  connection.exec(`PRAGMA busy_timeout=${busyTimeoutMs}`)
  return connection
}

/** Runs `work` as one immediate transaction. The engine's own wrapper hides the cause when the disk is full. */
export function inTransaction(connection: Connection, work: () => void): void {
  connection.exec('BEGIN IMMEDIATE')
  try {
    work()
    connection.exec('COMMIT')
  } catch (error) {
    // On some errors (full disk) the engine has rolled back already.
    if (connection.inTransaction) connection.exec('ROLLBACK')
    throw error
  }
}

/** The first column of a pragma's first row. */
export function pragma(connection: Connection, name: string): unknown {
  const row = connection.prepare(`PRAGMA ${name}`).raw().get()
  return Array.isArray(row) ? row[0] : undefined
}

/** The engine's error code, `''` for anything else. */
export function engineCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Any error of the engine or the file system as one of ours. */
export function storeError(error: unknown, file: string): InterlookError {
  if (error instanceof InterlookError) return error
  const code = engineCode(error)
  const why = readable(errorText(error).trim())
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return new InterlookError('store-full', `the store ${file} cannot be written: ${why}`, {
      retryable: true,
      hint: 'free space on its disk, or raise the quota; what was stored before is intact',
      cause: error,
    })
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new InterlookError('locked', `the store ${file} is in use by another process`, {
      retryable: true,
      hint: 'try again when the other process has ended',
      cause: error,
    })
  }
  return new InterlookError('store-unreadable', `the store ${file} cannot be used: ${why}`, {
    hint: 'check the path and its rights; if the file is damaged, put a backup in its place',
    cause: error,
  })
}

/** Runs `work`, with the errors of the engine turned into ours. */
export function guarded<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw storeError(error, file)
  }
}

/** The engine's wrapper prints its failure to open as a debug value that ends in the engine's number. */
function readable(text: string): string {
  return text.startsWith('ConnectionFailed') ? 'it cannot be opened' : text
}
