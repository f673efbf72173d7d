import type * as yamlTypes from 'js-yaml'
import type { Event } from 'js-yaml'
import { errorText } from '../sdk/errors.js'

/** A value of the file with its place; positions count characters from the start of the text. */
export type DocumentNode = ScalarNode | ListNode | MappingNode

export interface ScalarNode {
  kind: 'scalar'
  offset: number
  /** As it was written, escapes decoded. */
  text: string
  /** Without quotes: numbers, booleans and null are told from text by how they look. */
  plain: boolean
  /** The text stands in the source just like this, so positions inside of it can be told. */
  verbatim: boolean
}
export interface ListNode {
  kind: 'list'
  offset: number
  items: DocumentNode[]
}
export interface MappingNode {
  kind: 'mapping'
  offset: number
  entries: Map<string, { keyOffset: number; node: DocumentNode }>
}

export interface DocumentProblem {
  offset: number
  message: string
  hint?: string
}

export interface ParsedDocument {
  /** Undefined when there is nothing to go on with. */
  root?: MappingNode
  problems: DocumentProblem[]
}

type Yaml = typeof yamlTypes

/** A file of aliases to aliases grows without bound when it is expanded. */
const MAX_ALIASES = 100
const MAX_NODES = 20_000

const QUOTE_HINT = 'put quotes around text that begins with * & ! @ % or holds ": "'

/** Reads one YAML document; duplicate keys and further documents are problems, but do not end the reading. */
export function parseDocument(source: string, yaml: Yaml): ParsedDocument {
  let events: Event[]
  try {
    events = yaml.parseEvents(source, {})
  } catch (error) {
    return { problems: [syntaxProblem(error, yaml)] }
  }
  const problems: DocumentProblem[] = []
  const root = build(events, source, yaml, problems)
  if (root === undefined || isEmpty(root)) {
    if (problems.length === 0) problems.push({ offset: 0, message: 'the file is empty' })
    return { problems }
  }
  if (root.kind !== 'mapping') {
    problems.push({ offset: root.offset, message: 'expected sections such as `core:`' })
    return { problems }
  }
  return { root, problems }
}

function isEmpty(node: DocumentNode): boolean {
  return node.kind === 'scalar' && node.plain && node.text === ''
}

function syntaxProblem(error: unknown, yaml: Yaml): DocumentProblem {
  if (!(error instanceof yaml.YAMLException)) return { offset: 0, message: `not YAML: ${errorText(error)}` }
  // The whole message holds an excerpt of the file, and quoted parts of the reason come from it too: no secret may show.
  const reason = error.reason.replaceAll(/\s*(".*?"|'.*?'|!?<.*?>)/gs, '')
  return { offset: error.mark?.position ?? 0, message: `not YAML: ${reason}`, hint: QUOTE_HINT }
}

/** Builds the first document of the event stream. */
function build(
  events: readonly Event[],
  source: string,
  yaml: Yaml,
  problems: DocumentProblem[],
): DocumentNode | undefined {
  const { EVENT_ID, SCALAR_STYLE } = yaml
  const anchors = new Map<string, DocumentNode>()
  let position = 0
  let aliases = 0

  function next(fallbackOffset: number): DocumentNode {
    const event = events[position]
    position += 1
    if (event?.type === EVENT_ID.ALIAS) return resolveAlias(event)
    if (event?.type === EVENT_ID.MAPPING) return named(event, mapping(event.start))
    if (event?.type === EVENT_ID.SEQUENCE) return named(event, list(event.start))
    if (event?.type === EVENT_ID.SCALAR) return named(event, scalar(event, fallbackOffset))
    return { kind: 'scalar', offset: fallbackOffset, text: '', plain: true, verbatim: false }
  }

  function scalar(event: Extract<Event, { valueStart: number }>, fallbackOffset: number): ScalarNode {
    const tag = event.tagStart >= 0 ? source.slice(event.tagStart, event.tagEnd) : ''
    if (tag !== '' && !/^(!|!!(str|int|float|bool|null))$/.test(tag)) unknownTag(event.tagStart)
    const isText = tag === '!' || tag === '!!str'
    const text = event.valueStart < 0 ? '' : yaml.getScalarValue(source, event)
    const isQuoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED
    return {
      kind: 'scalar',
      // The value of a quoted scalar begins behind its quote.
      offset: event.valueStart < 0 ? fallbackOffset : event.valueStart - (isQuoted ? 1 : 0),
      text,
      plain: event.style === SCALAR_STYLE.PLAIN && !isText,
      verbatim: event.style === SCALAR_STYLE.PLAIN && source.startsWith(text, event.valueStart),
    }
  }

  function list(offset: number): ListNode {
    const items: DocumentNode[] = []
    while (!isEnd()) items.push(next(offset))
    position += 1
    return { kind: 'list', offset, items }
  }

  function mapping(offset: number): MappingNode {
    const entries: MappingNode['entries'] = new Map()
    while (!isEnd()) {
      const key = next(offset)
      const node = next(key.offset)
      if (key.kind !== 'scalar') {
        problems.push({ offset: key.offset, message: 'expected a plain word as the key' })
      } else if (entries.has(key.text)) {
        problems.push({ offset: key.offset, message: `the key "${key.text}" is given twice` })
      } else {
        entries.set(key.text, { keyOffset: key.offset, node })
      }
    }
    position += 1
    return { kind: 'mapping', offset, entries }
  }

  function isEnd(): boolean {
    const type = events[position]?.type
    return type === undefined || type === EVENT_ID.POP
  }

  function named(event: { anchorStart: number; anchorEnd: number }, node: DocumentNode): DocumentNode {
    if (event.anchorStart >= 0) anchors.set(source.slice(event.anchorStart, event.anchorEnd), node)
    return node
  }

  function resolveAlias(event: { anchorStart: number; anchorEnd: number }): DocumentNode {
    aliases += 1
    const empty: ScalarNode = {
      kind: 'scalar',
      offset: event.anchorStart,
      text: '',
      plain: true,
      verbatim: false,
    }
    if (aliases > MAX_ALIASES) {
      if (aliases === MAX_ALIASES + 1) {
        problems.push({ offset: event.anchorStart, message: `more than ${MAX_ALIASES} aliases` })
      }
      return empty
    }
    const node = anchors.get(source.slice(event.anchorStart, event.anchorEnd))
    if (node === undefined) {
      // Its name is not repeated: it may be a password that begins with `*`.
      problems.push({
        offset: event.anchorStart,
        message: 'the alias names no anchor above it',
        hint: QUOTE_HINT,
      })
    }
    return node ?? empty
  }

  function unknownTag(offset: number): void {
    problems.push({ offset, message: 'tags are not supported', hint: QUOTE_HINT })
  }

  if (events.length === 0) return undefined
  position = 1
  const root = next(0)
  position += 1
  if (events[position]?.type === EVENT_ID.DOCUMENT) {
    position += 1
    problems.push({ offset: next(source.length).offset, message: 'the file holds more than one document' })
  }
  if (countNodes(root) > MAX_NODES) {
    problems.push({ offset: root.offset, message: `aliases make more than ${MAX_NODES} values` })
    return undefined
  }
  return root
}

/** Counts what expanding all aliases would make, and stops once that is too much. */
function countNodes(root: DocumentNode): number {
  let count = 0
  const waiting = [root]
  for (let node = waiting.pop(); node !== undefined && count <= MAX_NODES; node = waiting.pop()) {
    count += 1
    if (node.kind === 'list') waiting.push(...node.items)
    if (node.kind === 'mapping') for (const entry of node.entries.values()) waiting.push(entry.node)
  }
  return count
}
