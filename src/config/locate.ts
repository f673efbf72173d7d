import type { DocumentNode } from './document.js'
import type { ConfigPath } from './issues.js'

/** A part of the file: a value, and where its key stands. */
export interface Place {
  keyOffset: number
  node: DocumentNode
}

/** The place of a path below `start`; as deep as the file knows it. `isExact` when that is the whole path. */
export function locate(start: Place, path: ConfigPath): Place & { isExact: boolean } {
  let place = start
  for (const part of path) {
    const inner = step(place.node, part)
    if (inner === undefined) return { ...place, isExact: false }
    place = inner
  }
  return { ...place, isExact: true }
}

function step(node: DocumentNode, part: string | number): Place | undefined {
  if (node.kind === 'mapping') return node.entries.get(String(part))
  if (node.kind !== 'list') return undefined
  const item = node.items[Number(part)]
  return item && { keyOffset: item.offset, node: item }
}

/** Line and column, both from 1, of a position in the text. */
export function lineAndColumn(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, Math.max(0, offset))
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: before.length - lineStart + 1 }
}
