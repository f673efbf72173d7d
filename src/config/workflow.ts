import type { RegistryEntry } from '../extensions/index.js'
import { findEntry } from '../extensions/index.js'
import type { Kind } from '../sdk/define.js'
import { idsOf, type FoundSection } from './collect-sections.js'
import type { DocumentNode } from './document.js'
import type { IssueList } from './issue-list.js'
import type { Place } from './locate.js'
import { nearest } from './nearest.js'
import type { CoreConfig } from './schema.js'

/** A step as the file names it, with its place. */
interface NamedStep {
  name: string
  offset: number
}

export interface WorkflowInput {
  core: CoreConfig
  /** The section `core`; undefined when the file has none. */
  place: Place | undefined
  /** Keys of `core` whose values another machine knows. */
  unresolved: ReadonlySet<string>
  entries: readonly RegistryEntry[]
  issues: IssueList
}

const KEYS = ['workflow', 'workflowSteps'] as const
type WorkflowKey = (typeof KEYS)[number]

/** A step of the workflow that is known, with its place in the file. */
export interface WorkflowStep {
  entry: RegistryEntry
  offset: number
}

/** The known steps in order; undefined when they cannot be told. */
export function readWorkflow(input: WorkflowInput): WorkflowStep[] | undefined {
  const { core, entries, issues, place } = input
  const key = chooseKey(input)
  if (key === undefined) return undefined
  const named = namedSteps(core[key] ?? [], nodeAt(place, key))
  const steps: WorkflowStep[] = []
  for (const { name, offset } of named) {
    const entry = findEntry(entries, name)
    const at = { offset, path: ['core', key] }
    if (entry === undefined) {
      const hint = hintFor(name, entries)
      issues.add({ ...at, code: 'extension-unknown', message: `unknown step "${name}"`, hint })
    } else if (steps.some((step) => step.entry === entry)) {
      issues.add({ ...at, message: `the step ${entry.id} is in the workflow twice` })
    } else {
      checkOrder(entry, steps, { ...at, issues })
      steps.push({ entry, offset })
    }
  }
  checkMembers(steps, named, { offset: workflowOffset(place, key), path: ['core', key], issues })
  return steps
}

/** `workflow` or `workflowSteps`; both must say the same. Undefined when a wrong value makes that unknowable. */
function chooseKey({ core, place, unresolved, entries, issues }: WorkflowInput): WorkflowKey | undefined {
  const given = KEYS.filter((key) => (core[key]?.length ?? 0) > 0)
  const [first, second] = given
  if (first !== undefined && second !== undefined) {
    const ids = (key: WorkflowKey) => (core[key] ?? []).map((name) => findEntry(entries, name)?.id ?? name)
    if (ids(first).join() !== ids(second).join()) {
      const offset = workflowOffset(place, second)
      const message = 'workflow and workflowSteps are both given and differ'
      issues.add({ offset, path: ['core', second], message, hint: 'workflowSteps is the old name; keep one' })
    }
  }
  if (first !== undefined) return first
  // A value that is there but could not be used has its own error.
  const isUnusable = KEYS.some((key) => core[key] === undefined && isGiven(nodeAt(place, key)))
  if (isUnusable || KEYS.some((key) => unresolved.has(key))) return undefined
  return KEYS.find((key) => nodeAt(place, key) !== undefined) ?? 'workflow'
}

function nodeAt(place: Place | undefined, key: WorkflowKey): DocumentNode | undefined {
  return place?.node.kind === 'mapping' ? place.node.entries.get(key)?.node : undefined
}

function isGiven(node: DocumentNode | undefined): boolean {
  return node !== undefined && !(node.kind === 'scalar' && (node.text === '' || node.text === '~'))
}

function workflowOffset(place: Place | undefined, key: WorkflowKey): number {
  const entries = place?.node.kind === 'mapping' ? place.node.entries : undefined
  return entries?.get(key)?.keyOffset ?? place?.keyOffset ?? 0
}

/** Gives each step its place, in a list and inside of a comma-separated text. */
function namedSteps(names: readonly string[], node: DocumentNode | undefined): NamedStep[] {
  if (node?.kind === 'list') {
    const items = node.items.filter((item) => item.kind === 'scalar' && item.text.trim() !== '')
    return names.map((name, index) => ({ name, offset: items[index]?.offset ?? node.offset }))
  }
  let position = 0
  return names.map((name) => {
    if (node?.kind !== 'scalar' || !node.verbatim) return { name, offset: node?.offset ?? 0 }
    const index = node.text.indexOf(name, position)
    if (index === -1) return { name, offset: node.offset }
    position = index + name.length
    return { name, offset: node.offset + index }
  })
}

function hintFor(name: string, entries: readonly RegistryEntry[]): string {
  const ids = idsOf(entries)
  const bare = name.split('.').at(-1) ?? name
  const byName = entries.find(({ id }) => id.split('.')[1] === bare)?.id
  const meant = byName ?? nearest(name, ids)
  return meant === undefined ? `known steps: ${ids.join(', ')}` : `did you mean "${meant}"?`
}

interface At {
  offset: number
  path: string[]
  issues: IssueList
}

/** What reads naturally: services come in, get an address, then a load balancer, then a name. */
const RANK: Record<Kind, number> = { provider: 0, ipam: 1, lb: 2, dns: 3 }

const REASON: Record<Kind, string> = {
  provider: 'providers stand first',
  ipam: 'what stands behind it needs the address',
  lb: 'a name must not point at a load balancer that is not there yet',
  dns: 'names come last',
}

function checkOrder(entry: RegistryEntry, before: readonly WorkflowStep[], { issues, ...at }: At): void {
  const late = before.find((step) => RANK[step.entry.kind] > RANK[entry.kind])
  if (late === undefined) return
  const message = `${entry.id} stands behind ${late.entry.id}: ${REASON[entry.kind]}`
  issues.add({ ...at, severity: 'warning', message })
}

function checkMembers(
  steps: readonly WorkflowStep[],
  named: readonly NamedStep[],
  { issues, ...at }: At,
): void {
  const hasProvider = steps.some(({ entry }) => entry.kind === 'provider')
  // An unknown step that was meant as a provider has its own error.
  if (!hasProvider && !named.some(({ name }) => name.startsWith('provider.'))) {
    const hint = 'name at least one, such as provider.file'
    issues.add({ ...at, message: 'no provider in the workflow', hint })
  }
  const isAllKnown = steps.length > 0 && steps.length === named.length
  if (isAllKnown && steps.every(({ entry }) => entry.kind === 'provider')) {
    issues.add({
      ...at,
      severity: 'warning',
      message: 'no provisioner in the workflow: nothing will be done',
    })
  }
  for (const { entry, offset } of steps.filter((step) => !step.entry.available)) {
    const message = `this release has no implementation of ${entry.id} yet; its section is only checked`
    issues.add({ ...at, offset, severity: 'warning', code: 'extension-unavailable', message })
  }
}

/** Steps and sections must meet; an extension without a schema may have no section. */
export async function checkSections(
  steps: readonly WorkflowStep[],
  sections: ReadonlyMap<string, FoundSection>,
  issues: IssueList,
): Promise<void> {
  for (const { entry, offset } of steps) {
    if (sections.has(entry.id) || (await entry.schema()) === undefined) continue
    const message = `the step ${entry.id} of the workflow has no section`
    issues.add({ offset, path: [entry.id], message, hint: `add a section \`${entry.id}:\`` })
  }
  if (steps.length === 0) return
  for (const [id, { place }] of sections) {
    if (steps.some(({ entry }) => entry.id === id)) continue
    const message = 'the section is not used: its extension is not in the workflow'
    issues.add({ severity: 'warning', offset: place.keyOffset, path: [id], message })
  }
}
