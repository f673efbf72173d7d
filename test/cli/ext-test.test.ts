import { describe, expect, it } from 'vitest'
import { type ExtTestOptions, renderExtTest, runExtTest } from '../../src/cli/ext-test.js'
import { systemClock } from '../../src/sdk/clock.js'
import { defineProvider } from '../../src/sdk/define.js'
import { silentLogger } from '../../src/sdk/logger.js'
import type { RunnableDefinition } from '../../src/sdk/serve.js'
import { planNames, plannedNames, rawNames } from '../fixtures/names.js'

function options(
  definitions: readonly RunnableDefinition[],
  more: Partial<ExtTestOptions> = {},
): ExtTestOptions {
  return {
    subjects: definitions.map((definition) => ({
      id: `${definition.kind}.${definition.name}`,
      definition,
      config: {},
    })),
    write: false,
    suffix: 'abcd',
    owner: 'me',
    secrets: [],
    deadlineMs: 2_000,
    quietMs: 20,
    clock: systemClock,
    logger: silentLogger,
    ...more,
  }
}

const empty = defineProvider({
  kind: 'provider',
  name: 'empty',
  summary: '',
  create: () => ({ list: async () => [] }),
})

describe('ext test', () => {
  it('passes what keeps the contract, with a line per check', async () => {
    const report = await runExtTest(
      options([plannedNames('good'), empty], { write: true, address: '192.0.2.1' }),
    )

    expect(report).toMatchObject({ exitCode: 0, write: true, canary: 'interlook-canary-abcd' })
    expect(report.extensions.map(({ id, started }) => [id, started])).toEqual([
      ['dns.good', true],
      ['provider.empty', true],
    ])
    expect(renderExtTest(report)).toContain('\n  ok       create\n')
  })

  it.each<[string, Partial<ExtTestOptions>, string]>([
    ['without --write', {}, 'needs --write'],
    ['to a name server without an address', { write: true }, 'needs --address'],
  ])('writes nothing %s', async (_, more, why) => {
    let applied = 0
    const definition = plannedNames('good', {
      more: () => ({
        apply: async () => {
          applied += 1
          return []
        },
      }),
    })

    const report = await runExtTest(options([definition], more))

    expect(applied).toBe(0)
    expect(report.exitCode).toBe(0)
    expect(renderExtTest(report)).toContain(` checks: ${why}`)
    expect(renderExtTest(report)).toContain('ok       the backend can be read and a plan made')
  })

  it('creates the extension as for a dry run without --write', async () => {
    const seen = new Set<boolean>()
    const definition = plannedNames('good', {
      more: (_: unknown, context: { dryRun: boolean }) => {
        seen.add(context.dryRun)
        return {}
      },
    })

    await runExtTest(options([definition]))

    expect([...seen]).toEqual([true])
  })

  it('exits 1 when a check failed, and names it', async () => {
    let calls = 0
    const definition = plannedNames('bad', {
      plan: (input: object, observed: Map<string, unknown>) => {
        calls += 1
        return planNames(input, observed).map((plan) => Object.assign({}, plan, { notes: [`${calls}`] }))
      },
    })

    const report = await runExtTest(options([definition]))

    expect(report).toMatchObject({
      exitCode: 1,
      reason: 'extension-contract',
      message: 'against the contract: dns.bad',
    })
    expect(renderExtTest(report)).toContain('failed   the same input gives the same plan: ')
    expect(renderExtTest(report)).toContain('(plan-not-pure)')
  })

  it('exits 69 when one did not start, and still tests the others', async () => {
    const lame = rawNames('lame', {
      start: () => {
        throw new Error('no route to the backend')
      },
    })

    const report = await runExtTest(options([lame, plannedNames('good')]))

    expect(report).toMatchObject({
      exitCode: 69,
      reason: 'extension-start',
      message: 'did not start: dns.lame',
    })
    expect(renderExtTest(report)).toContain('start failed: no route to the backend (start-fails)')
    expect(report.extensions).toHaveLength(2)
  })
})
