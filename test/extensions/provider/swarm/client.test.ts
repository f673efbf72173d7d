import { like } from '../../../helpers/like.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient, type SwarmClient } from '../../../../src/extensions/provider/swarm/client.js'
import { openTransport } from '../../../../src/extensions/provider/swarm/transport.js'
import { systemClock } from '../../../../src/sdk/clock.js'
import {
  type EngineServer,
  type Handler,
  json,
  startEngineServer,
  text,
} from '../../../helpers/engine-server.js'

const LIMIT_MS = 400
const never = new AbortController().signal

let engine: EngineServer
let client: SwarmClient

async function connect(maxBytes?: number): Promise<SwarmClient> {
  const transport = await openTransport({ endpoint: engine.endpoint, insecureSkipVerify: false }, maxBytes)
  return createClient(transport, { labelSelector: ['zone=dmz'], timeoutMs: LIMIT_MS, clock: systemClock })
}

beforeEach(async () => {
  engine = await startEngineServer()
  client = await connect()
})

afterEach(async () => {
  client.close()
  await engine.close()
})

describe('snapshot', () => {
  it('asks three times, filtered, over one connection, and asks for the version once', async () => {
    await client.snapshot(never)
    const snapshot = await client.snapshot(never)

    expect(snapshot).toEqual({
      services: [],
      tasks: [],
      nodes: [{ ID: 'n1', Spec: {}, Status: { State: 'ready', Addr: '10.0.0.1' } }],
    })
    const filters = encodeURIComponent(JSON.stringify({ label: ['interlook.hosts', 'zone=dmz'] }))
    const pass = [`/v1.41/services?filters=${filters}`, '/v1.41/tasks', '/v1.41/nodes']
    expect(engine.requests).toEqual(['/version', ...pass, ...pass])
    expect(engine.connections).toBe(1)
  })

  it('keeps only the keys that are used', async () => {
    const service = {
      ID: 's1',
      Version: { Index: 5 },
      CreatedAt: 't',
      Spec: { Name: 'web', Labels: null, Mode: {} },
    }
    engine.answer('/services', json([{ ...service, UpdateStatus: {} }]))

    const { services } = await client.snapshot(never)

    expect(services).toEqual([{ ID: 's1', CreatedAt: 't', Spec: { Name: 'web', Labels: null } }])
  })

  it.each([
    ['1.41', '1.12', '1.41'],
    ['1.52', '1.44', '1.44'],
    ['1.40', '1.12', '1.40'],
    ['1.47', undefined, '1.41'],
  ])('takes a version that an engine with API %s from %s on speaks', async (newest, oldest, chosen) => {
    engine.answer('/version', json({ ApiVersion: newest, MinAPIVersion: oldest }))

    await client.snapshot(never)

    expect(engine.requests.at(-1)).toBe(`/v${chosen}/nodes`)
  })

  it('refuses an engine that is too old', async () => {
    engine.answer('/version', json({ ApiVersion: '1.24' }))

    await expect(client.snapshot(never)).rejects.toMatchObject({
      code: 'provider-unlisted',
      hint: like(/API 1.25 or later/),
    })
  })

  it('asks for the version anew after a failure, as the engine may be another one', async () => {
    await client.snapshot(never)
    engine.answer('/version', json({ ApiVersion: '1.52', MinAPIVersion: '1.44' }))
    engine.answer('/tasks', json({ message: 'client version 1.41 is too old' }, 400))
    await expect(client.snapshot(never)).rejects.toMatchObject({ message: like(/too old/) })
    engine.answer('/tasks', json([]))

    await client.snapshot(never)

    expect(engine.requests.at(-1)).toBe('/v1.44/nodes')
  })
})

/** Sends a part of a body and then does what `then` does. */
function partly(headers: Record<string, string>, then: (response: Parameters<Handler>[1]) => void): Handler {
  return (_request, response) => {
    response.writeHead(200, headers)
    response.write('[{"ID":', () => then(response))
  }
}

const SERVICE_WITHOUT_NAME = { ID: 's1', Spec: { Labels: {} } }

describe.each(['/services', '/tasks', '/nodes'])('a listing whose %s fails', (path) => {
  it.each<[string, Handler, string, RegExp]>([
    [
      'is cut short, with a length',
      partly({ 'content-length': '100' }, (response) => response.destroy()),
      'provider-unlisted',
      /cut short/,
    ],
    [
      'is cut short, in chunks',
      partly({}, (response) => response.destroy()),
      'provider-unlisted',
      /cut short/,
    ],
    ['never answers', () => undefined, 'timeout', /longer than 400 ms/],
    ['stalls in the body', partly({}, () => undefined), 'timeout', /longer than 400 ms/],
    ['drips', (_request, response) => drip(response), 'timeout', /longer than 400 ms/],
    ['is a page of HTML', text(200, '<html>Log in</html>'), 'provider-unlisted', /no JSON/],
    ['is empty', text(200, ''), 'provider-unlisted', /no JSON/],
    ['is null', json(null), 'provider-unlisted', /not what a docker engine sends/],
    ['is no list', json({ message: 'ok' }), 'provider-unlisted', /not what a docker engine sends/],
    [
      'has an element without an ID',
      json([{ Spec: { Name: 'a' }, Status: { State: 'x' }, DesiredState: 'x' }]),
      'provider-unlisted',
      /0\.ID/,
    ],
    [
      'is an error of the engine',
      json({ message: 'The swarm does not have a leader.' }, 500),
      'provider-unlisted',
      /HTTP 500, The swarm does not have a leader/,
    ],
    [
      'is an error page',
      text(500, '<html>\n bad\n gateway </html>'),
      'provider-unlisted',
      /HTTP 500, <html> bad gateway/,
    ],
    [
      'comes from no manager',
      json({ message: 'This node is not a swarm manager.' }, 503),
      'provider-unlisted',
      /no swarm manager.*HTTP 503/,
    ],
    ['is not allowed', json({ message: 'denied' }, 403), 'unauthorized', /HTTP 403, denied/],
    [
      'wants TLS',
      text(400, 'Client sent an HTTP request to an HTTPS server.'),
      'unreachable',
      /HTTPS server/,
    ],
    [
      'redirects to where nobody is',
      text(301, '', { location: 'http://127.0.0.1:1/' }),
      'unreachable',
      /redirects/i,
    ],
    [
      'ends the connection',
      (request) => request.socket.destroy(),
      'unreachable',
      /cannot reach the swarm manager/,
    ],
  ])('says so when it %s', async (_what, handler, code, message) => {
    engine.answer(path, handler)
    const started = performance.now()

    await expect(client.snapshot(never)).rejects.toMatchObject({
      code,
      message: like(message),
      retryable: true,
    })

    expect(performance.now() - started).toBeLessThan(LIMIT_MS * 2)
  })
})

function drip(response: Parameters<Handler>[1]): void {
  response.writeHead(200)
  const timer = setInterval(() => response.write(' '), 20)
  response.on('close', () => clearInterval(timer))
}

describe('failures', () => {
  it('refuses a service without a name', async () => {
    engine.answer('/services', json([SERVICE_WITHOUT_NAME]))

    await expect(client.snapshot(never)).rejects.toMatchObject({
      code: 'provider-unlisted',
      message: like(/0\.Spec\.Name/),
    })
  })

  it('stops reading an answer that is too large', async () => {
    client.close()
    client = await connect(1000)
    let sent = 0
    engine.answer('/tasks', (_request, response) => {
      const more = (): void => {
        sent += 100
        if (!response.destroyed) response.write('x'.repeat(100), () => setImmediate(more))
      }
      more()
    })

    await expect(client.snapshot(never)).rejects.toMatchObject({
      code: 'provider-unlisted',
      message: like(/larger than 1000/),
    })
    expect(sent).toBeLessThan(1_000_000)
  })

  it('sends a read once more when an idle connection had been closed', async () => {
    await client.snapshot(never)
    let resets = 0
    engine.answer('/services', (request, response) => {
      resets += 1
      if (resets === 1) request.socket.destroy()
      else json([])(request, response)
    })

    await expect(client.snapshot(never)).resolves.toMatchObject({ services: [] })
    expect(resets).toBe(2)
  })

  it('says that it was cut short when the caller gives up', async () => {
    const stop = new AbortController()
    engine.answer('/nodes', () => stop.abort())

    await expect(client.snapshot(stop.signal)).rejects.toMatchObject({ code: 'aborted' })
  })

  it('says where nobody listens', async () => {
    await engine.close()

    await expect(client.verify(never)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(engine.endpoint) as string,
      hint: like(/provider.swarm.endpoint/),
    })

    engine = await startEngineServer()
  })
})
