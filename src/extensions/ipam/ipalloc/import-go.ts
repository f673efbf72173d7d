import { InterlookError } from '../../../sdk/errors.js'
import { addressNumber, addressText } from './address.js'
import type { Lease } from './lease-book.js'
import { type Pool, poolHolds } from './pool.js'
import { DEFAULT_POOL } from './pool-checks.js'

/**
 * The address file of the earlier Go tool: `[{"ip": "10.32.30.2", "host": "web"}]`, also under `records`.
 * All that it tells of a service is its name, so a record waits for the service that is listed under it.
 */
export function importedLeases(text: string, path: string, options: ImportOptions): Lease[] {
  const leases = new Map<string, Lease>()
  for (const [index, record] of recordsOf(text, path).entries()) {
    const { ip, host } = isObject(record) ? record : {}
    const number = typeof ip === 'string' ? addressNumber(ip) : undefined
    if (number === undefined) throw failed(path, `record ${index + 1} has no usable ip`)
    if (typeof host !== 'string' || host === '') throw failed(path, `record ${index + 1} has no host`)
    const address = addressText(number)
    const known = leases.get(address)
    if (known !== undefined && known.importedName !== host) {
      throw failed(path, `${address} stands there for ${known.importedName} and for ${host}`)
    }
    const pool = poolOf(number, options.pools)
    leases.set(address, {
      ip: address,
      pool,
      owner: '',
      importedName: host,
      leasedAt: options.now,
      held: false,
    })
  }
  return [...leases.values()]
}

export interface ImportOptions {
  pools: ReadonlyMap<string, Pool>
  /** Wall clock, ms. */
  now: number
}

/** Services that name no pool get theirs of the default one, so that is where what they have must stand. */
function poolOf(number: bigint, pools: ReadonlyMap<string, Pool>): string {
  if (pools.has(DEFAULT_POOL)) return DEFAULT_POOL
  return [...pools.values()].find((pool) => poolHolds(pool, number))?.name ?? DEFAULT_POOL
}

function recordsOf(text: string, path: string): unknown[] {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (cause) {
    throw failed(path, 'it is neither an address store nor JSON', cause)
  }
  // The earlier tool wrote `null` for an empty list.
  if (content === null) return []
  const records = isObject(content) ? content.records : content
  if (records === null) return []
  if (!Array.isArray(records)) throw failed(path, 'it holds no list of addresses')
  return records
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function failed(path: string, why: string, cause?: unknown): InterlookError {
  return new InterlookError('import-failed', `cannot import the addresses in ${path}: ${why}`, {
    cause,
    hint: 'correct the file, or name another one in ipam.ipalloc.db_file',
  })
}
