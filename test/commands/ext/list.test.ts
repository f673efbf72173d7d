import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { registry } from '../../../src/extensions/index.js'
import { ROOT, runCli } from '../../helpers/cli.js'
import { schemaErrors } from '../../helpers/json-schema.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlook-list-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const published = JSON.parse(readFileSync(join(ROOT, 'schemas/ext-list.schema.json'), 'utf8'))

const CONFIG = `core:
  workflow: [provider.file, dns.hosts]
provider.file: { path: services.yml }
dns.hosts: { path: hosts }
ipam.ipalloc: { network_cidr: 10.0.0.0/24 }
`

interface Listed {
  id: string
  configured: boolean
  step: number | null
}

const list = (...args: string[]) => runCli(['ext', 'list', ...args], { cwd: folder })

describe('interlook ext list', () => {
  it('lists every extension of this release without a configuration', async () => {
    const { code, stdout, stderr } = await list('--json')

    const { exitCode, extensions } = JSON.parse(stdout)
    expect({ code, exitCode, stderr }).toEqual({ code: 0, exitCode: 0, stderr: '' })
    expect(schemaErrors(published, JSON.parse(stdout))).toEqual([])
    expect(extensions.map(({ id }: Listed) => id)).toEqual(registry().map(({ id }) => id))
    expect(extensions.some(({ configured, step }: Listed) => configured || step !== null)).toBe(false)
  })

  it('tells what a configuration uses', async () => {
    writeFileSync(join(folder, 'interlook.yml'), CONFIG)

    const { stdout } = await list('--json')

    const used = JSON.parse(stdout).extensions.filter(({ configured }: Listed) => configured)
    expect(used.map(({ id, step }: Listed) => [id, step])).toEqual([
      ['provider.file', 1],
      ['ipam.ipalloc', null],
      ['dns.hosts', 2],
    ])
  })

  it('tells kind, aliases, abilities, origin and keys of each', async () => {
    const { stdout } = await list('--json')

    const hosts = JSON.parse(stdout).extensions.find(({ id }: Listed) => id === 'dns.hosts')
    expect(hosts).toMatchObject({
      kind: 'dns',
      aliases: ['provisioner.hosts'],
      abilities: ['observe', 'plan', 'apply'],
      origin: 'built-in',
      available: true,
      keys: expect.arrayContaining(['path']),
    })
  })

  it('is read by people too', async () => {
    writeFileSync(join(folder, 'interlook.yml'), CONFIG)

    const { stdout } = await list()

    expect(stdout).toMatch(/^dns\.hosts +\S.*\n {2}step 2; can observe, plan, apply;/m)
    expect(stdout).toMatch(/^ipam\.ipalloc .*\n {2}configured, not in the workflow;/m)
    expect(stdout).toMatch(/^lb\.kemplm .*\n {2}not configured; not in this release/m)
  })

  it('ends with 78 and every problem when the configuration is bad', async () => {
    writeFileSync(join(folder, 'bad.yml'), CONFIG.replace('dns.hosts]', 'dns.hots]'))

    const { code, stdout, stderr } = await list('-c', 'bad.yml')

    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    const { stdout: document } = await list('-c', 'bad.yml', '--json')
    expect(schemaErrors(published, JSON.parse(document))).toEqual([])
    expect(JSON.parse(document).issues[0]).toMatchObject({ severity: 'error', path: 'core.workflow' })
    expect(stderr).toMatch(/^bad\.yml:2:\d+: error: core\.workflow: .*dns\.hots/m)
  })
})
