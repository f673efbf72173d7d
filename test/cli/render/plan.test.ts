import { describe, expect, it } from 'vitest'
import { visibleLength } from '../../../src/cli/render/layout.js'
import { createPalette } from '../../../src/cli/render/palette.js'
import { renderPlan } from '../../../src/cli/render/plan.js'
import { block, makePlan, plain, richPlan, step } from './fixtures.js'

describe('renderPlan', () => {
  it('tells all of a rich plan', () => {
    expect(renderPlan(richPlan(), plain)).toMatchInlineSnapshot(`
      "plan: 1 to create, 1 to update, 1 to remove, 2 waiting, 1 in error, 1 to take over, 1 retained, 1 paused, 12 frozen, 2 in sync
      guard: ok (of 14 deployed: 1 to go, 2 to change address or name)

      ~ provider.file/shop  update
          lb.f5ltm
            ~ pool /interlook/shop  target added
                members      10.0.0.1:80 -> 10.0.0.1:80, 10.0.0.2:80
                description  (none) -> owner=a1b2
            * member 10.0.0.1:80 is disabled by hand: maintenance
          dns.extra
            ? cannot be previewed (the extension implements only start and stop)

      + provider.file/web  create  (web.example.com, www.example.com, 2 targets, tls)
          ipam.ipalloc
            + address 10.32.30.2  (tentative)  new service
          lb.f5ltm
            + virtual server /interlook/web_443  new service
                destination  known after ipam.ipalloc
                pool         /interlook/web
          dns.hosts
            ~ name web.example.com  (take over: only marked as ours)  made by hand
                address  10.32.30.7 -> known after an earlier step

      - provider.file/old  remove
          dns.hosts
            - name old.example.com  service removed
                address  10.32.30.9
          lb.f5ltm
            - virtual server /interlook/old  service removed
          later: lb.f5ltm is drained in 30s (2026-11-24T21:50:32Z)

      waiting:
        provider.file/blue
            ! claim-taken: alias:web.example.com is held by provider.file/web
              hint: give one of them another host name
        provider.file/later
            later: is removed in 9m 58s (2026-11-24T22:00:00Z)

      in error:
        provider.file/bad
            ! label-invalid: interlook.port is 'http', expected a number from 1 to 65535

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
    const text = renderPlan(richPlan(), { ...plain, width: 60 })

    expect(Math.max(...text.split('\n').map(visibleLength))).toBeLessThanOrEqual(60)
    expect(text.replaceAll(/\s+/g, '')).toBe(renderPlan(richPlan(), plain).replaceAll(/\s+/g, ''))
  })

  it.each([
    [0, 'in sync: no services, nothing to do'],
    [1, 'in sync: 1 service deployed, nothing to do'],
    [1200, 'in sync: 1,200 services deployed, nothing to do'],
  ])('is one line when %i services are in sync', (amount, expected) => {
    const services = Array.from({ length: amount }, (_, i) => block(`provider.file/${i}`, 'in-sync'))

    expect(renderPlan(makePlan(services), plain)).toBe(expected)
  })

  it.each([
    ['an orphan', { orphans: richPlan().orphans }],
    ['a backend that could not be read', { unread: richPlan().unread }],
    ['a warning', { warnings: ['x'] }],
    ['a provider without a listing', { providers: richPlan().providers }],
    ['a tripped guard', { guard: { tripped: true, counts: [], reasons: ['x'], frozen: [] } }],
  ])('is more than one line with %s', (_, change) => {
    expect(renderPlan(makePlan([block('provider.file/a', 'in-sync')], change), plain)).toContain('\n')
  })

  it('gives the reasons of the guard', () => {
    const reasons = [
      'provider.file: of 50 deployed services 50 would be removed: provider.file listed no service at all',
      'if this is meant: interlook reconcile --allow-deletes 50',
    ]
    const guard = { tripped: true, counts: [], reasons, frozen: ['provider.file'] }

    expect(
      renderPlan(makePlan([block('provider.file/a', 'remove')], { guard }), plain),
    ).toMatchInlineSnapshot(`
      "plan: 1 to remove, 0 in sync
      guard: refuses this plan (provider.file)
        ! provider.file: of 50 deployed services 50 would be removed: provider.file listed no service at all
        ! if this is meant: interlook reconcile --allow-deletes 50

      - provider.file/a  remove"
    `)
  })

  it('names the orphans that go', () => {
    const [orphan] = richPlan().orphans
    const orphans = orphan ? [{ ...orphan, pruned: true }] : []

    expect(renderPlan(makePlan([], { orphans }), plain)).toContain(
      'orphans that go, as --prune asks:\n  - lb.f5ltm: /interlook/gone, /interlook/gone_443  of provider.file/gone',
    )
  })

  it('tells a problem of a step once', () => {
    const problem = {
      code: 'conflict',
      message: 'name is taken',
      retryable: false,
      outcomeUnknown: true,
    } as const
    const services = [
      block('provider.file/a', 'error', { problem, steps: [step('dns.hosts', [], { problem })] }),
    ]

    const text = renderPlan(makePlan(services), plain)

    expect(text.match(/! conflict: name is taken \(whether it was applied is not known\)/g)).toHaveLength(1)
  })

  it('colours marks without changing the text', async () => {
    const palette = await createPalette(true)

    const text = renderPlan(richPlan(), { ...plain, palette })

    expect(text).toContain('\u001b[32m+\u001b[39m')
    expect(text.replaceAll(/\u001b\[\d+m/g, '')).toBe(renderPlan(richPlan(), plain))
  })

  it('lets no name steer the terminal', () => {
    const evil = block('provider.file/\u001b[2Jevil\r\n\u202e', 'create')

    const text = renderPlan(makePlan([evil]), plain)

    expect(text).toContain('+ provider.file/ [2Jevil   create')
  })
})
