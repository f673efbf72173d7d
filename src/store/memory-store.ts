import type { Entry } from '../core/entry.js'
import type { Store } from '../core/store.js'
import { InterlookError } from '../sdk/errors.js'

/** What a dry run works on: a copy of the store in memory. Facts set here end with the run. */
export class MemoryStore implements Store {
  readonly #entries: ReadonlyMap<string, Entry>
  readonly #meta: Map<string, string>

  constructor(
    entries: ReadonlyMap<string, Entry> = new Map(),
    meta: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#entries = entries
    this.#meta = new Map(meta)
  }

  load(): Map<string, Entry> {
    return new Map(this.#entries)
  }

  commit(): void {
    throw new InterlookError('internal', 'a dry run tried to write to the store')
  }

  getMeta(name: string): string | undefined {
    return this.#meta.get(name)
  }

  setMeta(name: string, value: string): void {
    this.#meta.set(name, value)
  }

  close(): void {}
}
