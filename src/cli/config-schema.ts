import type { ReferenceRow } from '../config/reference.js'

/** The JSON Schema of the configuration: every section that this release knows. */
export async function configJsonSchema(): Promise<Record<string, unknown>> {
  const { buildJsonSchema } = await import('../config/json-schema.js')
  const { registry } = await import('../extensions/index.js')
  return buildJsonSchema(registry())
}

/** Every key of the configuration with its type, default and meaning: what the docs show. */
export async function configKeys(): Promise<ReferenceRow[]> {
  const { configReference } = await import('../config/reference.js')
  const { registry } = await import('../extensions/index.js')
  return configReference(registry())
}
