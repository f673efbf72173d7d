import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A stand-in for the API of a docker engine, for the answers that a real one cannot be made to give. */
export interface EngineServer {
  endpoint: string
  /** `/v1.41/services` and so on, with the query. */
  requests: string[]
  /** How many connections were opened. */
  connections: number
  /** Replaces what one path (without its version) answers. */
  answer(path: string, handler: Handler): void
  close(): Promise<void>
}

/** Answers like an engine with one manager and no service, until told otherwise. */
export async function startEngineServer(): Promise<EngineServer> {
  const handlers = new Map<string, Handler>([
    ['/version', json({ ApiVersion: '1.41', MinAPIVersion: '1.12' })],
    ['/services', json([])],
    ['/tasks', json([])],
    ['/nodes', json([{ ID: 'n1', Spec: {}, Status: { State: 'ready', Addr: '10.0.0.1' } }])],
  ])
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    const { pathname } = new URL(request.url ?? '', 'http://engine')
    const handler = handlers.get(pathname.replace(/^\/v\d+\.\d+/, ''))
    if (handler) handler(request, response)
    else text(404, 'page not found')(request, response)
  })
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `tcp://127.0.0.1:${port}`,
    requests,
    get connections() {
      return connections
    },
    answer: (path, handler) => {
      handlers.set(path, handler)
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function json(value: unknown, status = 200): Handler {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
}

export function text(status: number, body: string, headers: Record<string, string> = {}): Handler {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)
  }
}
