import type { ConfigSchema } from '../sdk/define.js'
import { errorText } from '../sdk/errors.js'
import type { ConfigPath } from './issues.js'
import { isMapping } from './schema-walk.js'

/** A problem that a schema found; zod's say more than the standard asks for. */
export interface SchemaProblem {
  path: ConfigPath
  message: string
  /** What is wrong: the value at the path, what a rule says of it, or the last part of the path itself. */
  kind: 'value' | 'rule' | 'key' | 'unknown-key'
}

export interface SchemaResult {
  /** Present when there is no problem. */
  value?: unknown
  problems: SchemaProblem[]
}

/** Runs any Standard Schema. One that throws or wants to be awaited is a problem of the whole section. */
export function runSchema(schema: ConfigSchema<unknown>, value: unknown): SchemaResult {
  const whole = (message: string): SchemaResult => ({ problems: [{ path: [], message, kind: 'rule' }] })
  let result: unknown
  try {
    result = validate(schema, value)
  } catch (error) {
    return whole(`the schema of the extension failed: ${errorText(error)}`)
  }
  if (result instanceof Promise) {
    // Its outcome comes too late for anybody; without a handler it could end the process.
    result.catch(() => undefined)
    return whole('the schema of the extension must validate synchronously')
  }
  if (!isMapping(result)) return whole('the schema of the extension gave no result')
  if (!Array.isArray(result.issues)) return { value: result.value, problems: [] }
  return { problems: result.issues.flatMap((issue: unknown) => problemsOf(issue, [])) }
}

/** A zod schema is asked in its own way: for one file, compiling a parser costs more than it saves. */
function validate(schema: ConfigSchema<unknown>, value: unknown): unknown {
  if (!('safeParse' in schema) || typeof schema.safeParse !== 'function' || !('_zod' in schema)) {
    return schema['~standard'].validate(value)
  }
  const parse = schema.safeParse as (value: unknown, options: { jitless: true }) => unknown
  const result = parse.call(schema, value, { jitless: true })
  if (!isMapping(result)) return undefined
  return isMapping(result.error) ? { issues: result.error.issues } : { value: result.data }
}

function problemsOf(issue: unknown, base: ConfigPath): SchemaProblem[] {
  if (!isMapping(issue)) return []
  const path = [...base, ...pathOf(issue.path)]
  const message = typeof issue.message === 'string' ? lowerFirst(issue.message) : 'the value is wrong'
  if (issue.code === 'unrecognized_keys' && Array.isArray(issue.keys)) {
    return issue.keys.map((key) => ({ path: [...path, String(key)], message: '', kind: 'unknown-key' }))
  }
  if (issue.code === 'invalid_union' && Array.isArray(issue.errors)) {
    const branch = closestBranch(issue.errors)
    if (branch) return branch.flatMap((inner) => problemsOf(inner, path))
  }
  if (issue.code === 'invalid_key' && Array.isArray(issue.issues)) {
    return issue.issues
      .flatMap((inner: unknown) => problemsOf(inner, path))
      .map((inner) => ({ ...inner, kind: 'key' }))
  }
  return [{ path, message, kind: issue.code === 'custom' ? 'rule' : 'value' }]
}

/** The alternative that took the value for its own kind, and then found something inside. */
function closestBranch(branches: readonly unknown[]): unknown[] | undefined {
  return branches.filter(Array.isArray).find((branch: unknown[]) =>
    branch.every((issue) => {
      if (!isMapping(issue)) return false
      const isRoot = pathOf(issue.path).length === 0
      return !(isRoot && (issue.code === 'invalid_type' || issue.code === 'invalid_value'))
    }),
  )
}

function pathOf(path: unknown): (string | number)[] {
  if (!Array.isArray(path)) return []
  return path.map((part: unknown) => {
    const key = isMapping(part) ? part.key : part
    return typeof key === 'number' ? key : String(key)
  })
}

function lowerFirst(message: string): string {
  // `URL expected` keeps its capitals.
  return /^[A-Z][a-z]/.test(message) ? message.charAt(0).toLowerCase() + message.slice(1) : message
}

/** Leaving a key out can break a rule of another one, which then goes too. */
const MAX_ROUNDS = 3

/**
 * The parsed value, or what is left of it when the keys with problems are not given: their defaults
 * then stand in, so that further checks can run. Undefined when nothing can stand in.
 */
export function usableValue(schema: ConfigSchema<unknown>, value: unknown, first: SchemaResult): unknown {
  let rest = value
  let result = first
  for (let round = 0; round < MAX_ROUNDS && result.problems.length > 0; round += 1) {
    if (!isMapping(rest)) return undefined
    const wrong = new Set(result.problems.map(({ path }) => path[0]))
    rest = Object.fromEntries(Object.entries(rest).filter(([key]) => !wrong.has(key)))
    result = runSchema(schema, rest)
  }
  return result.problems.length === 0 ? result.value : undefined
}
