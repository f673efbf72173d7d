import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { definition } from '../../../../src/extensions/provider/swarm/index.js'
import { SwarmConfig } from '../../../../src/extensions/provider/swarm/schema.js'
import { type Clock, systemClock } from '../../../../src/sdk/clock.js'
import type { Context } from '../../../../src/sdk/define.js'
import { silentLogger } from '../../../../src/sdk/logger.js'
import type { Provider } from '../../../../src/sdk/provider.js'
import { type EngineServer, json, startEngineServer } from '../../../helpers/engine-server.js'
import { like } from '../../../helpers/like.js'
import { swarmNode, swarmService, swarmTask, tcp } from '../../../helpers/swarm-objects.js'

const never = new AbortController().signal

let engine: EngineServer
const open: Provider[] = []

beforeEach(async () => {
  engine = await startEngineServer()
})

afterEach(async () => {
  for (const provider of open.splice(0)) await provider.close?.()
  await engine.close()
})

function create(config: object = {}, clock: Clock = systemClock): Provider {
  const context: Context = {
    id: 'provider.swarm',
    owner: 'test',
    logger: silentLogger,
    clock,
    dryRun: true,
    deadlineMs: 5000,
  }
  const provider = definition.create(SwarmConfig.parse({ endpoint: engine.endpoint, ...config }), context)
  open.push(provider)
  return provider
}

describe('provider.swarm', () => {
  it('lists what its config asks for', async () => {
    const ports = [tcp('host', 80, 8080), tcp('ingress', 80, 30000)]
    engine.answer('/services', json([swarmService('web', { ports })]))
    engine.answer('/tasks', json([swarmTask('web', { ports: [tcp('host', 80, 8080)] })]))
    engine.answer('/nodes', json([swarmNode('n1'), swarmNode('n2')]))
    const host = create({ defaultPortPublishMode: 'host' })
    const ingress = create({ ingressTargets: 'all' })
    await host.connect?.(never)
    await ingress.connect?.(never)

    await expect(host.list(never)).resolves.toMatchObject([
      { service: { provider: 'provider.swarm', name: 'web', targets: [{ host: '10.0.0.1', port: 8080 }] } },
    ])
    await expect(ingress.list(never)).resolves.toMatchObject([
      {
        service: {
          targets: [
            { host: '10.0.0.1', port: 30000 },
            { host: '10.0.0.2', port: 30000 },
          ],
        },
      },
    ])
  })

  it('does nothing before it is connected', async () => {
    create()

    await expect(create().list(never)).rejects.toMatchObject({ code: 'internal' })
    expect(engine.connections).toBe(0)
  })

  it.each([
    [
      'a worker',
      503,
      'This node is not a swarm manager.',
      /no swarm manager.*not a swarm manager/,
      /must be a manager/,
    ],
    ['no docker engine', 404, 'page not found', /HTTP 404/, /./],
  ])('does not start on %s', async (_what, status, message, text, hint) => {
    engine.answer('/nodes', json({ message }, status))
    const provider = create()

    await expect(provider.connect?.(never)).rejects.toMatchObject({
      code: 'extension-start',
      message: like(text),
      ...(status === 503 && { hint: like(hint) }),
    })
    await expect(provider.close?.()).resolves.toBeUndefined()
  })

  it('closes before and after it was connected, and twice', async () => {
    const provider = create()
    await provider.close?.()
    await provider.connect?.(never)
    await provider.close?.()
    await provider.close?.()

    await expect(provider.list(never)).rejects.toMatchObject({ code: 'internal' })
  })

  it('asks for a new listing at every interval until it is stopped', async () => {
    const stop = new AbortController()
    const waits: number[] = []
    let changes = 0
    const clock: Clock = {
      now: () => 0,
      sleep: (ms) => {
        waits.push(ms)
        if (waits.length === 3) stop.abort()
        return Promise.resolve()
      },
    }
    const provider = create({ pollInterval: '7s' }, clock)

    await provider.watch?.(() => {
      changes += 1
    }, stop.signal)

    expect(waits).toEqual([7000, 7000, 7000])
    expect(changes).toBe(2)
  })
})
