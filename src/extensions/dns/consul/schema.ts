import type * as z from 'zod'
import { secret, text, url } from '../../../sdk/schema/fields.js'
import { section } from '../../../sdk/schema/section.js'

export const ConsulConfig = section({
  url: url(['http', 'https']).describe('The HTTP API of a Consul agent.'),
  token: secret().optional().describe('ACL token.'),
  domain: text().optional().describe('The DNS domain that Consul serves.'),
})
export type ConsulConfig = z.output<typeof ConsulConfig>
