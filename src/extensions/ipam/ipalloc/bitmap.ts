/** 4096 addresses a page, 32 a word. */
const PAGE_BITS = 12n
const PAGE_MASK = (1n << PAGE_BITS) - 1n
const WORDS = 128

/**
 * A sparse set of addresses that finds its first gap without looking at leases, whatever their number.
 * A fork shares the pages until it writes to them. What was forked must not be written to any more.
 */
export class Bitmap {
  private readonly pages: Map<bigint, Uint32Array>
  private readonly own = new Set<bigint>()

  constructor(pages = new Map<bigint, Uint32Array>()) {
    this.pages = pages
  }

  fork(): Bitmap {
    return new Bitmap(new Map(this.pages))
  }

  has(at: bigint): boolean {
    const page = this.pages.get(at >> PAGE_BITS)
    if (page === undefined) return false
    const bit = Number(at & PAGE_MASK)
    return (((page[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1
  }

  add(at: bigint): void {
    const bit = Number(at & PAGE_MASK)
    const page = this.writable(at >> PAGE_BITS)
    page[bit >>> 5] = (page[bit >>> 5] ?? 0) | (1 << (bit & 31))
  }

  delete(at: bigint): void {
    if (!this.has(at)) return
    const bit = Number(at & PAGE_MASK)
    const page = this.writable(at >> PAGE_BITS)
    page[bit >>> 5] = (page[bit >>> 5] ?? 0) & ~(1 << (bit & 31))
  }

  /** The lowest address in the range that is not in the set. */
  firstGap(first: bigint, last: bigint): bigint | undefined {
    let at = first
    while (at <= last) {
      const page = this.pages.get(at >> PAGE_BITS)
      if (page === undefined) return at
      const bit = firstClear(page, Number(at & PAGE_MASK))
      const base = at & ~PAGE_MASK
      if (bit !== undefined) {
        const found = base + BigInt(bit)
        return found <= last ? found : undefined
      }
      at = base + PAGE_MASK + 1n
    }
    return undefined
  }

  /** How many addresses of the range are in the set. */
  count(first: bigint, last: bigint): number {
    let count = 0
    for (const [id, page] of this.pages) {
      const base = id << PAGE_BITS
      if (base > last || base + PAGE_MASK < first) continue
      const from = base < first ? Number(first - base) : 0
      const to = base + PAGE_MASK > last ? Number(last - base) : Number(PAGE_MASK)
      for (let bit = from; bit <= to; bit++) count += ((page[bit >>> 5] ?? 0) >>> (bit & 31)) & 1
    }
    return count
  }

  private writable(id: bigint): Uint32Array {
    const page = this.pages.get(id)
    if (page !== undefined && this.own.has(id)) return page
    const copy = page === undefined ? new Uint32Array(WORDS) : page.slice()
    this.pages.set(id, copy)
    this.own.add(id)
    return copy
  }
}

function firstClear(page: Uint32Array, from: number): number | undefined {
  for (let word = from >>> 5; word < WORDS; word++) {
    // Bits below `from` count as taken in the first word.
    const below = word === from >>> 5 ? (1 << (from & 31)) - 1 : 0
    const clear = ~((page[word] ?? 0) | below)
    if (clear !== 0) return word * 32 + 31 - Math.clz32(clear & -clear)
  }
  return undefined
}
