import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toJson } from '../../../src/cli/render/json.js'
import type { PassResult } from '../../../src/core/plan.js'
import { VERDICTS } from '../../../src/core/plan.js'
import { REASONS } from '../../../src/sdk/errors.js'
import { schemaErrors } from '../../helpers/json-schema.js'
import { block, makePlan, makeResult, NOW, richPlan } from './fixtures.js'

const schema = JSON.parse(
  readFileSync(new URL('../../../schemas/reconcile.schema.json', import.meta.url), 'utf8'),
) as { $defs: Record<string, { pattern?: string; properties: Record<string, { enum?: string[] }> }> }

/** As a script reads it. */
function printed(result: PassResult): Record<string, unknown> {
  return JSON.parse(JSON.stringify(toJson(result))) as Record<string, unknown>
}

function fullResult(): PassResult {
  return makeResult(richPlan(), {
    exitCode: 4,
    reason: 'unreachable',
    message: 'done except for 1 service in error',
    services: [
      {
        key: 'provider.file/web',
        state: 'lb.f5ltm',
        public_ip: '10.32.30.2',
        public_port: 443,
        dns_name: ['web.example.com'],
        problem: {
          code: 'timeout',
          message: 'no answer',
          retryable: true,
          notBefore: NOW,
          outcomeUnknown: true,
          hint: 'wait',
        },
        next: { key: 'provider.file/web', what: 'retry', step: 'lb.f5ltm', notBefore: NOW },
      },
    ],
    changes: [
      {
        key: 'provider.file/web',
        step: 'ipam.ipalloc',
        at: NOW,
        action: 'create',
        kind: 'address',
        object: '10.32.30.2',
        fields: [{ field: 'pool', to: 'default' }],
        reason: 'new service',
      },
    ],
    scheduled: [{ key: 'provider.file/old', what: 'grace', notBefore: NOW }],
  })
}

describe('toJson', () => {
  it.each([
    ['a rich one', fullResult()],
    ['a dry run', makeResult(richPlan(), { dryRun: true, exitCode: 2 })],
    ['an empty one', makeResult(makePlan([]))],
    [
      'one with every verdict',
      makeResult(makePlan(VERDICTS.map((verdict) => block(`p/${verdict}`, verdict)))),
    ],
  ])('follows the published schema: %s', (_, result) => {
    expect(schemaErrors(schema, printed(result))).toEqual([])
  })

  it('gives times as ISO 8601', () => {
    expect(printed(fullResult())).toMatchObject({
      changes: [{ at: '2026-11-24T21:50:02.000Z' }],
      scheduled: [{ notBefore: '2026-11-24T21:50:02.000Z' }],
      services: [{ problem: { notBefore: '2026-11-24T21:50:02.000Z' } }],
    })
  })

  it('lets out nothing that only apply needs', () => {
    const result = fullResult()
    for (const one of [
      ...result.changes,
      ...result.plan.services.flatMap((service) => service.steps.flatMap((step) => step.changes)),
    ]) {
      Object.assign(one, { data: { password: 's3cret' } })
    }

    expect(JSON.stringify(toJson(result))).not.toContain('s3cret')
  })
})

describe('the schema', () => {
  it('takes the document of an error', () => {
    expect(schemaErrors(schema, { exitCode: 5, reason: 'locked', message: 'held', hint: 'wait' })).toEqual([])
  })

  it.each([
    ['an unknown field', { secret: 1 }],
    ['an exit code that is none', { exitCode: 'four' }],
    ['a time that is none', { scheduled: [{ key: 'k', what: 'grace', notBefore: 12 }] }],
    [
      'a verdict that is none',
      { plan: [{ key: 'k', verdict: 'maybe', service: {}, steps: [], scheduled: [] }] },
    ],
  ])('refuses %s', (_, change) => {
    expect(schemaErrors(schema, { ...printed(fullResult()), ...change })).not.toEqual([])
  })

  it('knows every reason and every verdict', () => {
    const pattern = new RegExp(schema.$defs['reason']?.pattern ?? 'none')

    expect(Object.keys(REASONS).filter((code) => !pattern.test(code))).toEqual([])
    expect(schema.$defs['block']?.properties['verdict']?.enum).toEqual([...VERDICTS])
  })
})
