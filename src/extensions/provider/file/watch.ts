import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Clock } from '../../../sdk/clock.js'
import { fingerprint, lookAt } from './read.js'

export interface WatchOptions {
  path: string
  intervalMs: number
  clock: Clock
  /** Fingerprint of the content that the caller knows; without it what is there now counts as known. */
  known?: string | undefined
}

/**
 * Calls `onChange` whenever the content differs from what it was, until `signal` aborts. Looking at the file is what
 * counts: the system's own news of a change come sooner, but not from every file system, and not for a link
 * that is pointed elsewhere.
 */
export async function watchContent(
  { path, intervalMs, clock, known }: WatchOptions,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  const hints = new Hints(path)
  const wake = (): void => hints.give()
  signal.addEventListener('abort', wake, { once: true })
  try {
    let stamp = await lookAt(path)
    let content = known ?? (await fingerprint(path))
    // What was known may be older than this watch.
    let isNews = known !== undefined
    while (!signal.aborted) {
      if (isNews) {
        const read = await fingerprint(path)
        if (read !== content) onChange()
        content = read
      }
      await hints.orAfter(intervalMs, clock)
      const now = await lookAt(path)
      isNews = now !== stamp
      stamp = now
    }
  } finally {
    signal.removeEventListener('abort', wake)
    hints.close()
  }
}

/** News of the directory in which the file lies: an editor that saves puts a new file in the place of the old. */
class Hints {
  private readonly watcher: FSWatcher | undefined
  private pending = false
  private wake: () => void = () => undefined

  constructor(path: string) {
    this.watcher = watchDirectory(path, () => this.give())
  }

  give(): void {
    this.pending = true
    this.wake()
  }

  /** Resolves at the next hint, at once if one came before, or after `ms`. */
  async orAfter(ms: number, clock: Clock): Promise<void> {
    if (!this.pending) {
      const woken = new AbortController()
      this.wake = () => woken.abort()
      await clock.sleep(ms, woken.signal)
    }
    this.pending = false
  }

  close(): void {
    this.watcher?.close()
  }
}

function watchDirectory(path: string, onHint: () => void): FSWatcher | undefined {
  const name = basename(path)
  try {
    const watcher = watch(dirname(path), { persistent: false }, (_event, file) => {
      // Other files of a busy directory are no news; `..data` is where a mounted config map is switched.
      if (file === null || file === name || file.startsWith('..')) onHint()
    })
    // A directory that goes, or a limit that is reached, leaves us with looking.
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
