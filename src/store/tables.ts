import type { Entry } from '../core/entry.js'
import { InterlookError } from '../sdk/errors.js'
import { type Connection, inTransaction, pragma } from './connection.js'

/** Marks the file as ours, so that no other program's database is ever changed: "intl". */
const APPLICATION_ID = 0x696e746c
const SCHEMA_VERSION = 1

const CREATE = `
  CREATE TABLE entries(key TEXT NOT NULL PRIMARY KEY, data TEXT NOT NULL) STRICT;
  CREATE TABLE meta(name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;
  PRAGMA application_id=${APPLICATION_ID};
  PRAGMA user_version=${SCHEMA_VERSION};
`

/** Checks that the file is whole and ours. False: it holds nothing yet. */
export function checkTables(connection: Connection, file: string): boolean {
  const check = pragma(connection, 'quick_check')
  if (check !== 'ok') throw unreadable(file, `is damaged: ${String(check)}`, 'put a backup in its place')
  const tables = connection.prepare("SELECT count(*) FROM sqlite_master WHERE type='table'").raw().get()
  if (Array.isArray(tables) && tables[0] === 0) return false
  if (pragma(connection, 'application_id') !== APPLICATION_ID) {
    throw unreadable(file, 'is a database of something else', 'name another file in core.workflowEntriesFile')
  }
  const version = pragma(connection, 'user_version')
  if (version !== SCHEMA_VERSION) {
    const hint = 'use the interlook release that wrote it, or a newer one'
    throw unreadable(
      file,
      `has schema version ${String(version)}, this release knows ${SCHEMA_VERSION}`,
      hint,
    )
  }
  return true
}

/** Creates the tables where there are none, all or nothing. */
export function ensureTables(connection: Connection, file: string): void {
  if (!checkTables(connection, file)) inTransaction(connection, () => connection.exec(CREATE))
}

/** All entries, by key. `statement` selects key and data as raw rows. */
export function readEntries(rows: Iterable<unknown>, file: string): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const row of rows) {
    const [key, data] = textPair(row)
    entries.set(key, parseEntry(key, data, file))
  }
  return entries
}

/** A raw row of two text columns. */
export function textPair(row: unknown): [string, string] {
  if (Array.isArray(row) && typeof row[0] === 'string' && typeof row[1] === 'string') return [row[0], row[1]]
  throw new InterlookError('internal', 'the store gave a row of an unexpected shape')
}

function parseEntry(key: string, data: string, file: string): Entry {
  try {
    // Written by us alone: `checkTables` has seen our mark and version on the file.
    return JSON.parse(data) as Entry
  } catch (error) {
    throw unreadable(file, `holds no readable entry for ${key}`, 'put a backup in its place', error)
  }
}

function unreadable(file: string, what: string, hint: string, cause?: unknown): InterlookError {
  return new InterlookError('store-unreadable', `the store ${file} ${what}`, { hint, cause })
}
