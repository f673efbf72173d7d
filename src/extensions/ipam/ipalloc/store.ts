import type Database from 'libsql'
import type { Problem } from '../../../sdk/errors.js'
import { parseServiceKey, type Service, serviceKey } from '../../../sdk/service.js'
import { type LeaseWrite, restedBefore } from './changes.js'
import type { Lease } from './lease-book.js'

import { storeError } from './store-error.js'
import { COLUMNS, leaseOf, type Row, rows, transaction } from './tables.js'

/** The rows of an open database. One for the whole life of a process: each statement is prepared once. */
export class LeaseStore {
  private readonly db: Database.Database
  private readonly path: string
  private readonly sql: ReturnType<typeof prepare>
  /** Addresses that turned out to be somebody's while they were to be given: read again with the next scope. */
  private surprises = new Set<string>()

  /** The schema must exist. */
  constructor(db: Database.Database, path: string) {
    this.db = db
    this.path = path
    this.sql = prepare(db)
  }

  readAll(): Lease[] {
    this.surprises.clear()
    return this.guarded(() => rows(this.sql.all).map(leaseOf))
  }

  /** The leases of these services, of the imported records under their names, and of addresses that surprised. */
  readSome(services: readonly Service[]): Lease[] {
    const found = this.guarded(() => [
      ...services.flatMap((service) => rows(this.sql.ofService, serviceKey(service))),
      ...services.flatMap((service) => rows(this.sql.ofName, service.name)),
      ...[...this.surprises].flatMap((ip) => rows(this.sql.atAddress, ip)),
    ])
    this.surprises.clear()
    return found.map(leaseOf)
  }

  /** Writes all plans in one durable transaction; a plan that no longer fits what is there is left out of it. */
  write(plans: readonly { key: string; writes: readonly LeaseWrite[] }[]): Map<string, Problem> {
    return this.guarded(() =>
      transaction(this.db, () => {
        const problems = new Map<string, Problem>()
        for (const { key, writes } of plans) {
          const problem = this.writePlan(key, writes)
          if (problem !== undefined) problems.set(key, problem)
        }
        const until = restedBefore(plans.flatMap(({ writes }) => writes))
        if (Number.isFinite(until)) this.sql.forget.run(until)
        return problems
      }),
    )
  }

  close(): void {
    this.db.close()
  }

  /** Writes one plan; or nothing of it, when what is there now does not let it. */
  private writePlan(key: string, writes: readonly LeaseWrite[]): Problem | undefined {
    const there = writes.map(({ give, lease }) =>
      give ? rows(this.sql.around, lease.ip, lease.pool, key) : rows(this.sql.atAddress, lease.ip),
    )
    const rowAt = (index: number, ip: string): Row | undefined => there[index]?.find((row) => row.ip === ip)
    for (const [index, write] of writes.entries()) {
      const problem = write.give ? this.misfit(key, write, writes, there[index] ?? []) : undefined
      if (problem !== undefined) return problem
    }
    // What is retired makes room for the new current one, of which there is one per pool and service.
    for (const [index, { give, lease }] of writes.entries()) {
      const row = rowAt(index, lease.ip)
      if (!give && row !== undefined && isOf(row, lease)) this.put(lease, true)
    }
    for (const [index, { give, lease }] of writes.entries()) {
      if (give) this.put(lease, rowAt(index, lease.ip) !== undefined)
    }
    return undefined
  }

  private misfit(
    key: string,
    write: LeaseWrite,
    writes: readonly LeaseWrite[],
    there: readonly Row[],
  ): Problem | undefined {
    const { ip } = write.lease
    for (const row of there) {
      if (row.ip === ip && !mayGive(row, write)) {
        this.surprises.add(ip)
        const holder = row.service ?? row.imported_name ?? 'another'
        return { code: 'address-taken', message: `${ip} was given to ${holder} meanwhile`, retryable: true }
      }
      if (row.ip !== ip && !writes.some(({ lease }) => lease.ip === row.ip)) {
        return { code: 'conflict', message: `the leases of ${key} were changed meanwhile`, retryable: true }
      }
    }
    return undefined
  }

  private put(lease: Lease, exists: boolean): void {
    const { pool, ip, owner, service, importedName, leasedAt, retiredAt, held } = lease
    const statement = exists ? this.sql.update : this.sql.insert
    statement.run(
      pool,
      owner,
      service ?? null,
      importedName ?? null,
      leasedAt,
      retiredAt ?? null,
      held ? 1 : 0,
      ip,
    )
  }

  private guarded<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw storeError(error, this.path)
    }
  }
}

function prepare(db: Database.Database) {
  return {
    all: db.prepare(`SELECT ${COLUMNS} FROM lease`),
    ofService: db.prepare(
      `SELECT ${COLUMNS} FROM lease WHERE service = ?1 AND retired_at IS NULL
       UNION ALL
       SELECT ${COLUMNS} FROM lease WHERE service = ?1 AND retired_at IS NOT NULL`,
    ),
    ofName: db.prepare(`SELECT ${COLUMNS} FROM lease WHERE imported_name = ?`),
    atAddress: db.prepare(`SELECT ${COLUMNS} FROM lease WHERE ip = ?`),
    /** What stands at an address, and what is current for the service in the pool. */
    around: db.prepare(
      `SELECT ${COLUMNS} FROM lease WHERE ip = ?
       UNION ALL
       SELECT ${COLUMNS} FROM lease WHERE pool = ? AND service = ? AND retired_at IS NULL`,
    ),
    insert: db.prepare(
      `INSERT INTO lease (pool, owner, service, imported_name, leased_at, retired_at, held, ip)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    update: db.prepare(
      `UPDATE lease SET pool = ?, owner = ?, service = ?, imported_name = ?, leased_at = ?, retired_at = ?, held = ?
       WHERE ip = ?`,
    ),
    forget: db.prepare('DELETE FROM lease WHERE held = 0 AND retired_at IS NOT NULL AND retired_at <= ?'),
  }
}

function mayGive(row: Row, { lease, restedBefore: before }: LeaseWrite): boolean {
  if (row.service !== null && row.service === lease.service) return true
  if (row.retired_at !== null) return row.held === 0 && row.retired_at <= before
  return row.service === null && row.imported_name === parseServiceKey(lease.service ?? '')?.name
}

function isOf(row: Row, lease: Lease): boolean {
  return row.service === (lease.service ?? null) && row.imported_name === (lease.importedName ?? null)
}
