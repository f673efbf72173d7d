import type { Scheduled } from '../../core/plan.js'

const UNITS: readonly [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
]

/** For people: `300ms`, `1.2s`, `9m 58s`, `3d 4h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 10_000) return `${Math.floor(ms / 100) / 10}s`
  const first = UNITS.findIndex(([, size]) => ms >= size)
  const parts: string[] = []
  let rest = ms
  for (const [name, size] of UNITS.slice(first, first + 2)) {
    const amount = Math.floor(rest / size)
    rest -= amount * size
    if (amount > 0) parts.push(`${amount}${name}`)
  }
  return parts.join(' ')
}

/** ISO 8601 in UTC, to the second. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** `in 9m 58s (2026-11-24T22:00:00Z)`, or `now (…)` when it is due. */
export function formatWhen(ms: number, now: number): string {
  return ms > now ? `in ${formatDuration(ms - now)} (${formatTime(ms)})` : `now (${formatTime(ms)})`
}

/** What waits, and until when. */
export function formatScheduled({ what, step, notBefore }: Scheduled, now: number): string {
  const when = formatWhen(notBefore, now)
  const who = step ?? 'the service'
  switch (what) {
    case 'grace':
      return `is removed ${when}`
    case 'drain':
      return `${who} is drained ${when}`
    case 'settle':
      return `${who} is settled ${when}`
    case 'retry':
      return `${who} is tried again ${when}`
    case 'pending':
      return `${who} is asked again ${when}`
    default:
      return what satisfies never
  }
}
