import { describe, expect, it } from 'vitest'
import { visibleLength } from '../../../src/cli/render/layout.js'
import { formatAddress, isNothing, renderResult } from '../../../src/cli/render/result.js'
import { renderMarkdown } from '../../../src/cli/render/markdown.js'
import type { PassResult, ServiceStatus } from '../../../src/core/plan.js'
import { block, makePlan, makeResult, NOW, plain, richPlan } from './fixtures.js'

function status(key: string, change: Partial<ServiceStatus> = {}): ServiceStatus {
  return { key, state: 'deployed', dns_name: [], ...change }
}

/** After `richPlan` was applied, with one failure on the way. */
function richResult(): PassResult {
  return makeResult(richPlan(), {
    exitCode: 4,
    reason: 'unreachable',
    message: 'done except for 2 services in error',
    services: [
      status('provider.file/a', { public_ip: '10.32.30.5', public_port: 80, dns_name: ['a.example.com'] }),
      status('provider.file/blue', {
        state: 'undeployed',
        problem: { code: 'claim-taken', message: 'alias is held', retryable: true },
      }),
      status('provider.file/old', {
        state: 'lb.f5ltm',
        public_ip: '10.32.30.9',
        dns_name: ['old.example.com'],
      }),
      status('provider.file/shop', {
        public_ip: '10.32.30.6',
        public_port: 443,
        dns_name: ['shop.example.com'],
        problem: {
          code: 'unreachable',
          message: 'lb.f5ltm: connect ECONNREFUSED 10.32.20.100:443',
          retryable: true,
          hint: 'check lb.f5ltm.httpEndpoint',
          notBefore: NOW + 5000,
        },
      }),
      status('provider.file/web', {
        public_ip: '2001:db8::1',
        public_port: 443,
        dns_name: ['web.example.com', 'www.example.com'],
      }),
    ],
    changes: [
      {
        key: 'provider.file/web',
        step: 'ipam.ipalloc',
        at: NOW,
        action: 'create',
        kind: 'address',
        object: '10.32.30.2',
        fields: [],
        reason: 'new service',
      },
      {
        key: 'provider.file/old',
        step: 'dns.hosts',
        at: NOW,
        action: 'delete',
        kind: 'name',
        object: 'old.example.com',
        fields: [],
        reason: 'service removed',
      },
    ],
    scheduled: [{ key: 'provider.file/old', what: 'drain', step: 'lb.f5ltm', notBefore: NOW + 30_000 }],
  })
}

describe('renderResult', () => {
  it('tells what was done and what was not', () => {
    expect(renderResult(richResult(), plain)).toMatchInlineSnapshot(`
      "ended with exit code 4 after 1.2s: 1 created, 1 under way, 2 waiting, 1 in error, 1 to take over, 1 retained, 1 paused, 12 frozen, 2 in sync
      ! unreachable: done except for 2 services in error

      SERVICE             ADDRESS            NAMES                             STATE
      provider.file/a     10.32.30.5:80      a.example.com                     deployed
      provider.file/blue  -                                                    undeployed (claim-taken)
      provider.file/old   10.32.30.9         old.example.com                   at lb.f5ltm
      provider.file/shop  10.32.30.6:443     shop.example.com                  deployed (unreachable)
      provider.file/web   [2001:db8::1]:443  web.example.com, www.example.com  deployed

      written:
        + provider.file/web  ipam.ipalloc  address 10.32.30.2    new service
        - provider.file/old  dns.hosts     name old.example.com  service removed

      later:
        provider.file/old: lb.f5ltm is drained in 30s (2026-11-24T21:50:32Z)

      cannot go on:
        provider.file/blue
            ! claim-taken: alias is held
        provider.file/shop
            ! unreachable: lb.f5ltm: connect ECONNREFUSED 10.32.20.100:443
              hint: check lb.f5ltm.httpEndpoint
              not before: in 5s (2026-11-24T21:50:07Z)

      take over, only with --adopt:
        provider.swarm/moved
            ! adoption-needed: imported from the earlier tool as deployed
              hint: run: interlook reconcile --adopt

      retained, until \`interlook reconcile --release KEY\`:
        provider.file/kept
            ! retained: removed while its policy was retain

      paused, what differs is only shown:
        provider.file/still
            dns.hosts
              + name still.example.com  host name added
            ! paused: its policy is pause

      frozen, left as they are:
        provider.kubernetes/ns/s0
        provider.kubernetes/ns/s1
        provider.kubernetes/ns/s2
        provider.kubernetes/ns/s3
        provider.kubernetes/ns/s4
        provider.kubernetes/ns/s5
        provider.kubernetes/ns/s6
        provider.kubernetes/ns/s7
        provider.kubernetes/ns/s8
        provider.kubernetes/ns/s9
        ... and 2 more
            ! provider-unlisted: connection refused

      in sync, but worth knowing:
        provider.file/b
            lb.f5ltm
              * drains by hand

      orphans, which \`interlook reconcile --prune\` would remove:
        lb.f5ltm: /interlook/gone, /interlook/gone_443  of provider.file/gone

      providers:
        provider.kubernetes: no complete listing, its services stay as they are
            ! provider-unlisted: connection refused
              hint: check provider.kubernetes.endpoint
              not before: in 30s (2026-11-24T21:50:32Z)

      could not be read:
        dns.extra
            ! unauthorized: dns.extra: 403
              hint: check its token

      warning: core.instanceId is not set: pin it with core.instanceId: a1b2"
    `)
  })

  it('fits a terminal', () => {
    const text = renderResult(richResult(), { ...plain, width: 80 })

    expect(Math.max(...text.split('\n').map(visibleLength))).toBeLessThanOrEqual(80)
    expect(text).toMatch(/\n {39}www\.example\.com\n/)
    expect(text).toContain('deployed (!)')
  })

  it('is one line when there was nothing to do', () => {
    const result = makeResult(
      makePlan([block('provider.file/a', 'in-sync'), block('provider.file/gone', 'in-sync')]),
      {
        services: [status('provider.file/a'), status('provider.file/gone', { state: 'undeployed' })],
      },
    )

    expect(renderResult(result, plain)).toBe('in sync: 1 service deployed, nothing to do')
    expect(renderResult({ ...result, dryRun: true }, plain)).toBe(
      'in sync: 1 service deployed, nothing to do',
    )
    expect(isNothing(result)).toBe(true)
  })

  it.each([
    [
      'a problem',
      { services: [status('a', { problem: { code: 'timeout', message: 'm', retryable: true } })] },
    ],
    ['a change', { changes: richResult().changes }],
    ['something scheduled', { scheduled: richResult().scheduled }],
    ['a message', { message: 'm' }],
    ['an exit code', { exitCode: 1 }],
  ])('is not nothing with %s', (_, change) => {
    expect(isNothing(makeResult(makePlan([]), change))).toBe(false)
  })

  it('shows the plan of a dry run, and says that it was one', () => {
    const text = renderResult({ ...richResult(), dryRun: true, changes: [] }, plain)

    expect(text).toMatch(/^plan: 1 to create, 1 to update, 1 to remove, 2 waiting, 1 in error/)
    expect(text).toMatch(
      /\n\n! unreachable: done except for 2 services in error\ndry run: nothing was changed$/,
    )
  })

  it('shows the plan that the guard refused', () => {
    const guard = { tripped: true, counts: [], reasons: ['too many'], frozen: [] }
    const plan = makePlan([block('provider.file/a', 'remove')], { guard })
    const result = makeResult(plan, {
      exitCode: 3,
      reason: 'guard',
      message: 'nothing was written',
      services: [status('provider.file/a')],
    })

    expect(renderResult(result, plain)).toMatchInlineSnapshot(`
      "plan: 1 to remove, 0 in sync
      guard: refuses this plan
        ! too many

      - provider.file/a  remove

      ! guard: nothing was written
      nothing was changed"
    `)
  })

  it('shows those in trouble of very many', () => {
    const services = Array.from({ length: 10_000 }, (_, i) =>
      status(`provider.file/s${i}`, i === 9999 ? { state: 'lb.f5ltm' } : {}),
    )
    const text = renderResult(
      makeResult(makePlan([block('provider.file/s1', 'update')]), { services }),
      plain,
    )

    expect(text.split('\n').length).toBeLessThan(60)
    expect(text).toContain('at lb.f5ltm')
    expect(text).toContain('... and 9,950 more')
  })
})

describe('formatAddress', () => {
  it.each([
    [{}, '-'],
    [{ public_ip: '10.0.0.1' }, '10.0.0.1'],
    [{ public_ip: '10.0.0.1', public_port: 80 }, '10.0.0.1:80'],
    [{ public_ip: '2001:db8::1', public_port: 80 }, '[2001:db8::1]:80'],
  ])('%o', (change, expected) => {
    expect(formatAddress(status('k', change))).toBe(expected)
  })
})

describe('renderMarkdown', () => {
  it('tells the outcome as a page', () => {
    expect(renderMarkdown(richResult(), { now: NOW })).toMatchInlineSnapshot(`
      "# interlook reconcile

      1 created, 1 under way, 2 waiting, 1 in error, 1 to take over, 1 retained, 1 paused, 12 frozen, 2 in sync

      2026-11-24T21:50:02Z, took 1.2s, exit code 4

      **unreachable: done except for 2 services in error**

      ## Services

      | Service | Address | Names | State |
      | --- | --- | --- | --- |
      | \`provider.file/a\` | 10.32.30.5:80 | a.example.com | deployed |
      | \`provider.file/blue\` | - |  | undeployed (claim-taken) |
      | \`provider.file/old\` | 10.32.30.9 | old.example.com | at lb.f5ltm |
      | \`provider.file/shop\` | 10.32.30.6:443 | shop.example.com | deployed (unreachable) |
      | \`provider.file/web\` | [2001:db8::1]:443 | web.example.com, www.example.com | deployed |

      ## Changes

      |  | Service | Step | Object | Why | When |
      | --- | --- | --- | --- | --- | --- |
      | + | \`provider.file/web\` | ipam.ipalloc | address \`10.32.30.2\` | new service | 2026-11-24T21:50:02Z |
      | - | \`provider.file/old\` | dns.hosts | name \`old.example.com\` | service removed | 2026-11-24T21:50:02Z |

      ## Later

      | Service | What |
      | --- | --- |
      | \`provider.file/old\` | lb.f5ltm is drained in 30s (2026-11-24T21:50:32Z) |

      ## Not changed

      | Service | Verdict | Why | What to do |
      | --- | --- | --- | --- |
      | \`provider.file/shop\` | update | unreachable: lb.f5ltm: connect ECONNREFUSED 10.32.20.100:443 | check lb.f5ltm.httpEndpoint |
      | \`provider.file/blue\` | waiting | claim-taken: alias:web.example.com is held by provider.file/web | give one of them another host name |
      | \`provider.file/bad\` | error | label-invalid: interlook.port is 'http', expected a number from 1 to 65535 |  |
      | \`provider.swarm/moved\` | take-over | adoption-needed: imported from the earlier tool as deployed | run: interlook reconcile --adopt |
      | \`provider.file/kept\` | retained | retained: removed while its policy was retain |  |
      | \`provider.file/still\` | paused | paused: its policy is pause |  |
      | \`provider.kubernetes/ns/s0\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s1\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s2\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s3\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s4\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s5\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s6\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s7\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s8\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s9\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s10\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s11\` | frozen | provider-unlisted: connection refused |  |

      ## Orphans

      | Step | Objects | Service |
      | --- | --- | --- |
      | lb.f5ltm | \`/interlook/gone\`, \`/interlook/gone_443\` | \`provider.file/gone\` |

      ## Providers

      | Provider | Problem | What to do |
      | --- | --- | --- |
      | provider.kubernetes | provider-unlisted: connection refused | check provider.kubernetes.endpoint |

      ## Backends that could not be read

      | Step | Problem | What to do |
      | --- | --- | --- |
      | dns.extra | unauthorized: dns.extra: 403 | check its token |

      ## Warnings

      - core.instanceId is not set: pin it with core.instanceId: a1b2
      "
    `)
  })

  it('tells a plan as a page', () => {
    expect(renderMarkdown(makeResult(richPlan(), { dryRun: true }), { now: NOW })).toMatchInlineSnapshot(`
      "# interlook reconcile (dry run)

      plan: 1 to create, 1 to update, 1 to remove, 2 waiting, 1 in error, 1 to take over, 1 retained, 1 paused, 12 frozen, 2 in sync

      2026-11-24T21:50:02Z, took 1.2s, exit code 0

      ## Planned changes

      |  | Service | Step | Object | What | Why |
      | --- | --- | --- | --- | --- | --- |
      | - | \`provider.file/old\` | dns.hosts | name \`old.example.com\` | address: 10.32.30.9 | service removed |
      | - | \`provider.file/old\` | lb.f5ltm | virtual server \`/interlook/old\` |  | service removed |
      | ~ | \`provider.file/shop\` | lb.f5ltm | pool \`/interlook/shop\` | members: 10.0.0.1:80 -> 10.0.0.1:80, 10.0.0.2:80; description: (none) -> owner=a1b2 | target added |
      | + | \`provider.file/web\` | ipam.ipalloc | address \`10.32.30.2\` (tentative) |  | new service |
      | + | \`provider.file/web\` | lb.f5ltm | virtual server \`/interlook/web_443\` | destination: known after ipam.ipalloc; pool: /interlook/web | new service |
      | ~ | \`provider.file/web\` | dns.hosts | name \`web.example.com\` | address: 10.32.30.7 -> known after an earlier step | made by hand |
      | + | \`provider.file/still\` | dns.hosts | name \`still.example.com\` |  | host name added |

      ## Not changed

      | Service | Verdict | Why | What to do |
      | --- | --- | --- | --- |
      | \`provider.file/blue\` | waiting | claim-taken: alias:web.example.com is held by provider.file/web | give one of them another host name |
      | \`provider.file/bad\` | error | label-invalid: interlook.port is 'http', expected a number from 1 to 65535 |  |
      | \`provider.swarm/moved\` | take-over | adoption-needed: imported from the earlier tool as deployed | run: interlook reconcile --adopt |
      | \`provider.file/kept\` | retained | retained: removed while its policy was retain |  |
      | \`provider.file/still\` | paused | paused: its policy is pause |  |
      | \`provider.kubernetes/ns/s0\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s1\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s2\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s3\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s4\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s5\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s6\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s7\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s8\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s9\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s10\` | frozen | provider-unlisted: connection refused |  |
      | \`provider.kubernetes/ns/s11\` | frozen | provider-unlisted: connection refused |  |

      ## Orphans

      | Step | Objects | Service |
      | --- | --- | --- |
      | lb.f5ltm | \`/interlook/gone\`, \`/interlook/gone_443\` | \`provider.file/gone\` |

      ## Providers

      | Provider | Problem | What to do |
      | --- | --- | --- |
      | provider.kubernetes | provider-unlisted: connection refused | check provider.kubernetes.endpoint |

      ## Backends that could not be read

      | Step | Problem | What to do |
      | --- | --- | --- |
      | dns.extra | unauthorized: dns.extra: 403 | check its token |

      ## Warnings

      - core.instanceId is not set: pin it with core.instanceId: a1b2
      "
    `)
  })

  it('lets no text break a table', () => {
    const services = [status('provider.file/a|b`c', { dns_name: ['<script>'] })]

    const text = renderMarkdown(makeResult(makePlan([]), { services, exitCode: 1 }), { now: NOW })

    expect(text).toContain("| `provider.file/a\\|b'c` | - | &lt;script> | deployed |")
  })
})
