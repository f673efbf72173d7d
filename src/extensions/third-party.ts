import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { API_VERSION, type Definition, definitionId, KINDS } from '../sdk/define.js'
import { errorText, InterlookError } from '../sdk/errors.js'
import { findEntry, type RegistryEntry } from './registry.js'

export interface LoadedModules {
  /** In the order of the names. */
  entries: RegistryEntry[]
  problems: { index: number; error: InterlookError }[]
}

/**
 * Loads the modules that `core.extensions` names, from the folder of the config file; each is loaded alone, so
 * one bad module does not hide another. They run with our rights: only what is named is ever loaded.
 */
export async function loadThirdParty(
  names: readonly string[],
  configFile: string,
  known: readonly RegistryEntry[],
): Promise<LoadedModules> {
  const result: LoadedModules = { entries: [], problems: [] }
  for (const [index, name] of names.entries()) {
    try {
      const definition = await loadModule(name, configFile)
      result.entries.push(entryOf(definition, name, [...known, ...result.entries]))
    } catch (error) {
      const problem = error instanceof InterlookError ? error : failure(name, errorText(error))
      result.problems.push({ index, error: problem })
    }
  }
  return result
}

function failure(name: string, why: string, hint?: string): InterlookError {
  const options = hint === undefined ? {} : { hint }
  return new InterlookError('extension-load', `the extension ${name} cannot be loaded: ${why}`, options)
}

async function loadModule(name: string, configFile: string): Promise<Definition> {
  const file = resolveModule(name, configFile)
  const module: unknown = await import(pathToFileURL(file).href)
  const given: unknown =
    typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  return checkDefinition(given, name)
}

/** The file of a package name or path; nothing outside of what Node would find from the config file. */
function resolveModule(name: string, configFile: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(name))
    throw failure(name, 'URLs are not allowed', 'install the package and name it')
  if (name.split(/[/\\]/).includes('..')) {
    throw failure(
      name,
      '`..` is not allowed',
      'put the module beside the config file, or install it as a package',
    )
  }
  const isPath = name.startsWith('.') || name.startsWith('/')
  try {
    return isPath ? resolvePath(resolve(dirname(configFile), name)) : createRequire(configFile).resolve(name)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') {
      throw failure(
        name,
        'its package.json exports nothing for us',
        'its `exports` need a `default` condition',
      )
    }
    if (code === 'MODULE_NOT_FOUND' || code === 'ENOENT') {
      throw failure(name, 'there is no such module', `looked for from ${dirname(configFile)}`)
    }
    throw error
  }
}

/** A file, or the folder of a package: asked for by its own name, a package answers with its `exports`. */
function resolvePath(path: string): string {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  const require = createRequire(join(isFolder ? path : dirname(path), 'package.json'))
  if (!isFolder) return require.resolve(path)
  const manifest = readManifest(join(path, 'package.json'))
  return require.resolve(
    manifest?.exports !== undefined && manifest.name !== undefined ? manifest.name : path,
  )
}

function readManifest(path: string): { name?: string; exports?: unknown } | undefined {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'))
  return typeof manifest === 'object' && manifest !== null ? manifest : undefined
}

const FORMS: readonly unknown[] = ['extension', 'provider', 'provisioner']

/** What a module gives as its default export, if it is a definition of the contract's version. */
function checkDefinition(given: unknown, name: string): Definition {
  if (typeof given !== 'object' || given === null) {
    throw failure(
      name,
      'its default export is no definition',
      'export what `defineExtension` returns as the default',
    )
  }
  const found = given as Record<string, unknown>
  if (found.apiVersion !== API_VERSION) {
    const version = typeof found.apiVersion === 'number' ? `version ${found.apiVersion}` : 'no version'
    throw failure(
      name,
      `it names ${version} of the contract in apiVersion, this interlook has version ${API_VERSION}`,
    )
  }
  const kind = KINDS.find((known) => known === found.kind)
  if (kind === undefined) throw failure(name, `its kind is none of ${KINDS.join(', ')}`)
  if (typeof found.name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(found.name)) {
    throw failure(name, 'its name is not made of a-z, 0-9 and -')
  }
  if (typeof found.create !== 'function') throw failure(name, 'it has no function `create`')
  const form = found.form ?? 'extension'
  if (!FORMS.includes(form)) throw failure(name, 'its form is none of extension, provider, provisioner')
  if (form !== 'extension' && (form === 'provider') !== (kind === 'provider')) {
    throw failure(name, `its form does not go with the kind ${kind}`)
  }
  if (found.configSchema !== undefined && !isStandardSchema(found.configSchema)) {
    throw failure(
      name,
      'its configSchema is no Standard Schema',
      'zod 4 schemas are; or leave configSchema out',
    )
  }
  // Every member that the core relies on was looked at above.
  return { summary: '', ...found, form } as Definition
}

function isStandardSchema(schema: unknown): boolean {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return false
  const standard: unknown = (schema as Record<string, unknown>)['~standard']
  return (
    typeof standard === 'object' &&
    standard !== null &&
    'validate' in standard &&
    typeof standard.validate === 'function'
  )
}

function entryOf(definition: Definition, origin: string, known: readonly RegistryEntry[]): RegistryEntry {
  const id = definitionId(definition)
  const clash = findEntry(known, id)
  if (clash)
    throw failure(
      origin,
      `its id ${id} is taken by ${clash.origin === 'built-in' ? 'interlook itself' : clash.origin}`,
    )
  const alias = `provisioner.${definition.name}`
  const hasAlias = definition.kind !== 'provider' && findEntry(known, alias) === undefined
  return {
    id,
    kind: definition.kind,
    aliases: hasAlias ? [alias] : [],
    summary: definition.summary,
    origin,
    available: true,
    load: () => Promise.resolve(definition),
    schema: () => Promise.resolve(definition.configSchema),
  }
}
