import type { RegistryEntry } from '../extensions/index.js'
import { type Field, fieldOf, isMapping } from './schema-walk.js'

/** One key of the configuration, as the docs show it. */
export interface ReferenceRow {
  /** `core`, or the id of an extension. */
  section: string
  /** `guard.maxDeletes`, `pools.<name>.exclude`. */
  key: string
  type: string
  /** As the file would give it; undefined when there is none. */
  default?: string
  isRequired: boolean
  isSecret: boolean
  description: string
}

/** Every key of every section that has a zod schema, `core` first; old keys without meaning are left out. */
export async function configReference(entries: readonly RegistryEntry[]): Promise<ReferenceRow[]> {
  const { CoreConfig } = await import('./schema.js')
  const rows = rowsOf('core', CoreConfig)
  for (const entry of entries) rows.push(...rowsOf(entry.id, await entry.schema()))
  return rows
}

function rowsOf(section: string, schema: unknown, prefix = ''): ReferenceRow[] {
  const shape = fieldOf(schema)?.shape ?? {}
  return Object.entries(shape).flatMap(([name, inner]) => {
    const field = fieldOf(inner)
    const key = `${prefix}${name}`
    if (!field || field.meta.retired !== undefined) return []
    if (field.shape) return rowsOf(section, inner, `${key}.`)
    const row = rowOf(section, key, field)
    const isMapOfSections = field.type === 'record' && fieldOf(field.element)?.shape !== undefined
    return isMapOfSections ? [row, ...rowsOf(section, field.element, `${key}.<name>.`)] : [row]
  })
}

function rowOf(section: string, key: string, field: Field): ReferenceRow {
  const text = defaultText(field.defaultValue)
  return {
    section,
    key,
    type: typeText(field),
    ...(text !== undefined && { default: text }),
    isRequired: !field.isOptional,
    isSecret: field.meta.secret === true,
    description: field.meta.description ?? '',
  }
}

function typeText(field: Field): string {
  if (field.type === 'array') {
    const item = fieldOf(field.element)?.meta.shown
    return item === undefined ? 'list' : `list of: ${item}`
  }
  return field.meta.shown ?? (field.type === 'record' ? 'keys and values' : field.type)
}

function defaultText(value: unknown): string | undefined {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined
  if (isMapping(value)) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}
