import { isDeepStrictEqual } from 'node:util'
import { errorText } from '../errors.js'
import type { PlanInput, ServicePlan } from '../provisioner.js'
import { serviceKey } from '../service.js'
import { type ContractCheck, PROVISIONERS } from './check.js'
import { canaryService } from './harness.js'
import { failed, ok, type Session, skipped, type Verdict } from './session.js'
import { planInput } from './walk.js'

/** What a look at the backend without a write showed. */
interface Look {
  error?: string
  plans: ServicePlan[][]
  /** The input was changed, or the observation. */
  changed: string[]
  asked: string[]
  writes?: number
}

/** Reads and plans in a dry run: twice with the same input. */
function look(session: Session): Promise<Look | undefined> {
  return session.once('look', async () => {
    const subject = session.open({ dryRun: true })
    const { served } = subject
    if (served.form !== 'provisioner') {
      await subject.end()
      return undefined
    }
    const known = canaryService(session.harness)
    const input = planInput(
      session,
      [known, canaryService(session.harness, '-b')],
      [canaryService(session.harness, '-absent')],
    )
    const asked = [...input.put.map((item) => item.service), ...input.remove].map(serviceKey)
    const before = await session.writes(served)
    const report: Look = { plans: [], changed: [], asked }
    try {
      await session.within('reading and planning', async (signal) => {
        const { preview } = served.extension
        const wanted = input.put.map((item) => item.service)
        await preview.connect(signal)
        const observed = await served.author.observe({ all: true, wanted }, signal)
        planTwice(report, input, observed, (each) => served.author.plan(each, observed))
        await preview.observe({ all: true, wanted }, signal)
        session.facts = preview.facts()
        session.hear({ plans: report.plans, facts: session.facts, owned: preview.owned() })
      })
    } catch (error) {
      session.hear(error)
      report.error = errorText(error)
    }
    await subject.end()
    const after = await session.writes(served)
    if (before !== undefined && after !== undefined) report.writes = after - before
    return report
  })
}

function planTwice(
  report: Look,
  input: PlanInput,
  observed: unknown,
  plan: (input: PlanInput) => ServicePlan[],
): void {
  const inputBefore = structuredClone(input)
  const observedBefore = copyOf(observed)
  report.plans.push(structuredClone(plan(input).map(withoutData)))
  if (!isDeepStrictEqual(input, inputBefore)) report.changed.push('the input')
  if (!isDeepStrictEqual(copyOf(observed), observedBefore)) report.changed.push('the observation')
  report.plans.push(structuredClone(plan(structuredClone(inputBefore)).map(withoutData)))
}

/** `data` is the extension's own and may hold what cannot be copied. */
function withoutData(plan: ServicePlan): ServicePlan {
  return { ...plan, changes: plan.changes.map(({ data: _, ...change }) => change) }
}

/** Undefined for an observation that holds functions: then nobody can tell. */
function copyOf(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return undefined
  }
}

function planCheck(
  id: string,
  title: string,
  needs: readonly string[],
  judge: (report: Look) => Verdict,
): ContractCheck {
  return {
    id,
    title,
    kinds: PROVISIONERS,
    writes: false,
    needs: ['start-fails', ...needs],
    run: async (session) => {
      const report = await look(session)
      return report === undefined ? skipped('it has no plan to look at') : judge(report)
    },
  }
}

/** Checks that need no write: reading and planning, as in a dry run. */
export const PLAN_CHECKS: readonly ContractCheck[] = [
  planCheck('read-fails', 'the backend can be read and a plan made', [], ({ error }) =>
    error === undefined ? ok : failed(error),
  ),
  planCheck(
    'plan-changes-input',
    'plan changes neither its input nor the observation',
    ['read-fails'],
    ({ changed }) => (changed.length === 0 ? ok : failed(`plan changed ${changed.join(' and ')}`)),
  ),
  planCheck(
    'plan-not-pure',
    'the same input gives the same plan',
    ['read-fails', 'plan-changes-input'],
    ({ plans: [first, second] }) =>
      isDeepStrictEqual(first, second) ? ok : failed('two plans of the same input differ'),
  ),
  planCheck(
    'plan-incomplete',
    'plan gives one plan per service',
    ['read-fails'],
    ({ plans: [first = []], asked }) => {
      const keys = first.map((plan) => plan.key)
      return isDeepStrictEqual([...keys].sort(), [...asked].sort())
        ? ok
        : failed(`asked for ${asked.join(', ')}; planned ${keys.join(', ')}`)
    },
  ),
  planCheck('dry-run-writes', 'a dry run writes nothing', ['read-fails'], ({ writes }) => {
    if (writes === undefined) return skipped('nobody counts the writes')
    return writes === 0 ? ok : failed(`${writes} writes in a dry run`)
  }),
]
