/** Two levels of 128: 16,384 places, each with a handful of entries even at 60,000. */
const WIDTH = 128

interface Entry<Value> {
  key: string
  value: Value
}
type Place<Value> = readonly Entry<Value>[]
type Shard<Value> = (Place<Value> | undefined)[]

/**
 * A map by text in many small parts. A fork shares the parts until it writes to them, so one change among tens of
 * thousands of entries copies some dozens and not all. What was forked must not be written to any more.
 */
export class ShardMap<Value> implements Iterable<Value> {
  private readonly shards: (Shard<Value> | undefined)[]
  /** Shards that no fork shares with us. */
  private readonly own = new Set<number>()
  private count: number

  constructor(shards: readonly (Shard<Value> | undefined)[] = [], count = 0) {
    this.shards = [...shards]
    this.count = count
  }

  get size(): number {
    return this.count
  }

  fork(): ShardMap<Value> {
    return new ShardMap(this.shards, this.count)
  }

  get(key: string): Value | undefined {
    const hash = hashOf(key)
    return this.shards[hash % WIDTH]?.[placeOf(hash)]?.find((entry) => entry.key === key)?.value
  }

  set(key: string, value: Value): void {
    const hash = hashOf(key)
    const others = this.others(hash, key)
    this.put(hash, [...others, { key, value }])
  }

  delete(key: string): void {
    if (this.get(key) === undefined) return
    const hash = hashOf(key)
    this.put(hash, this.others(hash, key))
  }

  *[Symbol.iterator](): Iterator<Value> {
    for (const shard of this.shards) {
      if (shard === undefined) continue
      for (const place of shard) {
        if (place === undefined) continue
        for (const entry of place) yield entry.value
      }
    }
  }

  private others(hash: number, key: string): Place<Value> {
    return (this.shards[hash % WIDTH]?.[placeOf(hash)] ?? []).filter((entry) => entry.key !== key)
  }

  /** Places are never changed, only replaced. */
  private put(hash: number, place: Place<Value>): void {
    const id = hash % WIDTH
    let shard = this.shards[id]
    if (shard === undefined || !this.own.has(id)) {
      shard = shard === undefined ? [] : [...shard]
      this.shards[id] = shard
      this.own.add(id)
    }
    this.count += place.length - (shard[placeOf(hash)]?.length ?? 0)
    shard[placeOf(hash)] = place.length === 0 ? undefined : place
  }
}

/** FNV-1a, folded: spreads keys that differ in their last character only. Never negative. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}

function placeOf(hash: number): number {
  return (hash >>> 7) % WIDTH
}
