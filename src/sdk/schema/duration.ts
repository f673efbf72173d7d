const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

const UNIT_MS: Record<string, number> = { ...Object.fromEntries(UNITS), us: 0.001, µs: 0.001, ns: 0.000_001 }

const PART = /(\d+(?:\.\d+)?|\.\d+)(ms|us|µs|ns|h|m|s)/gy

/** Milliseconds of `300ms`, `5s`, `10m`, `1h30m`, `0`; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  PART.lastIndex = 0
  let total = 0
  let end = 0
  for (let part = PART.exec(text); part !== null; part = PART.exec(text)) {
    total += Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? Number.NaN)
    end = PART.lastIndex
  }
  return end > 0 && end === text.length && Number.isFinite(total) ? Math.round(total) : undefined
}

/** The shortest text that `parseDuration` reads as `ms`: `90000` is `1m30s`. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms))
  let text = ''
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size)
    if (count > 0) text += `${count}${unit}`
    rest -= count * size
  }
  return text === '' ? '0s' : text
}
