import { defineSchemaOnly } from '../../../sdk/define.js'
import { KemplmConfig } from './schema.js'

export const definition = defineSchemaOnly({
  kind: 'lb',
  name: 'kemplm',
  summary: 'virtual services on a Kemp LoadMaster',
  configSchema: KemplmConfig,
})
