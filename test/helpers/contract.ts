import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/sdk/clock.js'
import {
  CONTRACT,
  type ContractHarness,
  type ContractRun,
  createContractRun,
  type Waits,
} from '../../src/sdk/contract/index.js'
import type { Context } from '../../src/sdk/define.js'
import { definitionId, type Kind } from '../../src/sdk/define.js'
import { silentLogger } from '../../src/sdk/logger.js'

/** Long enough for a slow machine where the wait is for something good, short where it is for silence. */
export const SHORT_WAITS: Waits = { startMs: 5_000, answerMs: 5_000, stopMs: 5_000, quietMs: 40 }

type HarnessParts = Pick<ContractHarness, 'definition' | 'config'> &
  Partial<Omit<ContractHarness, 'definition' | 'config' | 'context'>> & { context?: Partial<Context> }

/** A harness for tests: everything that was not given, with short waits. */
export function contractHarness({ context, ...parts }: HarnessParts): ContractHarness {
  return {
    waits: SHORT_WAITS,
    canaryName: 'canary',
    secrets: [],
    ...parts,
    context: {
      id: definitionId(parts.definition),
      owner: 'contract',
      logger: silentLogger,
      clock: systemClock,
      dryRun: false,
      deadlineMs: 5_000,
      ...context,
    },
  }
}

/**
 * The contract as tests, one per check. `prepare` runs once; what it gives is one run, whose backend `close` takes
 * away. Ids in `unreachable` are checks that this test cannot make: any other skipped check fails, so that none
 * goes missing unseen.
 */
export function runContract(
  kind: Kind,
  prepare: () => Promise<{ harness: ContractHarness; close?: () => Promise<void> }>,
  unreachable: readonly string[] = [],
): void {
  describe('the contract', () => {
    let run: ContractRun
    let close: (() => Promise<void>) | undefined

    beforeAll(async () => {
      const prepared = await prepare()
      run = createContractRun(prepared.harness)
      close = prepared.close
    })
    afterAll(() => close?.())

    for (const check of CONTRACT.filter((each) => each.kinds.includes(kind))) {
      it(`${check.id}: ${check.title}`, async (context) => {
        const verdict = await run.judge(check)

        if (verdict.status === 'skipped' && unreachable.includes(check.id)) context.skip(verdict.detail)
        expect(verdict).toEqual({ status: 'ok' })
      })
    }
  })
}
