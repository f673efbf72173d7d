import type * as z from 'zod'
import { duration, filePath } from '../../../sdk/schema/fields.js'
import { section } from '../../../sdk/schema/section.js'

export const HostsConfig = section({
  path: filePath().describe('The hosts file; only the block between our markers is ours.'),
  settle: duration().prefault('0s').describe('How long resolvers keep a name that was removed.'),
})
export type HostsConfig = z.output<typeof HostsConfig>
