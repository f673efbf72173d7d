import type { ConfigSchema } from '../sdk/define.js'
import { errorText } from '../sdk/errors.js'
import type { ConfigPath } from './issues.js'
import { isMapping } from './schema-walk.js'

/** A problem that a schema found; zod's say more than the standard asks for. */
export interface SchemaProblem {
  path: ConfigPath
  message: string
  kind: 'value' | 'rule' | 'unknown-key'
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
    result = schema['~standard'].validate(value)
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
    return issue.issues.flatMap((inner: unknown) => problemsOf(inner, path))
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

/**
 * The parsed value, or what is left of it when the keys with problems are not given: their defaults
 * then stand in, so that further checks can run.
 */
export function usableValue(
  schema: ConfigSchema<unknown>,
  value: unknown,
  { value: parsed, problems }: SchemaResult,
): unknown {
  if (problems.length === 0) return parsed
  if (!isMapping(value)) return undefined
  const wrong = new Set(problems.map(({ path }) => path[0]))
  const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !wrong.has(key)))
  return runSchema(schema, rest).value
}
