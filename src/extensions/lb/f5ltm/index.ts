import { defineSchemaOnly } from '../../../sdk/define.js'
import { F5ltmConfig } from './schema.js'

export const definition = defineSchemaOnly({
  kind: 'lb',
  name: 'f5ltm',
  summary: 'virtual servers on an F5 BIG-IP LTM',
  configSchema: F5ltmConfig,
})
