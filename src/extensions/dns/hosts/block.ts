import { InterlookError } from '../../../sdk/errors.js'

/** One line of an interlook block: a name, its address, and the service that it was made for. */
export interface HostsEntry {
  name: string
  ip: string
  key: string
}

/** One line elsewhere in the file, or in the block of another owner, that a name stands on. */
export interface ForeignEntry {
  name: string
  ip: string
  /** Counted from 1. */
  line: number
  /** The owner of the block it stands in; absent outside of all blocks. */
  owner?: string
  key?: string
}

/** A file in parts that give its bytes again when joined. */
export type Part = { text: string } | Block
export interface Block {
  owner: string
  /** The whole block with its markers and the line end behind them. */
  text: string
  entries: HostsEntry[]
}

export interface HostsFile {
  parts: Part[]
  /** Names outside of our block. */
  foreign: ForeignEntry[]
}

const BEGIN = /^#\s*BEGIN interlook (\S+)\s*$/
const END = /^#\s*END interlook (\S+)\s*$/
const ENTRY = /^(\S+)\s+(\S+)\s+#\s+(\S+)\s*$/

/**
 * Takes the file apart. What is not between our markers is kept as it is. A block whose bounds are not sure, or ours
 * with something else in it, is an error: we could not tell what is ours to change.
 */
export function parseHosts(text: string, path: string, owner: string): HostsFile {
  const parts: Part[] = []
  const foreign: ForeignEntry[] = []
  let open: { block: Block; line: number } | undefined
  const names = new Set<string>()
  let outside = ''
  for (const [index, line] of splitLines(text).entries()) {
    const number = index + 1
    const begin = BEGIN.exec(line)?.[1]
    const end = END.exec(line)?.[1]
    if (open === undefined && end !== undefined)
      throw damaged(path, number, `END interlook ${end} without its BEGIN`)
    if (begin !== undefined) {
      if (open !== undefined) throw damaged(path, number, `BEGIN inside the block of ${open.block.owner}`)
      if (parts.some((part) => 'owner' in part && part.owner === begin)) {
        throw damaged(path, number, `a second block of ${begin}`)
      }
      if (outside !== '') parts.push({ text: outside })
      outside = ''
      open = { block: { owner: begin, text: line, entries: [] }, line: number }
    } else if (open === undefined) {
      outside += line
      foreign.push(...plainEntries(line, number))
    } else {
      const { block } = open
      block.text += line
      if (end === undefined) readBlockLine(block, line, { path, number, owner, foreign, names })
      else if (end !== block.owner)
        throw damaged(path, number, `END of ${end} in the block of ${block.owner}`)
      else {
        parts.push(block)
        open = undefined
      }
    }
  }
  if (open !== undefined)
    throw damaged(path, open.line, `BEGIN interlook ${open.block.owner} without its END`)
  if (outside !== '') parts.push({ text: outside })
  return { parts, foreign }
}

/** The entries of one owner's block. */
export function entriesOf(file: HostsFile, owner: string): readonly HostsEntry[] {
  return file.parts.flatMap((part) => ('owner' in part && part.owner === owner ? part.entries : []))
}

/** What is to be different in the text. */
export interface BlockChange {
  /** All entries of our block afterwards. */
  entries: readonly HostsEntry[]
  /** Names that leave the blocks of these owners. */
  taken: ReadonlyMap<string, ReadonlySet<string>>
}

/** The text with our block changed; all that is outside of it and of what is taken stays byte for byte. */
export function renderHosts(file: HostsFile, owner: string, change: BlockChange): string {
  const all = file.parts.map((part) => part.text).join('')
  const text = file.parts
    .map((part) => {
      if (!('owner' in part)) return part.text
      if (part.owner !== owner) return withoutNames(part, change.taken.get(part.owner))
      return renderBlock(owner, change.entries, lineEnd(part.text), part.text.endsWith('\n'))
    })
    .join('')
  if (file.parts.some((part) => 'owner' in part && part.owner === owner)) return text
  // Before a last line that has no end: so that line stays as it is, and nothing needs to be put between.
  const at = text.lastIndexOf('\n') + 1
  return text.slice(0, at) + renderBlock(owner, change.entries, lineEnd(all), true) + text.slice(at)
}

/** A block with nothing left between its markers goes. */
function withoutNames(block: Block, names: ReadonlySet<string> | undefined): string {
  if (names === undefined) return block.text
  const lines = splitLines(block.text).filter((line) => {
    const name = ENTRY.exec(line)?.[2]?.toLowerCase()
    return name === undefined || !names.has(name)
  })
  return lines.length > 2 ? lines.join('') : ''
}

function renderBlock(owner: string, entries: readonly HostsEntry[], end: string, closed: boolean): string {
  if (entries.length === 0) return ''
  const lines = [
    `# BEGIN interlook ${owner}`,
    ...entries.map(({ ip, name, key }) => `${ip} ${name} # ${encodeKey(key)}`),
    `# END interlook ${owner}`,
  ]
  return lines.join(end) + (closed ? end : '')
}

function readBlockLine(
  block: Block,
  line: string,
  where: { path: string; number: number; owner: string; foreign: ForeignEntry[]; names: Set<string> },
): void {
  const entry = ENTRY.exec(line)
  const [ip, name, key] = [entry?.[1], entry?.[2]?.toLowerCase(), entry?.[3]]
  if (block.owner !== where.owner) {
    // What another owner's version writes there is not ours to judge, but its names are taken.
    const mark = key === undefined ? {} : { key: decodeKey(key) }
    const found = plainEntries(line, where.number).map((one) => ({ ...one, ...mark, owner: block.owner }))
    where.foreign.push(...found)
    return
  }
  if (ip === undefined || name === undefined || key === undefined || ip.startsWith('#')) {
    throw damaged(where.path, where.number, `a line that is not ours in the block of ${block.owner}`)
  }
  if (where.names.has(name)) {
    throw damaged(where.path, where.number, `${name} for the second time in the block of ${block.owner}`)
  }
  where.names.add(name)
  block.entries.push({ name, ip, key: decodeKey(key) })
}

function plainEntries(line: string, number: number): ForeignEntry[] {
  const [ip, ...names] = (line.split('#')[0] ?? '').split(/\s+/).filter((word) => word !== '')
  if (ip === undefined) return []
  return names.map((name) => ({ name: name.toLowerCase(), ip, line: number }))
}

/** Lines with their ends, so that joining them gives the text again. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function lineEnd(text: string): string {
  return /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n'
}

/** Keys are plain words almost always; whatever else a provider may use must not break the line. */
function encodeKey(key: string): string {
  return key.replace(/[^\x21-\x7e]|%/gu, (character) => encodeURIComponent(character))
}

function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function damaged(path: string, line: number, what: string): InterlookError {
  return new InterlookError('conflict', `${path}:${line}: ${what}; the file was not changed`, {
    hint: 'put the block between its two markers right by hand, or remove it with both markers',
  })
}
