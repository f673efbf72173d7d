import type * as z from 'zod'
import { port, secret, text, url } from '../../../sdk/schema/fields.js'
import { section } from '../../../sdk/schema/section.js'

export const KemplmConfig = section({
  endpoint: url(['https', 'http']).describe('The management address of the LoadMaster.'),
  username: text().optional().describe('User of the API.'),
  password: secret().optional().describe('Password of the user.'),
  httpPort: port(80).prefault(80).describe('Public port of services without TLS.'),
  httpsPort: port(443).prefault(443).describe('Public port of services with TLS.'),
})
export type KemplmConfig = z.output<typeof KemplmConfig>
