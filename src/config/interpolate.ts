import { errorText } from '../sdk/errors.js'

export interface Sources {
  env: Readonly<Record<string, string | undefined>>
  /** Throws when the file cannot be read. */
  readFile(path: string): string
}

export interface Interpolated {
  text: string
  /** What `${...}` stood for; shown nowhere. */
  inserted: string[]
  /** Why a value is missing; never with a value in it. `isUnset` ones can be cured from outside of the file. */
  problems: { message: string; hint?: string; isUnset: boolean }[]
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Replaces `${NAME}`, `${NAME:-default}` and `${file:path}`; `$${` stands for `${` itself. */
export function interpolate(source: string, sources: Sources): Interpolated {
  const result: Interpolated = { text: '', inserted: [], problems: [] }
  let position = 0
  for (;;) {
    const start = source.indexOf('${', position)
    if (start === -1) {
      result.text += source.slice(position)
      return result
    }
    if (source[start - 1] === '$' && start - 1 >= position) {
      result.text += `${source.slice(position, start - 1)}\${`
      position = start + 2
      continue
    }
    result.text += source.slice(position, start)
    const end = source.indexOf('}', start)
    if (end === -1) {
      result.problems.push({
        message: 'a `${` has no closing `}`',
        hint: 'write `$${` for the characters themselves',
        isUnset: false,
      })
      return result
    }
    insert(source.slice(start + 2, end), sources, result)
    position = end + 1
  }
}

function insert(expression: string, sources: Sources, result: Interpolated): void {
  const file = /^file:(.+)$/s.exec(expression)?.[1]
  if (file !== undefined) {
    insertFile(file, sources, result)
    return
  }
  const [name = '', ...rest] = expression.split(':-')
  if (!NAME.test(name)) {
    // The expression is not repeated: it may be the middle of a password.
    result.problems.push({
      message: 'expected `${NAME}`, `${NAME:-default}` or `${file:path}`',
      hint: 'write `$${` for the characters themselves',
      isUnset: false,
    })
    return
  }
  const fallback = rest.length > 0 ? rest.join(':-') : undefined
  const given = sources.env[name]
  // As in a shell, `:-` also stands in for an empty value.
  const value = given === '' && fallback !== undefined ? fallback : (given ?? fallback)
  if (value === undefined) {
    result.problems.push({ message: `the variable ${name} is not set`, isUnset: true })
    return
  }
  add(value, result)
}

function insertFile(path: string, sources: Sources, result: Interpolated): void {
  try {
    add(sources.readFile(path).replace(/\r?\n$/, ''), result)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : errorText(error)
    result.problems.push({ message: `the file ${path} cannot be read (${code})`, isUnset: true })
  }
}

function add(value: string, result: Interpolated): void {
  result.text += value
  if (value !== '') result.inserted.push(value)
}
