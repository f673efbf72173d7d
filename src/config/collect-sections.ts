import { KINDS } from '../sdk/define.js'
import { findEntry, RETIRED_SECTIONS, type RegistryEntry } from '../extensions/index.js'
import type { MappingNode } from './document.js'
import type { IssueList } from './issue-list.js'
import type { Place } from './locate.js'
import { nearest } from './nearest.js'

/** First words of ids and aliases: `lb:` with `f5ltm:` inside is `lb.f5ltm:`. */
const GROUPS: readonly string[] = [...KINDS, 'provisioner']

/** A section of the file under the id of its extension. */
export interface FoundSection {
  entry: RegistryEntry
  place: Place
}

/** Finds the sections, nested (`lb:` / `f5ltm:`) or dotted (`lb.f5ltm:`); all else at the top is a problem. */
export function collectSections(
  root: MappingNode,
  entries: readonly RegistryEntry[],
  issues: IssueList,
): Map<string, FoundSection> {
  const found = new Map<string, FoundSection>()
  for (const [name, place] of namedPlaces(root, entries, issues)) {
    const entry = findEntry(entries, name)
    if (entry === undefined) {
      reportUnknown(name, place, entries, issues)
    } else if (found.has(entry.id)) {
      const message =
        name === entry.id ? 'the section is given twice' : `the section ${entry.id} is given twice`
      issues.add({ offset: place.keyOffset, path: [name], message })
    } else {
      found.set(entry.id, { entry, place })
    }
  }
  return found
}

function namedPlaces(
  root: MappingNode,
  entries: readonly RegistryEntry[],
  issues: IssueList,
): [string, Place][] {
  const places: [string, Place][] = []
  for (const [key, place] of root.entries) {
    if (key === 'core') continue
    if (!GROUPS.includes(key)) {
      places.push([key, place])
    } else if (place.node.kind === 'mapping') {
      for (const [name, inner] of place.node.entries) places.push([`${key}.${name}`, inner])
    } else if (place.node.kind !== 'scalar' || place.node.text !== '') {
      const known = entries.filter(({ kind }) => kind === key).map(({ id }) => id.slice(key.length + 1))
      const hint = known.length > 0 ? `known here: ${known.join(', ')}` : undefined
      issues.add({ offset: place.node.offset, path: [key], message: 'expected sections of extensions', hint })
    }
  }
  return places
}

function reportUnknown(
  name: string,
  place: Place,
  entries: readonly RegistryEntry[],
  issues: IssueList,
): void {
  const at = { offset: place.keyOffset, path: [name] }
  const retired = Object.hasOwn(RETIRED_SECTIONS, name) ? RETIRED_SECTIONS[name] : undefined
  if (retired !== undefined) {
    issues.add({ ...at, severity: 'note', message: 'an old section without meaning now', hint: retired })
    return
  }
  const ids = idsOf(entries)
  const meant = nearest(name, ['core', ...GROUPS, ...ids])
  const hint = meant === undefined ? `known sections: core, ${ids.join(', ')}` : `did you mean "${meant}"?`
  issues.add({ ...at, message: `unknown section "${name}"`, hint })
}

/** Every id, then every alias. */
export function idsOf(entries: readonly RegistryEntry[]): string[] {
  return [...entries.map(({ id }) => id), ...entries.flatMap(({ aliases }) => aliases)]
}
