import { plainPalette } from '../../../src/cli/render/palette.js'
import type { RenderOptions } from '../../../src/cli/render/layout.js'
import type {
  PassResult,
  Plan,
  PlanCounts,
  ServicePlanBlock,
  ShownChange,
  StepPlan,
  Verdict,
} from '../../../src/core/plan.js'
import { bareService, parseServiceKey, type Service } from '../../../src/sdk/service.js'

export const NOW = Date.parse('2026-11-24T21:50:02Z')
export const plain: RenderOptions = { palette: plainPalette, now: NOW }

export function service(key: string, change: Partial<Service> = {}): Service {
  return { ...bareService(parseServiceKey(key) ?? { provider: 'provider.file', name: key }), ...change }
}

export function block(
  key: string,
  verdict: Verdict,
  change: Partial<Omit<ServicePlanBlock, 'key' | 'verdict' | 'service'>> & {
    service?: Partial<Service>
  } = {},
): ServicePlanBlock {
  return { key, verdict, steps: [], scheduled: [], ...change, service: service(key, change.service) }
}

export function step(id: string, changes: ShownChange[], rest: Partial<StepPlan> = {}): StepPlan {
  return { step: id, changes, outputs: {}, tentative: false, unknown: {}, notes: [], opaque: false, ...rest }
}

export function makePlan(services: ServicePlanBlock[], change: Partial<Plan> = {}): Plan {
  const amount = (...verdicts: Verdict[]): number =>
    services.filter((one) => verdicts.includes(one.verdict)).length
  const counts: PlanCounts = {
    create: amount('create'),
    update: amount('update'),
    remove: amount('remove'),
    waiting: amount('waiting'),
    error: amount('error'),
    inSync: amount('in-sync'),
    other: amount('take-over', 'retained', 'paused', 'frozen'),
  }
  return {
    services,
    orphans: [],
    providers: [],
    unread: [],
    guard: { tripped: false, counts: [], reasons: [], frozen: [] },
    counts,
    warnings: [],
    ...change,
  }
}

export function makeResult(plan: Plan, change: Partial<PassResult> = {}): PassResult {
  return {
    dryRun: false,
    plan,
    services: [],
    changes: [],
    scheduled: [],
    exitCode: 0,
    durationMs: 1234,
    ...change,
  }
}

/** A bit of everything: a new service, a changed one, one that goes, and all that keeps others where they are. */
export function richPlan(): Plan {
  return makePlan(
    [
      block('provider.file/old', 'remove', {
        steps: [
          step('dns.hosts', [
            {
              action: 'delete',
              kind: 'name',
              object: 'old.example.com',
              fields: [{ field: 'address', from: '10.32.30.9' }],
              reason: 'service removed',
            },
          ]),
          step('lb.f5ltm', [
            {
              action: 'delete',
              kind: 'virtual server',
              object: '/interlook/old',
              fields: [],
              reason: 'service removed',
            },
          ]),
        ],
        scheduled: [{ key: 'provider.file/old', what: 'drain', step: 'lb.f5ltm', notBefore: NOW + 30_000 }],
      }),
      block('provider.file/shop', 'update', {
        steps: [
          step(
            'lb.f5ltm',
            [
              {
                action: 'update',
                kind: 'pool',
                object: '/interlook/shop',
                fields: [
                  { field: 'members', from: '10.0.0.1:80', to: '10.0.0.1:80, 10.0.0.2:80' },
                  { field: 'description', from: '', to: 'owner=a1b2' },
                ],
                reason: 'target added',
              },
            ],
            { notes: ['member 10.0.0.1:80 is disabled by hand: maintenance'] },
          ),
          step('dns.extra', [], { opaque: true }),
        ],
      }),
      block('provider.file/web', 'create', {
        service: {
          dns_name: ['web.example.com', 'www.example.com'],
          tls: true,
          targets: [
            { host: '10.0.0.1', port: 8080, weight: 1 },
            { host: '10.0.0.2', port: 8080, weight: 1 },
          ],
        },
        steps: [
          step(
            'ipam.ipalloc',
            [{ action: 'create', kind: 'address', object: '10.32.30.2', fields: [], reason: 'new service' }],
            { outputs: { public_ip: '10.32.30.2' }, tentative: true },
          ),
          step(
            'lb.f5ltm',
            [
              {
                action: 'create',
                kind: 'virtual server',
                object: '/interlook/web_443',
                fields: [
                  { field: 'destination', to: { unknown: 'public_ip' } },
                  { field: 'pool', to: '/interlook/web' },
                ],
                reason: 'new service',
              },
            ],
            { unknown: { public_ip: 'ipam.ipalloc' } },
          ),
          step('dns.hosts', [
            {
              action: 'update',
              kind: 'name',
              object: 'web.example.com',
              fields: [{ field: 'address', from: '10.32.30.7', to: { unknown: 'public_ip' } }],
              reason: 'made by hand',
              adopts: true,
            },
          ]),
        ],
      }),
      block('provider.file/blue', 'waiting', {
        problem: {
          code: 'claim-taken',
          message: 'alias:web.example.com is held by provider.file/web',
          retryable: true,
          hint: 'give one of them another host name',
        },
      }),
      block('provider.file/later', 'waiting', {
        scheduled: [
          { key: 'provider.file/later', what: 'grace', notBefore: Date.parse('2026-11-24T22:00:00Z') },
        ],
      }),
      block('provider.file/bad', 'error', {
        problem: {
          code: 'label-invalid',
          message: "interlook.port is 'http', expected a number from 1 to 65535",
          retryable: false,
        },
      }),
      block('provider.swarm/moved', 'take-over', {
        problem: {
          code: 'adoption-needed',
          message: 'imported from the earlier tool as deployed',
          retryable: false,
          hint: 'run: interlook reconcile --adopt',
        },
      }),
      block('provider.file/kept', 'retained', {
        problem: { code: 'retained', message: 'removed while its policy was retain', retryable: false },
      }),
      block('provider.file/still', 'paused', {
        steps: [
          step('dns.hosts', [
            {
              action: 'create',
              kind: 'name',
              object: 'still.example.com',
              fields: [],
              reason: 'host name added',
            },
          ]),
        ],
        problem: { code: 'paused', message: 'its policy is pause', retryable: false },
      }),
      ...Array.from({ length: 12 }, (_, i) =>
        block(`provider.kubernetes/ns/s${i}`, 'frozen', {
          problem: { code: 'provider-unlisted', message: 'connection refused', retryable: true },
        }),
      ),
      block('provider.file/a', 'in-sync'),
      block('provider.file/b', 'in-sync', { steps: [step('lb.f5ltm', [], { notes: ['drains by hand'] })] }),
    ],
    {
      orphans: [
        {
          step: 'lb.f5ltm',
          object: {
            owner: 'a1b2',
            key: 'provider.file/gone',
            objects: ['/interlook/gone', '/interlook/gone_443'],
            service: service('provider.file/gone'),
          },
          pruned: false,
        },
      ],
      providers: [
        { id: 'provider.file', listed: 9 },
        {
          id: 'provider.kubernetes',
          problem: {
            code: 'provider-unlisted',
            message: 'connection refused',
            retryable: true,
            hint: 'check provider.kubernetes.endpoint',
            notBefore: NOW + 30_000,
          },
        },
      ],
      guard: {
        tripped: false,
        counts: [{ scope: 'total', deployed: 14, removed: 1, losingTargets: 0, moving: 2 }],
        reasons: [],
        frozen: [],
      },
      unread: [
        {
          step: 'dns.extra',
          problem: {
            code: 'unauthorized',
            message: 'dns.extra: 403',
            retryable: false,
            hint: 'check its token',
          },
        },
      ],
      warnings: ['core.instanceId is not set: pin it with core.instanceId: a1b2'],
    },
  )
}
