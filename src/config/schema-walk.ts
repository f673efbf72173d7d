import type { FieldMeta } from '../sdk/schema/fields.js'
import type { ConfigPath } from './issues.js'

/**
 * What we read of a zod schema. Third-party extensions bring their own copy of zod, so it is known by its
 * shape, not by its class; what does not look like this is walked no further.
 */
interface Definition {
  type: string
  shape?: Record<string, unknown>
  innerType?: unknown
  in?: unknown
  out?: unknown
  element?: unknown
  valueType?: unknown
  options?: unknown[]
  defaultValue?: unknown
}

export type AnyMeta = FieldMeta & { description?: string }

/** A schema without its wrappers, and what they say of it. */
export interface Field {
  type: string
  meta: AnyMeta
  isOptional: boolean
  /** As the file would give it. */
  defaultValue?: unknown
  /** Of a mapping with known keys. */
  shape?: Record<string, unknown>
  /** Of a list, or of a mapping with free keys. */
  element?: unknown
  /** Of a choice between schemas. */
  options?: unknown[]
}

/** Undefined for a schema that is not zod's. */
export function fieldOf(schema: unknown): Field | undefined {
  const metas: AnyMeta[] = []
  let isOptional = false
  let defaults: { defaultValue?: unknown } = {}
  let current = schema
  for (;;) {
    const definition = definitionOf(current)
    if (!definition) return undefined
    metas.push(metaOf(current))
    if (definition.type === 'optional') isOptional = true
    if (definition.type === 'default' || definition.type === 'prefault') {
      isOptional = true
      defaults = { defaultValue: definition.defaultValue }
    }
    const inner = unwrapped(definition)
    if (inner === undefined) return describe(definition, { meta: merged(metas), isOptional, ...defaults })
    current = inner
  }
}

function describe(definition: Definition, known: Omit<Field, 'type'>): Field {
  const element = definition.element ?? (definition.type === 'record' ? definition.valueType : undefined)
  return {
    type: definition.type,
    ...known,
    ...(definition.shape && { shape: definition.shape }),
    ...(element !== undefined && { element }),
    ...(definition.options && { options: definition.options }),
  }
}

function definitionOf(schema: unknown): Definition | undefined {
  if (typeof schema !== 'object' || schema === null || !('_zod' in schema)) return undefined
  // Zod's documented place for libraries that read schemas.
  return (schema as { _zod: { def?: Definition } })._zod.def
}

function unwrapped(definition: Definition): unknown {
  if (definition.type !== 'pipe') return definition.innerType
  // In a preprocessed schema the first part is the function, in a transformed one the second.
  return definitionOf(definition.in)?.type === 'transform' ? definition.out : definition.in
}

function metaOf(schema: unknown): AnyMeta {
  if (typeof schema !== 'object' || schema === null) return {}
  const { meta } = schema as { meta?: (this: unknown) => unknown }
  const found = typeof meta === 'function' ? meta.call(schema) : undefined
  return isMapping(found) ? found : {}
}

/** The outermost word counts. */
function merged(metas: readonly AnyMeta[]): AnyMeta {
  return metas.reduceRight<AnyMeta>((all, meta) => ({ ...all, ...meta }), {})
}

/** Called for every value that stands under a known key; what it returns takes the value's place. */
export type Visit = (value: unknown, meta: AnyMeta, path: ConfigPath) => unknown

/** A copy of `value` in which `visit` has replaced the single values that `schema` knows. */
export function mapFields(schema: unknown, value: unknown, visit: Visit, path: ConfigPath = []): unknown {
  const field = fieldOf(schema)
  if (!field) return value
  // A whole mapping or list may be marked as secret: then it is one value.
  if (field.meta.secret) return visit(value, field.meta, path)
  if (field.options && typeof value === 'object' && value !== null) {
    return mapFields(optionFor(field.options, value), value, visit, path)
  }
  if (Array.isArray(value) && field.element !== undefined) {
    return value.map((item: unknown, index) => mapFields(field.element, item, visit, [...path, index]))
  }
  if (isMapping(value) && (field.shape || field.element !== undefined)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const schemaOfKey = field.shape ? own(field.shape, key) : field.element
        return [key, mapFields(schemaOfKey, item, visit, [...path, key])]
      }),
    )
  }
  return visit(value, field.meta, path)
}

/** The field at a path of the section, if the schema knows it. */
export function fieldAt(schema: unknown, path: ConfigPath): Field | undefined {
  let field = fieldOf(schema)
  for (const part of path) {
    if (field?.options) {
      const options = field.options.map(fieldOf)
      field = options.find((option) => option?.shape ?? option?.element)
    }
    const inner = field?.shape ? own(field.shape, String(part)) : field?.element
    field = fieldOf(inner)
  }
  return field
}

function optionFor(options: readonly unknown[], value: object): unknown {
  return options.find((option) => {
    const field = fieldOf(option)
    return Array.isArray(value) ? field?.type === 'array' : field?.shape !== undefined
  })
}

function own(shape: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(shape, key) ? shape[key] : undefined
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
