import { type LabelIssue, PORT_LABEL } from '../../../sdk/labels.js'
import type { Port, SwarmService, SwarmTask } from './shapes.js'

export type PublishMode = 'ingress' | 'host'

/** The port that the load balancer shall use. */
export interface ChosenPort {
  mode: PublishMode
  target: number
  /** Not known: a host port that each task gets its own, or one that is not allocated yet. */
  published?: number
}

/**
 * Which port of the service is meant: the one that the label names (by its target, else by its published
 * number), or the only one. Where it is published in both modes, `preferred` decides.
 */
export function choosePort(
  service: SwarmService,
  wanted: number | undefined,
  preferred: PublishMode,
): ChosenPort | LabelIssue {
  const ports = publishedPorts(service, preferred)
  const targets = [...new Set(ports.map((port) => port.target))]
  if (wanted === undefined && targets.length !== 1) return { label: PORT_LABEL, expected: expectation(ports) }
  const target = wanted ?? targets[0]
  const byTarget = ports.filter((port) => port.target === target)
  const matches = byTarget.length > 0 ? byTarget : ports.filter((port) => port.published === wanted)
  const rank = (port: ChosenPort): number => (port.mode === preferred ? 0 : 1)
  const [best] = matches.sort((a, b) => rank(a) - rank(b) || (a.published ?? 0) - (b.published ?? 0))
  return best ?? { label: PORT_LABEL, value: String(wanted), expected: expectation(ports) }
}

/** True for the answer of `choosePort` that is no port. */
export function isLabelIssue(choice: ChosenPort | LabelIssue): choice is LabelIssue {
  return 'label' in choice
}

/**
 * Number of the routing mesh's port. Only what was allocated counts: what was asked for may not be there yet.
 */
export function ingressPort(service: SwarmService, port: ChosenPort): number | undefined {
  const numbers = tcpPorts(service.Endpoint?.Ports)
    .filter((item) => item.TargetPort === port.target && item.PublishMode !== 'host')
    .map((item) => item.PublishedPort ?? 0)
    .filter((number) => number > 0)
  return pick(numbers, port.published)
}

/**
 * Number of a task's own port on its node. The engine lists it twice, once for IPv4 and once for IPv6; a task
 * from before an update may still have another number than the service now asks for, and serves on it.
 */
export function hostPort(task: SwarmTask, port: ChosenPort): number | undefined {
  const numbers = tcpPorts(task.Status.PortStatus?.Ports)
    .filter((item) => item.TargetPort === port.target && item.PublishMode !== 'ingress')
    .map((item) => item.PublishedPort ?? 0)
    .filter((number) => number > 0)
  return pick(numbers, port.published)
}

/** The wanted number where it is there; else always the same one. */
function pick(numbers: number[], wanted: number | undefined): number | undefined {
  if (numbers.length === 0) return undefined
  return wanted !== undefined && numbers.includes(wanted) ? wanted : Math.min(...numbers)
}

/** What the engine allocated, and what was asked for and is not allocated yet: that takes a few ms. */
function publishedPorts(service: SwarmService, preferred: PublishMode): ChosenPort[] {
  const allocated = tcpPorts(service.Endpoint?.Ports)
  const asked = tcpPorts(service.Spec.EndpointSpec?.Ports).filter(
    (port) =>
      !allocated.some((item) => item.TargetPort === port.TargetPort && item.PublishMode === port.PublishMode),
  )
  return [...allocated, ...asked].map((port) => ({
    mode: port.PublishMode === 'ingress' || port.PublishMode === 'host' ? port.PublishMode : preferred,
    target: port.TargetPort,
    ...(port.PublishedPort ? { published: port.PublishedPort } : {}),
  }))
}

function tcpPorts(ports: readonly Port[] | null | undefined): Port[] {
  return (ports ?? []).filter((port) => port.Protocol === 'tcp')
}

function expectation(ports: readonly ChosenPort[]): string {
  if (ports.length === 0) return 'a tcp port that the service publishes, and it publishes none'
  const texts = ports.map((port) =>
    port.published === undefined ? String(port.target) : `${port.target} (published as ${port.published})`,
  )
  return `one of the tcp ports that the service publishes: ${[...new Set(texts)].join(', ')}`
}
