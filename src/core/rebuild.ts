import type { OwnedObject } from '../sdk/provisioner.js'
import type { Service } from '../sdk/service.js'
import { withoutOutputs } from './definition.js'
import type { Entry, StepRecord } from './entry.js'
import type { StepHandle } from './step-handle.js'
import { newEntry } from './transition.js'

/** What one step owns, as observed. */
export interface OwnedAt {
  step: string
  object: OwnedObject
}

export function ownedAt(steps: readonly StepHandle[]): OwnedAt[] {
  return steps.flatMap((step) => (step.preview?.owned() ?? []).map((object) => ({ step: step.id, object })))
}

/** Owners other than ours that hold objects for services listed now: owner -> those services' keys. */
export function foreignOwners(
  owned: readonly OwnedAt[],
  owner: string,
  listed: ReadonlySet<string>,
): Map<string, string[]> {
  const found = new Map<string, Set<string>>()
  for (const { object } of owned) {
    if (object.owner === owner || !listed.has(object.key)) continue
    const keys = found.get(object.owner) ?? new Set()
    keys.add(object.key)
    found.set(object.owner, keys)
  }
  return new Map([...found].map(([name, keys]) => [name, [...keys].sort()]))
}

/**
 * Entries for a store that was lost, from the objects that carry our mark. Every step counts as sent, so nothing
 * is trusted that is not read again; the address is kept as the ipam's own earlier output, which it gives again.
 */
export function rebuiltEntries(
  owned: readonly OwnedAt[],
  owner: string,
  listed: ReadonlyMap<string, Service>,
  steps: readonly StepHandle[],
  now: number,
): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const { step, object } of owned) {
    const service = listed.get(object.key)
    if (object.owner !== owner || !service) continue
    const entry = entries.get(object.key) ?? newEntry(object.key, service, now)
    const ip = object.service.public_ip
    const isIpam = steps.some((item) => item.id === step && item.kind === 'ipam')
    const record: StepRecord = {
      state: 'sent',
      sent: { service: withoutOutputs(service) },
      outputs: isIpam && ip !== undefined ? { public_ip: ip } : {},
      attempts: 0,
    }
    const records: Record<string, StepRecord> = { ...entry.steps, [step]: record }
    for (const ipam of steps.filter((item) => item.kind === 'ipam')) {
      const known = records[ipam.id]
      if (ip === undefined || known?.outputs.public_ip !== undefined) continue
      records[ipam.id] = known
        ? { ...known, outputs: { public_ip: ip } }
        : { state: 'none', outputs: { public_ip: ip }, attempts: 0 }
    }
    entries.set(object.key, { ...entry, steps: records })
  }
  return entries
}
