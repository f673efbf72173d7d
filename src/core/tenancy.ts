import type { Problem } from '../sdk/errors.js'
import type { Service } from '../sdk/service.js'
import type { DomainRule } from './settings.js'

/** The problem with host names that no rule of `core.domains` allows; undefined when all are fine. */
export function checkDomains(service: Service, rules: readonly DomainRule[]): Problem | undefined {
  if (rules.length === 0) return undefined
  const mine = rules.filter(
    (rule) =>
      (rule.provider === undefined || rule.provider === service.provider) &&
      (rule.namespace === undefined || rule.namespace === service.namespace),
  )
  const refused = service.dns_name.filter((name) => !mine.some((rule) => isBelow(name, rule.domain)))
  if (refused.length === 0) return undefined
  const allowed = mine.map((rule) => rule.domain).join(', ') || 'none'
  return {
    code: 'domain-not-allowed',
    message: `core.domains does not allow ${refused.join(', ')} (allowed for this service: ${allowed})`,
    retryable: false,
    hint: 'change the host name of the service, or add the domain to core.domains',
  }
}

function isBelow(name: string, domain: string): boolean {
  const bare = domain.toLowerCase()
  return name === bare || name.endsWith(`.${bare}`)
}
