import type { Context } from '../define.js'
import type { RunnableDefinition } from '../serve.js'
import type { Service } from '../service.js'

/** How long the checks wait, ms. */
export interface Waits {
  startMs: number
  answerMs: number
  stopMs: number
  /** How long silence must last to count as such: for second answers and for work after `stop`. */
  quietMs: number
}

/** What a test can do to the backend, and `ext test` cannot. Whatever is left out, its checks are skipped. */
export interface TestBackend {
  /** Writes that the backend has seen so far. */
  writes?(): number | Promise<number>
  /** A section with which `start`, or the listing, must fail. */
  brokenConfig?: unknown
  /** A service that the backend refuses. */
  refused?: Service
  /** Puts something foreign where objects of `service` must go; the function that it gives says whether it is untouched. */
  plantForeign?(service: Service): Promise<() => boolean | Promise<boolean>>
}

/** The extension under test, and the conditions of the test. */
export interface ContractHarness {
  definition: RunnableDefinition
  /** What its schema made of its section. */
  config: unknown
  context: Context
  waits: Waits
  /** Why the backend is only read, and checks that write are skipped. Absent: they run. */
  readOnly?: string
  /** Name of the canary service: unique per run on a backend that others use. */
  canaryName: string
  /** Fields of the canary that the backend asks for. */
  canary?: Partial<Service>
  /** The address that an earlier step would have given: for `lb` and `dns`. */
  address?: string
  /** Must not appear in anything that the extension says. */
  secrets: readonly string[]
  backend?: TestBackend
}

/** The service that the checks send. */
export function canaryService(harness: ContractHarness, suffix = ''): Service {
  const name = `${harness.canaryName}${suffix}`
  return {
    provider: 'provider.canary',
    name,
    // Documentation addresses: traffic that ever went there would go nowhere.
    targets: [{ host: '192.0.2.10', port: 8080, weight: 1 }],
    tls: false,
    dns_name: [`${name}.invalid`],
    options: {},
    ...(harness.address !== undefined && { public_ip: harness.address }),
    ...harness.canary,
    ...(suffix !== '' && { name, dns_name: [`${name}.invalid`] }),
  }
}
