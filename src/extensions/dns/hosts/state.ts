import type { Problem } from '../../../sdk/errors.js'
import { formatAddress, parseAddress } from '../../../sdk/ip.js'
import type { OwnedObject, ServicePlan } from '../../../sdk/provisioner.js'
import { bareService, compareText, parseServiceKey } from '../../../sdk/service.js'
import { entriesOf, type ForeignEntry, type HostsEntry, type HostsFile } from './block.js'

/** What a hosts file says, by name. */
export interface HostsState {
  path: string
  owner: string
  ours: ReadonlyMap<string, HostsEntry>
  foreign: ReadonlyMap<string, readonly ForeignEntry[]>
}

/** What one change writes; travels in `Change.data`. Without `ip` the name is removed. */
export interface HostsWrite {
  name: string
  key: string
  ip?: string
  /** Owners whose blocks lose the name to us. */
  takeFrom: string[]
}

export function stateOf(file: HostsFile, path: string, owner: string): HostsState {
  const foreign = new Map<string, ForeignEntry[]>()
  for (const entry of file.foreign) {
    const named = foreign.get(entry.name) ?? []
    named.push({ ...entry, ip: canonical(entry.ip) })
    foreign.set(entry.name, named)
  }
  const ours = new Map(
    entriesOf(file, owner).map((entry) => [entry.name, { ...entry, ip: canonical(entry.ip) }]),
  )
  return { path, owner, ours, foreign }
}

/** What to do for a plan. */
export function writesOf(plan: ServicePlan): HostsWrite[] {
  // Changes reach us as we planned them, so `data` is what the plan put there.
  return plan.changes.map((change) => change.data as HostsWrite)
}

/** What plans make of a state, plan by plan. */
export interface Outcome {
  state: HostsState
  /** By service key, for plans that what stands in the file does not let through. */
  problems: Map<string, Problem>
  /** Owner -> names that leave its block. */
  taken: Map<string, Set<string>>
  changed: boolean
}

/** Pure: does what the plans want to what is there now, whatever was there when they were made. */
export function writeAll(before: HostsState, plans: readonly ServicePlan[]): Outcome {
  const ours = new Map(before.ours)
  const foreign = new Map(before.foreign)
  const outcome: Outcome = {
    state: { ...before, ours, foreign },
    problems: new Map(),
    taken: new Map(),
    changed: false,
  }
  for (const plan of plans) {
    const writes = writesOf(plan)
    const problem = writes
      .map((write) => obstacle(plan.key, write, outcome.state))
      .find((one) => one !== undefined)
    if (problem !== undefined) {
      outcome.problems.set(plan.key, problem)
      continue
    }
    for (const { name, key, ip, takeFrom } of writes) {
      const entry = ours.get(name)
      if (ip === undefined) {
        // Another service may have taken the name over since.
        if (entry?.key === key && ours.delete(name)) outcome.changed = true
        continue
      }
      for (const owner of takeFrom) {
        const left = foreign.get(name)?.filter((one) => one.owner !== owner) ?? []
        if (left.length === 0) foreign.delete(name)
        else foreign.set(name, left)
        outcome.taken.set(owner, (outcome.taken.get(owner) ?? new Set<string>()).add(name))
        outcome.changed = true
      }
      if (entry?.key === key && entry.ip === ip) continue
      ours.set(name, { name, key, ip })
      outcome.changed = true
    }
  }
  return outcome
}

/** The entries of our block in the order in which they are written. */
export function sortedEntries(state: HostsState): HostsEntry[] {
  return [...state.ours.values()].sort((a, b) => compareText(a.name, b.name))
}

/** Pure: everything between interlook markers, ours and others'. */
export function ownedOf(state: HostsState): OwnedObject[] {
  const marked = new Map<string, { owner: string; key: string; ip: string; names: string[] }>()
  const add = (owner: string, { key, ip, name }: HostsEntry): void => {
    const known = marked.get(`${owner}\n${key}`)
    if (known === undefined) marked.set(`${owner}\n${key}`, { owner, key, ip, names: [name] })
    else known.names.push(name)
  }
  for (const entry of state.ours.values()) add(state.owner, entry)
  for (const { owner, key, ip, name } of [...state.foreign.values()].flat()) {
    if (owner !== undefined && key !== undefined) add(owner, { key, ip, name })
  }
  return [...marked.values()].flatMap(({ owner, key, ip, names }) => {
    const identity = parseServiceKey(key)
    if (identity === undefined) return []
    return [
      { owner, key, objects: names, service: { ...bareService(identity), public_ip: ip, dns_name: names } },
    ]
  })
}

export function foreignTo(key: string, entry: ForeignEntry, path: string): Problem {
  const where = `${path}:${entry.line}`
  const stands =
    entry.owner === undefined
      ? `stands outside of our block at ${where} with ${entry.ip}`
      : `stands in the block of ${entry.owner} at ${where} with ${entry.ip}`
  return {
    code: 'conflict',
    message: `${entry.name} of ${key} ${stands}`,
    retryable: false,
    hint:
      entry.owner === undefined
        ? 'remove the name from that line by hand; lines outside of the block are never changed'
        : `run \`interlook reconcile --adopt-from ${entry.owner}\` to take it, or remove it there`,
  }
}

function obstacle(key: string, { name, ip, takeFrom }: HostsWrite, state: HostsState): Problem | undefined {
  if (ip === undefined) return undefined
  const entry = state.foreign
    .get(name)
    ?.find((one) => one.ip !== ip && !(one.owner !== undefined && takeFrom.includes(one.owner)))
  return entry && foreignTo(key, entry, state.path)
}

function canonical(ip: string): string {
  const address = parseAddress(ip)
  return address === undefined ? ip : formatAddress(address)
}
