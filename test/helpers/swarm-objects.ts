import type { Port, SwarmNode, SwarmService, SwarmTask } from '../../src/extensions/provider/swarm/shapes.js'

/** Objects as the engine's API gave them (20.10, API 1.41), cut down to the keys that are used. */

export function tcp(mode: 'ingress' | 'host', target: number, published?: number): Port {
  return {
    Protocol: 'tcp',
    TargetPort: target,
    ...(published !== undefined && { PublishedPort: published }),
    PublishMode: mode,
  }
}

export interface ServiceParts {
  labels?: Record<string, string>
  /** What was asked for; by default what was allocated. */
  asked?: Port[]
  /** What was allocated. */
  ports?: Port[]
}

export function swarmService(
  name: string,
  { labels = {}, ports, asked = ports }: ServiceParts = {},
): SwarmService {
  return {
    ID: `${name}-id`,
    CreatedAt: '2026-03-01T10:00:00.123456789Z',
    Spec: {
      Name: name,
      Labels: { 'interlook.hosts': `${name}.example.com`, ...labels },
      ...(asked && { EndpointSpec: { Ports: asked } }),
    },
    // Without ports the engine leaves the key out.
    Endpoint: ports === undefined ? {} : { Ports: ports },
  }
}

export interface TaskParts {
  node?: string
  desired?: string
  state?: string
  /** Published ports of the task itself; the engine lists each twice. */
  ports?: Port[]
}

let tasks = 0

export function swarmTask(service: string, parts: TaskParts = {}): SwarmTask {
  const { node = 'n1', desired = 'running', state = 'running', ports } = parts
  tasks += 1
  return {
    ID: `task-${tasks}`,
    ServiceID: `${service}-id`,
    NodeID: node,
    DesiredState: desired,
    Status: { State: state, PortStatus: ports === undefined ? {} : { Ports: [...ports, ...ports] } },
  }
}

export interface NodeParts {
  address?: string
  managerAddress?: string
  state?: string
  availability?: string
  labels?: Record<string, string>
}

/** Node `n1` has the address 10.0.0.1. */
export function swarmNode(id: string, parts: NodeParts = {}): SwarmNode {
  const { address = `10.0.0.${id.slice(1)}`, managerAddress, state = 'ready', labels = {} } = parts
  return {
    ID: id,
    Spec: { Labels: labels, Availability: parts.availability ?? 'active' },
    Description: { Hostname: `host-${id}` },
    Status: { State: state, Addr: address },
    ...(managerAddress !== undefined && { ManagerStatus: { Addr: managerAddress } }),
  }
}
