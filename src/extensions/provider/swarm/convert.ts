import type { Problem } from '../../../sdk/errors.js'
import { HOSTS_LABEL, labelProblem, parseLabels } from '../../../sdk/labels.js'
import type { ListedService } from '../../../sdk/provider.js'
import { bareService, normalizeTargets, type Target } from '../../../sdk/service.js'
import { isDown, isOpenToAll, type NodePlace, placeOf } from './nodes.js'
import {
  type ChosenPort,
  choosePort,
  hostPort,
  ingressPort,
  isLabelIssue,
  type PublishMode,
} from './ports.js'
import type { SwarmNode, SwarmService, SwarmTask } from './shapes.js'

/** The three lists of one reading. */
export interface Snapshot {
  services: SwarmService[]
  tasks: SwarmTask[]
  nodes: SwarmNode[]
}

export interface ConvertOptions {
  /** Id of the provider. */
  provider: string
  defaultPortPublishMode: PublishMode
  ingressTargets: 'task-nodes' | 'all'
}

/** A node with where it can be reached. */
interface Place {
  node: SwarmNode
  place: NodePlace
}

/** A task that takes traffic, and its node. */
interface LiveTask extends Place {
  task: SwarmTask
}

/** The labelled services of a snapshot, each with its targets or the reason why it cannot have them. */
export function toListing(snapshot: Snapshot, options: ConvertOptions): ListedService[] {
  const places = new Map(snapshot.nodes.map((node) => [node.ID, { node, place: placeOf(node) }]))
  const tasks = liveTasks(snapshot.tasks, places)
  return snapshot.services
    .filter((service) => Object.hasOwn(service.Spec.Labels ?? {}, HOSTS_LABEL))
    .map((service) => toListed(service, tasks.get(service.ID) ?? [], [...places.values()], options))
}

function toListed(
  service: SwarmService,
  tasks: readonly LiveTask[],
  places: readonly Place[],
  options: ConvertOptions,
): ListedService {
  const identity = bareService({ provider: options.provider, name: service.Spec.Name })
  const created = service.CreatedAt ? { createdAt: service.CreatedAt } : {}
  const { labels, issues } = parseLabels(service.Spec.Labels ?? {})
  const { port: wanted, ...fields } = labels
  // A label that is no port at all says enough: which ports there are would only confuse.
  const port = choosePort(service, wanted, options.defaultPortPublishMode)
  if (isLabelIssue(port) && !issues.some((issue) => issue.label === port.label)) issues.push(port)
  if (isLabelIssue(port) || issues.length > 0) {
    return { service: identity, ...created, problem: labelProblem(issues) }
  }
  const targets =
    port.mode === 'host' ? hostTargets(tasks, port) : ingressTargets(service, tasks, places, port, options)
  if ('code' in targets) return { service: identity, ...created, problem: targets }
  return { service: { ...identity, ...fields, targets: normalizeTargets(targets) }, ...created }
}

/** By service. What is being stopped, not started, or on a node that is down or gone takes no traffic. */
function liveTasks(tasks: readonly SwarmTask[], places: Map<string, Place>): Map<string, LiveTask[]> {
  const byService = new Map<string, LiveTask[]>()
  for (const task of tasks) {
    if (task.DesiredState !== 'running' || task.Status.State !== 'running') continue
    const place = places.get(task.NodeID ?? '')
    if (!task.ServiceID || place === undefined || isDown(place.node)) continue
    const live = byService.get(task.ServiceID) ?? []
    live.push({ task, ...place })
    byService.set(task.ServiceID, live)
  }
  return byService
}

/** Each task on its own; `normalizeTargets` adds up those behind one host and port. */
function hostTargets(tasks: readonly LiveTask[], port: ChosenPort): Target[] | Problem {
  const targets: Target[] = []
  for (const { task, place } of tasks) {
    const number = hostPort(task, port)
    if (number === undefined) continue
    if ('problem' in place) return place.problem
    targets.push({ host: place.address, port: number, weight: 1 })
  }
  return targets
}

/** Nodes of the routing mesh; it spreads by itself, so each weighs the same. */
function ingressTargets(
  service: SwarmService,
  tasks: readonly LiveTask[],
  places: readonly Place[],
  port: ChosenPort,
  options: ConvertOptions,
): Target[] | Problem {
  const number = ingressPort(service, port)
  // Without a task the mesh refuses connections, on every node.
  if (number === undefined || tasks.length === 0) return []
  const nodes = options.ingressTargets === 'all' ? places.filter(({ node }) => isOpenToAll(node)) : tasks
  const hosts = new Set<string>()
  for (const { place } of nodes) {
    if ('problem' in place) return place.problem
    hosts.add(place.address)
  }
  return [...hosts].map((host) => ({ host, port: number, weight: 1 }))
}
