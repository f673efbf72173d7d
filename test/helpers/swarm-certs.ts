import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Paths of PEM files. `rogue` was signed by another authority than the one that dockerd trusts. */
export interface Certs {
  ca: string
  server: { cert: string; key: string }
  client: { cert: string; key: string }
  expired: { cert: string; key: string }
  rogue: { ca: string; cert: string; key: string }
}

/** An authority, a server certificate for `address`, and client certificates, good and bad. */
export async function makeCerts(folder: string, address: string): Promise<Certs> {
  const good = await authority(folder, 'ca')
  const bad = await authority(folder, 'rogue-ca')
  const serverUse = `subjectAltName=DNS:localhost,IP:127.0.0.1,IP:${address}\nextendedKeyUsage=serverAuth`
  const clientUse = 'extendedKeyUsage=clientAuth'
  return {
    ca: good.cert,
    server: await signed(folder, 'server', good, serverUse, 2),
    client: await signed(folder, 'client', good, clientUse, 2),
    expired: await signed(folder, 'expired', good, clientUse, -1),
    rogue: { ca: bad.cert, ...(await signed(folder, 'rogue', bad, clientUse, 2)) },
  }
}

interface Pair {
  cert: string
  key: string
}

/** Elliptic keys: made in milliseconds. */
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

async function authority(folder: string, name: string): Promise<Pair> {
  const pair = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) }
  await run('openssl', [
    'req',
    '-x509',
    ...KEY,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    pair.key,
    '-out',
    pair.cert,
  ])
  return pair
}

async function signed(folder: string, name: string, by: Pair, use: string, days: number): Promise<Pair> {
  const pair = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) }
  const [request, extensions] = [join(folder, `${name}.csr`), join(folder, `${name}.ext`)]
  await writeFile(extensions, use)
  await run('openssl', ['req', ...KEY, '-subj', `/CN=${name}`, '-keyout', pair.key, '-out', request])
  await run('openssl', [
    ...['x509', '-req', '-in', request, '-CA', by.cert, '-CAkey', by.key, '-CAcreateserial'],
    ...['-days', String(days), '-extfile', extensions, '-out', pair.cert],
  ])
  return pair
}
