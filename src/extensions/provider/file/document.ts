import type * as yamlModule from 'js-yaml'
import { errorText, InterlookError } from '../../../sdk/errors.js'
import type { ListedService } from '../../../sdk/provider.js'
import { convertServices } from './convert.js'

/** More would be a bomb, not a list of services. */
const MAX_ALIASES = 10_000

type Yaml = typeof yamlModule

/** The text of the file as a complete listing, or an error that names the place: never a part of it. */
export async function parseDocument(
  bytes: Uint8Array,
  path: string,
  provider: string,
): Promise<ListedService[]> {
  const source = decode(bytes, path)
  if (source.trim() === '') throw unlisted(`${path}:1:1: the file is empty`, EMPTY_HINT)
  const yaml = await import('js-yaml')
  const elements = elementsOf(load(yaml, source, path), path)
  const listed = convertServices(elements, provider)
  if (Array.isArray(listed)) return listed
  const place = placeAt(source, elementOffset(yaml, source, listed.index))
  throw unlisted(`${path}:${place}: services[${listed.index}]: ${listed.why}`)
}

const EMPTY_HINT = 'for no service at all write `services: []`'

export function unlisted(message: string, hint?: string, cause?: unknown): InterlookError {
  return new InterlookError('provider-unlisted', message, {
    retryable: true,
    cause,
    hint: hint ?? 'correct the file; until then nothing of this provider is changed or removed',
  })
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw unlisted(`${path}:1:1: the file is not UTF-8`, undefined, cause)
  }
}

function load(yaml: Yaml, source: string, path: string): unknown {
  try {
    return yaml.load(source, { maxAliases: MAX_ALIASES })
  } catch (error) {
    if (!(error instanceof yaml.YAMLException))
      throw unlisted(`${path}:1:1: ${errorText(error)}`, undefined, error)
    const { mark, reason } = error
    throw unlisted(`${path}:${(mark?.line ?? 0) + 1}:${(mark?.column ?? 0) + 1}: ${reason}`, undefined, error)
  }
}

/** Strict: what is not the list of services may be the list of services, mistyped. */
function elementsOf(document: unknown, path: string): unknown[] {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw unlisted(`${path}:1:1: expected a mapping with the key services`, EMPTY_HINT)
  }
  const other = Object.keys(document).find((key) => key !== 'services')
  if (other !== undefined) throw unlisted(`${path}:1:1: unknown key ${other}, expected services only`)
  const services = 'services' in document ? document.services : undefined
  if (!Array.isArray(services)) throw unlisted(`${path}:1:1: services is no list`, EMPTY_HINT)
  return services
}

/** Where in the text the element of `services` with this index begins. Read only when there is an error to tell. */
function elementOffset(yaml: Yaml, source: string, index: number): number {
  const { DOCUMENT, SEQUENCE, MAPPING, SCALAR, POP } = yaml.EVENT_ID
  let depth = 0
  let seen = -1
  for (const event of yaml.parseEvents(source, {})) {
    // Document, mapping, list: an element of the list begins at depth 3.
    const offset =
      event.type === SCALAR
        ? event.valueStart
        : event.type === SEQUENCE || event.type === MAPPING
          ? event.start
          : 0
    if (depth === 3 && event.type !== POP && ++seen === index) return offset
    if (event.type === DOCUMENT || event.type === SEQUENCE || event.type === MAPPING) depth++
    if (event.type === POP) depth--
  }
  return 0
}

function placeAt(source: string, offset: number): string {
  const before = source.slice(0, offset).split('\n')
  return `${before.length}:${(before.at(-1) ?? '').length + 1}`
}
