import { formatPath } from '../config/issues.js'
import type { Config } from '../config/load.js'
import { mapFields } from '../config/schema-walk.js'
import { CoreConfig } from '../config/schema.js'
import type { UsedFile } from './config-check.js'

/** Every path that the configuration names or takes as default, absolute, in the order of the sections. */
export async function usedFiles({ core, sections, registry }: Config): Promise<UsedFile[]> {
  const found = pathsIn('core', CoreConfig, core)
  for (const entry of registry) {
    const section = sections[entry.id]
    if (section !== undefined) found.push(...pathsIn(entry.id, await entry.schema(), section))
  }
  return found
}

function pathsIn(id: string, schema: unknown, section: unknown): UsedFile[] {
  const found: UsedFile[] = []
  mapFields(schema, section, (value, meta, path) => {
    const isStream = value === 'stdout' || value === 'stderr'
    if (meta.file !== undefined && typeof value === 'string' && !isStream) {
      found.push({ key: formatPath([id, ...path]), path: value })
    }
    return value
  })
  return found
}
