import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorText, InterlookError } from '../sdk/errors.js'
import type { TextStream } from './output.js'

export interface LogSink {
  write(line: string): void
  reopen(): void
  close(): void
}

/** Appends to a file, each line at once, so that a killed process leaves its last words. */
export function fileSink(path: string, stderr: TextStream): LogSink {
  let descriptor = open(path)
  let complained = false
  return {
    write(line) {
      try {
        writeSync(descriptor, line)
        complained = false
      } catch (error) {
        // A full disk must not end the daemon: the lines go to stderr until there is room.
        if (!complained) stderr.write(`cannot write the log file ${path}: ${errorText(error)}\n`)
        complained = true
        stderr.write(line)
      }
    },
    reopen() {
      const next = open(path)
      closeSync(descriptor)
      descriptor = next
    },
    close: () => closeSync(descriptor),
  }
}

function open(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true })
    return openSync(path, 'a', 0o640)
  } catch (error) {
    throw new InterlookError('config-invalid', `core.logFile cannot be opened: ${errorText(error)}`, {
      hint: 'name a file that this user may write, or leave core.logFile out to log to stderr',
      cause: error,
    })
  }
}
