import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { registry } from '../../src/extensions/index.js'
import { loadThirdParty } from '../../src/extensions/third-party.js'
import { lines, load } from '../config/read.js'

const GOOD = `{ apiVersion: 1, kind: 'dns', name: 'demo', summary: 'a demo', create() { return {} } }`

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlook-third-party-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

function loadModules(...names: string[]): ReturnType<typeof loadThirdParty> {
  return loadThirdParty(names, join(folder, 'interlook.yml'), registry())
}

describe('loadThirdParty', () => {
  it('loads a file, a package folder by its exports, and an installed package', async () => {
    write('one.mjs', `export default ${GOOD}`)
    write(
      'two/package.json',
      '{ "name": "two", "type": "module", "exports": { ".": { "default": "./lib/a.js" } } }',
    )
    write('two/lib/a.js', `export default ${GOOD.replace('demo', 'two')}`)
    write('node_modules/@me/three/package.json', '{ "name": "@me/three", "type": "module", "main": "a.js" }')
    write('node_modules/@me/three/a.js', `export default ${GOOD.replace('demo', 'three')}`)
    write('four/package.json', '{ "name": "four", "main": "b.js" }')
    write('four/b.js', `module.exports = ${GOOD.replace('demo', 'four').replace("'dns'", "'provider'")}`)

    const { entries, problems } = await loadModules('./one.mjs', './two', '@me/three', './four')

    expect(problems).toEqual([])
    expect(entries.map(({ id, aliases, origin }) => [id, aliases, origin])).toEqual([
      ['dns.demo', ['provisioner.demo'], './one.mjs'],
      ['dns.two', ['provisioner.two'], './two'],
      ['dns.three', ['provisioner.three'], '@me/three'],
      ['provider.four', [], './four'],
    ])
    expect(await entries[0]?.load()).toMatchObject({ form: 'extension', name: 'demo', summary: 'a demo' })
    expect(await entries[0]?.schema()).toBeUndefined()
  })

  it.each([
    ['export default 5', 'its default export is no definition'],
    ['export const definition = {}', 'its default export is no definition'],
    [`export default ${GOOD.replace('apiVersion: 1,', '')}`, 'it names no version of the contract'],
    [
      `export default ${GOOD.replace('apiVersion: 1', 'apiVersion: 2')}`,
      'it names version 2 of the contract',
    ],
    [`export default ${GOOD.replace('dns', 'cdn')}`, 'its kind is none of provider, ipam, lb, dns'],
    [`export default ${GOOD.replace('demo', 'De mo')}`, 'its name is not made of a-z, 0-9 and -'],
    [`export default ${GOOD.replace('create()', 'make()')}`, 'it has no function `create`'],
    [`export default { ...${GOOD}, form: 'provider' }`, 'its form does not go with the kind dns'],
    [`export default { ...${GOOD}, form: 'schema' }`, 'its form is none of extension, provider, provisioner'],
    [`export default { ...${GOOD}, configSchema: {} }`, 'its configSchema is no Standard Schema'],
    [`export default ${GOOD.replace('demo', 'hosts')}`, 'its id dns.hosts is taken by interlook itself'],
    ['throw new Error("boom")', 'boom'],
    ['export default {', 'the extension ./bad.mjs cannot be loaded'],
  ])('%s: %s', async (text, message) => {
    write('bad.mjs', text)
    const { entries, problems } = await loadModules('./bad.mjs')

    expect(entries).toEqual([])
    expect(problems).toMatchObject([{ index: 0, error: { code: 'extension-load' } }])
    expect(problems[0]?.error.message).toContain(message)
  })

  it.each([
    ['https://example.com/a.js', 'URLs are not allowed'],
    ['file:///a.js', 'URLs are not allowed'],
    ['../a.js', '`..` is not allowed'],
    ['./a/../../b', '`..` is not allowed'],
    ['./missing.js', 'there is no such module'],
    ['not-installed', 'there is no such module'],
  ])('%s: %s', async (name, message) => {
    expect((await loadModules(name)).problems[0]?.error.message).toContain(message)
  })

  it('says what exports must have', async () => {
    write('node_modules/esm/package.json', '{ "name": "esm", "exports": { ".": { "import": "./a.js" } } }')

    expect((await loadModules('esm')).problems).toMatchObject([
      { error: { hint: 'its `exports` need a `default` condition' } },
    ])
  })

  it('refuses two of the same id, and still tells of the others', async () => {
    write('a.mjs', `export default ${GOOD}`)
    write('b.mjs', `export default ${GOOD}`)
    const { entries, problems } = await loadModules('./missing', './a.mjs', './b.mjs')

    expect(entries.map(({ origin }) => origin)).toEqual(['./a.mjs'])
    expect(problems.map(({ index }) => index)).toEqual([0, 2])
    expect(problems[1]?.error.message).toContain('its id dns.demo is taken by ./a.mjs')
  })
})

describe('third-party extensions in a config', () => {
  const config = (section: string): string => `core:
  extensions: [./demo.mjs]
  workflow: [provider.file, provisioner.demo]
provider.file: { path: a }
${section}
`
  const options = (): { file: string } => ({ file: join(folder, 'interlook.yml') })

  it('take part in the workflow, with their section as it is when they have no schema', async () => {
    write('demo.mjs', `export default ${GOOD}`)
    const result = await load(config('dns.demo: { a: 1, "b": "2", c: { d: [true, null] } }'), options())

    expect(lines(result)).toEqual([])
    expect(result.config?.workflow).toEqual(['provider.file', 'dns.demo'])
    expect(result.config?.sections['dns.demo']).toEqual({ a: 1, b: '2', c: { d: [true, null] } })
    expect(result.config?.registry.some(({ id }) => id === 'dns.demo')).toBe(true)
  })

  it('need no section when they have no schema', async () => {
    write('demo.mjs', `export default ${GOOD}`)

    expect(lines(await load(config(''), options()))).toEqual([])
  })

  it('are told with place what their schema finds', async () => {
    const schema = `{ '~standard': { version: 1, vendor: 'me', validate: (value) => ({ issues: [
      { message: 'Too many', path: ['c', { key: 'd' }, 1] }, { message: 'Bad as a whole' } ] }) } }`
    write('demo.mjs', `export default { ...${GOOD}, configSchema: ${schema} }`)
    const result = await load(config('dns.demo:\n  c:\n    d: [1, 2]'), options())

    expect(lines(result)).toEqual([
      '6:3 error dns.demo: bad as a whole',
      '7:12 error dns.demo.c.d[1]: too many',
    ])
  })

  it.each([
    ['async validate() { return { value: {} } }', 'the schema of the extension must validate synchronously'],
    ['validate() { throw new Error("boom") }', 'the schema of the extension failed: boom'],
    ['validate() {}', 'the schema of the extension gave no result'],
  ])('a schema with %s: %s', async (validate, message) => {
    const schema = `{ '~standard': { version: 1, vendor: 'me', ${validate} } }`
    write('demo.mjs', `export default { ...${GOOD}, configSchema: ${schema} }`)
    const result = await load(config('dns.demo: { a: 1 }'), options())

    expect(lines(result)).toEqual([`5:11 error dns.demo: ${message}`])
  })

  it('that cannot be loaded are told at their name', async () => {
    const result = await load(config('dns.demo: {}'), options())

    expect(result.issues.map(({ code, line, column }) => [code, line, column])).toEqual([
      ['extension-load', 2, 16],
      ['extension-unknown', 3, 29],
      ['config-invalid', 5, 1],
    ])
  })
})
