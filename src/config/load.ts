import { resolve } from 'node:path'
import { findEntry, type RegistryEntry } from '../extensions/index.js'
import { errorText } from '../sdk/errors.js'
import { type CheckContext, checkSection, type CheckedSection } from './check-section.js'
import { collectSections, type FoundSection } from './collect-sections.js'
import { type MappingNode, parseDocument } from './document.js'
import { createIssueList, type IssueList } from './issue-list.js'
import type { ConfigIssue } from './issues.js'
import { locate, type Place } from './locate.js'
import type { CoreConfig } from './schema.js'
import { checkSections, readWorkflow } from './workflow.js'

export interface LoadOptions {
  /** Absolute, or as the user wrote it; problems name it so. */
  file: string
  /** The text, when it does not come from `file`. */
  text?: string
  env: Readonly<Record<string, string | undefined>>
  /** Throws when the file cannot be read. */
  readFile(path: string): string
  cwd: string
  /** `check` is for CI: what only the target machine has (variables, files) is a warning. */
  mode: 'check' | 'run'
  /** In `check`: such warnings are errors. */
  strict?: boolean
  registry: readonly RegistryEntry[]
}

/** A configuration that can be used: checked, defaults filled in, durations in ms, paths absolute. */
export interface Config {
  file: string
  core: CoreConfig
  /** Ids in order, providers included. */
  workflow: string[]
  /** What stands behind `workflow`, in the same order. */
  entries: RegistryEntry[]
  /** Every known extension, with those that `core.extensions` names. */
  registry: RegistryEntry[]
  /** By id; of every section that could be used, also outside of the workflow. */
  sections: Record<string, unknown>
  /** Texts that must be shown nowhere. */
  secrets: string[]
}

export interface LoadResult {
  /** Undefined when there is an error. */
  config?: Config
  /** Errors, warnings and notes in the order of the file. */
  issues: ConfigIssue[]
  /** As in the configuration; also of one that has errors. */
  secrets: string[]
}

/** Reads and checks a configuration; every problem is told at once. Loads schemas, never an extension of ours. */
export async function loadConfig(options: LoadOptions): Promise<LoadResult> {
  let source: string
  try {
    source = (options.text ?? options.readFile(options.file)).replace(/^\uFEFF/, '')
  } catch (error) {
    return unreadable(options.file, error)
  }
  const issues = createIssueList(options.file, source)
  const { root, problems } = parseDocument(source, await import('js-yaml'))
  for (const problem of problems) issues.add({ ...problem, path: [] })
  if (!root) return { issues: issues.sorted(), secrets: [] }
  const config = await check(root, options, issues)
  const { secrets } = config
  return { ...(!issues.hasErrors() && { config }), issues: issues.sorted(), secrets }
}

function unreadable(file: string, error: unknown): LoadResult {
  const code = error instanceof Error && 'code' in error ? String(error.code) : errorText(error)
  const message = `the file cannot be read (${code})`
  return {
    issues: [{ severity: 'error', code: 'config-unreadable', file, line: 1, column: 1, path: '', message }],
    secrets: [],
  }
}

async function check(root: MappingNode, options: LoadOptions, issues: IssueList): Promise<Config> {
  const isLenient = options.mode === 'check' && options.strict !== true
  const context: CheckContext = {
    sources: {
      env: options.env,
      readFile: (path) => options.readFile(resolve(options.cwd, path)),
    },
    cwd: options.cwd,
    issues,
    missingSeverity: isLenient ? 'warning' : 'error',
  }
  const corePlace = root.entries.get('core')
  const { checked, core } = await checkCore(corePlace ?? emptyPlace(root), context)
  const known = await withThirdParty(core, corePlace, options, issues)
  checkDomains(core, corePlace, known, issues)
  const found = collectSections(root, known, issues)
  const steps = readWorkflow({
    core,
    place: corePlace,
    unresolved: checked.unresolved,
    entries: known,
    issues,
  })
  const sections: Record<string, unknown> = {}
  const secrets = new Set(checked.secrets)
  for (const [id, section] of found) {
    const isUsed = steps?.some(({ entry }) => entry.id === id) ?? false
    const result = await checkFound(section, isUsed, context)
    for (const secret of result.secrets) secrets.add(secret)
    if (result.config !== undefined) sections[id] = result.config
  }
  if (steps) await checkSections(steps, found, issues)
  const workflow = (steps ?? []).map(({ entry }) => entry)
  return {
    file: options.file,
    core,
    workflow: workflow.map(({ id }) => id),
    entries: workflow,
    registry: known,
    sections,
    secrets: [...secrets],
  }
}

function emptyPlace(root: MappingNode): Place {
  const node = { kind: 'mapping' as const, offset: root.offset, entries: new Map() }
  return { keyOffset: root.offset, node }
}

async function checkCore(
  place: Place,
  context: CheckContext,
): Promise<{ checked: CheckedSection; core: CoreConfig }> {
  const { CoreConfig } = await import('./schema.js')
  const input = { id: 'core', place, schema: CoreConfig, isUsed: true, isBuiltIn: true }
  const checked = checkSection(input, context)
  // `checkSection` gives what this very schema made of the section; when that is nothing, defaults let the
  // other checks go on, for every key of `core` has one or is optional.
  return { checked, core: (checked.config as CoreConfig | undefined) ?? CoreConfig.parse({}) }
}

async function withThirdParty(
  core: CoreConfig,
  place: Place | undefined,
  { file, cwd, registry }: LoadOptions,
  issues: IssueList,
): Promise<RegistryEntry[]> {
  if (core.extensions.length === 0 || !place) return [...registry]
  const { loadThirdParty } = await import('../extensions/third-party.js')
  const { entries, problems } = await loadThirdParty(core.extensions, resolve(cwd, file), registry)
  for (const { index, error } of problems) {
    const path = ['extensions', index]
    const { offset } = locate(place, path).node
    issues.add({
      code: error.code,
      offset,
      path: ['core', ...path],
      message: error.message,
      hint: error.hint,
    })
  }
  return [...registry, ...entries]
}

/** A rule for a provider that nobody knows would allow nothing, silently. */
function checkDomains(
  core: CoreConfig,
  place: Place | undefined,
  known: readonly RegistryEntry[],
  issues: IssueList,
): void {
  if (!place) return
  for (const [index, { provider }] of core.domains.entries()) {
    if (provider === undefined || findEntry(known, provider)?.kind === 'provider') continue
    const path = ['domains', index, 'provider']
    const { offset } = locate(place, path).node
    const ids = known.filter(({ kind }) => kind === 'provider').map(({ id }) => id)
    const hint = `known providers: ${ids.join(', ')}`
    issues.add({ offset, path: ['core', ...path], message: `unknown provider "${provider}"`, hint })
  }
}

async function checkFound({ entry, place }: FoundSection, isUsed: boolean, context: CheckContext) {
  const schema = await entry.schema()
  const isBuiltIn = entry.origin === 'built-in'
  return checkSection({ id: entry.id, place, schema, isUsed, isBuiltIn }, context)
}
