import type { RegistryEntry } from '../extensions/index.js'
import { KINDS } from '../sdk/define.js'
import type { FieldMeta } from '../sdk/schema/fields.js'
import { isMapping } from './schema-walk.js'

type Json = Record<string, unknown>

/** What the loader takes in place of any value: nothing, or text with a `${...}`. */
const EMPTY_OR_INTERPOLATED = '^$|\\$\\{'

/** One JSON Schema (draft 2020-12) for the whole file: for editors, and for people without interlook at hand. */
export async function buildJsonSchema(entries: readonly RegistryEntry[]): Promise<Json> {
  const z = await import('zod')
  const { CoreConfig } = await import('./schema.js')
  const definitions: Json = {}
  const define = (id: string, schema: unknown): void => {
    // Only zod schemas come here: ours.
    const raw = z.toJSONSchema(schema as Parameters<typeof z.toJSONSchema>[0], { io: 'input' }) as Json
    const { $schema: _, ...rest } = raw
    definitions[id] = orNothing(tidy(rest))
  }
  define('core', CoreConfig)
  for (const entry of entries) {
    const schema = await entry.schema()
    if (schema !== undefined) define(entry.id, schema)
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'interlook configuration',
    type: 'object',
    additionalProperties: false,
    properties: sections(entries),
    $defs: definitions,
  }
}

/** The text of the file that is shipped. */
export async function renderJsonSchema(entries: readonly RegistryEntry[]): Promise<string> {
  return `${JSON.stringify(await buildJsonSchema(entries), null, 2)}\n`
}

/** Sections nested (`lb:` with `f5ltm:` inside) and dotted (`lb.f5ltm:`), by id and by alias. */
function sections(entries: readonly RegistryEntry[]): Json {
  const names = entries.flatMap(({ id, aliases }) => [id, ...aliases].map((name) => ({ id, name })))
  const properties: Json = { core: reference('core') }
  for (const group of [...KINDS, 'provisioner']) {
    const own = names.filter(({ name }) => name.startsWith(`${group}.`))
    const inner = own.map(({ id, name }) => [name.slice(group.length + 1), reference(id)])
    properties[group] = {
      type: ['object', 'null'],
      additionalProperties: false,
      properties: Object.fromEntries(inner) as Json,
    }
  }
  for (const { id, name } of names) properties[name] = reference(id)
  return properties
}

function reference(id: string): Json {
  return { $ref: `#/$defs/${id}` }
}

function orNothing(schema: Json): Json {
  return { ...schema, type: ['object', 'null'] }
}

/** Takes our metadata out, and lets every value be empty or interpolated, as the loader does. */
function tidy(schema: Json): Json {
  const { meta, json } = splitMeta(schema)
  const description = typeof json.description === 'string' ? { description: json.description } : {}
  if (meta.retired !== undefined) return { ...description, deprecated: true }
  const common: Json = {
    ...description,
    ...(json.default !== undefined && !isMapping(json.default) && { default: json.default }),
    ...(meta.secret && { writeOnly: true }),
  }
  if (isMapping(json.properties) || isMapping(json.additionalProperties))
    return { ...container(json), ...common }
  if (json.type === 'array') {
    return { type: ['array', 'null'], items: tidyAny(json.items), ...common }
  }
  return { ...leaf(json, meta), ...common }
}

function tidyAny(schema: unknown): Json {
  return isMapping(schema) ? tidy(schema) : {}
}

function container(json: Json): Json {
  const inner = isMapping(json.properties)
    ? Object.fromEntries(Object.entries(json.properties).map(([key, value]) => [key, tidyAny(value)]))
    : undefined
  return {
    type: ['object', 'null'],
    ...(inner && { properties: inner }),
    additionalProperties: isMapping(json.additionalProperties) ? tidy(json.additionalProperties) : false,
    ...(Array.isArray(json.required) && json.required.length > 0 && { required: json.required }),
  }
}

function leaf(json: Json, meta: FieldMeta): Json {
  if (Array.isArray(json.enum)) {
    const words = json.enum.map(String)
    const upper = words.map((word) => word.toUpperCase())
    return anyOf({ enum: [...words, ...upper] }, emptyOrInterpolated())
  }
  if (meta.scalar === 'text') return { type: ['string', 'number', 'boolean', 'null'] }
  if (json.type === 'integer' || json.type === 'boolean') {
    const unset = meta.zeroIsUnset ? [{ const: 0 }] : []
    return anyOf(withoutMeta(json), ...unset, emptyOrInterpolated())
  }
  if (meta.pattern !== undefined) {
    const zero = meta.shown === 'duration' ? [{ const: 0 }] : []
    return anyOf({ type: 'string', pattern: meta.pattern }, ...zero, emptyOrInterpolated())
  }
  if (Array.isArray(json.anyOf)) return anyOf(...json.anyOf.map(tidyAny))
  return { type: ['string', 'null'] }
}

function anyOf(...schemas: Json[]): Json {
  return { anyOf: schemas }
}

function emptyOrInterpolated(): Json {
  return { type: ['string', 'null'], pattern: EMPTY_OR_INTERPOLATED }
}

function withoutMeta({ description: _, default: __, ...json }: Json): Json {
  return json
}

function splitMeta(schema: Json): { meta: FieldMeta; json: Json } {
  const { secret, file, scalar, retired, warning, zeroIsUnset, shown, pattern, ...json } = schema
  return { meta: { secret, file, scalar, retired, warning, zeroIsUnset, shown, pattern } as FieldMeta, json }
}
