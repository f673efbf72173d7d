import type { Service } from './service.js'

/** `refresh` goes from the core to a provider only. */
export type Action = 'add' | 'delete' | 'refresh'

/** What the core and an extension say to each other. */
export interface Message {
  action: Action
  /** Filled in by the core. */
  sender: string
  /** Filled in by the core. */
  destination: string
  error?: string
  /** A stable code for `error`; `pending` with `notBefore` means: not yet, ask again then. */
  reason?: string
  /** ISO 8601. */
  notBefore?: string
  /** Of a message from the core; the answer repeats it. */
  id?: string
  service: Service
  /**
   * With `add`: the definition that users still reach. Make the new one and keep what `previous` needs;
   * an `add` without it removes what only the old one needed.
   */
  previous?: Service
}

/** The whole contract: an extension that implements these two methods takes part. */
export interface Extension {
  /**
   * Resolves once the extension is ready and consuming `receive`; rejects when it cannot work.
   * `receive` ends at `stop()`; `send` resolves when the core has taken the message.
   */
  start(receive: AsyncIterable<Message>, send: (message: Message) => Promise<void>): Promise<void>
  /** Returns only when the extension has stopped: nothing in flight, nothing left open. Works after a failed `start`. */
  stop(): Promise<void>
}
