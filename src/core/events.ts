import type { Problem } from '../sdk/errors.js'
import type { Message } from '../sdk/message.js'
import type { Outputs } from '../sdk/provisioner.js'
import type { Service } from '../sdk/service.js'
import type { Entry } from './entry.js'
import type { Settings } from './settings.js'

/** What can happen to an entry. */
export type Event =
  /** A complete listing (or a message) says that the service is there. */
  | { type: 'listed'; service: Service; createdAt?: string; problem?: Problem; dispossessed?: boolean }
  /** A complete listing (or a `delete`) says that it is not. `heirs` take names over from it first. */
  | { type: 'missing'; heirs?: string[] }
  /** Take the next move: a slot is free. `id` names the message. */
  | { type: 'go'; id: string }
  /** An extension answered message `id`. */
  | { type: 'answered'; step: string; id: string; outputs: Outputs; problem?: Problem }
  /** The answer to message `id` did not come in time. */
  | { type: 'timed-out'; step: string; id: string }
  /** The backend was seen to be as the step's goal wants it: no call is needed. */
  | { type: 'synced'; step: string; service: Service; outputs: Outputs }
  /** The backend was seen to differ from what it acknowledged. */
  | { type: 'drifted'; step: string }
  /** The workflow has lost the step, and what it made is to go. */
  | { type: 'abandoned'; step: string }
  /** A heir is deployed, or is no heir any more. */
  | { type: 'inherited'; heirs: string[] }
  /** The operator releases a retained service, or takes an imported one over. */
  | { type: 'released' }
  | { type: 'adopted' }
  /** The process that had messages in flight is gone: their outcome is unknown. */
  | { type: 'recovered' }
  /** Failed steps may be tried again at once, but for what the backend itself put off. */
  | { type: 'retry-now' }

export type EventType = Event['type']

export type Effect = { type: 'send'; step: string; message: Message }

export interface TransitionContext {
  settings: Pick<
    Settings,
    'steps' | 'serviceWipTimeoutMs' | 'undeployGracePeriodMs' | 'whenNoTargets' | 'backoff'
  >
  /** Step id -> how long resolvers keep a name that it removed, ms. */
  settleMs: Readonly<Record<string, number>>
  /** Wall clock, ms. */
  now: number
  /** A number in [0, 1): jitter of retries. */
  random: number
}

export interface Transition {
  entry: Entry
  effects: Effect[]
}
