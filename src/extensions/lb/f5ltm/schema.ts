import type * as z from 'zod'
import { choice, port, retired, secret, text, url } from '../../../sdk/schema/fields.js'
import { section } from '../../../sdk/schema/section.js'

export const F5ltmConfig = section({
  httpEndpoint: url(['https', 'http']).describe('The management address of the BIG-IP.'),
  username: text().optional().describe('User of the REST API.'),
  password: secret().optional().describe('Password of the user.'),
  authProvider: text().optional().describe('Login provider of the user, such as `tmos`.'),
  authToken: secret().optional().describe('A token in place of user and password.'),
  httpPort: port(80).prefault(80).describe('Public port of services without TLS.'),
  httpsPort: port(443).prefault(443).describe('Public port of services with TLS.'),
  monitorName: text().optional().describe('Health monitor of new pools.'),
  tcpProfile: text().optional().describe('TCP profile of new virtual servers.'),
  partition: text().prefault('Common').describe('Partition of every object of ours.'),
  loadBalancingMode: text().optional().describe('Load balancing mode of new pools.'),
  updateMode: choice(['vs', 'policy'])
    .prefault('vs')
    .describe('A virtual server per service (`vs`), or rules in shared policies (`policy`).'),
  globalHTTPPolicy: text().optional().describe('Policy that takes the rules of services without TLS.'),
  globalSSLPolicy: text().optional().describe('Policy that takes the rules of services with TLS.'),
  objectDescriptionSuffix: text().optional().describe('Text at the end of descriptions.'),
  proxy: retired('the BIG-IP is called directly'),
  globalVS: retired('the virtual server is found by its policy'),
})
export type F5ltmConfig = z.output<typeof F5ltmConfig>
