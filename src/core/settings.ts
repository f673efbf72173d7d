import type { Kind } from '../sdk/define.js'

/** One step of the workflow that a service visits. Providers are no steps: they feed the workflow. */
export interface Step {
  id: string
  kind: Exclude<Kind, 'provider'>
}

/** Which host names services may use; `provider` and `namespace` narrow the rule to their services. */
export interface DomainRule {
  /** `example.com` allows itself and everything below it. */
  domain: string
  provider?: string
  namespace?: string
}

export interface GuardSettings {
  maxDeletePercent: number
  /** The percentage counts from this many deployed services on. */
  minServices: number
  maxDeletes: number
  /** Sliding window of the daemon, ms. */
  windowMs: number
}

/** What the core needs to know of the configuration; durations in ms. */
export interface Settings {
  owner: string
  steps: Step[]
  providers: string[]
  serviceWipTimeoutMs: number
  undeployGracePeriodMs: number
  cleanUndeployedServiceAfterMs: number
  whenNoTargets: 'keep-last' | 'empty'
  providerSettleMs: number
  domains: DomainRule[]
  guard: GuardSettings
  /** Messages in flight to one extension. */
  maxInFlight: number
  backoff: { baseMs: number; maxMs: number }
}
