import { errorText } from '../errors.js'
import { ANSWER_CHECKS } from './answer-checks.js'
import type { ContractCheck } from './check.js'
import type { ContractHarness } from './harness.js'
import { LIFE_CYCLE_CHECKS } from './life-cycle-checks.js'
import { PLAN_CHECKS } from './plan-checks.js'
import { PROVIDER_CHECKS } from './provider-checks.js'
import { PROVISIONER_CHECKS } from './provisioner-checks.js'
import { SECRET_CHECK } from './secret-check.js'
import { failed, Session, skipped, type Verdict } from './session.js'

export type { ContractCheck } from './check.js'
export type { ContractHarness, TestBackend, Waits } from './harness.js'
export type { Verdict } from './session.js'

/** The contract: one list, run by the tests on our extensions and by `ext test` on everybody's. */
export const CONTRACT: readonly ContractCheck[] = [
  ...LIFE_CYCLE_CHECKS,
  ...PLAN_CHECKS,
  ...ANSWER_CHECKS,
  ...PROVISIONER_CHECKS,
  ...PROVIDER_CHECKS,
  SECRET_CHECK,
]

/** The checks that one extension must pass. */
export function checksFor(harness: ContractHarness): ContractCheck[] {
  return CONTRACT.filter((check) => check.kinds.includes(harness.definition.kind))
}

/** One run of the contract over one extension: each check is judged once, in whatever order it is asked for. */
export interface ContractRun {
  judge(check: ContractCheck): Promise<Verdict>
  /** What the extension told of its backend while it was read. */
  facts(): Record<string, string | number>
}

export function createContractRun(harness: ContractHarness): ContractRun {
  const session = new Session(harness)
  const byId = new Map(checksFor(harness).map((check) => [check.id, check]))

  const judge = (check: ContractCheck): Promise<Verdict> =>
    session.once(`check ${check.id}`, async () => {
      for (const id of check.needs ?? []) {
        const needed = byId.get(id)
        if (needed === undefined) continue
        const { status, detail = '' } = await judge(needed)
        if (status === 'failed') return skipped(`because of ${id}`)
        if (status === 'skipped' && detail.startsWith('because of ')) return skipped(detail)
      }
      if (check.writes && harness.readOnly !== undefined) return skipped(harness.readOnly)
      try {
        return await check.run(session)
      } catch (error) {
        return failed(errorText(error))
      }
    })
  return { judge, facts: () => session.facts }
}
