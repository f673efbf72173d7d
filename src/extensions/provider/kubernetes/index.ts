import { defineSchemaOnly } from '../../../sdk/define.js'
import { KubernetesConfig } from './schema.js'

export const definition = defineSchemaOnly({
  kind: 'provider',
  name: 'kubernetes',
  summary: 'services of a Kubernetes cluster',
  configSchema: KubernetesConfig,
})
