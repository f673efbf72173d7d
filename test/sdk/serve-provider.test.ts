import { describe, expect, it } from 'vitest'
import type { Answer } from '../../src/sdk/answer.js'
import { createChannel } from '../../src/sdk/channel.js'
import { InterlookError, type Problem } from '../../src/sdk/errors.js'
import { silentLogger } from '../../src/sdk/logger.js'
import type { Message } from '../../src/sdk/message.js'
import type { ListedService, Provider } from '../../src/sdk/provider.js'
import { serveProvider } from '../../src/sdk/serve-provider.js'
import { bareService, type Service } from '../../src/sdk/service.js'
import { manualClock, settled } from '../helpers/manual-clock.js'

const ID = 'provider.test'

function listed(name: string, more: Partial<Service> = {}, problem?: Problem): ListedService {
  return { service: { ...bareService({ provider: ID, name }), ...more }, ...(problem && { problem }) }
}

function stage(provider: Partial<Provider> & { list: Provider['list'] }) {
  const clock = manualClock()
  const context = { id: ID, owner: 'me', logger: silentLogger, clock, dryRun: false, deadlineMs: 1_000 }
  const served = serveProvider(provider, context)
  const receive = createChannel<Message>()
  const sent: Answer[] = []
  return {
    clock,
    served,
    receive,
    sent,
    start: () => served.start(receive, async (message) => void sent.push(message)),
    stop: async () => {
      receive.close()
      await served.stop()
    },
  }
}

const refresh = (name: string, id: string): Message => ({
  action: 'refresh',
  sender: 'core',
  destination: ID,
  id,
  service: bareService({ provider: ID, name }),
})

const signal = new AbortController().signal

describe('a listing', () => {
  it('is passed on as it is', async () => {
    const items = [listed('web'), listed('api', { targets: [{ host: 'a', port: 1, weight: 1 }] })]
    const { served } = stage({ list: async () => items })

    expect(await served.listing.list(signal)).toEqual(items)
  })

  it.each<[string, ListedService[]]>([
    ['lists a key twice', [listed('web'), listed('web')]],
    ['names another provider', [listed('web', { provider: 'provider.other' })]],
    ['has no name', [listed('')]],
    ['has a slash in its name', [listed('a/b')]],
    ['has an empty namespace', [listed('web', { namespace: '' })]],
    ['has port 0', [listed('web', { targets: [{ host: 'a', port: 0, weight: 1 }] })]],
    ['has port 65536', [listed('web', { targets: [{ host: 'a', port: 65_536, weight: 1 }] })]],
    ['has a broken port', [listed('web', { targets: [{ host: 'a', port: 8.5, weight: 1 }] })]],
    ['has weight 0', [listed('web', { targets: [{ host: 'a', port: 1, weight: 0 }] })]],
    ['has a target without a host', [listed('web', { targets: [{ host: '', port: 1, weight: 1 }] })]],
    ['has an empty host name', [listed('web', { dns_name: [''] })]],
  ])('that %s is no listing', async (_, items) => {
    const { served } = stage({ list: async () => items })

    await expect(served.listing.list(signal)).rejects.toMatchObject({ code: 'provider-unlisted' })
  })

  it('may hold anything in a service with a problem, but its identity', async () => {
    const problem: Problem = { code: 'label-invalid', message: 'bad port', retryable: false }
    const items = [listed('web', { targets: [{ host: '', port: 0, weight: 0 }] }, problem)]
    const { served } = stage({ list: async () => items })

    expect(await served.listing.list(signal)).toEqual(items)
  })

  it.each([
    ['an error of ours', new InterlookError('unreachable', 'no route'), 'unreachable'],
    ['any other error', new Error('boom'), 'provider-unlisted'],
  ])('that throws %s is told by its code', async (_, error, code) => {
    const { served } = stage({ list: () => Promise.reject(error) })

    await expect(served.listing.list(signal)).rejects.toMatchObject({ code })
  })

  it('that never ends is given up at the deadline', async () => {
    const { served, clock } = stage({ list: () => new Promise(() => undefined) })
    const outcome = served.listing.list(signal).catch((error: unknown) => error)

    await clock.advance(900)
    await clock.advance(100)

    expect(await outcome).toMatchObject({ code: 'timeout' })
    await served.stop()
  })

  it('that goes on after its signal aborted does not count, however short', async () => {
    const { served, clock } = stage({
      list: (cut) => new Promise((resolve) => cut.addEventListener('abort', () => resolve([]))),
    })
    const outcome = served.listing.list(signal).catch((error: unknown) => error)

    await clock.advance(900)

    expect(await outcome).toMatchObject({ code: 'timeout' })
  })
})

describe('a provider where only messages are understood', () => {
  it('pushes add for what is listed and delete for what vanished, once each', async () => {
    let items = [listed('web'), listed('api')]
    let change: () => void = () => undefined
    const here = stage({
      list: async () => items,
      watch: (onChange, ends) => {
        change = onChange
        return new Promise((resolve) => ends.addEventListener('abort', () => resolve()))
      },
    })
    await here.start()
    await settled()

    items = [listed('api'), listed('new')]
    change()
    await settled()
    await here.stop()

    expect(here.sent.map(({ action, service }) => [action, service.name])).toEqual([
      ['add', 'web'],
      ['add', 'api'],
      ['add', 'new'],
      ['delete', 'web'],
    ])
  })

  it('says nothing when a listing fails', async () => {
    let fails = false
    let change: () => void = () => undefined
    const here = stage({
      list: async () => (fails ? Promise.reject(new Error('boom')) : [listed('web')]),
      watch: (onChange, ends) => {
        change = onChange
        return new Promise((resolve) => ends.addEventListener('abort', () => resolve()))
      },
    })
    await here.start()
    await settled()

    fails = true
    change()
    await settled()
    await here.stop()

    expect(here.sent).toHaveLength(1)
  })

  it('answers many refreshes out of one listing', async () => {
    let lists = 0
    const here = stage({
      list: async () => {
        lists += 1
        return [listed('web', { dns_name: ['web.example.com'] })]
      },
    })
    await here.start()
    await settled()
    here.sent.length = 0
    lists = 0

    here.receive.push(refresh('web', 'r1'))
    here.receive.push(refresh('gone', 'r2'))
    await settled()
    await here.stop()

    expect(lists).toBe(1)
    expect(here.sent.map(({ action, id, service }) => [action, id, service.name])).toEqual([
      ['add', 'r1', 'web'],
      ['delete', 'r2', 'gone'],
    ])
    expect(here.sent[0]?.service.dns_name).toEqual(['web.example.com'])
  })

  it('answers a refresh with an error when it cannot list', async () => {
    const here = stage({ list: () => Promise.reject(new InterlookError('unreachable', 'no route')) })
    await here.start()

    here.receive.push(refresh('web', 'r1'))
    await settled()
    await here.stop()

    expect(here.sent).toEqual([
      expect.objectContaining({ action: 'refresh', id: 'r1', error: 'no route', reason: 'unreachable' }),
    ])
  })

  it('ends its watch and closes when it is stopped, also twice', async () => {
    const log: string[] = []
    const here = stage({
      connect: async () => void log.push('connect'),
      close: async () => void log.push('close'),
      list: async () => [],
      watch: async (_, ends) => {
        await new Promise((resolve) => ends.addEventListener('abort', resolve))
        log.push('watch ended')
      },
    })
    await here.start()

    await here.stop()
    await here.served.stop()

    expect(log).toEqual(['connect', 'watch ended', 'close'])
  })
})
