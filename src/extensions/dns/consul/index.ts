import { defineSchemaOnly } from '../../../sdk/define.js'
import { ConsulConfig } from './schema.js'

export const definition = defineSchemaOnly({
  kind: 'dns',
  name: 'consul',
  summary: 'names in Consul',
  configSchema: ConsulConfig,
})
