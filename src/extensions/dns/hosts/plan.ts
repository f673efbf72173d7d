import type { Problem } from '../../../sdk/errors.js'
import { formatAddress, parseAddress } from '../../../sdk/ip.js'
import type {
  AdoptRule,
  Change,
  PlanInput,
  PlannedValue,
  PutItem,
  ServicePlan,
} from '../../../sdk/provisioner.js'
import { type Service, serviceKey } from '../../../sdk/service.js'
import { type ForeignEntry, type HostsEntry } from './block.js'
import { foreignTo, type HostsState, type HostsWrite } from './state.js'

/** A name that may stand in a hosts file: no wildcard, and nothing that would break the line. */
const NAME = /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?$/

interface Draft {
  ours: Map<string, HostsEntry>
  byKey: Map<string, Set<string>>
  observed: HostsState
  adopt: AdoptRule
}

/** Pure: the plan of every service. */
export function planHosts(input: PlanInput, observed: HostsState): ServicePlan[] {
  const byKey = new Map<string, Set<string>>()
  for (const { key, name } of observed.ours.values()) {
    byKey.set(key, (byKey.get(key) ?? new Set<string>()).add(name))
  }
  const draft: Draft = { ours: new Map(observed.ours), byKey, observed, adopt: input.adopt }
  // Removals last: a name that changes hands is changed, not removed and made again.
  return [
    ...input.put.map((item) => planPut(item, draft)),
    ...input.remove.map((service) => planRemoval(service, draft)),
  ]
}

/** Host names as they stand in the file, each once. */
export function namesOf(service: Service): string[] {
  return [...new Set(service.dns_name.map((name) => name.toLowerCase()))]
}

function planPut(item: PutItem, draft: Draft): ServicePlan {
  const { service } = item
  const key = serviceKey(service)
  const names = namesOf(service)
  const address = addressOf(item)
  const problem = problemOf(service, names, address, draft)
  if (problem !== undefined) return { key, changes: [], outputs: {}, problem }
  const kept = new Set([...names, ...(item.previous === undefined ? [] : namesOf(item.previous))])
  const unwanted = [...(draft.byKey.get(key) ?? [])].filter((name) => !kept.has(name))
  const known = draft.byKey.has(key)
  const changes = [
    ...(address === undefined ? [] : names.map((name) => putChange(name, address, { key, known }, draft))),
    ...unwanted.map((name) => dropChange(name, key, 'name no longer wanted', draft)),
  ].filter((change) => change !== undefined)
  return { key, changes, outputs: {} }
}

function planRemoval(service: Service, draft: Draft): ServicePlan {
  const key = serviceKey(service)
  const names = [...(draft.byKey.get(key) ?? [])]
  const changes = names.map((name) => dropChange(name, key, 'service removed', draft))
  return { key, changes, outputs: {} }
}

function putChange(
  name: string,
  address: PlannedValue,
  of: { key: string; known: boolean },
  draft: Draft,
): Change | undefined {
  const before = draft.ours.get(name)
  const adopted = draft.observed.foreign.get(name)?.filter((entry) => isAdopted(entry, draft.adopt)) ?? []
  const isSame = before !== undefined && before.key === of.key && before.ip === address
  if (isSame && adopted.length === 0) return undefined
  move(name, of.key, typeof address === 'string' ? address : '', draft)
  const write: HostsWrite = {
    name,
    key: of.key,
    ip: typeof address === 'string' ? address : '',
    takeFrom: adopted.map((entry) => entry.owner ?? ''),
  }
  const old = before ?? adopted[0]
  const base = { kind: 'name', object: name, data: write }
  if (old === undefined) {
    const reason = of.known ? 'new name' : 'new service'
    return { ...base, action: 'create', fields: [{ field: 'address', to: address }], reason }
  }
  const fields = [
    ...(old.ip === address ? [] : [{ field: 'address', from: old.ip, to: address }]),
    ...(old.key === of.key ? [] : [{ field: 'service', from: old.key ?? '', to: of.key }]),
    ...adopted.map((entry) => ({ field: 'owner', from: entry.owner ?? '', to: draft.observed.owner })),
  ]
  const reason =
    adopted.length > 0 ? 'taken over' : old.key === of.key ? 'address changed' : 'the name changed hands'
  return { ...base, action: 'update', fields, reason, ...(adopted.length > 0 && { adopts: true }) }
}

function dropChange(name: string, key: string, reason: string, draft: Draft): Change {
  const from = draft.ours.get(name)?.ip ?? ''
  draft.ours.delete(name)
  draft.byKey.get(key)?.delete(name)
  const data: HostsWrite = { name, key, takeFrom: [] }
  return { action: 'delete', kind: 'name', object: name, fields: [{ field: 'address', from }], reason, data }
}

/** On the draft the name is the service's from here on, so that its former one does not remove it. */
function move(name: string, key: string, ip: string, draft: Draft): void {
  const before = draft.ours.get(name)
  if (before !== undefined) draft.byKey.get(before.key)?.delete(name)
  draft.ours.set(name, { name, key, ip })
  draft.byKey.set(key, (draft.byKey.get(key) ?? new Set<string>()).add(name))
}

function addressOf({ service, unknown }: PutItem): PlannedValue | undefined {
  if (unknown?.public_ip !== undefined) return { unknown: 'public_ip' }
  const address = service.public_ip === undefined ? undefined : parseAddress(service.public_ip)
  return address && formatAddress(address)
}

function problemOf(
  service: Service,
  names: readonly string[],
  address: PlannedValue | undefined,
  draft: Draft,
): Problem | undefined {
  const key = serviceKey(service)
  const bad = names.find((name) => !NAME.test(name))
  if (bad !== undefined) {
    const what = bad.startsWith('*') ? 'a wildcard' : 'no host name'
    return {
      code: 'label-invalid',
      message: `${key}: ${bad} is ${what}, which a hosts file cannot hold`,
      retryable: false,
      hint: 'name each host by itself',
    }
  }
  if (names.length === 0) return undefined
  if (address === undefined) {
    return {
      code: 'address-missing',
      message:
        service.public_ip === undefined
          ? `no step before dns.hosts gave ${key} an address`
          : `${service.public_ip}, which ${key} was given, is no address`,
      retryable: false,
      hint: 'put an ipam step, or a load balancer that gives addresses, before dns.hosts in core.workflow',
    }
  }
  for (const name of names) {
    const entry = draft.observed.foreign
      .get(name)
      ?.find((one) => !isAdopted(one, draft.adopt) && one.ip !== address)
    if (entry !== undefined) return foreignTo(key, entry, draft.observed.path)
  }
  return undefined
}

function isAdopted(entry: ForeignEntry, adopt: AdoptRule): boolean {
  return entry.owner !== undefined && adopt.owners.includes(entry.owner)
}
