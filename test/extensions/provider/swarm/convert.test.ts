import { describe, expect, it } from 'vitest'
import {
  type ConvertOptions,
  type Snapshot,
  toListing,
} from '../../../../src/extensions/provider/swarm/convert.js'
import { swarmNode, swarmService, swarmTask, tcp } from '../../../helpers/swarm-objects.js'

const OPTIONS: ConvertOptions = {
  provider: 'provider.swarm',
  defaultPortPublishMode: 'ingress',
  ingressTargets: 'task-nodes',
}

function list(snapshot: Partial<Snapshot>, options: Partial<ConvertOptions> = {}) {
  const nodes = [swarmNode('n1'), swarmNode('n2'), swarmNode('n3')]
  return toListing({ services: [], tasks: [], nodes, ...snapshot }, { ...OPTIONS, ...options })
}

/** `10.0.0.1:80 x2` for each target of the only service. */
function targets(snapshot: Partial<Snapshot>, options: Partial<ConvertOptions> = {}): string[] {
  const [listed] = list(snapshot, options)
  expect(listed?.problem).toBeUndefined()
  return (listed?.service.targets ?? []).map(({ host, port, weight }) => `${host}:${port} x${weight}`)
}

describe('services', () => {
  it('carries what the labels say, the name and the time of creation', () => {
    const labels = {
      'interlook.hosts': 'a.example.com,b.example.com',
      'interlook.ssl': 'true',
      'interlook.address': '10.1.1.1',
      'interlook.pool': 'public',
      'interlook.policy': 'pause',
      'interlook.lb.monitor': 'tcp',
    }
    const services = [swarmService('shop_web', { labels, ports: [tcp('ingress', 80, 30000)] })]

    expect(list({ services, tasks: [swarmTask('shop_web')] })).toEqual([
      {
        service: {
          provider: 'provider.swarm',
          name: 'shop_web',
          targets: [{ host: '10.0.0.1', port: 30000, weight: 1 }],
          tls: true,
          dns_name: ['a.example.com', 'b.example.com'],
          address: '10.1.1.1',
          pool: 'public',
          policy: 'pause',
          options: { monitor: 'tcp' },
        },
        createdAt: '2026-03-01T10:00:00.123456789Z',
      },
    ])
  })

  it('leaves out services without the label, also where a proxy ignored the filter', () => {
    const other = swarmService('other', { ports: [tcp('ingress', 80, 30000)] })
    other.Spec.Labels = { 'com.docker.stack.namespace': 'shop' }
    const bare = swarmService('bare')
    bare.Spec.Labels = null

    expect(list({ services: [other, bare] })).toEqual([])
  })

  it('names every wrong label of a service and goes on with the others', () => {
    const services = [
      swarmService('bad', {
        labels: { 'interlook.ssl': 'yes', 'interlook.port': '81' },
        ports: [tcp('host', 80)],
      }),
      swarmService('good', { ports: [tcp('ingress', 80, 30001)] }),
    ]

    const [bad, good] = list({ services, tasks: [swarmTask('good')] })

    expect(bad?.problem?.code).toBe('label-invalid')
    expect(bad?.problem?.message).toContain('interlook.ssl is "yes"')
    expect(bad?.problem?.message).toContain(
      'interlook.port is "81", expected one of the tcp ports that the service publishes: 80',
    )
    expect(bad?.service).toMatchObject({ name: 'bad', targets: [], dns_name: [] })
    expect(good?.problem).toBeUndefined()
    expect(good?.service.targets).toHaveLength(1)
  })

  it('does not tell of the port twice when its label is no port at all', () => {
    const labels = { 'interlook.port': 'http' }
    const ports = [tcp('host', 80), tcp('host', 81)]

    const [listed] = list({ services: [swarmService('web', { labels, ports })] })

    expect(listed?.problem?.message).toBe('label interlook.port is "http", expected one port from 1 to 65535')
  })
})

describe('tasks', () => {
  const services = [swarmService('web', { ports: [tcp('ingress', 80, 30000)] })]

  it.each([
    ['running', 'running', true],
    ['running', 'starting', false],
    ['running', 'pending', false],
    ['running', 'failed', false],
    ['ready', 'ready', false],
    ['shutdown', 'running', false],
    ['remove', 'running', false],
    ['shutdown', 'complete', false],
    ['complete', 'running', false],
  ])('a task that shall be %s and is %s takes traffic: %s', (desired, state, takes) => {
    expect(targets({ services, tasks: [swarmTask('web', { desired, state })] })).toHaveLength(takes ? 1 : 0)
  })

  it.each([
    ['ready', true],
    ['unknown', true],
    ['disconnected', true],
    ['down', false],
  ])('a task on a node that is %s takes traffic: %s', (state, takes) => {
    const nodes = [swarmNode('n1', { state })]

    expect(targets({ services, nodes, tasks: [swarmTask('web')] })).toHaveLength(takes ? 1 : 0)
  })

  it('ignores tasks of other services, of none, on nodes that are gone, and not yet assigned', () => {
    const loose = swarmTask('web')
    delete loose.ServiceID
    const unassigned = swarmTask('web')
    delete unassigned.NodeID

    expect(
      targets({ services, tasks: [loose, unassigned, swarmTask('x'), swarmTask('web', { node: 'n9' })] }),
    ).toEqual([])
  })

  it('lists a service without tasks, without targets', () => {
    expect(targets({ services, tasks: [] })).toEqual([])
  })
})

describe('host mode', () => {
  it('takes each task once, though the engine lists its port twice, and adds up what shares a place', () => {
    const services = [swarmService('web', { ports: [tcp('host', 80)] })]
    const tasks = [
      swarmTask('web', { node: 'n2', ports: [tcp('host', 80, 32769)] }),
      swarmTask('web', { node: 'n1', ports: [tcp('host', 80, 32768)] }),
      swarmTask('web', { node: 'n1', ports: [tcp('host', 80, 32770)] }),
    ]

    expect(targets({ services, tasks })).toEqual([
      '10.0.0.1:32768 x1',
      '10.0.0.1:32770 x1',
      '10.0.0.2:32769 x1',
    ])
  })

  it('adds up the tasks behind one host and port', () => {
    // Two nodes behind one address, as with a port forwarder in front of them.
    const labels = { 'interlook.node-address': '192.0.2.7' }
    const nodes = [swarmNode('n1', { labels }), swarmNode('n2', { labels })]
    const services = [swarmService('web', { ports: [tcp('host', 80, 8080)] })]
    const tasks = ['n1', 'n2'].map((node) => swarmTask('web', { node, ports: [tcp('host', 80, 8080)] }))

    expect(targets({ services, tasks, nodes })).toEqual(['192.0.2.7:8080 x2'])
  })

  it('takes only the chosen target, and only its tcp port', () => {
    const services = [
      swarmService('web', {
        labels: { 'interlook.port': '443' },
        ports: [tcp('host', 80), tcp('host', 443)],
      }),
    ]
    const udp = { ...tcp('host', 443, 39000), Protocol: 'udp' }
    const ports = [tcp('host', 80, 32768), udp, tcp('host', 443, 32769)]

    expect(targets({ services, tasks: [swarmTask('web', { ports })] })).toEqual(['10.0.0.1:32769 x1'])
  })

  it('leaves out a task that has no port yet', () => {
    const services = [swarmService('web', { ports: [tcp('host', 80, 8080)] })]
    const tasks = [swarmTask('web'), swarmTask('web', { node: 'n2', ports: [tcp('host', 80, 8080)] })]

    expect(targets({ services, tasks })).toEqual(['10.0.0.2:8080 x1'])
  })

  it('keeps a task that still serves on the port from before an update', () => {
    const services = [swarmService('web', { ports: [tcp('host', 80, 8081)] })]
    const tasks = [
      swarmTask('web', { node: 'n1', ports: [tcp('host', 80, 8080)] }),
      swarmTask('web', { node: 'n2', ports: [tcp('host', 80, 8081)] }),
    ]

    expect(targets({ services, tasks })).toEqual(['10.0.0.1:8080 x1', '10.0.0.2:8081 x1'])
  })
})

describe('ingress mode', () => {
  const services = [swarmService('web', { asked: [tcp('ingress', 80)], ports: [tcp('ingress', 80, 30000)] })]

  it('takes the nodes that run a task, each with the weight 1', () => {
    const tasks = [
      swarmTask('web', { node: 'n3' }),
      swarmTask('web', { node: 'n1' }),
      swarmTask('web', { node: 'n1' }),
    ]

    expect(targets({ services, tasks })).toEqual(['10.0.0.1:30000 x1', '10.0.0.3:30000 x1'])
  })

  it('takes all nodes of the mesh when told to, but none while no task runs', () => {
    const nodes = [
      swarmNode('n1'),
      swarmNode('n2', { state: 'unknown' }),
      swarmNode('n3', { availability: 'drain' }),
      swarmNode('n4', { state: 'down' }),
      swarmNode('n5', { availability: 'pause' }),
      swarmNode('n6'),
    ]
    const all = { ingressTargets: 'all' } as const

    expect(targets({ services, nodes, tasks: [swarmTask('web', { node: 'n6' })] }, all)).toEqual([
      '10.0.0.1:30000 x1',
      '10.0.0.2:30000 x1',
      '10.0.0.6:30000 x1',
    ])
    expect(targets({ services, nodes, tasks: [] }, all)).toEqual([])
  })

  it('has no target until the port is allocated, and is not ill-labelled meanwhile', () => {
    const fresh = [swarmService('web', { asked: [tcp('ingress', 80, 8080)] })]

    expect(targets({ services: fresh, tasks: [swarmTask('web')] })).toEqual([])
  })
})

describe('nodes without an address', () => {
  const nodes = [swarmNode('n1'), swarmNode('n2', { address: '0.0.0.0' })]

  it.each([
    ['host', [tcp('host', 80, 8080)]],
    ['ingress', [tcp('ingress', 80, 8080)]],
  ])('make a service with a task there a problem (%s mode)', (_mode, ports) => {
    const services = [swarmService('web', { ports }), swarmService('other', { ports })]
    const tasks = [swarmTask('web', { node: 'n2', ports }), swarmTask('other', { node: 'n1', ports })]

    const [web, other] = list({ services, tasks, nodes })

    expect(web?.problem).toMatchObject({ code: 'provider-unlisted', retryable: true })
    expect(web?.problem?.message).toContain('host-n2')
    expect(web?.problem?.hint).toContain('interlook.node-address')
    expect(other?.problem).toBeUndefined()
  })
})
