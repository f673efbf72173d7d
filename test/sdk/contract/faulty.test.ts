import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checksFor, createContractRun } from '../../../src/sdk/contract/index.js'
import { plannedNames, rawNames } from '../../fixtures/names.js'
import { contractHarness } from '../../helpers/contract.js'

const FOLDER = new URL('../../fixtures/faulty/', import.meta.url)
const WAITS = { startMs: 2_000, answerMs: 1_000, stopMs: 500, quietMs: 40 }

/** What each is rejected for. */
const REASONS: Record<string, string[]> = {
  'never-answers': ['answer-missing'],
  'answers-twice': ['answer-twice'],
  'answers-another-service': ['answer-service'],
  'answers-without-id': ['answer-id'],
  'changes-the-action': ['answer-action'],
  'changes-targets': ['answer-fields'],
  'refuses-without-reason': ['error-without-reason'],
  'speaks-unasked': ['unsolicited'],
  'opens-and-fails': ['start-fails', 'failed-start-left-open'],
  'leaves-a-timer': ['left-open'],
  'consumes-later': ['not-consuming'],
  'stop-hangs': ['stop-hangs'],
  'stop-leaves-work': ['works-after-stop'],
  'writes-again': ['writes-again'],
  'forgets-to-observe': ['not-in-sync'],
  'undoes-the-heir': ['heir-undone'],
  'fails-to-delete-the-absent': ['delete-again-fails'],
  'plan-changes-input': ['plan-changes-input'],
  'plan-not-pure': ['plan-not-pure'],
  'plans-too-little': ['plan-incomplete'],
  'empty-on-failure': ['empty-on-failure'],
  'listed-twice': ['listing-invalid'],
  'refreshes-the-absent': ['refresh-absent'],
  'leaks-a-secret': ['secret-leaked'],
}

async function reasonsOf(definition: Parameters<typeof contractHarness>[0]['definition']): Promise<string[]> {
  const harness = contractHarness({
    definition,
    config: { password: 'hunter2-canary' },
    secrets: ['hunter2-canary'],
    address: '192.0.2.1',
    waits: WAITS,
  })
  const run = createContractRun(harness)
  const reasons: string[] = []
  for (const check of checksFor(harness)) {
    const { status } = await run.judge(check)
    if (status === 'failed') reasons.push(check.id)
  }
  return reasons
}

describe('extensions with one fault each', () => {
  it.concurrent.each(Object.entries(REASONS))(
    '%s is rejected with its own reason: %j',
    async (name, reasons) => {
      const { default: definition } = await import(new URL(`${name}.js`, FOLDER).href)

      expect(await reasonsOf(definition)).toEqual(reasons)
    },
  )

  it('are all in the table, and no two have the same reason', () => {
    const files = readdirSync(FOLDER).map((file) => file.replace(/\.js$/, ''))

    expect(files.sort()).toEqual(Object.keys(REASONS).sort())
    expect(new Set(Object.values(REASONS).map((reasons) => reasons.at(-1))).size).toBe(files.length)
  })

  it.each([
    ['start and stop', rawNames('good')],
    ['observe, plan and apply', plannedNames('good')],
  ])('without the fault pass: %s', async (_, definition) => {
    expect(await reasonsOf(definition)).toEqual([])
  })
})
