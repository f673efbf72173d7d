import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { ListenOptions } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { like } from '../../../helpers/like.js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openTransport, type Transport } from '../../../../src/extensions/provider/swarm/transport.js'

const signal = new AbortController().signal

let folder: string
const open: Transport[] = []
const servers: Server[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interlook-transport-'))
})

afterEach(async () => {
  for (const transport of open.splice(0)) transport.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

/** A server that answers with the path and host it was asked for. */
async function serve(where: ListenOptions): Promise<Server> {
  const server = createServer((request, response) => response.end(`${request.url}`))
  servers.push(server)
  server.listen(where)
  await once(server, 'listening')
  return server
}

async function transportTo(endpoint: string, more: object = {}): Promise<Transport> {
  const transport = await openTransport({ endpoint, insecureSkipVerify: false, ...more })
  open.push(transport)
  return transport
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('openTransport', () => {
  it('talks to a unix socket, whatever DOCKER_HOST says', async () => {
    vi.stubEnv('DOCKER_HOST', 'tcp://127.0.0.1:1')
    const socket = join(folder, 'docker.sock')
    await serve({ path: socket })

    const answer = await (await transportTo(`unix://${socket}`)).get('/v1.41/tasks', {}, signal)

    expect(answer).toEqual({ status: 200, body: '/v1.41/tasks' })
  })

  it.each(['tcp', 'http'])('talks to %s://, with a query, whatever DOCKER_HOST says', async (scheme) => {
    vi.stubEnv('DOCKER_HOST', 'unix:///nowhere.sock')
    const server = await serve({ host: '127.0.0.1', port: 0 })

    const transport = await transportTo(`${scheme}://127.0.0.1:${portOf(server)}`)

    await expect(transport.get('/services', { filters: '{"a":1}' }, signal)).resolves.toEqual({
      status: 200,
      body: '/services?filters=%7B%22a%22%3A1%7D',
    })
  })

  it('talks to an IPv6 address', async () => {
    const server = await serve({ host: '::1', port: 0 })

    const transport = await transportTo(`tcp://[::1]:${portOf(server)}`)

    await expect(transport.get('/nodes', {}, signal)).resolves.toEqual({ status: 200, body: '/nodes' })
  })

  it.each([
    ['tcp://manager', {}, 'tcp://manager:2375'],
    ['tcp://manager', { insecureSkipVerify: true }, 'tcp://manager:2376'],
    ['https://manager', {}, 'https://manager:443'],
    ['http://manager:2375/', {}, 'http://manager:2375'],
  ])('shows %s with %j as %s', async (endpoint, more, shown) => {
    expect((await transportTo(endpoint, more)).endpoint).toBe(shown)
  })

  it.each(['ssh://manager', 'tcp://', 'http://manager:2375/docker', 'http://user:hunter2@manager:2375'])(
    'refuses %s without repeating it',
    async (endpoint) => {
      const refusal = transportTo(endpoint)

      await expect(refusal).rejects.toMatchObject({ code: 'config-invalid', hint: like(/unix:\/\/\/path/) })
      await expect(refusal).rejects.not.toMatchObject({ message: like(/hunter2/) })
    },
  )

  it('names a TLS file that cannot be read', async () => {
    const tlsCa = join(folder, 'ca.pem')

    await expect(transportTo('tcp://manager:2376', { tlsCa })).rejects.toMatchObject({
      code: 'extension-start',
      message: like(/cannot read tlsCa: ENOENT.*ca\.pem/),
    })
  })

  it('says that the socket is not there', async () => {
    const transport = await transportTo(`unix://${join(folder, 'none.sock')}`)

    await expect(transport.get('/version', {}, signal)).rejects.toMatchObject({
      code: 'unreachable',
      hint: like(/is docker running/),
    })
  })
})
