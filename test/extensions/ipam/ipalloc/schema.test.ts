import { describe, expect, it } from 'vitest'
import { usableRanges } from '../../../../src/extensions/ipam/ipalloc/pool-checks.js'
import { IpallocConfig } from '../../../../src/extensions/ipam/ipalloc/schema.js'

function messages(value: unknown): string[] {
  const result = IpallocConfig.safeParse(value)
  return (result.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`)
}

describe('the section ipam.ipalloc', () => {
  it('brings addresses and networks into one form', () => {
    const config = IpallocConfig.parse({
      network_cidr: '10.0.0.77/24',
      ip_start: '10.0.0.10',
      exclude: ['10.0.0.20 - 10.0.0.30', '10.0.0.64/28'],
      pools: { six: { network_cidr: 'FD00:0::5/112' } },
    })

    expect(config).toMatchObject({
      network_cidr: '10.0.0.0/24',
      exclude: ['10.0.0.20-10.0.0.30', '10.0.0.64/28'],
      pools: { six: { network_cidr: 'fd00::/112', exclude: [] } },
      quarantine: 600_000,
    })
  })

  it.each([
    [{}, ['network_cidr: network_cidr or pools is needed']],
    [{ network_cidr: 'x' }, ['network_cidr: expected a CIDR such as 10.32.30.0/24 or fd00:1::/64']],
    [
      { network_cidr: 'x', ip_start: '10.0.0.1' },
      ['network_cidr: expected a CIDR such as 10.32.30.0/24 or fd00:1::/64'],
    ],
    [
      { ip_start: '10.0.0.1', pools: { a: { network_cidr: '10.0.0.0/8' } } },
      ['ip_start: ip_start needs network_cidr'],
    ],
    [
      { network_cidr: '10.0.0.0/24', ip_start: '10.0.1.1' },
      ['ip_start: ip_start 10.0.1.1 is outside of 10.0.0.0/24'],
    ],
    [{ network_cidr: '10.0.0.0/24', ip_end: 'fd00::1' }, ['ip_end: ip_end is IPv6 and network_cidr is IPv4']],
    [
      { network_cidr: '10.0.0.0/24', ip_start: '10.0.0.9', ip_end: '10.0.0.5' },
      ['ip_start: ip_start 10.0.0.9 is behind ip_end 10.0.0.5'],
    ],
    [
      { network_cidr: '10.0.0.0/24', exclude: ['fd00::/64'] },
      ['exclude.0: the range is IPv6 and network_cidr is IPv4'],
    ],
    [
      { network_cidr: '10.0.0.0/24', exclude: ['web'] },
      ['exclude.0: expected an address, a CIDR, or a range such as 10.32.30.1-10.32.30.9'],
    ],
    [
      { network_cidr: '10.0.0.0/30', exclude: ['10.0.0.1', '10.0.0.2'] },
      ['network_cidr: no address of 10.0.0.0/30 is left to give'],
    ],
    [
      { network_cidr: '10.0.0.0/24', ip_start: '10.0.0.255' },
      ['network_cidr: no address of 10.0.0.0/24 is left to give'],
    ],
    [
      { network_cidr: '10.0.0.0/24', pools: { default: { network_cidr: '10.1.0.0/24' } } },
      ['pools.default: the pool "default" is the one that network_cidr makes'],
    ],
    [
      { network_cidr: '10.0.0.0/16', pools: { a: { network_cidr: '10.0.5.0/24' } } },
      ['pools.a: the pool "a" shares addresses with the pool "default"'],
    ],
    [
      {
        pools: {
          a: { network_cidr: '10.0.0.0/24', ip_end: '10.1.0.0' },
          'b c': { network_cidr: '10.9.0.0/24' },
        },
      },
      ['pools.a.ip_end: ip_end 10.1.0.0 is outside of 10.0.0.0/24', 'pools.b c: Invalid key in record'],
    ],
  ])('%j', (value, expected) => {
    expect(messages(value)).toEqual(expect.arrayContaining(expected))
    expect(messages(value)).toHaveLength(expected.length)
  })

  it('lets a pool lie in a hole of another one', () => {
    const config = {
      network_cidr: '10.0.0.0/16',
      exclude: ['10.0.5.0/24'],
      pools: { a: { network_cidr: '10.0.5.0/24' }, b: { network_cidr: 'fd00::/64' } },
    }

    expect(messages(config)).toEqual([])
  })
})

describe('usableRanges', () => {
  const size = (pool: Parameters<typeof usableRanges>[0]): bigint =>
    usableRanges(pool).reduce((sum, { first, last }) => sum + last - first + 1n, 0n)

  it.each([
    [{ network_cidr: '10.0.0.0/24' }, 254n],
    [{ network_cidr: '10.0.0.0/31' }, 2n],
    [{ network_cidr: '10.0.0.0/32' }, 1n],
    [{ network_cidr: '10.0.0.0/24', ip_start: '10.0.0.0', ip_end: '10.0.0.9' }, 9n],
    [{ network_cidr: '10.0.0.0/24', exclude: ['10.0.0.0/28', '10.0.0.100', '10.0.0.200-10.0.1.9'] }, 183n],
    [{ network_cidr: 'fd00::/127' }, 2n],
    [{}, 0n],
  ])('%j has %s', (pool, expected) => {
    expect(size(pool)).toBe(expected)
  })
})
