import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROOT, runCli } from '../../helpers/cli.js'
import { schemaErrors } from '../../helpers/json-schema.js'

const published = JSON.parse(readFileSync(join(ROOT, 'schemas/ext-test.schema.json'), 'utf8'))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlook-ext-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function configure(extension: string, section: string): void {
  const id = extension.slice(extension.lastIndexOf('/') + 1)
  writeFileSync(
    join(folder, 'interlook.yml'),
    [
      'core:',
      `  extensions: [${join(ROOT, extension)}]`,
      `  workflow: [provider.file, dns.${section}]`,
      'provider.file: { path: services.yml }',
      `dns.${section}: { path: ${id}.json, password: hunter2-canary }`,
    ].join('\n'),
  )
}

const test = (...args: string[]) => runCli(['ext', 'test', ...args], { cwd: folder })

describe('interlook ext test', () => {
  it('writes nothing without --write', async () => {
    configure('examples/extensions/journal-provisioner', 'journal')
    const before = readdirSync(folder)

    const { code, stdout, stderr } = await test('dns.journal')

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('  ok       start resolves in time\n')
    expect(stdout).toContain(' checks: needs --write\n')
    expect(readdirSync(folder)).toEqual(before)
  })

  it('takes a canary through its life with --write, and removes it', async () => {
    configure('examples/extensions/journal-provisioner', 'journal')

    const { code, stdout } = await test('provisioner.journal', '--write', '--address', '192.0.2.1', '--json')

    const report = JSON.parse(stdout)
    expect({ code, errors: schemaErrors(published, report) }).toEqual({ code: 0, errors: [] })
    expect(report.canary).toMatch(/^interlook-canary-[0-9a-f]{8}$/)
    expect(existsSync(join(folder, 'journal-provisioner.json'))).toBe(true)
    expect(JSON.parse(readFileSync(join(folder, 'journal-provisioner.json'), 'utf8'))).toEqual({})
  })

  it('rejects an extension that leaks a secret, and shows the secret nowhere', async () => {
    configure('test/fixtures/faulty/leaks-a-secret.js', 'leaks-a-secret')

    const { code, stdout, stderr } = await test(
      'dns.leaks-a-secret',
      '--write',
      '--address',
      '192.0.2.1',
      '--json',
      '--log-level',
      'debug',
    )

    const report = JSON.parse(stdout)
    const checks: { check: string; status: string }[] = report.extensions[0].checks
    const failed = checks.filter(({ status }) => status === 'failed')
    expect({ code, reason: report.reason }).toEqual({ code: 1, reason: 'extension-contract' })
    expect(failed).toEqual([expect.objectContaining({ check: 'secret-leaked' })])
    expect(`${stdout}${stderr}`).not.toContain('hunter2')
  })

  it.each([
    ['an unknown extension', ['dns.nowhere'], 'extension-unknown'],
    ['an address that is none', ['--write', '--address', 'here'], 'usage'],
  ])('refuses %s', async (_, args, reason) => {
    configure('examples/extensions/journal-provisioner', 'journal')

    const { stdout } = await test(...args, '--json')

    const document = JSON.parse(stdout)
    expect(document.reason).toBe(reason)
    expect(schemaErrors(published, document)).toEqual([])
  })
})
