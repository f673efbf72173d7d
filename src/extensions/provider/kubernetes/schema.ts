import type * as z from 'zod'
import { duration, filePath, listOf, retired, text, url } from '../../../sdk/schema/fields.js'
import { section } from '../../../sdk/schema/section.js'

export const KubernetesConfig = section({
  name: text().optional().describe('A name for the cluster.'),
  endpoint: url(['http', 'https']).optional().describe('The API server.'),
  listOptions: listOf(text()).describe('Label selectors, as `labelSelector`.'),
  labelSelector: listOf(text()).describe('Only services with all of these labels: `name` or `name=value`.'),
  tlsCa: filePath('certificate').optional().describe('Certificate authority of the API server (PEM).'),
  tlsCert: filePath('certificate').optional().describe('Client certificate (PEM).'),
  tlsKey: filePath('certificate').optional().describe('Key of the client certificate (PEM).'),
  pollInterval: duration({ min: 100, zeroMeans: 15_000 })
    .prefault('15s')
    .describe('How often the services are listed where no watch is open.'),
  kubeconfigFile: retired('endpoint and the tls keys say how to connect'),
  watch: retired('changes are always watched'),
  watchInterval: retired('changes are always watched'),
  updateInterval: retired('pollInterval says how often the services are listed'),
})
export type KubernetesConfig = z.output<typeof KubernetesConfig>
