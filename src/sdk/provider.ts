import type { Problem } from './errors.js'
import type { Service } from './service.js'

/** One service of a listing. With `problem` (an ill-labelled one) only the identity of `service` counts. */
export interface ListedService {
  service: Service
  /** ISO 8601, the platform's own creation time: it settles who came first. */
  createdAt?: string
  problem?: Problem
}

/** What an author of a provider writes; `serveProvider` makes an Extension of it. */
export interface Provider {
  /** Opens what `list` needs. Throws when the provider cannot work at all. */
  connect?(signal: AbortSignal): Promise<void>
  /** Nothing may be open afterwards; also works after a failed `connect`. */
  close?(): Promise<void>
  /**
   * One complete listing, or throws. What is not in it is absent, so a page that failed, a truncated
   * answer, or an element without an identity must throw (`provider-unlisted`).
   */
  list(signal: AbortSignal): Promise<ListedService[]>
  /** Calls `onChange` when a new listing may differ. Runs until `signal` aborts; may throw when it breaks. */
  watch?(onChange: () => void, signal: AbortSignal): Promise<void>
}
