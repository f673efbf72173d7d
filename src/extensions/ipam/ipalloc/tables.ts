import type Database from 'libsql'
import type { Lease } from './lease-book.js'

/** `IL` and the letters of the table, so that no other database is mistaken for ours. */
const APPLICATION_ID = 0x494c4c53
const VERSION = 1

/** One address at one place, one current address of a service in a pool. */
const SCHEMA = `
  CREATE TABLE lease (
    pool TEXT NOT NULL,
    ip TEXT NOT NULL,
    owner TEXT NOT NULL,
    service TEXT,
    imported_name TEXT,
    leased_at INTEGER NOT NULL,
    retired_at INTEGER,
    held INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (pool, ip)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX lease_ip ON lease (ip);
  CREATE UNIQUE INDEX lease_current ON lease (service, pool) WHERE retired_at IS NULL;
  CREATE INDEX lease_retired ON lease (service) WHERE retired_at IS NOT NULL;
  CREATE INDEX lease_imported ON lease (imported_name) WHERE imported_name IS NOT NULL;
  CREATE INDEX lease_resting ON lease (retired_at) WHERE retired_at IS NOT NULL;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`

export const COLUMNS = 'pool, ip, owner, service, imported_name, leased_at, retired_at, held'

/** A lease as it is stored. */
export interface Row {
  pool: string
  ip: string
  owner: string
  service: string | null
  imported_name: string | null
  leased_at: number
  retired_at: number | null
  held: number
}

/** Makes the tables of a new store; false when the file holds something else. A complete store is not written to. */
export function ensureSchema(db: Database.Database): boolean {
  if (contentOf(db) === 'empty') {
    // Another process may make them at the same time, and only within the transaction we can tell.
    transaction(db, () => {
      if (contentOf(db) === 'empty') db.exec(SCHEMA)
    })
  }
  return contentOf(db) === 'leases'
}

/** All leases of an open database, without anything that writes. Undefined when it holds something else. */
export function readLeases(db: Database.Database): Lease[] | undefined {
  const content = contentOf(db)
  if (content === 'leases') return rows(db.prepare(`SELECT ${COLUMNS} FROM lease`)).map(leaseOf)
  return content === 'empty' ? [] : undefined
}

function contentOf(db: Database.Database): 'empty' | 'leases' | 'other' {
  if (pragma(db, 'application_id') === APPLICATION_ID && pragma(db, 'user_version') === VERSION)
    return 'leases'
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 1").all()
  return tables.length === 0 ? 'empty' : 'other'
}

/** libsql's own wrapper hides the cause when SQLite has rolled back by itself, as it does on a full disk. */
export function transaction<Result>(db: Database.Database, work: () => Result): Result {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK')
    throw error
  }
}

export function leaseOf(row: Row): Lease {
  return {
    ip: row.ip,
    pool: row.pool,
    owner: row.owner,
    ...(row.service !== null && { service: row.service }),
    ...(row.imported_name !== null && { importedName: row.imported_name }),
    leasedAt: row.leased_at,
    ...(row.retired_at !== null && { retiredAt: row.retired_at }),
    held: row.held === 1,
  }
}

/** The rows as SCHEMA (a STRICT table) types them. */
export function rows(statement: Database.Statement, ...values: unknown[]): Row[] {
  return statement.all(...values) as Row[]
}

/** libsql has no `simple` form of a pragma that works. */
export function pragma(db: Database.Database, name: string): unknown {
  const [row] = db.prepare(`PRAGMA ${name}`).all() as Record<string, unknown>[]
  return row?.[name]
}
