import { describe, expect, it } from 'vitest'
import { formatAddress, formatNetwork, parseAddress, parseNetwork, parseRange } from '../../src/sdk/ip.js'

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['FD00:0:0::1', 'fd00::1'],
    ['::', '::'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
  ])('%s is %s', (text, canonical) => {
    const address = parseAddress(text)

    expect(address && formatAddress(address)).toBe(canonical)
  })

  it.each(['', '10.0.0', '10.0.0.256', '0x7f.0.0.1', '1', 'fd00::1%eth0', 'fd00:::1', '10.0.0.1/24', 'web'])(
    '%j is none',
    (text) => {
      expect(parseAddress(text)).toBeUndefined()
    },
  )
})

describe('networks and ranges', () => {
  it.each([
    ['10.32.30.77/24', '10.32.30.0/24'],
    ['10.0.0.1/32', '10.0.0.1/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['fd00::ff/120', 'fd00::/120'],
  ])('%s is %s', (text, canonical) => {
    const network = parseNetwork(text)

    expect(network && formatNetwork(network)).toBe(canonical)
  })

  it.each(['10.0.0.0', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/-1', '10.0.0.0/', '/24', '10.0.0.0/24/24'])(
    '%j is no network',
    (text) => {
      expect(parseNetwork(text)).toBeUndefined()
    },
  )

  it.each([
    ['10.0.0.5', 1n],
    ['10.0.0.0/30', 4n],
    ['10.0.0.5-10.0.0.9', 5n],
    ['10.0.0.5 - 10.0.0.5', 1n],
    ['fd00::1-fd00::3', 3n],
  ])('%s holds %s addresses', (text, size) => {
    const range = parseRange(text)

    expect(range && range.last - range.first + 1n).toBe(size)
  })

  it.each(['10.0.0.9-10.0.0.5', '10.0.0.1-fd00::1', '10.0.0.1-', '-', '10.0.0.1-10.0.0.2-10.0.0.3'])(
    '%j is no range',
    (text) => {
      expect(parseRange(text)).toBeUndefined()
    },
  )
})
