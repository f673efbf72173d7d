import { expect, it } from 'vitest'
import { coreSettings } from '../../src/config/settings.js'
import { load } from './read.js'

const TEXT = `core:
  workflow: [provider.file, ipam.ipalloc, dns.hosts]
  retry: { base: 2s }
  guard: { window: 1m }
  domains: [a.org, { domain: b.org, namespace: team }]
provider.file: { path: a }
ipam.ipalloc: { network_cidr: 10.0.0.0/24 }
dns.hosts: { path: b }
`

it('gives the core what it needs', async () => {
  const { config } = await load(TEXT)

  expect(config && coreSettings(config, 'made')).toEqual({
    owner: 'made',
    steps: [
      { id: 'ipam.ipalloc', kind: 'ipam' },
      { id: 'dns.hosts', kind: 'dns' },
    ],
    providers: ['provider.file'],
    serviceWipTimeoutMs: 90_000,
    undeployGracePeriodMs: 0,
    cleanUndeployedServiceAfterMs: 600_000,
    whenNoTargets: 'keep-last',
    providerSettleMs: 5000,
    domains: [{ domain: 'a.org' }, { domain: 'b.org', namespace: 'team' }],
    guard: { maxDeletePercent: 30, minServices: 10, maxDeletes: 100, windowMs: 60_000 },
    maxInFlight: 500,
    backoff: { baseMs: 2000, maxMs: 300_000 },
  })
})

it('prefers the owner that the file pins', async () => {
  const { config } = await load(TEXT.replace('core:\n', 'core:\n  instanceId: edge-1\n'))

  expect(config && coreSettings(config, 'made').owner).toBe('edge-1')
})
