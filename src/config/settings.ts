import type { Settings } from '../core/settings.js'
import type { Config } from './load.js'

/** What the core needs of a configuration. `owner` counts when `core.instanceId` is not given. */
export function coreSettings(config: Config, owner = ''): Settings {
  const { core, entries } = config
  return {
    owner: core.instanceId ?? owner,
    steps: entries.flatMap(({ id, kind }) => (kind === 'provider' ? [] : [{ id, kind }])),
    providers: entries.filter(({ kind }) => kind === 'provider').map(({ id }) => id),
    serviceWipTimeoutMs: core.serviceWIPTimeout,
    undeployGracePeriodMs: core.undeployGracePeriod,
    cleanUndeployedServiceAfterMs: core.cleanUndeployedServiceAfter,
    whenNoTargets: core.whenNoTargets,
    providerSettleMs: core.providerSettle,
    domains: core.domains.map(({ domain, provider, namespace }) => ({
      domain,
      ...(provider !== undefined && { provider }),
      ...(namespace !== undefined && { namespace }),
    })),
    guard: {
      maxDeletePercent: core.guard.maxDeletePercent,
      minServices: core.guard.minServices,
      maxDeletes: core.guard.maxDeletes,
      windowMs: core.guard.window,
    },
    maxInFlight: core.maxInFlight,
    backoff: { baseMs: core.retry.base, maxMs: core.retry.max },
  }
}
