/** Random numbers of a test that can be had again: INTERLOOK_SEED takes the seed that a failed run printed. */
export interface Random {
  seed: number
  /** In [0, 1). */
  next(): number
  /** A whole number in [0, end). */
  below(end: number): number
  /** `count` different items, or all where there are fewer. */
  some<T>(items: readonly T[], count: number): T[]
}

export function seededRandom(suite: string): Random {
  const given = process.env.INTERLOOK_SEED
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given)
  process.stderr.write(`${suite}: INTERLOOK_SEED=${seed}\n`)
  let state = seed
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number): number => Math.floor(next() * end)
  return {
    seed,
    next,
    below,
    some(items, count) {
      const left = [...items]
      const taken = []
      while (taken.length < count && left.length > 0) taken.push(...left.splice(below(left.length), 1))
      return taken
    },
  }
}
