import { describe, expect, it } from 'vitest'
import { createChannel } from '../../src/sdk/channel.js'

async function readAll<T>(channel: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = []
  for await (const value of channel) values.push(value)
  return values
}

describe('a channel', () => {
  it('gives what was pushed before and while it is read, in order, and then the end', async () => {
    const channel = createChannel<number>()
    channel.push(1)

    const reading = readAll(channel)
    channel.push(2)
    channel.push(3)
    channel.close()

    expect(await reading).toEqual([1, 2, 3])
  })

  it('still gives what is queued after it was closed, and takes no more', async () => {
    const channel = createChannel<number>()
    channel.push(1)
    channel.close()

    expect(channel.push(2)).toBe(false)
    expect(await readAll(channel)).toEqual([1])
  })

  it('gives everything queued at once, without waiting', () => {
    const channel = createChannel<number>()
    channel.push(1)
    channel.push(2)

    expect(channel.size).toBe(2)
    expect(channel.takeAll()).toEqual([1, 2])
    expect(channel.takeAll()).toEqual([])
  })

  it('ends a reader that waits when its own iterator returns, and no other', async () => {
    const channel = createChannel<number>()
    const one = channel[Symbol.asyncIterator]()
    const other = channel[Symbol.asyncIterator]()
    const first = one.next()
    const second = other.next()

    await one.return?.()
    channel.push(1)

    expect(await first).toEqual({ done: true, value: undefined })
    expect(await second).toEqual({ done: false, value: 1 })
    expect(channel.readers).toBe(0)
  })
})
