import ipaddr from 'ipaddr.js'

/** An IPv4 or IPv6 address as a number; `::ffff:1.2.3.4` is an IPv4 address. */
export interface Address {
  version: 4 | 6
  value: bigint
}

/** Addresses from `first` to `last`, both included. */
export interface AddressRange {
  version: 4 | 6
  first: bigint
  last: bigint
}

/** A network in CIDR notation, host bits cleared. */
export interface Network extends AddressRange {
  prefix: number
}

/** Strict: four decimal numbers, or IPv6 without a zone. Undefined when the text is no address. */
export function parseAddress(text: string): Address | undefined {
  // ipaddr.js alone would take `010.1` or `0x7f.1`, as inet_aton does.
  if (!text.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined
  if (text.includes('%') || !ipaddr.isValid(text)) return undefined
  const parsed = ipaddr.process(text)
  const bytes = parsed.toByteArray()
  return {
    version: bytes.length === 4 ? 4 : 6,
    value: bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n),
  }
}

/** The canonical text: RFC 5952 for IPv6. */
export function formatAddress({ version, value }: Address): string {
  const length = version === 4 ? 4 : 16
  const bytes: number[] = []
  for (let index = length - 1; index >= 0; index -= 1) bytes.push(Number((value >> BigInt(index * 8)) & 255n))
  return ipaddr.fromByteArray(bytes).toString()
}

/** `10.1.2.3/24` is the network 10.1.2.0/24. Undefined when the text is no CIDR. */
export function parseNetwork(text: string): Network | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text)
  const address = parseAddress(match?.[1] ?? '')
  if (!address) return undefined
  const bits = address.version === 4 ? 32 : 128
  const prefix = Number(match?.[2])
  if (prefix > bits) return undefined
  const size = 1n << BigInt(bits - prefix)
  const first = (address.value / size) * size
  return { version: address.version, first, last: first + size - 1n, prefix }
}

export function formatNetwork(network: Network): string {
  return `${formatAddress({ version: network.version, value: network.first })}/${network.prefix}`
}

/** One address, a CIDR, or `first-last`. Undefined when the text is none of these. */
export function parseRange(text: string): AddressRange | undefined {
  if (text.includes('/')) {
    const network = parseNetwork(text)
    return network && { version: network.version, first: network.first, last: network.last }
  }
  const [from = '', to = from, ...rest] = text.split('-').map((part) => part.trim())
  const first = parseAddress(from)
  const last = parseAddress(to)
  if (!first || !last || rest.length > 0) return undefined
  if (first.version !== last.version || first.value > last.value) return undefined
  return { version: first.version, first: first.value, last: last.value }
}
