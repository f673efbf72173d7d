import { type Context, defineProvisioner } from '../../../sdk/define.js'
import { InterlookError } from '../../../sdk/errors.js'
import type { ApplyResult, Provisioner, ServicePlan } from '../../../sdk/provisioner.js'
import { parseHosts, renderHosts } from './block.js'
import { checkWritable, readContent, removeLeftover, replaceContent } from './file.js'
import { namesOf, planHosts } from './plan.js'
import { HostsConfig } from './schema.js'
import { type HostsState, ownedOf, sortedEntries, stateOf, writeAll } from './state.js'

/** How long another interlook's unfinished write is waited for before it counts as left behind by a kill. */
const TRIES = 100
const PAUSE_MS = 20

export const definition = defineProvisioner<HostsConfig, HostsState>({
  kind: 'dns',
  name: 'hosts',
  summary: 'keeps names in a block of a hosts file',
  configSchema: HostsConfig,
  create,
})

function create(config: HostsConfig, context: Context): Provisioner<HostsState> {
  const { path } = config
  const { dryRun, owner } = context
  const stateIn = (text: string): HostsState => stateOf(parseHosts(text, path, owner), path, owner)
  return {
    settleMs: config.settle,

    async connect() {
      if (!dryRun) await checkWritable(path)
    },

    async observe() {
      const { text } = await readContent(path)
      return stateIn(text ?? '')
    },

    plan: planHosts,

    apply: (plans, signal) => applyPlans(config, context, plans, signal),

    applied(observed, plans, results) {
      const failed = new Set(results.filter((result) => result.problem !== undefined).map(({ key }) => key))
      return writeAll(
        observed,
        plans.filter((plan) => !failed.has(plan.key)),
      ).state
    },

    claims: (service) => namesOf(service).map((name) => `alias:${name}`),

    owned: ownedOf,

    facts: (observed) => ({ names: observed.ours.size }),
  }
}

/** Decides on what is in the file now, and writes it at most once. */
async function applyPlans(
  { path }: HostsConfig,
  { owner, clock }: Context,
  plans: readonly ServicePlan[],
  signal: AbortSignal,
): Promise<ApplyResult[]> {
  let waitedFor = ''
  let waits = 0
  for (let attempt = 0; attempt < 3 * TRIES && !signal.aborted; attempt++) {
    const content = await readContent(path)
    const file = parseHosts(content.text ?? '', path, owner)
    const { state, problems, taken, changed } = writeAll(stateOf(file, path, owner), plans)
    const text = renderHosts(file, owner, { entries: sortedEntries(state), taken })
    const outcome = changed ? await replaceContent(path, text, content) : 'written'
    if (outcome === 'written') {
      return plans.map(({ key }) => {
        const problem = problems.get(key)
        return problem === undefined ? { key } : { key, problem }
      })
    }
    if (outcome === 'outdated') continue
    waits = outcome.busy === waitedFor ? waits + 1 : 1
    waitedFor = outcome.busy
    if (waits < TRIES) await clock.sleep(PAUSE_MS, signal)
    else await removeLeftover(path)
  }
  throw new InterlookError('backend-error', `${path} is being written to by others without a pause`, {
    retryable: true,
  })
}
