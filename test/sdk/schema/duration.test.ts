import { expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../../../src/sdk/schema/duration.js'

it.each([
  ['300ms', 300],
  ['5s', 5000],
  ['10m', 600_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['0', 0],
  ['0s', 0],
  ['1500us', 2],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

it.each(['', '5', '-5s', '5 s', '5 parsecs', 's', '1d', '5S', '1h30', 'ms5', '1..5s'])(
  '%j is none',
  (text) => {
    expect(parseDuration(text)).toBeUndefined()
  },
)

it.each([
  [0, '0s'],
  [300, '300ms'],
  [90_000, '1m30s'],
  [5_400_000, '1h30m'],
])('%d ms is written as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
  expect(parseDuration(text)).toBe(ms)
})
