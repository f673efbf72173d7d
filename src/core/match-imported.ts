import { type Service, serviceKey } from '../sdk/service.js'
import type { Definition, Entry, StepRecord } from './entry.js'

/** Stands for a provider that the earlier tool's file did not name. */
export const UNKNOWN_PROVIDER = 'unknown'

/** An imported entry under its right key. */
export interface Rekeyed {
  from: string
  entry: Entry
}

/**
 * The earlier tool knew services by their bare name. An imported entry belongs to the listed service of that name
 * if there is exactly one, and no entry has its key yet. Give it complete listings only: a name that is unique in
 * half a listing may not be.
 */
export function matchImported(entries: Iterable<Entry>, listed: readonly Service[]): Rekeyed[] {
  const all = [...entries]
  const taken = new Set(all.map((entry) => entry.key))
  const present = new Set(listed.map(serviceKey))
  const byName = groupByName(listed)
  const result: Rekeyed[] = []
  for (const entry of all) {
    if (!entry.imported || entry.service.namespace !== undefined || present.has(entry.key)) continue
    const candidates = (byName.get(entry.service.name) ?? []).filter((service) => mayBe(entry, service))
    const [found, ...others] = candidates
    if (found === undefined || others.length > 0 || taken.has(serviceKey(found))) continue
    taken.add(serviceKey(found))
    result.push({ from: entry.key, entry: rekey(entry, found) })
  }
  return result
}

function groupByName(services: readonly Service[]): Map<string, Service[]> {
  const byName = new Map<string, Service[]>()
  for (const service of services) {
    const same = byName.get(service.name)
    if (same) same.push(service)
    else byName.set(service.name, [service])
  }
  return byName
}

function mayBe(entry: Entry, service: Service): boolean {
  return entry.service.provider === service.provider || entry.service.provider === UNKNOWN_PROVIDER
}

function rekey(entry: Entry, found: Service): Entry {
  const rename = (service: Service): Service => ({
    ...service,
    provider: found.provider,
    ...(found.namespace !== undefined && { namespace: found.namespace }),
  })
  const redefine = ({ service, previous }: Definition): Definition => ({
    service: rename(service),
    ...(previous && { previous: rename(previous) }),
  })
  const rerecord = ({ sent, acked, ...record }: StepRecord): StepRecord => ({
    ...record,
    ...(sent && { sent: redefine(sent) }),
    ...(acked && { acked: redefine(acked) }),
  })
  return {
    ...entry,
    key: serviceKey(found),
    service: rename(entry.service),
    ...(entry.inUse && { inUse: rename(entry.inUse) }),
    steps: Object.fromEntries(Object.entries(entry.steps).map(([id, record]) => [id, rerecord(record)])),
  }
}
