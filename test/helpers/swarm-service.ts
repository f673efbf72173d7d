import type { CreateServiceOptions } from 'dockerode'

export interface SwarmPort {
  target: number
  /** Left out: the engine chooses. */
  published?: number
  mode?: 'ingress' | 'host'
  protocol?: 'tcp' | 'udp'
}

/** A service of web tasks; each answers on port 80 with its container's host name. */
export interface SwarmServiceSpec {
  name: string
  labels?: Record<string, string>
  /** Labels of the containers, which are not labels of the service. */
  containerLabels?: Record<string, string>
  /** Default 1. */
  replicas?: number
  /** One task on each node. */
  global?: boolean
  ports?: SwarmPort[]
  env?: string[]
  /** e.g. `node.labels.none==1`: tasks stay pending, which is cheap. */
  constraints?: string[]
  /** Instead of the web task. */
  command?: string[]
  /** A probe for the shell; until it succeeds a task stays `starting`. */
  healthCheck?: string
  /** False: do not wait until the tasks run. */
  wait?: boolean
}

/** A bare httpd as first process would ignore SIGTERM and use up the grace period. */
const WEB = [
  'sh',
  '-c',
  "mkdir -p /www; echo $HOSTNAME > /www/index.html; trap 'exit 0' TERM; httpd -f -p 80 -h /www & wait",
]

/** What the engine's API takes. */
export function serviceSpec(spec: SwarmServiceSpec): CreateServiceOptions {
  const nanoseconds = 1_000_000
  return {
    Name: spec.name,
    Labels: spec.labels ?? {},
    TaskTemplate: {
      ContainerSpec: {
        Image: 'tiny:1',
        Command: spec.command ?? WEB,
        Env: spec.env ?? [],
        Labels: spec.containerLabels ?? {},
        ...(spec.healthCheck !== undefined && {
          HealthCheck: {
            Test: ['CMD-SHELL', spec.healthCheck],
            Interval: 200 * nanoseconds,
            Timeout: 2000 * nanoseconds,
          },
        }),
      },
      Placement: { Constraints: spec.constraints ?? [] },
      RestartPolicy: { Condition: 'any', Delay: 100 * nanoseconds },
    },
    Mode: spec.global === true ? { Global: {} } : { Replicated: { Replicas: spec.replicas ?? 1 } },
    UpdateConfig: {
      Parallelism: 0,
      Delay: 0,
      Monitor: 100 * nanoseconds,
      Order: 'stop-first',
      FailureAction: 'continue',
      MaxFailureRatio: 0,
    },
    EndpointSpec: {
      Mode: 'vip',
      Ports: (spec.ports ?? []).map((port) => ({
        Protocol: port.protocol ?? 'tcp',
        TargetPort: port.target,
        PublishMode: port.mode ?? 'ingress',
        ...(port.published !== undefined && { PublishedPort: port.published }),
      })),
    },
  }
}
