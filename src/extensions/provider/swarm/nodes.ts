import type { Problem } from '../../../sdk/errors.js'
import { formatAddress, parseAddress } from '../../../sdk/ip.js'
import { labelProblem } from '../../../sdk/labels.js'
import type { SwarmNode } from './shapes.js'

/** On a node: the address that the load balancer shall use for it. */
export const NODE_ADDRESS_LABEL = 'interlook.node-address'

/** Where a node can be reached, or why that cannot be said. */
export type NodePlace = { address: string } | { problem: Problem }

/**
 * The address of a node: its label first; else the address from which it talks to the managers. A manager that
 * became leader by election shows 0.0.0.0 there and keeps it, so for managers the address of their own
 * listener stands in. A loopback address is taken only where there is nothing better: a swarm of one machine.
 */
export function placeOf(node: SwarmNode): NodePlace {
  const label = node.Spec.Labels?.[NODE_ADDRESS_LABEL]?.trim()
  if (label !== undefined && label !== '') {
    const address = parseAddress(label)
    return address === undefined ? { problem: wrongLabel(node, label) } : { address: formatAddress(address) }
  }
  const candidates = [node.Status.Addr, hostOf(node.ManagerStatus?.Addr)].map(usableAddress)
  const address =
    candidates.find((item) => item !== undefined && !isLoopback(item)) ?? candidates.find(Boolean)
  return address === undefined ? { problem: noAddress(node) } : { address }
}

/** A node that went away for good; `unknown` comes and goes with every change of the leader, so it stays. */
export function isDown(node: SwarmNode): boolean {
  return node.Status.State === 'down'
}

/** Takes part in the routing mesh as far as a load balancer should care. */
export function isOpenToAll(node: SwarmNode): boolean {
  return ['ready', 'unknown'].includes(node.Status.State) && (node.Spec.Availability ?? 'active') === 'active'
}

function usableAddress(text: string | null | undefined): string | undefined {
  const address = parseAddress(text ?? '')
  // 0.0.0.0 and :: are no addresses.
  return address === undefined || address.value === 0n ? undefined : formatAddress(address)
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** The host of `10.0.0.1:2377` or `[2001:db8::1]:2377`. */
function hostOf(hostAndPort: string | null | undefined): string | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):\d+$/.exec(hostAndPort ?? '')
  return match?.[1] ?? match?.[2]
}

function nameOf(node: SwarmNode): string {
  return node.Description?.Hostname || node.ID
}

function wrongLabel(node: SwarmNode, value: string): Problem {
  const expected = `an IPv4 or IPv6 address of the node ${nameOf(node)}`
  return {
    ...labelProblem([{ label: NODE_ADDRESS_LABEL, value, expected }]),
    hint: `correct the label: docker node update --label-add ${NODE_ADDRESS_LABEL}=ADDRESS ${nameOf(node)}`,
  }
}

function noAddress(node: SwarmNode): Problem {
  return {
    code: 'provider-unlisted',
    message: `the swarm tells no usable address of the node ${nameOf(node)}, so targets on it are not known`,
    retryable: true,
    hint: `set one: docker node update --label-add ${NODE_ADDRESS_LABEL}=ADDRESS ${nameOf(node)}`,
  }
}
