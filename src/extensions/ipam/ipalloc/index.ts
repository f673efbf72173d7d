import { type Context, defineProvisioner } from '../../../sdk/define.js'
import { InterlookError } from '../../../sdk/errors.js'
import type { ApplyResult, Provisioner, Scope, ServicePlan } from '../../../sdk/provisioner.js'
import { writesOf } from './changes.js'
import { type LeaseRules, requestedPlace } from './choose.js'
import { factsOf, ownedOf } from './facts.js'
import { mergeObserved, observedOf } from './observed.js'
import { openLeaseStore } from './open.js'
import { appliedLeases, type ObservedLeases, planLeases } from './plan.js'
import { poolsOf } from './pool.js'
import { IpallocConfig } from './schema.js'
import { snapshotLeases } from './snapshot.js'
import type { LeaseStore } from './store.js'

export const definition = defineProvisioner<IpallocConfig, ObservedLeases>({
  kind: 'ipam',
  name: 'ipalloc',
  summary: 'gives addresses out of pools of its own and keeps them in an embedded store',
  configSchema: IpallocConfig,
  create,
})

function create(config: IpallocConfig, context: Context): Provisioner<ObservedLeases> {
  const { clock, dryRun, owner } = context
  const file = config.db_file
  const pools = poolsOf(config)
  const rules: LeaseRules = {
    owner,
    quarantineMs: config.quarantine,
    allowRequests: config.allowRequests,
    pools,
  }
  let store: LeaseStore | undefined
  let readWhole = false

  const opened = (): LeaseStore => {
    if (store === undefined)
      throw new InterlookError('internal', 'ipam.ipalloc is used before it is connected')
    return store
  }

  return {
    async connect() {
      if (dryRun || store !== undefined) return
      store = await openLeaseStore(file, { pools, now: clock.now() })
      readWhole = false
    },

    close() {
      store?.close()
      store = undefined
      return Promise.resolve()
    },

    async observe(scope: Scope) {
      if (dryRun) {
        const leases = await snapshotLeases(file, { pools, now: clock.now(), clock })
        return observedOf(leases, scope.wanted, true)
      }
      // What is free cannot be told from a part, so the first read is whole whatever was asked for.
      const whole = scope.all || !readWhole
      const leases = whole ? opened().readAll() : opened().readSome(scope.wanted)
      readWhole = true
      return observedOf(leases, scope.wanted, whole)
    },

    merge: mergeObserved,

    plan: (input, observed) => planLeases(input, observed, rules),

    apply: (plans) => Promise.resolve().then(() => writePlans(opened(), plans)),

    applied: appliedLeases,

    claims(service) {
      // Where nothing may be asked for by name, nobody can want another's address.
      const address = config.allowRequests ? (service.address ?? service.public_ip) : undefined
      const place = address === undefined ? undefined : requestedPlace({ ...service, address }, rules)
      return place?.pool === undefined ? [] : [`ipam.ipalloc:${place.pool.name}/${place.ip}`]
    },

    owned: ({ book }) => ownedOf(book),

    facts: ({ book }) => factsOf(book, pools, clock.now() - config.quarantine),
  }
}

function writePlans(store: LeaseStore, plans: readonly ServicePlan[]): ApplyResult[] {
  const problems = store.write(plans.map((plan) => ({ key: plan.key, writes: writesOf(plan) })))
  return plans.map(({ key, outputs }) => {
    const problem = problems.get(key)
    return problem === undefined ? { key, outputs } : { key, problem }
  })
}
