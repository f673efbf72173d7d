import * as z from 'zod'
import { choice, duration, filePath, integer, listOf, retired, text, withMeta } from '../sdk/schema/fields.js'
import { section } from '../sdk/schema/section.js'

const SECOND = 1000
const MINUTE = 60 * SECOND

/** The list, or the comma-separated text of the earlier tool; without empty steps. */
function workflow() {
  const schema = z
    .union([z.string(), z.array(z.string())], 'expected a list of steps, or comma-separated text')
    .transform((value) => (typeof value === 'string' ? value.split(',') : value))
    .transform((steps) => steps.map((step) => step.trim()).filter((step) => step !== ''))
  return withMeta(schema, { shown: 'list of steps, or comma-separated text' })
}

const LOG_LEVELS: Record<string, string> = { trace: 'debug', warning: 'warn', fatal: 'error', panic: 'error' }

function logLevel() {
  const levels = z.preprocess(
    (value) => (typeof value === 'string' ? (LOG_LEVELS[value.toLowerCase()] ?? value) : value),
    choice(['debug', 'info', 'warn', 'error']),
  )
  return withMeta(levels, { shown: 'one of: debug, info, warn, error' })
}

const HOST = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/

const domainName = withMeta(
  z
    .string('expected a domain')
    .transform((value) => value.toLowerCase())
    .refine(
      (value) => HOST.test(value),
      'expected a domain such as example.com; all names below it are allowed too',
    ),
  { shown: 'domain' },
)

const DomainRule = section({
  domain: domainName.describe('Allows itself and all names below it.'),
  provider: text().optional().describe('Only for services of this provider.'),
  namespace: text().optional().describe('Only for services of this namespace.'),
})

const domain = withMeta(
  z.union(
    [domainName.transform((name): z.output<typeof DomainRule> => ({ domain: name })), DomainRule],
    'expected a domain, or the keys domain, provider, namespace',
  ),
  { shown: 'domain, or keys `domain`, `provider`, `namespace`' },
)

const Guard = section({
  maxDeletePercent: integer({ min: 0, max: 100 }).prefault(30).describe('Share of deployed services.'),
  minServices: integer({ min: 0, max: 1_000_000 })
    .prefault(10)
    .describe('The share counts from this many deployed services on.'),
  maxDeletes: integer({ min: 0, max: 1_000_000 }).prefault(100).describe('Number of services.'),
  window: duration({ min: SECOND }).prefault('10m').describe('What the daemon counts together.'),
})

const Retry = section(
  {
    base: duration({ min: 10 }).prefault('1s').describe('Wait before the first retry; it doubles each time.'),
    max: duration({ min: 10 }).prefault('5m').describe('Longest wait between two tries.'),
  },
  ({ base, max }, report) => {
    if (base !== undefined && max !== undefined && base > max) report(['base'], 'base is longer than max')
  },
)

const byEvent = 'work starts by event'

/** The section `core`. */
export const CoreConfig = section({
  workflow: workflow()
    .optional()
    .describe('Providers, then provisioners in the order in which services visit them.'),
  workflowSteps: workflow().optional().describe('The same as `workflow`.'),
  extensions: listOf(text()).describe(
    'Modules with further extensions: package names, or paths from this file.',
  ),
  instanceId: text()
    .pipe(z.string().regex(/^[a-z0-9-]{1,20}$/, 'expected 1 to 20 characters out of a-z, 0-9 and -'))
    .optional()
    .describe('Owner in the mark on everything that we create; generated once when not given.'),
  logLevel: logLevel().prefault('info').describe('What is logged.'),
  logFile: filePath('log').prefault('stderr').describe('A file, `stderr` or `stdout`.'),
  listenAddress: text().prefault('127.0.0.1').describe('Address of the HTTP API.'),
  listenPort: integer({ min: 0, max: 65_535 }).optional().describe('Port of the HTTP API; 0 is none.'),
  workflowEntriesFile: filePath().prefault('./share/flowentries.db').describe('Where the entries are kept.'),
  undeployGracePeriod: duration()
    .prefault('0s')
    .describe('How long a service must be missing before it is undeployed.'),
  drainTimeout: duration()
    .prefault('30s')
    .describe('How long open connections of a removed target may last.'),
  whenNoTargets: choice(['keep-last', 'empty'])
    .prefault('keep-last')
    .describe('A service that lost all targets keeps the last ones, or none.'),
  serviceWIPTimeout: duration({ min: 10, zeroMeans: 90 * SECOND })
    .prefault('90s')
    .describe('How long a step may take to answer.'),
  serviceMaxLastUpdated: duration({ min: 10, zeroMeans: 90 * SECOND })
    .prefault('90s')
    .describe('A provider that only sends changes is asked for services not heard of for this long.'),
  cleanUndeployedServiceAfter: duration({ zeroMeans: 10 * MINUTE })
    .prefault('10m')
    .describe('How long the entry of an undeployed service is kept.'),
  workflowHousekeeperInterval: duration({ min: 10, zeroMeans: MINUTE })
    .prefault('60s')
    .describe('How often the daemon looks for entries to clean.'),
  resync: duration({ min: 10, zeroMeans: 10 * MINUTE })
    .prefault('10m')
    .describe('How often the daemon makes a whole pass.'),
  providerSettle: duration()
    .prefault('5s')
    .describe('How long a provider that only sends changes must be quiet in a single pass.'),
  maxInFlight: integer({ min: 1, max: 100_000 })
    .prefault(500)
    .describe('Messages in flight to one extension.'),
  retry: Retry.prefault({}).describe('Waits between tries of a step that failed.'),
  guard: Guard.prefault({}).describe('How much may go at once before interlook stops and asks.'),
  domains: listOf(domain).describe('Host names that services may use; none listed: all.'),
  workflowActivityLauncherInterval: retired(byEvent, duration()),
  checkFlowInterval: retired(byEvent, duration()),
  workflowControlInterval: retired(byEvent, duration()),
  flowEntriesFile: retired('use workflowEntriesFile'),
})
export type CoreConfig = z.output<typeof CoreConfig>
