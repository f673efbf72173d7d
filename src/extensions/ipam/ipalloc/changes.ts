import type { Change, ServicePlan } from '../../../sdk/provisioner.js'
import type { Service } from '../../../sdk/service.js'
import { type Lease, type LeaseBook, leaseState } from './lease-book.js'

/** What one change writes: the lease as it is afterwards. Travels in `Change.data`. */
export interface LeaseWrite {
  lease: Lease
  /** The address becomes the service's; else a lease of its own is only retired. */
  give: boolean
  /** An address that was retired at or before this has rested long enough. */
  restedBefore: number
}

/** What the changes of a plan are made with. */
export interface Setting {
  book: LeaseBook
  owner: string
  quarantineMs: number
  now: number
}

/** What `apply` has to write for a plan. */
export function writesOf(plan: ServicePlan): LeaseWrite[] {
  // Changes reach us as we planned them, so `data` is what `changeTo` put there.
  return plan.changes.map((change) => change.data as LeaseWrite)
}

/** Leases retired at or before this are forgotten when `writes` are written. */
export function restedBefore(writes: readonly LeaseWrite[]): number {
  return writes.reduce((latest, write) => Math.max(latest, write.restedBefore), Number.NEGATIVE_INFINITY)
}

export function giveChange(
  key: string,
  choice: { ip: string; pool: string; why: string },
  setting: Setting,
): Change | undefined {
  const { owner } = setting
  const lease: Lease = {
    ip: choice.ip,
    pool: choice.pool,
    owner,
    service: key,
    leasedAt: setting.now,
    held: false,
  }
  const before = setting.book.at(choice.ip)
  if (before === undefined || leaseState(before) === 'resting') {
    const fields = [
      { field: 'service', to: key },
      { field: 'pool', to: choice.pool },
    ]
    return changeTo(lease, setting, { action: 'create', fields, reason: choice.why }, true)
  }
  const kept = { ...lease, leasedAt: before.leasedAt }
  if (before.service !== key) {
    const fields = [{ field: 'service', from: before.importedName ?? '', to: key }]
    return changeTo(kept, setting, { action: 'update', fields, reason: choice.why, adopts: true }, true)
  }
  if (before.owner !== owner) {
    const fields = [{ field: 'owner', from: before.owner, to: owner }]
    return changeTo(kept, setting, { action: 'update', fields, reason: 'taken over', adopts: true }, true)
  }
  if (leaseState(before) === 'current') return undefined
  const fields = [{ field: 'state', from: 'kept', to: 'in use' }]
  return changeTo(kept, setting, { action: 'update', fields, reason: choice.why }, true)
}

/** With `previous`: what users still reach is kept, and nothing is given back yet. */
export function keepChange(lease: Lease, previous: Service, setting: Setting): Change | undefined {
  const state = leaseState(lease)
  if (state === 'held' || (state === 'resting' && lease.ip !== previous.public_ip)) return undefined
  const held: Lease = { ...lease, owner: setting.owner, retiredAt: setting.now, held: true }
  const from = state === 'current' ? 'in use' : 'quarantine'
  const fields = [{ field: 'state', from, to: 'kept' }]
  return changeTo(held, setting, { action: 'update', fields, reason: 'users still reach it' })
}

export function restChange(lease: Lease, setting: Setting, reason = 'no longer needed'): Change | undefined {
  if (leaseState(lease) === 'resting') return undefined
  const resting: Lease = { ...lease, owner: setting.owner, retiredAt: setting.now, held: false }
  const until = new Date(setting.now + setting.quarantineMs).toISOString()
  const fields = [
    { field: 'service', from: lease.service ?? lease.importedName ?? '' },
    { field: 'quarantine until', to: until },
  ]
  return changeTo(resting, setting, { action: 'delete', fields, reason })
}

function changeTo(
  lease: Lease,
  setting: Setting,
  shown: Pick<Change, 'action' | 'fields' | 'reason' | 'adopts'>,
  give = false,
): Change {
  const data: LeaseWrite = { lease, give, restedBefore: setting.now - setting.quarantineMs }
  return { ...shown, kind: 'address', object: lease.ip, data }
}
