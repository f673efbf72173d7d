const SHARDS = 1024

/**
 * A map by text in many small parts. A fork shares the parts until one of the two writes to them, so one change
 * among tens of thousands of entries copies some dozens and not all.
 */
export class ShardMap<Value> implements Iterable<Value> {
  readonly #shards: (Map<string, Value> | undefined)[]
  #own = new Set<number>()
  #size: number

  constructor(shards: (Map<string, Value> | undefined)[] = new Array(SHARDS).fill(undefined), size = 0) {
    this.#shards = shards
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  fork(): ShardMap<Value> {
    this.#own = new Set()
    return new ShardMap([...this.#shards], this.#size)
  }

  get(key: string): Value | undefined {
    return this.#shards[shardOf(key)]?.get(key)
  }

  set(key: string, value: Value): void {
    const shard = this.#writable(shardOf(key))
    if (!shard.has(key)) this.#size++
    shard.set(key, value)
  }

  delete(key: string): void {
    const id = shardOf(key)
    if (this.#shards[id]?.has(key) !== true) return
    this.#writable(id).delete(key)
    this.#size--
  }

  *[Symbol.iterator](): Iterator<Value> {
    for (const shard of this.#shards) {
      if (shard !== undefined) yield* shard.values()
    }
  }

  #writable(id: number): Map<string, Value> {
    const shard = this.#shards[id]
    if (shard !== undefined && this.#own.has(id)) return shard
    const copy = new Map(shard)
    this.#shards[id] = copy
    this.#own.add(id)
    return copy
  }
}

/** FNV-1a: spreads keys that differ in their last character only. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 16)) & (SHARDS - 1)
}
