import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { errorText } from '../../../sdk/errors.js'
import { unlisted } from './document.js'

const TRIES = 5

/** The bytes of the file as one moment had them: an editor at work must not make us see half of it. */
export async function readWhole(path: string): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    try {
      const before = await stampOf(path)
      const bytes = await readFile(path)
      if ((await stampOf(path)) === before) return bytes
    } catch (cause) {
      throw unlisted(`${path}: the file cannot be read: ${errorText(cause)}`, undefined, cause)
    }
    if (attempt === TRIES) throw unlisted(`${path}: the file changes while it is read`)
  }
}

/** Differs when the content does; undefined when there is none to read. */
export async function fingerprint(path: string): Promise<string | undefined> {
  return readFile(path).then(fingerprintOf, () => undefined)
}

export function fingerprintOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Differs when the file was written or replaced; `missing` when it cannot be seen. */
export async function lookAt(path: string): Promise<string> {
  return stampOf(path).catch(() => 'missing')
}

async function stampOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}
