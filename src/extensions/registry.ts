import type { ConfigSchema, Definition, Kind } from '../sdk/define.js'

/** One known extension. Neither code nor schema is loaded before it is asked for. */
export interface RegistryEntry {
  /** Config section, workflow step, folder and log field in one: `lb.f5ltm`. */
  id: string
  kind: Kind
  /** Also accepted wherever an id is. */
  aliases: readonly string[]
  summary: string
  /** `built-in`, or the module that `core.extensions` names. */
  origin: string
  /** False when this release knows the section but has nothing to run for it. */
  available: boolean
  load(): Promise<Definition>
  /** Of its section; undefined when the extension declares none. */
  schema(): Promise<ConfigSchema<unknown> | undefined>
}

/** The entry with this id or alias. */
export function findEntry(entries: readonly RegistryEntry[], idOrAlias: string): RegistryEntry | undefined {
  return entries.find((entry) => entry.id === idOrAlias || entry.aliases.includes(idOrAlias))
}
