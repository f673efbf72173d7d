import { resolve } from 'node:path'
import type { ConfigSchema } from '../sdk/define.js'
import type { Sources } from './interpolate.js'
import type { IssueList } from './issue-list.js'
import { type ConfigPath, formatPath, type Severity } from './issues.js'
import { locate, type Place } from './locate.js'
import { nearest } from './nearest.js'
import { fitToSchema, leafKey, type ReadValue, readValue, UNRESOLVED } from './read-section.js'
import { runSchema, type SchemaProblem, usableValue } from './schema-issues.js'
import { fieldAt, mapFields } from './schema-walk.js'
import { secretsOf } from './secrets.js'

export interface SectionInput {
  /** `core`, or the id of an extension. */
  id: string
  place: Place
  schema: ConfigSchema<unknown> | undefined
  /** In the workflow, so that what is missing matters. */
  isUsed: boolean
  isBuiltIn: boolean
}

export interface CheckContext {
  sources: Sources
  cwd: string
  issues: IssueList
  /** For what only another machine may have: variables, files, certificates. */
  missingSeverity: Severity
}

export interface CheckedSection {
  /** Undefined when the section cannot be used. After a problem: with defaults in place of what is wrong. */
  config?: unknown
  secrets: string[]
  /** Keys of the section that hold a `${...}` which could not be replaced. */
  unresolved: Set<string>
}

/** Reads, checks and completes one section; every problem goes to `context.issues`. */
export function checkSection(input: SectionInput, context: CheckContext): CheckedSection {
  const { place, schema } = input
  const read = readValue(place.node, context.sources)
  const secrets = secretsOf(schema, read)
  context.issues.hide(secrets)
  context.issues.hide(read.inserted)
  reportUnset(read, input, context)
  const unresolved = new Set([...read.leaves.values()].filter((leaf) => !leaf.isResolved).map(topKey))
  if (!schema) {
    const config = read.value ?? {}
    return unresolved.size > 0 ? { secrets, unresolved } : { config, secrets, unresolved }
  }
  const given = fitToSchema(schema, input.isBuiltIn ? read : withoutUnresolved(read))
  const result = runSchema(schema, given)
  for (const problem of result.problems) reportProblem(problem, read, input, context)
  reportFields(given, input, context)
  const usable = usableValue(schema, given, result)
  if (usable === undefined) return { secrets, unresolved }
  return { config: completePaths(schema, usable, context.cwd), secrets, unresolved }
}

function completePaths(schema: ConfigSchema<unknown>, value: unknown, cwd: string): unknown {
  return mapFields(schema, value, (field, meta) => {
    if (meta.file === undefined || typeof field !== 'string') return field
    return meta.file === 'log' && isStandardStream(field) ? field : resolve(cwd, field)
  })
}

function isStandardStream(name: string): boolean {
  return name === 'stdout' || name === 'stderr'
}

function canRead(path: string, sources: Sources): boolean {
  try {
    sources.readFile(path)
    return true
  } catch {
    return false
  }
}

function topKey({ path }: { path: ConfigPath }): string {
  return String(path[0] ?? '')
}

/** A schema that is not ours gets `null` for what is not known: a symbol could surprise it. */
function withoutUnresolved(read: ReadValue): ReadValue {
  const replace = (value: unknown): unknown => {
    if (value === UNRESOLVED) return null
    if (Array.isArray(value)) return value.map(replace)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item)]))
  }
  return { ...read, value: replace(read.value) }
}

function reportUnset(read: ReadValue, { id, isUsed }: SectionInput, context: CheckContext): void {
  for (const { path, offset, message, hint, isUnset } of read.problems) {
    const ifUnset = isUsed ? context.missingSeverity : 'warning'
    context.issues.add({ severity: isUnset ? ifUnset : 'error', offset, path: [id, ...path], message, hint })
  }
}

function reportProblem(
  problem: SchemaProblem,
  read: ReadValue,
  input: SectionInput,
  { issues }: CheckContext,
) {
  const { id, schema, isUsed } = input
  const { path, kind } = problem
  if (isUnresolved(path, read)) return
  const place = locate(input.place, path)
  const at = { path: [id, ...path] }
  if (kind === 'unknown-key') {
    const known = Object.keys(fieldAt(schema, path.slice(0, -1))?.shape ?? {})
    const key = String(path.at(-1))
    const meant = nearest(key, known)
    const hint = meant === undefined ? `known keys: ${known.join(', ')}` : `did you mean "${meant}"?`
    issues.add({ ...at, offset: place.keyOffset, message: `unknown key "${key}"`, hint })
    return
  }
  if (kind === 'key') {
    issues.add({ ...at, offset: place.keyOffset, message: problem.message })
    return
  }
  if (!place.isExact || isEmptyNode(place.node)) {
    // An unused section may stay a form to be filled in.
    if (!isUsed) return
    const isMissing = kind === 'value' && path.length > 0
    const message = isMissing ? `${formatPath(path)} is required` : problem.message
    issues.add({ ...at, offset: place.keyOffset, message })
    return
  }
  const message = input.isBuiltIn ? problem.message + received(problem, place, read, input) : problem.message
  issues.add({ ...at, offset: place.node.offset, message })
}

function isEmptyNode(node: Place['node']): boolean {
  return node.kind === 'scalar' && (node.text === '' || (node.plain && /^(~|null)$/i.test(node.text)))
}

function isUnresolved(path: ConfigPath, read: ReadValue): boolean {
  return [...read.leaves.values()].some(
    (leaf) => !leaf.isResolved && leaf.path.every((part, index) => part === path[index]),
  )
}

const LONGEST_SHOWN = 40

/** `, got "5 parsecs"`, where the value may be shown. */
function received({ path, message }: SchemaProblem, place: Place, read: ReadValue, { schema }: SectionInput) {
  if (!message.startsWith('expected')) return ''
  if (place.node.kind !== 'scalar')
    return place.node.kind === 'list' ? ', got a list' : ', got keys and values'
  const leaf = read.leaves.get(leafKey(path))
  const meta = fieldAt(schema, path)?.meta ?? {}
  const mayShow =
    leaf !== undefined &&
    !leaf.isInterpolated &&
    meta.secret === undefined &&
    leaf.text.length <= LONGEST_SHOWN &&
    // A user and password in a URL.
    !leaf.text.includes('@')
  return mayShow ? `, got "${leaf.text}"` : ''
}

/** What the metadata of a key asks to be told, whatever its value. */
function reportFields(given: unknown, input: SectionInput, context: CheckContext): void {
  const { id, place, schema, isUsed } = input
  const { issues, cwd, sources } = context
  mapFields(schema, given, (value, meta, path) => {
    const { keyOffset, node } = locate(place, path)
    const at = { offset: keyOffset, path: [id, ...path] }
    if (meta.retired !== undefined && !meansNothing(value)) {
      issues.add({ ...at, severity: 'note', message: 'an old key without meaning now', hint: meta.retired })
    }
    if (meta.warning !== undefined && value === true) {
      issues.add({ ...at, severity: 'warning', message: meta.warning })
    }
    const isCertificate = meta.file === 'certificate' && typeof value === 'string' && value !== ''
    if (isCertificate && !canRead(resolve(cwd, value), sources)) {
      const severity = isUsed ? context.missingSeverity : 'warning'
      issues.add({ ...at, offset: node.offset, severity, message: 'the file cannot be read' })
    }
    return value
  })
}

function meansNothing(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return value === null || value === undefined || ['', '0s', 0, false].includes(value as never)
}
