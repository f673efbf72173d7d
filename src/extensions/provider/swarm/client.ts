import type * as z from 'zod'
import type { Clock } from '../../../sdk/clock.js'
import { withDeadline } from '../../../sdk/deadline.js'
import { InterlookError } from '../../../sdk/errors.js'
import { HOSTS_LABEL } from '../../../sdk/labels.js'
import type { Snapshot } from './convert.js'
import { badAnswer, statusError } from './errors.js'
import { EngineVersion, SwarmNodes, SwarmServices, SwarmTasks } from './shapes.js'
import type { Transport } from './transport.js'

export interface ClientOptions {
  /** Only services with all of these labels, `name` or `name=value`, beside the hosts label. */
  labelSelector: readonly string[]
  /** How long one call may take. */
  timeoutMs: number
  clock: Clock
}

export interface SwarmClient {
  /** Throws unless the endpoint is a manager of a swarm. */
  verify(signal: AbortSignal): Promise<void>
  /** All labelled services, all tasks, all nodes: three calls, however many there are. */
  snapshot(signal: AbortSignal): Promise<Snapshot>
  close(): void
}

/** What the shapes were measured with; they are the same in later versions. */
const WANTED_API: ApiVersion = [1, 41]
/** Before it there was no filter for labels of services. */
const OLDEST_API: ApiVersion = [1, 25]

type ApiVersion = [major: number, minor: number]

export function createClient(transport: Transport, options: ClientOptions): SwarmClient {
  const { endpoint } = transport
  let version: string | undefined

  async function read<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    signal: AbortSignal,
    query: Record<string, string> = {},
  ): Promise<z.output<Schema>> {
    const { status, body } = await withDeadline((limit) => transport.get(path, query, limit), {
      clock: options.clock,
      ms: options.timeoutMs,
      what: `the answer for ${path} at ${endpoint}`,
      signal,
    })
    if (status !== 200) throw statusError(status, body, endpoint, path)
    const parsed = schema.safeParse(parseJson(body, path, endpoint))
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    const where = issue?.path.join('.') ?? ''
    throw badAnswer(path, endpoint, `is not what a docker engine sends: ${where} ${issue?.message ?? ''}`)
  }

  /** The engine that answers may change (an upgrade, another manager), so a failure asks for it anew. */
  async function versioned<T>(signal: AbortSignal, work: (prefix: string) => Promise<T>): Promise<T> {
    try {
      version ??= chooseVersion(await read('/version', EngineVersion, signal), endpoint)
      return await work(`/v${version}`)
    } catch (error) {
      version = undefined
      throw error
    }
  }

  return {
    // Only a manager lists nodes.
    verify: (signal) =>
      versioned(signal, async (prefix) => {
        await read(`${prefix}/nodes`, SwarmNodes, signal)
      }),
    snapshot: (signal) =>
      versioned(signal, async (prefix) => {
        const filters = JSON.stringify({ label: [HOSTS_LABEL, ...options.labelSelector] })
        // One after the other, nodes last: a task's node is then known, and one connection is enough.
        const services = await read(`${prefix}/services`, SwarmServices, signal, { filters })
        const tasks = await read(`${prefix}/tasks`, SwarmTasks, signal)
        const nodes = await read(`${prefix}/nodes`, SwarmNodes, signal)
        return { services, tasks, nodes }
      }),
    close: () => transport.close(),
  }
}

function parseJson(body: string, path: string, endpoint: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw badAnswer(path, endpoint, 'is no JSON')
  }
}

/** The wanted version, or the nearest one that the engine takes. */
function chooseVersion(engine: z.output<typeof EngineVersion>, endpoint: string): string {
  const newest = parseVersion(engine.ApiVersion)
  const oldest = parseVersion(engine.MinAPIVersion ?? '') ?? OLDEST_API
  if (newest === undefined || isBefore(newest, OLDEST_API)) {
    throw new InterlookError(
      'provider-unlisted',
      `the docker engine at ${endpoint} offers API ${JSON.stringify(engine.ApiVersion)}`,
      { hint: `interlook needs API ${OLDEST_API.join('.')} or later` },
    )
  }
  if (isBefore(newest, WANTED_API)) return newest.join('.')
  return (isBefore(WANTED_API, oldest) ? oldest : WANTED_API).join('.')
}

function parseVersion(text: string): ApiVersion | undefined {
  const match = /^(\d+)\.(\d+)$/.exec(text)
  return match ? [Number(match[1]), Number(match[2])] : undefined
}

function isBefore(a: ApiVersion, b: ApiVersion): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])
}
