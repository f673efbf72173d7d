import type { Palette } from './palette.js'

export interface RenderOptions {
  palette: Palette
  /** Columns of the terminal; absent in a pipe: nothing is wrapped then. */
  width?: number
  /** Wall clock, ms. */
  now: number
}

const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')
// C0 and C1 control characters and what turns the direction of writing: names come from other people.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g

/** How many columns the text takes. */
export function visibleLength(text: string): number {
  return Array.from(text.replace(ANSI, '')).length
}

export function padEnd(text: string, length: number): string {
  return text + ' '.repeat(Math.max(0, length - visibleLength(text)))
}

/** Every text of a value without characters that could steer a terminal. */
export function withoutControls<T>(value: T): T {
  return cleaned(value) as T // Of the same shape: only texts are replaced.
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(UNSAFE, ' ')
  if (Array.isArray(value)) return value.map(cleaned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cleaned(one)]))
}

/** `1 service`, `2 services`, `1,000 services`. */
export function count(amount: number, noun: string): string {
  return `${formatNumber(amount)} ${noun}${amount === 1 ? '' : 's'}`
}

export function formatNumber(amount: number): string {
  return amount.toLocaleString('en-US')
}

/** Indented, and broken at spaces where the width asks for it; further lines stand two columns deeper. */
export function line(indent: number, text: string, width?: number): string {
  const first = ' '.repeat(indent)
  if (width === undefined || indent + visibleLength(text) <= width) return first + text
  const further = ' '.repeat(indent + 2)
  const lines: string[] = []
  let current = first
  let isEmpty = true
  // A run of spaces stays with the word behind it: columns keep their distance.
  for (const word of text.match(/ *[^ ]+/g) ?? []) {
    if (!isEmpty && visibleLength(current + word) > width) {
      lines.push(current)
      current = further
      isEmpty = true
    }
    current += isEmpty ? word.trimStart() : word
    isEmpty = false
  }
  return [...lines, current].join('\n')
}

/** Paragraphs with an empty line between; those without a line are left out. */
export function paragraphs(blocks: readonly (readonly string[])[]): string {
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')
}

/** Rows as aligned columns, without spaces at the end. A cell may hold several lines. */
export function table(rows: readonly (readonly (readonly string[])[])[], indent = 0): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, ...cell.map(visibleLength))
    }
  }
  return rows.flatMap((row) => {
    const height = Math.max(...row.map((cell) => cell.length))
    return Array.from({ length: height }, (_, index) => {
      const cells = row.map((cell, column) => padEnd(cell[index] ?? '', widths[column] ?? 0))
      return ' '.repeat(indent) + cells.join('  ').trimEnd()
    })
  })
}
