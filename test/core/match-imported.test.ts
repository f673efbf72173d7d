import { describe, expect, it } from 'vitest'
import type { Entry } from '../../src/core/entry.js'
import { matchImported, UNKNOWN_PROVIDER } from '../../src/core/match-imported.js'
import { bareService, type Service, serviceKey } from '../../src/sdk/service.js'

function imported(provider: string, name: string, change: Partial<Entry> = {}): Entry {
  const service = { ...bareService({ provider, name }), public_ip: '10.0.0.1' }
  return {
    key: serviceKey(service),
    service,
    expected: 'deployed',
    inUse: service,
    steps: {
      'lb.x': {
        state: 'done',
        sent: { service, previous: service },
        acked: { service },
        outputs: {},
        attempts: 0,
      },
    },
    scheduled: [],
    heirs: [],
    imported: true,
    detectedAt: 1,
    updatedAt: 1,
    ...change,
  }
}

function listed(key: string): Service {
  const [provider = '', namespace = '', name] = key.split('/')
  return bareService(name === undefined ? { provider, name: namespace } : { provider, namespace, name })
}

describe('matchImported', () => {
  it.each([
    ['the one of that name in a namespace', 'p.k/web', ['p.k/shop/web', 'p.k/shop/api'], 'p.k/shop/web'],
    ['none when two namespaces have it', 'p.k/web', ['p.k/a/web', 'p.k/b/web'], undefined],
    ['none of another provider', 'p.k/web', ['p.swarm/web'], undefined],
    ['itself, without a change', 'p.k/web', ['p.k/web', 'p.k/shop/web'], undefined],
    ['any provider when its own is not known', `${UNKNOWN_PROVIDER}/web`, ['p.swarm/web'], 'p.swarm/web'],
    ['none when two providers have it', `${UNKNOWN_PROVIDER}/web`, ['p.swarm/web', 'p.k/a/web'], undefined],
    ['none that is not there', 'p.k/web', [], undefined],
  ])('finds %s', (_, key, services, expected) => {
    const [provider = '', name = ''] = key.split('/')

    const result = matchImported([imported(provider, name)], services.map(listed))

    expect(result.map(({ entry }) => entry.key)).toEqual(expected === undefined ? [] : [expected])
    expect(result.map(({ from }) => from)).toEqual(expected === undefined ? [] : [key])
  })

  it('renames the service everywhere in the entry', () => {
    const [result] = matchImported([imported('p.k', 'web')], [listed('p.k/shop/web')])

    const service = {
      ...bareService({ provider: 'p.k', namespace: 'shop', name: 'web' }),
      public_ip: '10.0.0.1',
    }
    expect(result?.entry).toMatchObject({ service, inUse: service })
    expect(result?.entry.steps['lb.x']).toMatchObject({
      sent: { service, previous: service },
      acked: { service },
    })
  })

  it.each([
    ['an entry that was not imported', { imported: false }],
    [
      'an entry with a namespace',
      { service: { ...bareService({ provider: 'p.k', namespace: 'a', name: 'web' }) } },
    ],
  ])('leaves %s alone', (_, change) => {
    expect(matchImported([imported('p.k', 'web', change)], [listed('p.k/shop/web')])).toEqual([])
  })

  it('gives no key twice', () => {
    const own = imported('p.k', 'web', { key: 'p.k/shop/web', imported: false })
    expect(matchImported([imported('p.k', 'web'), own], [listed('p.k/shop/web')])).toEqual([])

    const two = [imported('p.k', 'web'), imported(UNKNOWN_PROVIDER, 'web')]
    expect(matchImported(two, [listed('p.k/shop/web')]).map(({ from }) => from)).toEqual(['p.k/web'])
  })
})
