import { accessSync, constants, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { abortedError, reconcileOnce, type OneShotOptions } from '../core/pass.js'
import type { PassResult } from '../core/plan.js'
import { systemClock } from '../sdk/clock.js'
import type { Reason } from '../sdk/errors.js'
import { errorText, InterlookError } from '../sdk/errors.js'
import type { Outcome } from './base-command.js'
import { openSession } from './compose.js'
import { formatIssue } from '../config/issues.js'
import { keyMatcher } from './glob.js'
import { createLogger } from './logger.js'
import type { LogLevel } from './log-level.js'
import type { Output } from './output.js'
import { createProgress, progressMode } from './progress.js'
import { requireConfig } from './read-config.js'
import { processRedactor } from './redaction.js'
import { createPalette } from './render/palette.js'
import { isNothing, renderResult } from './render/result.js'
import { exitCodeOfSignal, listenForSignals } from './signals.js'

/** The flags of `interlook reconcile`; durations in ms. */
export interface ReconcileFlags {
  config: string | undefined
  logLevel: LogLevel | undefined
  dryRun: boolean
  detailedExitCode: boolean
  service: string | undefined
  allowDeletes: number | undefined
  adopt: boolean
  adoptFrom: string[]
  prune: boolean
  release: string[]
  waitMs: number
  timeoutMs: number | undefined
  lockTimeoutMs: number
  outputFile: string | undefined
}

/** One pass, from the config file to what is printed. */
export async function runReconcile(flags: ReconcileFlags, output: Output): Promise<Outcome> {
  if (flags.outputFile !== undefined) checkReport(flags.outputFile)
  const { config, remarks } = await requireConfig(flags.config)
  if (!output.quiet && !output.json) for (const remark of remarks) output.note(formatIssue(remark))
  const logging = await createLogger({
    level: flags.logLevel ?? 'error',
    file: config.core.logFile,
    stdoutIsFree: false,
    dryRun: flags.dryRun,
    stdout: process.stdout,
    stderr: process.stderr,
    redactor: processRedactor,
    clock: systemClock,
  })
  const interruption = listenForSignals()
  const progress = await createProgress({
    mode: progressMode(output),
    stream: process.stderr,
    redact: (text) => output.redact(text),
  })
  try {
    const session = await openSession({
      config,
      logger: logging.logger,
      command: 'interlook reconcile',
      dryRun: flags.dryRun,
      prune: flags.prune,
      lockTimeoutMs: flags.lockTimeoutMs,
      signal: interruption.signal,
    })
    let result: PassResult
    try {
      if (!output.quiet && !output.json) for (const remark of session.remarks) output.note(`note: ${remark}`)
      result = await reconcileOnce(session.controller, {
        ...passOptions(flags),
        progress,
        signal: interruption.signal,
      })
    } finally {
      await session.close()
    }
    await progress.close()
    const received = interruption.received()
    if (received !== undefined) result = cutShort(result, exitCodeOfSignal(received))
    return await outcomeOf(result, flags, output)
  } catch (error) {
    await progress.close()
    const received = interruption.received()
    if (received !== undefined && error instanceof InterlookError && error.code === 'aborted') {
      const exitCode = exitCodeOfSignal(received)
      output.note(`error: ${error.message}`)
      return { exitCode, reason: 'aborted', message: error.message, document: {}, text: '' }
    }
    throw error
  } finally {
    interruption.dispose()
    logging.close()
  }
}

function cutShort(result: PassResult, exitCode: number): PassResult {
  return { ...result, exitCode, reason: 'aborted', message: abortedError().message }
}

function passOptions(flags: ReconcileFlags): Omit<OneShotOptions, 'progress' | 'signal'> {
  return {
    dryRun: flags.dryRun,
    detailedExitCode: flags.detailedExitCode,
    waitMs: flags.waitMs,
    ...(flags.timeoutMs !== undefined && { timeoutMs: flags.timeoutMs }),
    adopt: { unmarked: flags.adopt, owners: flags.adoptFrom },
    prune: flags.prune,
    release: flags.release,
    ...(flags.allowDeletes !== undefined && { allowDeletes: flags.allowDeletes }),
    ...(flags.service !== undefined && { matches: keyMatcher(flags.service) }),
    observe: 'all',
    mode: 'settle',
    earlier: [],
  }
}

async function outcomeOf(result: PassResult, flags: ReconcileFlags, output: Output): Promise<Outcome> {
  const { toJson } = await import('./render/json.js')
  const now = systemClock.now()
  if (flags.outputFile !== undefined) {
    const { renderMarkdown } = await import('./render/markdown.js')
    writeReport(flags.outputFile, output.redact(renderMarkdown(result, { now })))
  }
  const isSilent = output.quiet && isNothing(result)
  const palette = await createPalette(output.color)
  const { isTTY, columns } = process.stdout
  const width = isTTY && columns > 0 ? columns : undefined
  const text = renderResult(result, { palette, now, ...(width !== undefined && { width }) })
  return {
    exitCode: result.exitCode,
    ...(result.reason !== undefined && { reason: result.reason as Reason }),
    ...(result.message !== undefined && { message: result.message }),
    document: toJson(result),
    text: isSilent ? '' : text,
  }
}

/** Before anything is done: a report that cannot be written must not turn a pass that was made into bad usage. */
function checkReport(file: string): void {
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found?.isDirectory() === true) throw new InterlookError('usage', `--output ${file} is a folder`)
    accessSync(found === undefined ? dirname(file) : file, constants.W_OK)
  } catch (error) {
    throw unwritable(file, error)
  }
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw unwritable(file, error)
  }
}

function unwritable(file: string, error: unknown): InterlookError {
  if (error instanceof InterlookError) return error
  return new InterlookError('usage', `--output ${file} cannot be written: ${errorText(error)}`)
}
