import type { ChalkInstance } from 'chalk'
import { processRedactor, type Redactor } from './redaction.js'

/** The part of a writable stream that output needs. */
export interface TextStream {
  write(text: string): unknown
  isTTY?: boolean | undefined
  /** 0 where the terminal does not know its size, as on a serial line. */
  columns?: number | undefined
}

export interface OutputOptions {
  json: boolean
  quiet: boolean
  /** `--no-color` turns it off whatever the terminal can do. */
  noColor: boolean
  env: Readonly<Record<string, string | undefined>>
  stdout: TextStream
  stderr: TextStream
  redactor: Redactor
}

/** Where results (stdout) and everything else (stderr) go. Nothing else in the program writes to the two. */
export interface Output {
  readonly json: boolean
  readonly quiet: boolean
  /** Colours on stdout. */
  readonly color: boolean
  /** Somebody watches: stderr is a terminal, and no CI. Progress may then redraw itself. */
  readonly interactive: boolean
  /** Takes secrets out of text that goes elsewhere, such as a file. */
  redact(text: string): string
  /** A result for people, on stdout. Nothing with `--json`. */
  text(text: string): void
  /** The one document, on stdout. Nothing without `--json`. */
  document(value: unknown): void
  /** Anything that is no result, on stderr. */
  note(text: string): void
  /** chalk, at the level that stdout takes. */
  chalk(): Promise<ChalkInstance>
}

export function createOutput(options: OutputOptions): Output {
  const { json, quiet, stdout, stderr, redactor } = options
  const color = wantsColor(options)
  const writeLine = (stream: TextStream, text: string): void => {
    const line = redactor.redact(text)
    stream.write(line.endsWith('\n') ? line : `${line}\n`)
  }
  return {
    json,
    quiet,
    color,
    interactive: stderr.isTTY === true && stderr.columns !== 0 && !isSet(options.env['CI']),
    redact: (text) => redactor.redact(text),
    text: (text) => {
      if (!json && text !== '') writeLine(stdout, text)
    },
    document: (value) => {
      // By value, not by text: a secret such as `true` must not break the document.
      const redacted = (_key: string, item: unknown): unknown =>
        typeof item === 'string' ? redactor.redact(item) : item
      if (json) stdout.write(`${JSON.stringify(value, redacted, 2)}\n`)
    },
    note: (text) => {
      writeLine(stderr, text)
    },
    chalk: async () => {
      const { Chalk } = await import('chalk')
      return new Chalk({ level: color ? 1 : 0 })
    },
  }
}

/** The real streams, for a command line that was parsed or, after a usage error, only looked at. */
export function processOutput(flags: { json: boolean; quiet: boolean; noColor: boolean }): Output {
  const { env, stdout, stderr } = process
  return createOutput({ ...flags, env, stdout, stderr, redactor: processRedactor })
}

/** See no-color.org: any text in NO_COLOR turns colours off; FORCE_COLOR turns them on without a terminal. */
function wantsColor({ json, noColor, env, stdout }: OutputOptions): boolean {
  if (json || noColor || isSet(env['NO_COLOR'])) return false
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0' && env['FORCE_COLOR'] !== 'false'
  return stdout.isTTY === true && env['TERM'] !== 'dumb' && !isSet(env['CI'])
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false' && value !== '0'
}
