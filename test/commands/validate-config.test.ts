import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROOT, runCli } from '../helpers/cli.js'
import { schemaErrors } from '../helpers/json-schema.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlook-validate-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const published = JSON.parse(readFileSync(join(ROOT, 'schemas/validate-config.schema.json'), 'utf8'))

const GOOD = `core:
  workflow: [provider.file, ipam.ipalloc, dns.hosts]
  workflowEntriesFile: state/entries.db
provider.file: { path: services.yml }
ipam.ipalloc: { network_cidr: 10.0.0.0/24, db_file: state/addresses.db }
dns.hosts: { path: /srv/hosts }
`
const BAD = GOOD.replace('10.0.0.0/24', '10.0.0.0/99').replace('core:', 'core:\n  logLevel: loud')
const UNSET = GOOD.replace('services.yml', '"${INTERLOOK_TEST_UNSET}"')

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return name
}

const validate = (...args: string[]) => runCli(['validate-config', ...args], { cwd: folder })

describe('interlook validate-config', () => {
  it('accepts a good file, tells what it uses with absolute paths, and makes none of it', async () => {
    write('interlook.yml', GOOD)

    const { code, stdout, stderr } = await validate()

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n')).toEqual([
      './interlook.yml: valid',
      '  workflow: provider.file -> ipam.ipalloc -> dns.hosts',
      `  core.workflowEntriesFile  ${folder}/state/entries.db`,
      `  provider.file.path        ${folder}/services.yml`,
      `  ipam.ipalloc.db_file      ${folder}/state/addresses.db`,
      '  dns.hosts.path            /srv/hosts',
      '',
    ])
    expect(readdirSync(folder)).toEqual(['interlook.yml'])
  })

  it('prints nothing with --quiet when there is nothing to tell', async () => {
    expect(await validate('--quiet', write('a.yml', GOOD))).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('shows every problem with its place and ends with 78', async () => {
    const { code, stdout, stderr } = await validate(write('bad.yml', BAD))

    expect({ code, stderr }).toEqual({ code: 78, stderr: '' })
    expect(stdout).toMatch(/^bad\.yml:2:13: error: core\.logLevel: .*"loud"/m)
    expect(stdout).toMatch(/^bad\.yml:6:\d+: error: ipam\.ipalloc\.network_cidr: /m)
    expect(stdout).toMatch(/^bad\.yml: not valid, 2 errors$/m)
  })

  it('checks every file that is named', async () => {
    const { code, stdout } = await validate(write('a.yml', GOOD), write('b.yml', BAD), 'missing.yml')

    expect(code).toBe(78)
    expect(stdout).toMatch(/^a\.yml: valid$/m)
    expect(stdout).toMatch(/^b\.yml: not valid/m)
    expect(stdout).toMatch(/^missing\.yml:1:1: error: the file cannot be read/m)
  })

  it('takes what only the target machine has as a warning, and with --strict as an error', async () => {
    const file = write('unset.yml', UNSET)

    const lenient = await validate(file)
    const strict = await validate('--strict', file)

    expect(lenient).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/warning: .*INTERLOOK_TEST_UNSET/),
    })
    expect(strict).toMatchObject({ code: 78, stdout: expect.stringMatching(/error: .*INTERLOOK_TEST_UNSET/) })
  })

  it.each([
    ['--config', ['--config', 'named.yml'], {}],
    ['-c', ['-c', 'named.yml'], {}],
    ['--conf', ['--conf', 'named.yml'], {}],
    ['INTERLOOK_CONFIG', [], { INTERLOOK_CONFIG: 'named.yml' }],
  ])('takes the file that %s names', async (_, args, env) => {
    write('interlook.yml', BAD)
    write('named.yml', GOOD)

    const { code, stdout } = await runCli(['validate-config', ...args], { cwd: folder, env })

    expect(code).toBe(0)
    expect(stdout).toContain('named.yml: valid')
  })

  it('ends with 78 when there is no file at all', async () => {
    mkdirSync(join(folder, 'empty'))

    const result = await runCli(['validate-config', '--config', 'none.yml'], { cwd: join(folder, 'empty') })

    expect(result.code).toBe(78)
  })

  it.each([
    ['a good file', GOOD, { exitCode: 0, files: [{ file: 'x.yml', valid: true, errors: 0, warnings: 0 }] }],
    ['a bad one', BAD, { exitCode: 78, reason: 'config-invalid', files: [{ valid: false, errors: 2 }] }],
    ['an empty one', '', { exitCode: 78, reason: 'config-invalid', files: [{ errors: 1 }] }],
  ])('prints one document with --json for %s', async (_, text, document) => {
    const { code, stdout, stderr } = await validate('--json', write('x.yml', text))

    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject(document)
    expect(schemaErrors(published, JSON.parse(stdout))).toEqual([])
    expect(code).toBe(document.exitCode)
  })

  it('gives scripts the place of each problem', async () => {
    const { stdout } = await validate('--json', write('bad.yml', BAD))

    expect(JSON.parse(stdout).files[0].issues[0]).toMatchObject({
      severity: 'error',
      file: 'bad.yml',
      line: 2,
      column: 13,
      path: 'core.logLevel',
    })
  })

  it('prints the schema that is shipped', async () => {
    const { code, stdout } = await validate('--print-schema')
    const wrapped = await validate('--print-schema', '--json')

    const schema = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(schema.properties).toHaveProperty('core')
    expect(JSON.parse(wrapped.stdout)).toEqual({ exitCode: 0, schema })
    expect(schemaErrors(published, JSON.parse(wrapped.stdout))).toEqual([])
  })

  it('shows no secret, wherever it stands', async () => {
    const text = `${GOOD}lb.kemplm: { endpoint: "ftp://u:canary-secret@lb", username: x, password: canary-secret }\n`

    const results = await Promise.all([
      validate(write('s.yml', text)),
      validate('--json', 's.yml'),
      runCli(['ext', 'list', '-c', 's.yml'], { cwd: folder }),
      runCli(['reconcile', '-c', 's.yml'], { cwd: folder }),
    ])

    const printed = results.map(({ stdout, stderr }) => stdout + stderr).join('')
    expect(printed).toContain('lb.kemplm')
    expect(printed).not.toContain('canary-secret')
  })
})
