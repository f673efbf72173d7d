const PLACEHOLDER = '[secret]'

/** Shorter secrets are replaced only where they stand alone, or every text with an `a` in it would be garbled. */
const SHORT = 4

export interface Redactor {
  /** From now on none of these values, however encoded, gets through. Empty ones are skipped. */
  add(values: Iterable<string>): void
  redact(text: string): string
}

/** Takes secrets out of text by their value: the last line of defence, behind every error and every log line. */
export function createRedactor(): Redactor {
  const known = new Set<string>()
  let pattern: RegExp | undefined
  return {
    add(values) {
      for (const value of values) {
        for (const form of encodings(value)) known.add(form)
      }
      pattern = compile(known)
    },
    redact: (text) => (pattern === undefined ? text : text.replace(pattern, PLACEHOLDER)),
  }
}

/** The forms in which a value turns up: as it is, inside JSON, in a URL, in a form, in base64. */
function encodings(value: string): string[] {
  if (value === '') return []
  const quoted = JSON.stringify(value).slice(1, -1)
  const forms = [value, quoted, JSON.stringify(quoted).slice(1, -1), ...urlEncodings(value)]
  return value.length < SHORT ? forms : [...forms, ...base64Encodings(value)]
}

function urlEncodings(value: string): string[] {
  try {
    return [encodeURIComponent(value), new URLSearchParams([['', value]]).toString().slice(1)]
  } catch {
    // Half a surrogate pair: it cannot turn up in a URL either.
    return []
  }
}

/**
 * Base64 of a text that holds the value (`user:password`) depends on what stands before it, so there are
 * three forms; the characters at either end that mix with their neighbours are left out.
 */
function base64Encodings(value: string): string[] {
  const bytes = Buffer.from(value)
  return [0, 1, 2]
    .map((offset) => {
      const text = Buffer.concat([Buffer.alloc(offset), bytes])
        .toString('base64')
        .replace(/=+$/, '')
      const mixedStart = offset === 0 ? 0 : offset + 1
      const mixedEnd = (offset + bytes.length) % 3 === 0 ? text.length : text.length - 1
      return text.slice(mixedStart, mixedEnd)
    })
    .filter((text) => text.length >= SHORT)
}

function compile(known: ReadonlySet<string>): RegExp | undefined {
  if (known.size === 0) return undefined
  const longestFirst = [...known].sort((a, b) => b.length - a.length)
  return new RegExp(longestFirst.map(toPattern).join('|'), 'g')
}

function toPattern(text: string): string {
  const literal = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return text.length < SHORT ? `(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])` : literal
}

/** Of this process: what the configuration marks as secret, kept out of every stream. */
export const processRedactor: Redactor = createRedactor()
