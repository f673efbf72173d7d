import type { Outputs } from '../sdk/provisioner.js'
import type { Service } from '../sdk/service.js'
import { sameAsk } from './definition.js'
import { recordOf, type Entry } from './entry.js'
import type { Step } from './settings.js'

/** The step that gives addresses: the ipam, or a load balancer where there is none. */
export function addressSource(steps: readonly Step[]): Step | undefined {
  return steps.find((step) => step.kind === 'ipam') ?? steps.find((step) => step.kind === 'lb')
}

/** The addresses that the entry holds, or may hold: an answer that was lost may have given what was asked for. */
export function heldAddresses(entry: Entry, steps: readonly Step[]): string[] {
  const source = addressSource(steps)
  const record = source && recordOf(entry, source.id)
  const asked = record && record.state !== 'none' ? record.sent?.service.address : undefined
  const all = [entry.inUse?.public_ip, entry.retiring?.public_ip, record?.outputs.public_ip, asked]
  return [...new Set(all.filter((address) => address !== undefined))]
}

/**
 * What the step gave before for the same wish: a hint that lets a rebuilt backend give it again, and that tells
 * which of two addresses is meant while a change is taken back.
 */
export function ownOutputs(entry: Entry, step: string, wanted: Service): Outputs {
  const { inUse } = entry
  const record = recordOf(entry, step)
  if (inUse && sameAsk(inUse, wanted)) return { ...outputsOf(inUse), ...outputsOf(wanted) }
  if (record.sent === undefined || sameAsk(record.sent.service, wanted)) {
    return { ...outputsOf(record.outputs), ...outputsOf(wanted) }
  }
  return {}
}

function outputsOf(from: Outputs): Outputs {
  return {
    ...(from.public_ip !== undefined && { public_ip: from.public_ip }),
    ...(from.public_port !== undefined && { public_port: from.public_port }),
  }
}
