import { formatAddress, parseAddress } from '../../../sdk/ip.js'

/** Both families on one line of numbers: IPv4 as it is, IPv6 behind 2^128, so that one bitmap holds both. */
const IPV6_BASE = 1n << 128n

export function onLine(version: 4 | 6, value: bigint): bigint {
  return version === 4 ? value : IPV6_BASE + value
}

/** The number of an address on the line; undefined when the text is no address. */
export function addressNumber(text: string): bigint | undefined {
  const address = parseAddress(text)
  return address && onLine(address.version, address.value)
}

/** The canonical text of a number that `addressNumber` gave. */
export function addressText(number: bigint): string {
  return number < IPV6_BASE
    ? formatAddress({ version: 4, value: number })
    : formatAddress({ version: 6, value: number - IPV6_BASE })
}
