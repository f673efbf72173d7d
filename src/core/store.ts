import type { Entry } from './entry.js'

/** Where entries live. Every call is one durable transaction. */
export interface Store {
  /** All entries, by key. */
  load(): Map<string, Entry>
  /** Writes and deletes in one transaction. Throws `store-full`, `store-unreadable`. */
  commit(changes: { put: readonly Entry[]; remove: readonly string[] }): void
  /** Small facts that are not entries: `instanceId`, guard window. */
  getMeta(name: string): string | undefined
  setMeta(name: string, value: string): void
  close(): void
}
