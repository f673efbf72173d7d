import type { Clock } from '../sdk/clock.js'
import { checksFor, createContractRun, type ContractHarness, type Verdict } from '../sdk/contract/index.js'
import type { Kind } from '../sdk/define.js'
import type { Reason } from '../sdk/errors.js'
import type { Logger } from '../sdk/logger.js'
import type { RunnableDefinition } from '../sdk/serve.js'
import { type ExitCode, firstExitCode } from './exit-codes.js'

/** One configured extension. */
export interface ExtTestSubject {
  id: string
  definition: RunnableDefinition
  config: unknown
}

export interface ExtTestOptions {
  subjects: readonly ExtTestSubject[]
  /** Take a canary service through its life. */
  write: boolean
  /** The canary's address, for extensions that an address comes to from an earlier step. */
  address?: string
  /** Ends the name of the canary, so that two tests on one backend do not meet. */
  suffix: string
  owner: string
  secrets: readonly string[]
  deadlineMs: number
  quietMs: number
  clock: Clock
  logger: Logger
  /** Each result as soon as it is known. */
  onCheck?: (id: string, check: CheckResult) => void
}

export interface CheckResult extends Verdict {
  /** The reason given when the check fails. */
  check: string
  title: string
}

export interface ExtensionTestResult {
  id: string
  kind: Kind
  started: boolean
  /** What it tells of its backend: free addresses and the like. */
  facts: Record<string, string | number>
  checks: CheckResult[]
}

/** What `ext test` found; with `exitCode` in front, its `--json` document. */
export interface ExtTestReport {
  exitCode: ExitCode
  reason?: Reason
  message?: string
  write: boolean
  /** Name of the service that was created and removed, when one was. */
  canary?: string
  extensions: ExtensionTestResult[]
}

/** Walks the contract with each extension, one after the other. */
export async function runExtTest(options: ExtTestOptions): Promise<ExtTestReport> {
  const extensions: ExtensionTestResult[] = []
  for (const subject of options.subjects) extensions.push(await testExtension(subject, options))
  const lame = extensions.filter(({ started }) => !started).map(({ id }) => id)
  const broken = extensions
    .filter(({ checks }) => checks.some(({ status }) => status === 'failed'))
    .map(({ id }) => id)
  const exitCode = firstExitCode([
    ...(lame.length > 0 ? (['notStarted'] as const) : []),
    ...(broken.length > 0 ? (['nothingDone'] as const) : []),
  ])
  return {
    exitCode,
    ...(lame.length > 0
      ? { reason: 'extension-start', message: `did not start: ${lame.join(', ')}` }
      : broken.length > 0 && {
          reason: 'extension-contract',
          message: `against the contract: ${broken.join(', ')}`,
        }),
    write: options.write,
    ...(options.write && { canary: canaryName(options) }),
    extensions,
  }
}

async function testExtension(subject: ExtTestSubject, options: ExtTestOptions): Promise<ExtensionTestResult> {
  const harness = harnessOf(subject, options)
  const run = createContractRun(harness)
  const checks: CheckResult[] = []
  for (const check of checksFor(harness)) {
    const result: CheckResult = { check: check.id, title: check.title, ...(await run.judge(check)) }
    checks.push(result)
    options.onCheck?.(subject.id, result)
  }
  const started = checks.every(({ check, status }) => check !== 'start-fails' || status !== 'failed')
  return { id: subject.id, kind: subject.definition.kind, started, facts: run.facts(), checks }
}

function harnessOf(subject: ExtTestSubject, options: ExtTestOptions): ContractHarness {
  const { address, clock, logger, owner, deadlineMs, quietMs, secrets } = options
  const readOnly = whyReadOnly(subject.definition.kind, options)
  return {
    definition: subject.definition,
    config: subject.config,
    context: { id: subject.id, owner, clock, logger, dryRun: false, deadlineMs },
    // The extension has its own deadline first; ours is for the one that does not keep it.
    waits: { startMs: 2 * deadlineMs, answerMs: 2 * deadlineMs, stopMs: 2 * deadlineMs, quietMs },
    ...(readOnly !== undefined && { readOnly }),
    canaryName: canaryName(options),
    ...(address !== undefined && subject.definition.kind !== 'ipam' && { address }),
    secrets,
  }
}

function whyReadOnly(kind: Kind, { write, address }: ExtTestOptions): string | undefined {
  if (!write) return 'needs --write'
  const needsAddress = kind === 'lb' || kind === 'dns'
  return needsAddress && address === undefined ? 'needs --address' : undefined
}

function canaryName({ suffix }: ExtTestOptions): string {
  return `interlook-canary-${suffix}`
}

/** One line per check. */
export function renderExtTest(report: ExtTestReport): string {
  return report.extensions
    .map(({ id, facts, checks }) => [id, ...factLines(facts), ...checkLines(checks)].join('\n'))
    .join('\n\n')
}

function factLines(facts: Record<string, string | number>): string[] {
  return Object.entries(facts).map(([name, value]) => `  ${name}: ${value}`)
}

/** Those that say something, one a line; those that were not made, counted by their reason. */
function checkLines(checks: readonly CheckResult[]): string[] {
  const skipped = new Map<string, CheckResult[]>()
  for (const result of checks.filter(({ status }) => status === 'skipped')) {
    const reason = result.detail ?? 'not made'
    skipped.set(reason, [...(skipped.get(reason) ?? []), result])
  }
  return [
    ...checks.filter(({ status }) => status !== 'skipped').map(checkLine),
    ...[...skipped].map(([reason, results]) => skippedLine(reason, results)),
  ]
}

function skippedLine(reason: string, results: readonly CheckResult[]): string {
  const [only, ...others] = results
  if (only !== undefined && others.length === 0) return checkLine(only)
  return `  skipped  ${results.length} checks: ${reason}`
}

function checkLine({ status, title, detail, check }: CheckResult): string {
  const why = detail === undefined ? '' : `: ${detail}`
  return `  ${status.padEnd(7)}  ${title}${why}${status === 'failed' ? ` (${check})` : ''}`
}
