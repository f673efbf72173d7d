import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../helpers/cli.js'

let project: string
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'interlook-build-'))
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'bin', 'scripts', 'src']) {
    cpSync(join(ROOT, name), join(project, name), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
  build()
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

function build(...args: string[]): void {
  execFileSync(process.execPath, [join(project, 'scripts/build.js'), ...args], { stdio: 'pipe' })
}

function files(): Record<string, number> {
  const dist = join(project, 'dist')
  const names = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  return Object.fromEntries(names.map((name) => [name, statSync(join(dist, name)).mtimeMs]))
}

/** The packages whose code is loaded together with a file of dist: what is imported lazily is left out. */
function packagesBehind(name: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>()
  if (seen.has(name)) return packages
  seen.add(name)
  const text = readFileSync(join(project, 'dist', name), 'utf8')
  for (const [, found] of text.matchAll(/^\/\/ .*?node_modules\/((?:@[^/]+\/)?[^/]+)/gm))
    packages.add(String(found))
  for (const [, next] of text.matchAll(/^(?:import|export|}).*?"\.\/([^"]+)";$/gm)) {
    for (const found of packagesBehind(join(dirname(name), String(next)), seen)) packages.add(found)
  }
  return packages
}

const HEAVY = ['chalk', 'dockerode', 'ipaddr.js', 'js-yaml', 'libsql', 'listr2', 'pino', 'typescript', 'zod']
const CLIENTS = ['chalk', 'dockerode', 'libsql', 'listr2', 'pino', 'ssh2', 'typescript']

describe('scripts/build.js', () => {
  it('touches no file when nothing has changed', () => {
    const before = files()

    build('--if-needed')
    build()

    expect(files()).toEqual(before)
  })

  it('builds again when a source has changed, and leaves no stale chunk behind', () => {
    const source = join(project, 'src/cli/exit-codes.ts')
    const before = Object.keys(files()).length
    writeFileSync(source, readFileSync(source, 'utf8').replace('bad usage', 'misuse'))

    build()

    const texts = Object.keys(files())
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(join(project, 'dist', name), 'utf8'))
    expect(texts.some((text) => text.includes('misuse'))).toBe(true)
    expect(texts.some((text) => text.includes('bad usage'))).toBe(false)
    expect(Object.keys(files())).toHaveLength(before)
  })

  it('loads nothing heavy to read the command line', () => {
    const packages = packagesBehind('index.js')

    expect(packages).toContain('@oclif/core')
    expect(HEAVY.filter((name) => packages.has(name))).toEqual([])
  })

  it('loads no client library to check a configuration', () => {
    const [chunk] = Object.keys(files()).filter((name) => /^chunks.check-files-/.test(name))

    const packages = packagesBehind(String(chunk))

    expect([...packages]).toEqual(expect.arrayContaining(['zod', 'js-yaml']))
    expect(CLIENTS.filter((name) => packages.has(name))).toEqual([])
  })

  it('has none of what only makes it larger', () => {
    const text = Object.keys(files())
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(join(project, 'dist', name), 'utf8'))
      .join('')

    expect(text).not.toMatch(
      /node_modules\/(zod\/v4\/locales\/(?!en|index)|@grpc\/|protobufjs\/|ssh2\/|typescript\/)/,
    )
  })

  it('builds in any case with --force', () => {
    const stamp = () => statSync(join(project, 'dist/.sources')).mtimeMs
    const before = stamp()

    build('--force')

    expect(stamp()).toBeGreaterThan(before)
  })
})
