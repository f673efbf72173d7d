import * as z from 'zod'
import { formatDuration, parseDuration } from './duration.js'

/** What the core needs to know of a key beside its type; carried in zod's metadata. */
export interface FieldMeta {
  /** Shown nowhere: logs, errors, `--json`. */
  secret?: true
  /** A path on this machine, relative to the working directory. A `certificate` must exist; a `log` may be `stdout` or `stderr`. */
  file?: 'data' | 'certificate' | 'log'
  /** How a plain YAML scalar is taken: `text` keeps `007` as it was written. */
  scalar?: 'text' | 'number' | 'flag'
  /** An old key that is accepted and does nothing; the text says why. */
  retired?: string
  /** Warning when the value is true. */
  warning?: string
  /** 0 counts as not given. */
  zeroIsUnset?: true
  /** The type as the docs print it. */
  shown?: string
  /** A pattern for the text form, for editors. */
  pattern?: string
}

/** Attaches what the core needs to know, added to what the schema carries already. Give it a fresh schema. */
export function withMeta<Schema extends z.ZodType>(schema: Schema, meta: FieldMeta): Schema {
  // `schema.meta(...)` would build the schema a second time, and start-up is mostly the building of schemas.
  z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), ...meta })
  return schema
}

/** Free text such as a name; a number or boolean without quotes is taken as it was written. */
export function text() {
  const schema = z.preprocess(
    (value) => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : value),
    z.string('expected text'),
  )
  return withMeta(schema, { scalar: 'text', shown: 'text' })
}

/** A password, token or key: text that must be shown nowhere. */
export function secret() {
  return withMeta(text(), { secret: true, shown: 'secret text' })
}

/** A path; relative ones are taken from the working directory and are absolute after loading. */
export function filePath(file: 'data' | 'certificate' | 'log' = 'data') {
  return withMeta(z.string('expected a path'), { file, shown: 'path' })
}

/** `true` or `false`. */
export function flag() {
  return withMeta(z.boolean('expected true or false'), { scalar: 'flag', shown: 'true or false' })
}

export interface IntegerOptions {
  min: number
  max: number
  /** For keys of the earlier tool, where 0 meant: not set. */
  zeroMeans?: number
}

/** A whole number between `min` and `max`. */
export function integer({ min, max, zeroMeans }: IntegerOptions) {
  const message = `expected a whole number from ${min} to ${max}`
  const number = z.int(message).min(min, message).max(max, message)
  const schema = z.preprocess((value) => (value === 0 && zeroMeans !== undefined ? zeroMeans : value), number)
  const shown = `whole number, ${min} to ${max}`
  return withMeta(schema, { scalar: 'number', shown, ...(zeroMeans !== undefined && { zeroIsUnset: true }) })
}

/** A TCP port; `zeroMeans` as in `integer`. */
export function port(zeroMeans?: number) {
  return integer({ min: 1, max: 65_535, ...(zeroMeans !== undefined && { zeroMeans }) })
}

export interface DurationOptions {
  /** Shortest and longest allowed, ms. */
  min?: number
  max?: number
  /** For keys of the earlier tool, where 0 meant: not set; ms. */
  zeroMeans?: number
}

const DURATION_MESSAGE = 'expected a duration such as 300ms, 5s, 10m or 1h30m'

/** A duration; milliseconds after parsing. */
export function duration({ min = 0, max = 365 * 24 * 3_600_000, zeroMeans }: DurationOptions = {}) {
  const schema = z.union([z.string(), z.literal(0)], DURATION_MESSAGE).transform((value, context) => {
    const ms = typeof value === 'number' ? value : parseDuration(value.trim())
    if (ms === undefined) return fail(context, DURATION_MESSAGE)
    if (ms === 0 && zeroMeans !== undefined) return zeroMeans
    if (ms < min) return fail(context, `expected at least ${formatDuration(min)}`)
    if (ms > max) return fail(context, `expected at most ${formatDuration(max)}`)
    return ms
  })
  return withMeta(schema, { shown: 'duration', pattern: '^(0|(\\d+(\\.\\d+)?(ms|us|ns|h|m|s))+)$' })
}

function fail(context: z.core.$RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

/** One of a few words, in any case of letters. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  const schema = z.preprocess(
    (value) => (typeof value === 'string' ? value.toLowerCase() : value),
    z.enum(words, `expected one of: ${words.join(', ')}`),
  )
  return withMeta(schema, { shown: `one of: ${words.join(', ')}` })
}

/** A URL with one of the given schemes. */
export function url(schemes: readonly string[]) {
  const expected = `expected a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(', ')}`
  const schema = z.string(expected).refine((value) => isUrl(value, schemes), expected)
  return withMeta(schema, { shown: `URL (${schemes.join(', ')})`, pattern: `^(${schemes.join('|')})://` })
}

function isUrl(value: string, schemes: readonly string[]): boolean {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/./.exec(value)?.[1]
  if (scheme === undefined || !schemes.includes(scheme)) return false
  if (scheme === 'unix') return value.startsWith('unix:///')
  if (/\s/.test(value)) return false
  // `tcp` is no special scheme to the URL parser, so its host would go unchecked.
  const comparable = value.replace(/^tcp:/, 'http:')
  return URL.canParse(comparable) && new URL(comparable).hostname !== ''
}

/** A list; `[]` is the default. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return withMeta(z.array(item, 'expected a list').default([]), { shown: 'list' })
}

/** A key of the earlier tool that is accepted, checked, and does nothing any more. */
export function retired(why: string, schema: z.ZodType = z.unknown()) {
  return withMeta(schema.optional(), { retired: why, shown: 'ignored' })
}
