import * as z from 'zod'
import { formatAddress, formatNetwork, parseAddress, parseNetwork, parseRange } from '../../../sdk/ip.js'
import { duration, filePath, flag, listOf, withMeta } from '../../../sdk/schema/fields.js'
import { section } from '../../../sdk/schema/section.js'
import { checkOverlaps, checkPool } from './pool-checks.js'

const network = withMeta(
  parsed((value) => {
    const found = parseNetwork(value)
    return found && formatNetwork(found)
  }, 'expected a CIDR such as 10.32.30.0/24 or fd00:1::/64'),
  { shown: 'CIDR' },
)

const address = withMeta(
  parsed((value) => {
    const found = parseAddress(value)
    return found && formatAddress(found)
  }, 'expected an address such as 10.32.30.10'),
  { shown: 'address' },
)

const range = withMeta(
  parsed(
    (value) => (parseRange(value) ? value.replaceAll(/\s/g, '') : undefined),
    'expected an address, a CIDR, or a range such as 10.32.30.1-10.32.30.9',
  ),
  { shown: 'address, CIDR or range' },
)

const poolShape = {
  ip_start: address.optional().describe('First address that may be given.'),
  ip_end: address.optional().describe('Last address that may be given.'),
  exclude: listOf(range).describe('Never given: addresses, CIDRs, or ranges such as `10.0.0.1-10.0.0.9`.'),
}

const Pool = section(
  { network_cidr: network.describe('The network of the pool, IPv4 or IPv6.'), ...poolShape },
  (pool, report, isWrong) => {
    if (!isWrong('network_cidr')) checkPool(pool, report)
  },
)

export const IpallocConfig = section(
  {
    network_cidr: network.optional().describe('The network of the pool `default`, IPv4 or IPv6.'),
    ...poolShape,
    db_file: filePath().prefault('./share/ipalloc.db').describe('Where the given addresses are kept.'),
    quarantine: duration().prefault('10m').describe('How long an address rests before it is given again.'),
    allowRequests: flag().prefault(false).describe('May services ask for an address or a pool.'),
    pools: z
      .record(
        z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, 'expected a name of letters, digits, `.`, `_`, `-`'),
        Pool,
        {
          error: (issue) => (issue.code === 'invalid_type' ? 'expected pools by name' : undefined),
        },
      )
      .default({})
      .describe('Further pools by name, for services that ask for one.'),
  },
  (config, report, isWrong) => {
    if (isWrong('network_cidr')) return
    checkPool(config, report)
    if (!isWrong('pools')) checkOverlaps(config, report)
  },
)
export type IpallocConfig = z.output<typeof IpallocConfig>

/** Text that `parse` brings into its canonical form. */
function parsed(parse: (value: string) => string | undefined, message: string) {
  return z.string(message).transform((value, context) => {
    const result = parse(value.trim())
    if (result !== undefined) return result
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}
