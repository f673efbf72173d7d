import { describe, expect, it } from 'vitest'
import { messageFeed, type ProviderFeed } from '../../src/core/feeds.js'
import { createChannel } from '../../src/sdk/channel.js'
import { silentLogger } from '../../src/sdk/logger.js'
import type { Message } from '../../src/sdk/message.js'
import { serviceKey, type Service } from '../../src/sdk/service.js'
import { FakeClock, flush } from '../helpers/core-world.js'

const ID = 'provider.fake'
const never = new AbortController().signal

function service(name: string): Service {
  return { provider: ID, name, targets: [], tls: false, dns_name: [], options: {} }
}

/** A provider of `start` and `stop` alone, moved by the test. */
async function talk(): Promise<{
  clock: FakeClock
  feed: ProviderFeed
  /** Services that the provider was asked about, in order. */
  asked: string[]
  say: (action: 'add' | 'delete', name: string, more?: Partial<Message>) => Promise<void>
  take: (...known: string[]) => Promise<{ listed: string[]; removed: string[] }>
}> {
  const clock = new FakeClock()
  const asked: string[] = []
  let send: (message: Message) => Promise<void> = () => Promise.resolve()
  const feed = messageFeed({
    id: ID,
    extension: {
      start: (receive, push) => {
        send = push
        void (async () => {
          for await (const { action, service: about } of receive) asked.push(`${action} ${about.name}`)
        })()
        return Promise.resolve()
      },
      stop: () => Promise.resolve(),
    },
    clock,
    logger: silentLogger,
    settleMs: 5_000,
    deadlineMs: 1_000,
    maxSilenceMs: 90_000,
    channel: () => createChannel<Message>(),
  })
  await feed.start(never)
  return {
    clock,
    feed,
    asked,
    say: (action, name, more = {}) =>
      send({ action, sender: ID, destination: '', service: service(name), ...more }),
    take: async (...known) => {
      const news = await feed.take({
        known: known.map((name) => `${ID}/${name}`),
        mode: 'now',
        signal: never,
      })
      return { listed: news.listed.map((one) => serviceKey(one.service)), removed: [...news.removed] }
    },
  }
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  clock.advance(ms)
  await flush()
}

describe('a watched provider that only sends changes', () => {
  it('is asked for each service that it has not spoken of for a while, again and again', async () => {
    const { clock, feed, asked, say, take } = await talk()
    const ended = new AbortController()
    await say('add', 'spoken')
    await take('stored', 'spoken')
    const watch = feed.watch(() => undefined, ended.signal)
    await pass(clock, 60_000)
    await say('add', 'spoken')
    await pass(clock, 29_999)
    expect(asked).toEqual([])

    await pass(clock, 1)
    expect(asked).toEqual(['refresh stored'])
    await pass(clock, 60_000)
    expect(asked).toEqual(['refresh stored', 'refresh spoken'])
    await pass(clock, 30_000)
    expect(asked).toEqual(['refresh stored', 'refresh spoken', 'refresh stored'])

    ended.abort()
    await watch
    await pass(clock, 600_000)
    expect(asked).toHaveLength(3)
  })

  it('is not asked about services that are no entries any more', async () => {
    const { clock, feed, asked, say, take } = await talk()
    const ended = new AbortController()
    await take('gone')
    const watch = feed.watch(() => undefined, ended.signal)
    await say('delete', 'gone')
    await take()

    await pass(clock, 200_000)

    expect(asked).toEqual([])
    ended.abort()
    await watch
  })

  it('says again what is listed and what an entry has lost, until the entry is gone', async () => {
    const { say, take } = await talk()
    await say('add', 'web')
    await say('add', 'api')
    await say('delete', 'web')

    const held = [await take('web'), await take('web')]
    const after = await take()
    const later = await take('web')

    const said = { listed: [`${ID}/api`], removed: [`${ID}/web`] }
    expect(held).toEqual([said, said])
    expect(after).toEqual({ listed: [`${ID}/api`], removed: [] })
    expect(later).toEqual({ listed: [`${ID}/api`], removed: [] })
  })

  it('does not say that a service is gone when it could not tell', async () => {
    const { say, take } = await talk()
    await say('add', 'web')
    await say('delete', 'web', { id: 'refresh:web', error: 'cannot look', reason: 'unreachable' })

    expect(await take('web')).toEqual({ listed: [`${ID}/web`], removed: [] })
  })
})

describe('a provider that only sends changes, in one pass', () => {
  it('is asked about what it did not speak of, and its silence is told', async () => {
    const { clock, feed, asked, say } = await talk()
    await say('add', 'spoken')

    const taking = feed.take({
      known: [`${ID}/spoken`, `${ID}/silent`],
      mode: 'settle',
      signal: never,
    })
    await pass(clock, 5_000)
    await pass(clock, 1_000)

    expect(asked).toEqual(['refresh silent'])
    expect(await taking).toMatchObject({ removed: [], unanswered: [`${ID}/silent`] })
  })

  it('ends at once when every question is answered', async () => {
    const { clock, feed, say } = await talk()

    const taking = feed.take({ known: [`${ID}/gone`], mode: 'settle', signal: never })
    await pass(clock, 5_000)
    await say('delete', 'gone', { id: `refresh:${ID}/gone` })

    expect(await taking).toMatchObject({ removed: [`${ID}/gone`], unanswered: [] })
  })
})
