import type { PlanCounts, ServicePlanBlock } from './plan.js'

/** How many services of a plan stand where. */
export function countBlocks(blocks: readonly ServicePlanBlock[]): PlanCounts {
  const counts: PlanCounts = { create: 0, update: 0, remove: 0, waiting: 0, error: 0, inSync: 0, other: 0 }
  for (const { verdict } of blocks) {
    if (verdict === 'in-sync') counts.inSync += 1
    else if (verdict === 'create' || verdict === 'update' || verdict === 'remove') counts[verdict] += 1
    else if (verdict === 'waiting' || verdict === 'error') counts[verdict] += 1
    else counts.other += 1
  }
  return counts
}
