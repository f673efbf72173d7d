import { once } from 'node:events'
import { get } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { definition } from '../../src/extensions/provider/swarm/index.js'
import { SwarmConfig } from '../../src/extensions/provider/swarm/schema.js'
import { systemClock } from '../../src/sdk/clock.js'
import { silentLogger } from '../../src/sdk/logger.js'
import type { ListedService, Provider } from '../../src/sdk/provider.js'
import { like } from '../helpers/like.js'
import { describeReal, SWARM_NEEDS } from '../helpers/real.js'
import { startSwarm, type Swarm } from '../helpers/swarm.js'
import { until } from '../helpers/swarm-tasks.js'

const never = new AbortController().signal
const LIMIT = '1500ms'

let swarm: Swarm
const providers: Provider[] = []

async function connected(config: object = {}): Promise<Provider> {
  const provider = definition.create(
    SwarmConfig.parse({ endpoint: swarm.endpoint, requestTimeout: LIMIT, ...config }),
    {
      id: 'provider.swarm',
      owner: 'test',
      logger: silentLogger,
      clock: systemClock,
      dryRun: true,
      deadlineMs: 30_000,
    },
  )
  providers.push(provider)
  await provider.connect?.(never)
  return provider
}

async function list(config: object = {}): Promise<Map<string, ListedService>> {
  const provider = await connected(config)
  return new Map((await provider.list(never)).map((listed) => [listed.service.name, listed]))
}

async function names(provider: Provider): Promise<string[]> {
  return (await provider.list(never)).map(({ service }) => service.name).sort()
}

async function page(host: string, port: number): Promise<string> {
  const [response] = (await once(get({ host, port, agent: false }), 'response')) as [AsyncIterable<Buffer>]
  let body = ''
  for await (const chunk of response) body += chunk.toString()
  return body.trim()
}

describeReal('provider.swarm on a real swarm', [...SWARM_NEEDS, 'openssl'], () => {
  beforeAll(async () => {
    swarm = await startSwarm({ tls: true })
    const labels = (name: string, more: Record<string, string> = {}) => ({
      labels: { 'interlook.hosts': `${name}.example.com`, ...more },
    })
    await Promise.all([
      swarm.createService({
        name: 'host',
        replicas: 2,
        ports: [{ target: 80, mode: 'host' }],
        ...labels('host', { 'interlook.ssl': 'T', 'interlook.lb.monitor': 'http', zone: 'dmz' }),
      }),
      swarm.createService({
        name: 'fixed',
        ports: [
          { target: 80, published: 8080, mode: 'host' },
          { target: 81, published: 8081, mode: 'host' },
        ],
        ...labels('fixed', { 'interlook.port': '80' }),
      }),
      swarm.createService({
        name: 'ingress',
        replicas: 2,
        ports: [{ target: 80 }],
        ...labels('ingress', { zone: 'lan' }),
      }),
      swarm.createService({
        name: 'global',
        global: true,
        ports: [{ target: 80, published: 9090, mode: 'ingress' }],
        ...labels('global'),
      }),
      swarm.createService({ name: 'none', replicas: 0, ports: [{ target: 80 }], ...labels('none') }),
      swarm.createService({
        name: 'bad',
        replicas: 0,
        ports: [{ target: 80 }, { target: 443 }],
        ...labels('bad', { 'interlook.ssl': 'yes' }),
      }),
      swarm.createService({ name: 'plain', replicas: 0, labels: { zone: 'dmz' } }),
      swarm.createService({
        name: 'inner',
        replicas: 0,
        containerLabels: { 'interlook.hosts': 'inner.example.com' },
      }),
    ])
  })

  afterAll(async () => {
    await swarm.stop()
  })

  afterEach(async () => {
    for (const provider of providers.splice(0)) await provider.close?.()
  })

  describe('listing', () => {
    it('names the services whose own labels ask for it, and no other', async () => {
      expect([...(await list()).keys()].sort()).toEqual(['bad', 'fixed', 'global', 'host', 'ingress', 'none'])
    })

    it('gives each task of a host port its own target, once, that answers', async () => {
      const host = (await list()).get('host')

      expect(host).toMatchObject({
        service: {
          provider: 'provider.swarm',
          name: 'host',
          tls: true,
          dns_name: ['host.example.com'],
          options: { monitor: 'http' },
        },
      })
      expect(Date.parse(host?.createdAt ?? '')).toBeGreaterThan(Date.now() - 600_000)
      const targets = host?.service.targets ?? []
      expect(targets).toMatchObject([
        { host: swarm.address, weight: 1 },
        { host: swarm.address, weight: 1 },
      ])
      // The page of a task names its container: two targets, two tasks.
      const pages = await Promise.all(targets.map((target) => page(target.host, target.port)))
      expect(new Set(pages).size).toBe(2)
    })

    it('takes the port that the label names', async () => {
      expect((await list()).get('fixed')?.service.targets).toEqual([
        { host: swarm.address, port: 8080, weight: 1 },
      ])
    })

    it('takes an ingress port that the engine allocated, with the weight 1, and a global service', async () => {
      const listed = await list()

      const [target, ...others] = listed.get('ingress')?.service.targets ?? []
      expect(target).toMatchObject({ host: swarm.address, weight: 1 })
      expect(target?.port).toBeGreaterThanOrEqual(30_000)
      expect(others).toEqual([])
      expect(listed.get('global')?.service.targets).toEqual([{ host: swarm.address, port: 9090, weight: 1 }])
    })

    it('lists a service without tasks, without targets', async () => {
      const none = (await list()).get('none')

      expect(none?.problem).toBeUndefined()
      expect(none?.service.targets).toEqual([])
    })

    it('tells of every wrong label of a service', async () => {
      expect((await list()).get('bad')?.problem).toMatchObject({
        code: 'label-invalid',
        message: like(/interlook\.ssl is "yes".*interlook\.port is missing, expected one of .*80.*443/),
      })
    })

    it('takes only services with all labels of the selector', async () => {
      expect([...(await list({ labelSelector: ['zone=dmz'] })).keys()]).toEqual(['host'])
      expect([...(await list({ labelSelector: ['zone'] })).keys()].sort()).toEqual(['host', 'ingress'])
      expect([...(await list({ labelSelector: ['zone=dmz', 'other'] })).keys()]).toEqual([])
    })

    it('takes the address from the label of the node', async () => {
      await swarm.updateNode({ labels: { 'interlook.node-address': '192.0.2.9' } })
      const labelled = (await list()).get('global')?.service.targets
      await swarm.updateNode({})

      expect(labelled).toMatchObject([{ host: '192.0.2.9' }])
      expect((await list()).get('global')?.service.targets).toMatchObject([{ host: swarm.address }])
    })
  })

  it('follows a service that comes, changes and goes', async () => {
    const provider = await connected()
    const find = async () => (await provider.list(never)).find(({ service }) => service.name === 'guest')
    const labels = { 'interlook.hosts': 'guest.example.com' }

    await swarm.createService({ name: 'guest', labels, ports: [{ target: 80, mode: 'host' }] })
    const created = await find()
    await swarm.updateService('guest', { labels: { 'interlook.hosts': 'new.example.com' } })
    const renamed = await find()
    await swarm.updateService('guest', { replicas: 3 })
    const scaled = await find()
    await swarm.removeService('guest')
    const removed = await find()

    expect(created?.service).toMatchObject({ dns_name: ['guest.example.com'], targets: [{ weight: 1 }] })
    expect(renamed?.service.dns_name).toEqual(['new.example.com'])
    expect(renamed?.service.targets).toEqual(created?.service.targets)
    expect(scaled?.service.targets).toHaveLength(3)
    expect(removed).toBeUndefined()
  })

  it('gives no target for a container that runs and is not healthy yet', async () => {
    const labels = { 'interlook.hosts': 'sick.example.com' }
    const ports = [{ target: 80, mode: 'host' as const }]
    await swarm.createService({ name: 'sick', labels, ports, healthCheck: 'false', wait: false })
    await until('the container runs', async () => {
      const tasks = (await swarm.docker.listTasks({ filters: JSON.stringify({ service: ['sick'] }) })) as {
        Status: { State: string }
      }[]
      expect(tasks.map((task) => task.Status.State)).toContain('starting')
    })

    const starting = (await list()).get('sick')
    await swarm.removeService('sick')

    expect(starting?.service.targets).toEqual([])
  })

  describe('TLS', () => {
    const tls = () => ({
      endpoint: swarm.tlsEndpoint,
      tlsCa: swarm.certs.ca,
      tlsCert: swarm.certs.client.cert,
      tlsKey: swarm.certs.client.key,
    })
    const pair = ({ cert, key }: { cert: string; key: string }) => ({ tlsCert: cert, tlsKey: key })

    it('lists over TLS with a client certificate', async () => {
      expect([...(await list(tls())).keys()]).toContain('host')
    })

    it('lists without verifying the manager when told to', async () => {
      const unverified = { ...tls(), tlsCa: swarm.certs.rogue.ca, insecureSkipVerify: true }

      expect([...(await list(unverified)).keys()]).toContain('host')
    })

    it.each<[string, () => object, string, RegExp]>([
      ['a client certificate of another authority', () => pair(swarm.certs.rogue), 'unauthorized', /tlsCert/],
      ['an expired client certificate', () => pair(swarm.certs.expired), 'unauthorized', /tlsCert/],
      ['no client certificate', () => pair({ cert: '', key: '' }), 'unauthorized', /tlsCert/],
      ['the wrong authority', () => ({ tlsCa: swarm.certs.rogue.ca }), 'unauthorized', /tlsCa/],
      [
        'a key of another certificate',
        () => ({ tlsKey: swarm.certs.rogue.key }),
        'extension-start',
        /tlsKey/,
      ],
      ['plain HTTP', () => ({ endpoint: swarm.tlsEndpoint.replace('tcp:', 'http:') }), 'unreachable', /TLS/],
    ])('does not start with %s', async (_what, change, code, hint) => {
      await expect(connected({ ...tls(), ...change() })).rejects.toMatchObject({ code, hint: like(hint) })
    })
  })

  it('does not start on an engine that is in no swarm', async () => {
    const single = await startSwarm({ init: false })
    try {
      await expect(connected({ endpoint: single.endpoint })).rejects.toMatchObject({
        code: 'extension-start',
        message: like(/not a swarm manager/),
        hint: like(/must be a manager/),
      })
    } finally {
      await single.stop()
    }
  })

  describe('a daemon in trouble', () => {
    it('throws within the deadline while dockerd hangs, and lists again after it', async () => {
      const provider = await connected()
      const before = await provider.list(never)

      swarm.pause()
      const started = performance.now()
      const hung = await provider.list(never).catch((error: unknown) => error)
      const took = performance.now() - started
      swarm.resume()

      expect(hung).toMatchObject({ code: 'timeout', retryable: true })
      expect(took).toBeLessThan(2500)
      expect(await provider.list(never)).toEqual(before)
    })

    it('throws while dockerd is dead, does not start then, and lists the same once it is back', async () => {
      const provider = await connected()
      const before = await names(provider)

      await swarm.kill()
      const dead = await provider.list(never).catch((error: unknown) => error)
      const start = await connected().catch((error: unknown) => error)
      await swarm.restart()

      expect(dead).toMatchObject({ code: 'unreachable', message: like(/docker\.sock/) })
      expect(start).toMatchObject({ code: 'unreachable', hint: like(/is docker running/) })
      expect(await names(provider)).toEqual(before)
    })
  })
})
