import type { Config } from '../config/load.js'
import { configReference } from '../config/reference.js'
import type { RegistryEntry } from '../extensions/index.js'
import type { Definition } from '../sdk/define.js'
import type { Output } from './output.js'

/** What `ext list` tells of one extension; this shape is published. */
export interface ListedExtension {
  id: string
  kind: string
  aliases: string[]
  summary: string
  /** `built-in`, or the module that `core.extensions` names. */
  origin: string
  /** False when this release knows the section but has nothing to run for it. */
  available: boolean
  abilities: string[]
  configured: boolean
  /** Position in the workflow, from 1; null when it is not in it. */
  step: number | null
  /** Keys of its section. */
  keys: string[]
}

/** What each form of a definition can do. A dry run previews all but `messages`. */
const ABILITIES: Record<Definition['form'], string[]> = {
  provider: ['list'],
  provisioner: ['observe', 'plan', 'apply'],
  extension: ['messages'],
  schema: [],
}

export async function listExtensions(
  entries: readonly RegistryEntry[],
  config: Pick<Config, 'workflow' | 'sections'> | undefined,
): Promise<ListedExtension[]> {
  const listed: ListedExtension[] = []
  for (const entry of entries) {
    const { id, kind, aliases, summary, origin, available } = entry
    const step = config?.workflow.indexOf(id) ?? -1
    const rows = await configReference([entry])
    listed.push({
      id,
      kind,
      aliases: [...aliases],
      summary,
      origin,
      available,
      abilities: available ? ABILITIES[(await entry.load()).form] : [],
      configured: config !== undefined && Object.hasOwn(config.sections, id),
      step: step === -1 ? null : step + 1,
      keys: rows.filter(({ section }) => section === id).map(({ key }) => key),
    })
  }
  return listed
}

/** A block of lines per extension. */
export async function renderExtensions(
  listed: readonly ListedExtension[],
  output: Pick<Output, 'chalk'>,
): Promise<string> {
  const chalk = await output.chalk()
  const width = Math.max(...listed.map(({ id }) => id.length))
  return listed
    .map((extension) =>
      [
        `${chalk.bold(extension.id.padEnd(width))}  ${extension.summary}`,
        `  ${factsOf(extension).join('; ')}`,
        ...(extension.keys.length > 0 ? [chalk.dim(`  keys: ${extension.keys.join(', ')}`)] : []),
      ].join('\n'),
    )
    .join('\n')
}

function factsOf({ step, configured, available, aliases, abilities, origin }: ListedExtension): string[] {
  const use =
    step === null ? (configured ? 'configured, not in the workflow' : 'not configured') : `step ${step}`
  return [
    use,
    available ? `can ${abilities.join(', ')}` : 'not in this release: its section is only checked',
    ...(aliases.length > 0 ? [`also ${aliases.join(', ')}`] : []),
    origin,
  ]
}
