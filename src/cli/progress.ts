import { type Clock, systemClock } from '../sdk/clock.js'
import type { TextStream } from './output.js'

/** One stage of a pass. `done` or `fail` ends it; what comes later is ignored. */
export interface Stage {
  update(text: string): void
  done(text: string): void
  fail(text: string): void
}

export interface Progress {
  stage(title: string): Stage
  /** Ends what is still open, and resolves once the last line is on the screen. */
  close(): Promise<void>
}

export type ProgressMode = 'tasks' | 'lines' | 'none'

/** Tasks that redraw themselves where somebody watches, else lines; none beside `--quiet`, and beside `--json` in a pipe. */
export function progressMode(output: { interactive: boolean; quiet: boolean; json: boolean }): ProgressMode {
  if (output.quiet) return 'none'
  if (output.interactive) return 'tasks'
  return output.json ? 'none' : 'lines'
}

export interface ProgressOptions {
  mode: ProgressMode
  /** stderr. */
  stream: TextStream
  /** Takes secrets out of a text. */
  redact: (text: string) => string
  clock?: Clock
}

export async function createProgress(options: ProgressOptions): Promise<Progress> {
  switch (options.mode) {
    case 'none':
      return silent
    case 'lines':
      return createLines(options)
    case 'tasks': {
      const { createTasks } = await import('./progress-tasks.js')
      return createTasks(options)
    }
    default:
      return options.mode satisfies never
  }
}

const silent: Progress = {
  stage: () => ({ update: () => undefined, done: () => undefined, fail: () => undefined }),
  close: () => Promise.resolve(),
}

/** A log of a pipe is read later: a counter that moves is worth a line only now and then. */
const UPDATE_EVERY_MS = 10_000

function createLines({ stream, redact, clock = systemClock }: ProgressOptions): Progress {
  const write = (text: string): void => {
    stream.write(`${redact(text)}\n`)
  }
  return {
    stage(title) {
      let isOpen = true
      let lastAt = clock.now()
      const end = (text: string): void => {
        if (isOpen) write(text)
        isOpen = false
      }
      return {
        update(text) {
          if (!isOpen || clock.now() - lastAt < UPDATE_EVERY_MS) return
          lastAt = clock.now()
          write(`${title}: ${text}`)
        },
        done: (text) => end(text === '' ? title : `${title}: ${text}`),
        fail: (text) => end(`${title} failed: ${text}`),
      }
    },
    close: () => Promise.resolve(),
  }
}
