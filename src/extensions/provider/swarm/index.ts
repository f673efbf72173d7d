import { defineProvider } from '../../../sdk/define.js'
import { InterlookError } from '../../../sdk/errors.js'
import type { SwarmClient } from './client.js'
import { toListing } from './convert.js'
import { SwarmConfig } from './schema.js'

export const definition = defineProvider<SwarmConfig>({
  kind: 'provider',
  name: 'swarm',
  summary: 'services of a Docker Swarm, by their labels',
  configSchema: SwarmConfig,

  create(config, { id, clock }) {
    let client: SwarmClient | undefined
    return {
      async connect(signal) {
        const { openTransport } = await import('./transport.js')
        const { createClient } = await import('./client.js')
        const transport = await openTransport(config)
        client = createClient(transport, {
          labelSelector: config.labelSelector,
          timeoutMs: config.requestTimeout,
          clock,
        })
        await client.verify(signal).catch((error: unknown) => {
          throw asStartError(error)
        })
      },
      close() {
        client?.close()
        client = undefined
        return Promise.resolve()
      },
      async list(signal) {
        if (client === undefined) throw new InterlookError('internal', `${id} lists before it is connected`)
        return toListing(await client.snapshot(signal), { provider: id, ...config })
      },
      async watch(onChange, signal) {
        // The engine tells of no task that comes or goes, so the services are asked for in turn.
        for (;;) {
          await clock.sleep(config.pollInterval, signal)
          if (signal.aborted) return
          onChange()
        }
      },
    }
  },
})

/** Until there was a first answer, an answer of the wrong kind means that this is no swarm manager. */
function asStartError(error: unknown): unknown {
  if (!(error instanceof InterlookError) || error.code !== 'provider-unlisted') return error
  return new InterlookError('extension-start', error.message, {
    cause: error,
    ...(error.hint !== undefined && { hint: error.hint }),
  })
}
