import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Config } from '@oclif/core/config'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/commands/index.js'
import { ROOT, runCli } from '../helpers/cli.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlook-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('interlook', () => {
  it('prints the version that oclif would, and nothing on stderr', async () => {
    const config = await Config.load({ root: ROOT, userPlugins: false, devPlugins: false })

    const result = await runCli(['--version'])

    expect(result).toEqual({ code: 0, stdout: `${config.userAgent}\n`, stderr: '' })
  })

  it.each([[[]], [['--help']], [['help']]])('lists its commands: %j', async (args) => {
    const { code, stdout, stderr } = await runCli(args)

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('validate-config')
  })

  it.each(Object.keys(COMMANDS).map((id) => [id.split(':')]))('has help for %j', async (args) => {
    const { code, stdout, stderr } = await runCli([...args, '--help'])

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const flag of ['--config', '--json', '--quiet', '--log-level', '--no-color'])
      expect(stdout).toContain(flag)
  })

  it.each([
    ['an unknown command', ['deploy'], /command deploy not found/],
    ['an unknown command of a topic', ['ext', 'deploy'], /ext deploy/],
    ['an unknown flag', ['validate-config', '--foo'], /--foo/],
    ['a flag without its value', ['validate-config', '--config'], /--config expects a value/],
    ['a wrong value', ['validate-config', '--log-level', 'loud'], /--log-level.*loud/],
    ['an argument too many', ['ext', 'list', 'x'], /ext list x not found/],
  ])('ends with 64 on %s', async (_, args, message) => {
    const { code, stdout, stderr } = await runCli(args)

    expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/\nhint: .*--help/)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  it.each([
    ['an unknown command', ['deploy', '--json']],
    ['an unknown flag', ['validate-config', '--json', '--foo']],
  ])('prints one document with --json also on %s', async (_, args) => {
    const { code, stdout, stderr } = await runCli(args)

    expect({ code, stderr }).toEqual({ code: 64, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 64, reason: 'usage', message: expect.any(String) })
  })

  it('does not wait for stdin', async () => {
    expect((await runCli(['ext', 'list'])).code).toBe(0)
  })

  it('loads no plug-in from the data directory of the user', async () => {
    const { code, stderr } = await runCli(['--help'], {
      env: { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, HOME: folder },
    })

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(existsSync(join(folder, 'interlook'))).toBe(false)
  })

  it('works without a home', async () => {
    expect((await runCli(['--help'], { env: { HOME: '', XDG_CACHE_HOME: '' } })).code).toBe(0)
  })
})
