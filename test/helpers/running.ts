import { spawn } from 'node:child_process'
import { type CliOptions, type CliResult, cliEnvironment, ROOT } from './cli.js'

/** How long a record of the log is waited for. */
const LIMIT_MS = 30_000

/** A line of the log. */
export interface LogRecord {
  level: string
  msg: string
  [field: string]: unknown
}

/** A command that was started and may still run. */
export interface Running {
  pid: number
  /** What it logged until now. */
  readonly log: readonly LogRecord[]
  /** Resolves with the first record from `from` (a length of `log`) on that fits; rejects when none comes. */
  saw(fits: (record: LogRecord) => boolean, from?: number): Promise<LogRecord>
  kill(signal: NodeJS.Signals): void
  ended: Promise<CliResult>
}

/** Starts the built `interlook`, with a closed stdin. */
export function startCli(args: readonly string[], options: CliOptions): Running {
  const child = spawn(process.execPath, [`${ROOT}/bin/run.js`, ...args], {
    cwd: options.cwd,
    env: cliEnvironment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log: LogRecord[] = []
  let stdout = ''
  let stderr = ''
  let unread = ''
  let isOver = false
  const waiting = new Set<() => void>()
  const tell = (): void => {
    for (const check of [...waiting]) check()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    const lines = (unread + text).split('\n')
    unread = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) log.push(JSON.parse(line) as LogRecord)
    tell()
  })
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      isOver = true
      resolve({ code, stdout, stderr })
      tell()
    })
  })
  return {
    pid: child.pid ?? Number.NaN,
    log,
    ended,
    kill: (signal) => void child.kill(signal),
    saw: (fits, from = 0) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = log.slice(from).find(fits)
          if (found === undefined) {
            if (isOver) finish(() => reject(missed('ended before it logged that')))
          } else finish(() => resolve(found))
        }
        const finish = (end: () => void): void => {
          waiting.delete(check)
          clearTimeout(timer)
          end()
        }
        const missed = (what: string): Error =>
          new Error(`${args.join(' ')} ${what}:\n${stdout}\n${stderr.slice(-2000)}`)
        const timer = setTimeout(
          () => finish(() => reject(missed(`did not log that within ${LIMIT_MS} ms`))),
          LIMIT_MS,
        )
        waiting.add(check)
        check()
      }),
  }
}
