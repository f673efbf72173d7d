import type { ConfigSchema, Definition, Kind } from '../sdk/define.js'
import { findEntry, type RegistryEntry } from './registry.js'

export { findEntry, type RegistryEntry } from './registry.js'

const BUILT_IN: readonly RegistryEntry[] = [
  builtIn('provider', 'swarm', {
    summary: 'services of a Docker Swarm, by their labels',
    schema: async () => (await import('./provider/swarm/schema.js')).SwarmConfig,
    load: async () => (await import('./provider/swarm/index.js')).definition,
  }),
  builtIn('provider', 'kubernetes', {
    summary: 'services of a Kubernetes cluster',
    available: false,
    schema: async () => (await import('./provider/kubernetes/schema.js')).KubernetesConfig,
    load: async () => (await import('./provider/kubernetes/index.js')).definition,
  }),
  builtIn('provider', 'file', {
    summary: 'services listed in a YAML file',
    schema: async () => (await import('./provider/file/schema.js')).FileConfig,
    load: async () => (await import('./provider/file/index.js')).definition,
  }),
  builtIn('ipam', 'ipalloc', {
    summary: 'gives addresses out of pools of its own and keeps them in an embedded store',
    schema: async () => (await import('./ipam/ipalloc/schema.js')).IpallocConfig,
    load: async () => (await import('./ipam/ipalloc/index.js')).definition,
  }),
  builtIn('lb', 'f5ltm', {
    summary: 'virtual servers on an F5 BIG-IP LTM',
    available: false,
    schema: async () => (await import('./lb/f5ltm/schema.js')).F5ltmConfig,
    load: async () => (await import('./lb/f5ltm/index.js')).definition,
  }),
  builtIn('lb', 'kemplm', {
    summary: 'virtual services on a Kemp LoadMaster',
    available: false,
    schema: async () => (await import('./lb/kemplm/schema.js')).KemplmConfig,
    load: async () => (await import('./lb/kemplm/index.js')).definition,
  }),
  builtIn('dns', 'consul', {
    summary: 'names in Consul',
    available: false,
    schema: async () => (await import('./dns/consul/schema.js')).ConsulConfig,
    load: async () => (await import('./dns/consul/index.js')).definition,
  }),
  builtIn('dns', 'hosts', {
    summary: 'keeps names in a block of a hosts file',
    schema: async () => (await import('./dns/hosts/schema.js')).HostsConfig,
    load: async () => (await import('./dns/hosts/index.js')).definition,
  }),
]

/** Sections of the earlier tool that nothing reads any more, and what to do instead. */
export const RETIRED_SECTIONS: Readonly<Record<string, string>> = {
  'provider.docker': 'use provider.swarm, or list the services in a file for provider.file',
}

/** Every extension of this release, in the order of the docs. */
export function registry(): readonly RegistryEntry[] {
  return BUILT_IN
}

/** The id that stands behind an id or alias; undefined when nothing has it. */
export function resolveId(
  idOrAlias: string,
  entries: readonly RegistryEntry[] = BUILT_IN,
): string | undefined {
  return findEntry(entries, idOrAlias)?.id
}

interface Loaders {
  summary: string
  available?: boolean
  schema: () => Promise<ConfigSchema<unknown>>
  load: () => Promise<Definition>
}

function builtIn(kind: Kind, name: string, loaders: Loaders): RegistryEntry {
  return {
    id: `${kind}.${name}`,
    kind,
    aliases: kind === 'provider' ? [] : [`provisioner.${name}`],
    origin: 'built-in',
    summary: loaders.summary,
    available: loaders.available ?? true,
    schema: loaders.schema,
    load: loaders.load,
  }
}
