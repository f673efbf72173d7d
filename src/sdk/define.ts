import type { Clock } from './clock.js'
import type { Logger } from './logger.js'
import type { Extension } from './message.js'
import type { Provider } from './provider.js'
import type { Provisioner } from './provisioner.js'

/** The contract's version; a third-party extension names the one it was written for. */
export const API_VERSION = 1

/** What kind of work an extension does; the first part of its id. */
export const KINDS = ['provider', 'ipam', 'lb', 'dns'] as const
export type Kind = (typeof KINDS)[number]

/** What the core hands to `create`. */
export interface Context {
  /** Id of the extension, e.g. `ipam.ipalloc`. */
  id: string
  /** `core.instanceId`: the owner in every mark. */
  owner: string
  logger: Logger
  clock: Clock
  /** True in a dry run: nothing may be written, created or locked, not even a file of ours. */
  dryRun: boolean
  /** How long one message may take before the core gives up on its answer, ms. */
  deadlineMs: number
}

/** A problem that a schema found; the path counts from the extension's section. */
export interface SchemaIssue {
  path: (string | number)[]
  message: string
}

/**
 * Any Standard Schema (zod 4 and others) that validates synchronously.
 * See standardschema.dev, version 1 of the interface.
 */
export interface ConfigSchema<Config> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => unknown
    readonly types?: { readonly input: unknown; readonly output: Config } | undefined
  }
}

interface Common<Config> {
  apiVersion: typeof API_VERSION
  kind: Kind
  /** Second part of the id: `lb` + `f5ltm` is `lb.f5ltm`. */
  name: string
  /** One line for `ext list`. */
  summary: string
  configSchema?: ConfigSchema<Config>
}

/** An extension in any of the three forms. `create` is cheap and does no I/O. */
export interface RawDefinition<Config = unknown> extends Common<Config> {
  form: 'extension'
  create(config: Config, context: Context): Extension
}
export interface ProviderDefinition<Config = unknown> extends Common<Config> {
  form: 'provider'
  kind: 'provider'
  create(config: Config, context: Context): Provider
}
export interface ProvisionerDefinition<Config = unknown, Observed = unknown> extends Common<Config> {
  form: 'provisioner'
  kind: 'ipam' | 'lb' | 'dns'
  create(config: Config, context: Context): Provisioner<Observed>
}
/** A section that is known and checked, while this release has nothing to run for it. */
export interface SchemaOnlyDefinition<Config = unknown> extends Common<Config> {
  form: 'schema'
}

export type Definition = RawDefinition | ProviderDefinition | ProvisionerDefinition | SchemaOnlyDefinition

type Given<D> = Omit<D, 'form' | 'apiVersion'> & { apiVersion?: typeof API_VERSION }

/** An extension that implements `start` and `stop` itself. */
export function defineExtension<Config>(given: Given<RawDefinition<Config>>): RawDefinition<Config> {
  return { apiVersion: API_VERSION, ...given, form: 'extension' }
}

/** A provider made of `list` and `watch`. */
export function defineProvider<Config>(given: Given<ProviderDefinition<Config>>): ProviderDefinition<Config> {
  return { apiVersion: API_VERSION, ...given, form: 'provider' }
}

/** A provisioner made of `observe`, `plan` and `apply`. */
export function defineProvisioner<Config, Observed>(
  given: Given<ProvisionerDefinition<Config, Observed>>,
): ProvisionerDefinition<Config, Observed> {
  return { apiVersion: API_VERSION, ...given, form: 'provisioner' }
}

/** A section whose extension this release does not have yet. */
export function defineSchemaOnly<Config>(
  given: Given<SchemaOnlyDefinition<Config>>,
): SchemaOnlyDefinition<Config> {
  return { apiVersion: API_VERSION, ...given, form: 'schema' }
}

/** `lb.f5ltm`: config section, workflow step, folder and log field in one. */
export function definitionId(definition: { kind: Kind; name: string }): string {
  return `${definition.kind}.${definition.name}`
}
