import type { DocumentNode, ScalarNode } from './document.js'
import { interpolate, type Sources } from './interpolate.js'
import type { ConfigPath } from './issues.js'
import { resolveScalar } from './scalar.js'
import { mapFields } from './schema-walk.js'

/** Stands for a value that only another machine can tell; every schema of ours refuses it, which marks its key. */
export const UNRESOLVED = Symbol('unresolved')

/** One scalar of a section as it was read. */
export interface Leaf {
  path: ConfigPath
  offset: number
  /** After interpolation. */
  text: string
  isInterpolated: boolean
  isResolved: boolean
}

export interface ReadProblem {
  path: ConfigPath
  offset: number
  message: string
  hint?: string
  /** True when only the surroundings lack something: a variable, a file. */
  isUnset: boolean
}

export interface ReadValue {
  value: unknown
  leaves: Map<string, Leaf>
  problems: ReadProblem[]
  /** What interpolation put in; shown nowhere. */
  inserted: string[]
}

export function leafKey(path: ConfigPath): string {
  return JSON.stringify(path)
}

/** The plain value of a node, `${...}` replaced. */
export function readValue(node: DocumentNode, sources: Sources): ReadValue {
  const result: ReadValue = { value: undefined, leaves: new Map(), problems: [], inserted: [] }
  result.value = read(node, [], sources, result)
  return result
}

function read(node: DocumentNode, path: ConfigPath, sources: Sources, result: ReadValue): unknown {
  if (node.kind === 'list') {
    return node.items.map((item, index) => read(item, [...path, index], sources, result))
  }
  if (node.kind === 'mapping') {
    // `fromEntries` defines keys instead of setting them, so `__proto__` is a key like any other.
    return Object.fromEntries(
      [...node.entries].map(([key, entry]) => [key, read(entry.node, [...path, key], sources, result)]),
    )
  }
  return readScalar(node, path, sources, result)
}

function readScalar(node: ScalarNode, path: ConfigPath, sources: Sources, result: ReadValue): unknown {
  const isInterpolated = node.text.includes('${')
  const found = isInterpolated
    ? interpolate(node.text, sources)
    : { text: node.text, inserted: [], problems: [] }
  result.inserted.push(...found.inserted)
  for (const problem of found.problems) result.problems.push({ path, offset: node.offset, ...problem })
  const isResolved = found.problems.length === 0
  result.leaves.set(leafKey(path), {
    path,
    offset: node.offset,
    text: found.text,
    isInterpolated,
    isResolved,
  })
  if (!isResolved) return UNRESOLVED
  return node.plain ? resolveScalar(found.text) : found.text
}

/**
 * Settles what YAML cannot know: a name written as `007` stays text, and `"${PORT}"` is a number where
 * one belongs. For schemas that say so in their metadata.
 */
export function fitToSchema(schema: unknown, { value, leaves }: ReadValue): unknown {
  return mapFields(schema, value, (given, meta, path) => {
    const leaf = leaves.get(leafKey(path))
    if (!leaf) return given
    if (meta.scalar === 'text' && (typeof given === 'number' || typeof given === 'boolean')) return leaf.text
    if ((meta.scalar === 'number' || meta.scalar === 'flag') && leaf.isInterpolated && leaf.isResolved) {
      return resolveScalar(leaf.text)
    }
    return given
  })
}
