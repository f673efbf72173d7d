#!/usr/bin/env node
import { accessSync, constants, mkdirSync, readFileSync, statSync } from 'node:fs'
import module from 'node:module'
import { release } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const argv = process.argv.slice(2)

/** Compiled code is read back by later runs, so nobody else may be able to write it. */
function useCompileCache() {
  if (module.enableCompileCache === undefined || !process.env.HOME) return
  try {
    const folder = join(
      process.env.XDG_CACHE_HOME || join(process.env.HOME, '.cache'),
      'interlook',
      'compiled',
    )
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK)
    const { uid, mode } = statSync(folder)
    if (uid === process.getuid?.() && (mode & 0o022) === 0) module.enableCompileCache(folder)
  } catch {
    // A read-only home only costs some start-up time.
  }
}

/** What oclif prints for --version, without loading it. Under WSL it says `wsl`: that is left to it. */
function versionLine() {
  if (argv[0] !== '--version' || release().toLowerCase().includes('microsoft')) return undefined
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return `${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`
}

const line = versionLine()
if (line === undefined) {
  useCompileCache()
  const { main } = await import('../dist/index.js')
  process.exitCode = await main(argv, root)
  // Whatever an extension left open must not keep a finished command alive.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()))
} else {
  process.stdout.write(line)
}
