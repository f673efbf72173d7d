import { describe, expect, it } from 'vitest'
import { formatDuration, formatScheduled, formatWhen } from '../../../src/cli/render/time.js'
import { NOW } from './fixtures.js'

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [300, '300ms'],
    [999, '999ms'],
    [1000, '1s'],
    [1234, '1.2s'],
    [9999, '9.9s'],
    [10_999, '10s'],
    [598_000, '9m 58s'],
    [600_000, '10m'],
    [3_661_000, '1h 1m'],
    [86_400_000, '1d'],
    [273_600_000, '3d 4h'],
  ])('%i ms is %s', (ms, expected) => {
    expect(formatDuration(ms)).toBe(expected)
  })
})

describe('formatWhen', () => {
  it.each([
    [NOW + 598_000, 'in 9m 58s (2026-11-24T22:00:00Z)'],
    [NOW, 'now (2026-11-24T21:50:02Z)'],
    [NOW - 1000, 'now (2026-11-24T21:50:01Z)'],
  ])('%i', (ms, expected) => {
    expect(formatWhen(ms, NOW)).toBe(expected)
  })
})

describe('formatScheduled', () => {
  it.each([
    ['grace', undefined, 'is removed in 10m (2026-11-24T22:00:02Z)'],
    ['drain', 'lb.f5ltm', 'lb.f5ltm is drained in 10m (2026-11-24T22:00:02Z)'],
    ['settle', 'dns.consul', 'dns.consul is settled in 10m (2026-11-24T22:00:02Z)'],
    ['retry', 'lb.f5ltm', 'lb.f5ltm is tried again in 10m (2026-11-24T22:00:02Z)'],
    ['pending', undefined, 'the service is asked again in 10m (2026-11-24T22:00:02Z)'],
  ] as const)('%s', (what, step, expected) => {
    expect(formatScheduled({ key: 'k', what, ...(step && { step }), notBefore: NOW + 600_000 }, NOW)).toBe(
      expected,
    )
  })
})
