import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A unix socket in front of another one. */
export interface SocketTap {
  /** `unix://...` */
  endpoint: string
  /** Called with what a client sends, before it is passed on. */
  onRequest: (text: string) => Promise<void> | void
  close(): Promise<void>
}

/** Lets a test act in the very moment in which a client asks for something. */
export async function tapSocket(endpoint: string): Promise<SocketTap> {
  const target = endpoint.replace('unix://', '')
  const path = `${target}.tap`
  const sockets = new Set<Socket>()
  const tap: SocketTap = {
    endpoint: `unix://${path}`,
    onRequest: () => undefined,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  const server = createServer((client) => {
    const upstream = connect(target)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    const end = (): void => {
      for (const socket of [client, upstream]) {
        socket.destroy()
        sockets.delete(socket)
      }
    }
    client.on('close', end)
    upstream.on('close', end)
    upstream.pipe(client)
    let before: Promise<void> = Promise.resolve()
    client.on('data', (chunk: Buffer) => {
      before = before.then(async () => {
        await tap.onRequest(chunk.toString('latin1'))
        upstream.write(chunk)
      })
    })
  })
  server.listen(path)
  await once(server, 'listening')
  return tap
}
