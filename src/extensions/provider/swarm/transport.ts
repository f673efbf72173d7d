import { readFile } from 'node:fs/promises'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { errorText, InterlookError } from '../../../sdk/errors.js'
import { badAnswer, connectionError, isReset } from './errors.js'
import type { SwarmConfig } from './schema.js'

export interface Answer {
  status: number
  body: string
}

/** All traffic to the engine. */
export interface Transport {
  /** For messages: no credentials in it. */
  endpoint: string
  /** A whole answer of any status, or throws. */
  get(path: string, query: Record<string, string>, signal: AbortSignal): Promise<Answer>
  close(): void
}

export type TransportConfig = Pick<
  SwarmConfig,
  'endpoint' | 'tlsCa' | 'tlsCert' | 'tlsKey' | 'insecureSkipVerify'
>

/** 10,000 services with 100,000 tasks are about 70 MB. */
const MAX_BYTES = 256 * 1024 * 1024

/** Every status is an answer to us; what it means is decided elsewhere. */
const ANY_STATUS = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [index + 100, true]))

/**
 * Dockerode, used one level below its lists: those never settle when an answer is cut short, have no limit
 * of size, and give a Buffer for a page that is no JSON. Here the body is read by ourselves.
 */
export async function openTransport(config: TransportConfig, maxBytes = MAX_BYTES): Promise<Transport> {
  const place = parseEndpoint(config)
  const agent = place.tls
    ? new https.Agent({
        ...(await readTls(config)),
        keepAlive: true,
        rejectUnauthorized: !config.insecureSkipVerify,
      })
    : new http.Agent({ keepAlive: true })
  const modem = await loadModem(place, agent)

  const dial = (path: string, query: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const hasQuery = Object.keys(query).length > 0
      modem.dial(
        {
          path: hasQuery ? `${path}?` : path,
          method: 'GET',
          options: query,
          isStream: true,
          statusCodes: ANY_STATUS,
          abortSignal: signal,
        },
        // A plain stream request is answered with the message itself.
        (error, result) => (error === null ? resolve(result as IncomingMessage) : reject(error)),
      )
    })

  return {
    endpoint: place.text,
    async get(path, query, signal) {
      try {
        const response = await dial(path, query, signal).catch((error: unknown) => {
          if (!isReset(error) || signal.aborted) throw error
          return dial(path, query, signal)
        })
        return { status: response.statusCode ?? 0, body: await readBody(response, maxBytes) }
      } catch (error) {
        // Whoever cut it short knows why.
        signal.throwIfAborted()
        if (error instanceof BodyError) throw badAnswer(path, place.text, error.message)
        throw connectionError(error, place.text)
      }
    },
    close: () => agent.destroy(),
  }
}

class BodyError extends Error {}

function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      chunks.push(chunk)
      if (size > maxBytes) response.destroy(new BodyError(`is larger than ${maxBytes} bytes`))
    })
    response.on('error', (error) => {
      // `aborted` is what Node calls an answer that ended before its end.
      const cut = 'code' in error && error.code === 'ECONNRESET'
      reject(cut ? new BodyError('was cut short') : error)
    })
    response.on('close', () => {
      if (response.complete) resolve(Buffer.concat(chunks).toString('utf8'))
      else reject(new BodyError('was cut short'))
    })
  })
}

interface Place {
  text: string
  tls: boolean
  socketPath?: string
  host?: string
  port?: number
}

function parseEndpoint(config: TransportConfig): Place {
  const { endpoint } = config
  if (endpoint.startsWith('unix://')) {
    return { text: endpoint, tls: false, socketPath: endpoint.slice('unix://'.length) }
  }
  const scheme = /^(tcp|https?):\/\//.exec(endpoint)?.[1]
  const url =
    scheme && URL.canParse(endpoint.replace(/^tcp:/, 'http:')) && new URL(endpoint.replace(/^tcp:/, 'http:'))
  if (!url || !['', '/'].includes(url.pathname) || url.username !== '' || url.password !== '') {
    throw new InterlookError('config-invalid', 'provider.swarm.endpoint is not usable', {
      hint: 'expected unix:///path, tcp://host:port, http://host:port or https://host:port',
    })
  }
  const asksForTls = config.tlsCa ?? config.tlsCert ?? (config.insecureSkipVerify || undefined)
  const tls = scheme === 'https' || (scheme === 'tcp' && asksForTls !== undefined)
  const defaultPort = scheme === 'tcp' ? (tls ? 2376 : 2375) : tls ? 443 : 80
  const port = Number(url.port) || defaultPort
  return { text: `${scheme}://${url.hostname}:${port}`, tls, host: url.hostname, port }
}

async function loadModem(place: Place, agent: http.Agent) {
  const { default: Docker } = await import('dockerode')
  // The types of dockerode leave the agent out; its modem takes it.
  const options: ConstructorParameters<typeof Docker>[0] & { agent: http.Agent } = {
    agent,
    protocol: place.tls ? 'https' : 'http',
    // Said also where there is nothing to say: dockerode would take it from DOCKER_HOST and its like.
    socketPath: place.socketPath,
    host: place.host === undefined ? undefined : `${place.tls ? 'https' : 'http'}://${place.host}`,
    port: place.port,
    ca: undefined,
    cert: undefined,
    key: undefined,
    timeout: undefined,
    version: undefined,
  }
  return withoutRedirects(new Docker(options).modem)
}

/**
 * The modem follows a redirect with a request that nobody listens to: if it fails, the process ends. The
 * engine never redirects, so being told to is an error.
 */
function withoutRedirects<Modem extends object>(modem: Modem): Modem {
  const build: unknown = Reflect.get(modem, 'buildRequest')
  if (typeof build === 'function') {
    Reflect.set(modem, 'buildRequest', (options: object, ...rest: unknown[]): void => {
      Reflect.apply(build, modem, [{ ...options, maxRedirects: 0 }, ...rest])
    })
  }
  return modem
}

async function readTls(config: TransportConfig): Promise<{ ca?: Buffer; cert?: Buffer; key?: Buffer }> {
  const read = async (name: 'tlsCa' | 'tlsCert' | 'tlsKey'): Promise<Buffer | undefined> => {
    const path = config[name]
    if (path === undefined) return undefined
    return readFile(path).catch((error: unknown) => {
      throw new InterlookError('extension-start', `cannot read ${name}: ${errorText(error)}`, {
        cause: error,
      })
    })
  }
  const [ca, cert, key] = await Promise.all([read('tlsCa'), read('tlsCert'), read('tlsKey')])
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}
