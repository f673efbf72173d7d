import { formatAddress, parseAddress } from '../../../sdk/ip.js'

/** Both families on one line of numbers: IPv4 as it is, IPv6 behind 2^128, so that one bitmap holds both. */
const IPV6_BASE = 1n << 128n

const CANONICAL_IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/

export function onLine(version: 4 | 6, value: bigint): bigint {
  return version === 4 ? value : IPV6_BASE + value
}

/** The number of an address on the line; undefined when the text is no address. */
export function addressNumber(text: string): bigint | undefined {
  // Most addresses go this way, and tens of thousands of them: the general parser takes ten times as long.
  const parts = CANONICAL_IPV4.exec(text)
  if (parts !== null) {
    let value = 0
    for (let part = 1; part <= 4; part++) {
      const byte = Number(parts[part])
      if (byte > 255) return undefined
      value = value * 256 + byte
    }
    return BigInt(value)
  }
  const address = parseAddress(text)
  return address && onLine(address.version, address.value)
}

/** The canonical text of a number that `addressNumber` gave. */
export function addressText(number: bigint): string {
  if (number >= IPV6_BASE) return formatAddress({ version: 6, value: number - IPV6_BASE })
  const value = Number(number)
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}
