import type { AdoptRule } from '../sdk/provisioner.js'
import type { PassProgress } from './controller.js'
import type { GuardItem } from './guard.js'

/** How one pass is made, whoever makes it. */
export interface PassOptions {
  adopt: AdoptRule
  prune: boolean
  /** Keys of retained services to be released. */
  release: readonly string[]
  allowDeletes?: number
  /** Which services the pass is about; all without it. */
  matches?: (key: string) => boolean
  /** `all`: read every backend; `cached`: plan the changed services against what was read last. */
  observe: 'all' | 'cached'
  /** How a provider of messages alone is asked: see `TakeRequest`. */
  mode: 'settle' | 'now'
  /** Counted changes of the guard's window (daemon). */
  earlier: readonly GuardItem[]
  progress: PassProgress
  signal: AbortSignal
}
