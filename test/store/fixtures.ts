import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Entry } from '../../src/core/entry.js'

/** A folder that goes with the test. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'interlook-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function makeEntry(key: string, note = ''): Entry {
  const [provider = '', name = ''] = key.split('/')
  return {
    key,
    service: { provider, name, targets: [], tls: false, dns_name: [], options: note ? { note } : {} },
    expected: 'deployed',
    steps: {},
    scheduled: [],
    heirs: [],
    detectedAt: 1,
    updatedAt: 1,
  }
}

/** Names, sizes, times and bytes of all files: what a dry run must leave alone. */
export function picture(folder: string): Record<string, string> {
  const files = readdirSync(folder).sort()
  return Object.fromEntries(
    files.map((name) => {
      const { mtimeNs, ctimeNs, ino, size } = statSync(join(folder, name), { bigint: true })
      const hash = createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')
      return [name, `${ino} ${mtimeNs} ${ctimeNs} ${size} ${hash}`]
    }),
  )
}

export interface Child {
  pid: number
  /** Resolves when the child has printed this word. */
  said(word: string): Promise<void>
  kill(): Promise<void>
}

/** A process of its own that works on a database with the engine alone, as a second program would. */
export function spawnChild(script: string, args: readonly string[]): Child {
  const engine = createRequire(import.meta.url).resolve('libsql')
  const child = spawn(
    process.execPath,
    ['-e', `const Database = require(${JSON.stringify(engine)});${script}`, ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    output += text
  })
  return {
    pid: child.pid ?? 0,
    async said(word) {
      while (!output.includes(word)) {
        const outcome = await Promise.race([once(child.stdout, 'data'), ended.then(() => 'ended')])
        if (outcome === 'ended' && !output.includes(word)) throw new Error(`the child ended before ${word}`)
      }
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
