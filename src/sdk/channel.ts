/** A queue that is read with `for await`. It holds what was pushed until somebody reads it. */
export interface Channel<T> extends AsyncIterable<T> {
  /** False when the channel is closed: the value is dropped. */
  push(value: T): boolean
  /** No more values; readers still get what is queued, then the end. Harmless to repeat. */
  close(): void
  /** Everything queued, without waiting. */
  takeAll(): T[]
  /** How many values wait for a reader. */
  readonly size: number
  /** How many readers wait for a value. */
  readonly readers: number
  readonly closed: boolean
}

interface Reader<T> {
  resolve(result: IteratorResult<T, undefined>): void
}

/** A channel without a limit: the core bounds what it pushes. */
export function createChannel<T>(): Channel<T> {
  const queue: T[] = []
  const readers = new Set<Reader<T>>()
  let closed = false

  const end = (reader: Reader<T>): void => {
    readers.delete(reader)
    reader.resolve({ done: true, value: undefined })
  }

  return {
    push(value) {
      if (closed) return false
      const [reader] = readers
      if (reader === undefined) {
        queue.push(value)
      } else {
        readers.delete(reader)
        reader.resolve({ done: false, value })
      }
      return true
    },
    close() {
      closed = true
      for (const reader of readers) end(reader)
    },
    takeAll: () => queue.splice(0),
    get size() {
      return queue.length
    },
    get readers() {
      return readers.size
    },
    get closed() {
      return closed
    },
    [Symbol.asyncIterator]() {
      // Only this iterator's own readers end with `return`: another loop may read the same channel.
      const own = new Set<Reader<T>>()
      let returned = false
      return {
        next: () =>
          new Promise<IteratorResult<T, undefined>>((resolve) => {
            if (returned || (closed && queue.length === 0)) {
              resolve({ done: true, value: undefined })
            } else if (queue.length > 0) {
              resolve({ done: false, value: queue.shift() as T })
            } else {
              const reader: Reader<T> = {
                resolve: (result) => {
                  own.delete(reader)
                  resolve(result)
                },
              }
              own.add(reader)
              readers.add(reader)
            }
          }),
        return: () => {
          returned = true
          for (const reader of own) end(reader)
          return Promise.resolve({ done: true as const, value: undefined })
        },
      }
    },
  }
}
