import { readFileSync, openSync, readSync, closeSync, statSync } from 'node:fs'
import type { Entry } from '../core/entry.js'
import type { Step } from '../core/settings.js'
import type { Store } from '../core/store.js'
import { InterlookError } from '../sdk/errors.js'
import { type Connection, guarded, inTransaction, openConnection, storeError } from './connection.js'
import type { GoImportReport } from './import-go.js'
import { MemoryStore } from './memory-store.js'
import { readSnapshot } from './snapshot.js'
import { ensureTables, readEntries, textPair } from './tables.js'

/** What an import of the earlier Go tool's entries needs to know. */
export interface GoImport {
  steps: readonly Step[]
  /** Ids of the configured providers. */
  providers: readonly string[]
  /** Wall clock, ms. */
  now: number
  /** Told once, when an import took place. */
  onImport?: (report: GoImportReport) => void
}

export interface OpenStoreOptions {
  file: string
  /** Nothing changes on disk; writes of entries are a defect. */
  dryRun: boolean
  /** Without it a file of the earlier Go tool is refused. */
  goImport?: GoImport
}

/** Opens the store; a real run must hold the writers' lock. Creates it, or imports the Go tool's file, where needed. */
export async function openStore({ file, dryRun, goImport }: OpenStoreOptions): Promise<Store> {
  const found = guarded(file, () => recognise(file))
  if (found === 'go') return openGoFile(file, dryRun, goImport)
  if (!dryRun) return openSqliteStore(file)
  return found === 'nothing' ? new MemoryStore() : readSnapshot(file)
}

async function openGoFile(file: string, dryRun: boolean, goImport: GoImport | undefined): Promise<Store> {
  if (goImport === undefined) {
    throw new InterlookError('import-failed', `${file} holds entries of the earlier tool`, {
      hint: 'they are imported by `interlook reconcile` or `interlook run`',
    })
  }
  const { importGoEntries } = await import('./import-go.js')
  const imported = importGoEntries(
    guarded(file, () => readFileSync(file, 'utf8')),
    file,
    goImport,
  )
  if (dryRun) {
    goImport.onImport?.(imported.report)
    return new MemoryStore(new Map(imported.entries.map((entry) => [entry.key, entry])))
  }
  const { convertGoFile } = await import('./convert-go.js')
  const backup = await convertGoFile(file, imported.entries)
  goImport.onImport?.({ ...imported.report, backup })
  return openSqliteStore(file)
}

/** A store that writes. One connection for life: the engine keeps memory of each. */
export async function openSqliteStore(file: string): Promise<SqliteStore> {
  let connection: Connection | undefined
  try {
    connection = await openConnection(file, 'write')
    // Without spilling, a large transaction locks readers out only while it commits.
    connection.exec('PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA cache_spill=OFF')
    ensureTables(connection, file)
    return new SqliteStore(connection, file)
  } catch (error) {
    connection?.close()
    throw storeError(error, file)
  }
}

/** Entries and facts in an SQLite file; each write is one durable transaction. */
export class SqliteStore implements Store {
  readonly #connection: Connection
  readonly #file: string
  readonly #statements: ReturnType<typeof prepareAll>

  constructor(connection: Connection, file: string) {
    this.#connection = connection
    this.#file = file
    this.#statements = prepareAll(connection)
  }

  load(): Map<string, Entry> {
    return guarded(this.#file, () => readEntries(this.#statements.all.iterate(), this.#file))
  }

  commit({ put, remove }: { put: readonly Entry[]; remove: readonly string[] }): void {
    if (put.length === 0 && remove.length === 0) return
    this.#write(() => {
      for (const key of remove) this.#statements.remove.run(key)
      for (const entry of put) this.#statements.put.run(entry.key, JSON.stringify(entry))
    })
  }

  getMeta(name: string): string | undefined {
    const row = guarded(this.#file, () => this.#statements.getMeta.get(name))
    return row === undefined ? undefined : textPair(row)[1]
  }

  setMeta(name: string, value: string): void {
    if (this.getMeta(name) === value) return
    this.#write(() => this.#statements.setMeta.run(name, value))
  }

  close(): void {
    if (this.#connection.open) this.#connection.close()
  }

  #write(work: () => void): void {
    guarded(this.#file, () => inTransaction(this.#connection, work))
  }
}

function prepareAll(connection: Connection) {
  return {
    all: connection.prepare('SELECT key, data FROM entries').raw(),
    put: connection.prepare(
      'INSERT INTO entries(key, data) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET data=excluded.data',
    ),
    remove: connection.prepare('DELETE FROM entries WHERE key=?'),
    getMeta: connection.prepare('SELECT name, value FROM meta WHERE name=?').raw(),
    setMeta: connection.prepare(
      'INSERT INTO meta(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value=excluded.value',
    ),
  }
}

/** By its first bytes: SQLite, the Go tool's JSON, or nothing yet. What it else may be, the engine tells. */
function recognise(file: string): 'nothing' | 'go' | 'sqlite' {
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined || size === 0) return 'nothing'
  const head = Buffer.alloc(Math.min(size, 64))
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, head)
  } finally {
    closeSync(descriptor)
  }
  // An empty set of entries was written as `null`.
  return /^\uFEFF?\s*(\{|null\s*$)/.test(head.toString('utf8')) ? 'go' : 'sqlite'
}
