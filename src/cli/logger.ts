import type { Clock } from '../sdk/clock.js'
import { InterlookError } from '../sdk/errors.js'
import type { Logger } from '../sdk/logger.js'
import type { LogLevel } from './log-level.js'
import { fileSink, type LogSink } from './log-file.js'
import type { TextStream } from './output.js'
import type { Redactor } from './redaction.js'

export interface LoggerOptions {
  level: LogLevel
  /** `core.logFile`: a path, `stdout`, `stderr`, or nothing. */
  file?: string
  /** False where stdout carries the result of the command; `stdout` then means stderr. */
  stdoutIsFree: boolean
  /** A dry run changes no file, so its log goes to stderr. */
  dryRun: boolean
  stdout: TextStream
  stderr: TextStream
  redactor: Redactor
  clock: Clock
}

export interface ProcessLogger {
  logger: Logger
  /** Opens the log file anew, after somebody has renamed it. */
  reopen(): void
  close(): void
}

const RANK: Record<LogLevel, number> = { debug: 20, info: 30, warn: 40, error: 50 }

/** One line per record: plain text for a terminal, JSON for everything that reads logs. */
export async function createLogger(options: LoggerOptions): Promise<ProcessLogger> {
  const { sink, terminal } = openSink(options)
  const redacted = { write: (line: string) => sink.write(options.redactor.redact(line)) }
  const write = terminal ? plainWriter(redacted, options.clock) : await jsonWriter(redacted, options.clock)
  const log = (level: LogLevel) => (fields: Record<string, unknown>, message: string) => {
    if (RANK[level] >= RANK[options.level]) write(level, printable(fields), message)
  }
  return {
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    reopen: () => sink.reopen(),
    close: () => sink.close(),
  }
}

type Writer = (level: LogLevel, fields: Record<string, unknown>, message: string) => void

function openSink(options: LoggerOptions): { sink: LogSink; terminal: boolean } {
  const { file, stdoutIsFree, dryRun, stdout, stderr } = options
  const isPath = file !== undefined && !['', 'stdout', 'stderr'].includes(file)
  if (isPath && !dryRun) return { sink: fileSink(file, stderr), terminal: false }
  const stream = file === 'stdout' && stdoutIsFree ? stdout : stderr
  const sink = {
    write: (line: string) => void stream.write(line),
    reopen: () => undefined,
    close: () => undefined,
  }
  return { sink, terminal: stream.isTTY === true }
}

async function jsonWriter(sink: { write(line: string): void }, clock: Clock): Promise<Writer> {
  const { default: pino } = await import('pino')
  const json = pino(
    {
      level: 'debug',
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      // `printable` has done it: pino's own would add a stack to each.
      serializers: { err: (value: unknown) => value },
    },
    sink,
  )
  return (level, fields, message) => json[level](fields, message)
}

function plainWriter(sink: { write(line: string): void }, clock: Clock): Writer {
  return (level, fields, message) => {
    const time = new Date(clock.now()).toISOString().slice(11, 19)
    const tail = Object.entries(fields).map(([name, value]) => ` ${name}=${plainValue(value)}`)
    sink.write(`${time} ${level.padEnd(5)} ${message}${tail.join('')}\n`)
  }
}

function plainValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value)
}

/** Errors without their stack: ours are told by code, message and hint. Fields that are not set are left out. */
function printable(fields: Record<string, unknown>): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) shown[name] = value instanceof Error ? printableError(value) : value
  }
  return shown
}

function printableError(error: Error): Record<string, unknown> {
  if (!(error instanceof InterlookError)) return { message: error.message, stack: error.stack }
  const { code, message, hint } = error
  return { code, message, ...(hint !== undefined && { hint }) }
}
