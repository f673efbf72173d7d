import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { cliEnvironment, ROOT } from '../helpers/cli.js'
import { describeReal } from '../helpers/real.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlook-terminal-'))
  cpSync(join(ROOT, 'examples/quickstart'), join(folder, 'examples/quickstart'), { recursive: true })
  rmSync(join(folder, 'examples/quickstart/state'), { recursive: true, force: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Runs the command on a terminal of its own; what a person would see, and the exit code. */
function onTerminal(
  args: readonly string[],
  columns = 100,
): Promise<{ code: number | null; screen: string }> {
  const command = [process.execPath, `${ROOT}/bin/run.js`, ...args].map((word) => `'${word}'`).join(' ')
  return new Promise((resolve, reject) => {
    const sized = `stty cols ${columns} && exec ${command}`
    const child = spawn('script', ['--quiet', '--return', '--command', sized, '/dev/null'], {
      cwd: folder,
      env: cliEnvironment({ TERM: 'xterm' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let screen = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, screen }))
  })
}

const CONFIG = ['--config', 'examples/quickstart/interlook.yml']

describeReal('the command line on a terminal', ['script'], () => {
  it.each([
    { args: ['--help'], code: 0, shows: 'COMMANDS' },
    { args: ['reconcile', '--help'], code: 0, shows: '--dry-run' },
    { args: ['nonsense'], code: 64, shows: 'nonsense' },
    { args: ['validate-config', 'examples/quickstart/interlook.yml'], code: 0, shows: 'interlook.yml' },
    { args: ['ext', 'list', ...CONFIG], code: 0, shows: 'ipam.ipalloc' },
    { args: ['reconcile', '--dry-run', ...CONFIG], code: 0, shows: '3 to create' },
  ])('$args.0 $args.1 ends with $code', async ({ args, code, shows }) => {
    const seen = await onTerminal(args)

    expect(seen.screen).toContain(shows)
    expect(seen.screen).not.toMatch(/TypeError|at .*\.js:\d+/)
    expect(seen.code).toBe(code)
  })

  it('shows a task per stage, in colour, and then the table', async () => {
    const { screen, code } = await onTerminal(['reconcile', ...CONFIG])

    expect(code).toBe(0)
    expect(screen).toMatch(/✔.*list provider\.file/)
    expect(screen).toMatch(/✔.*apply/)
    expect(screen).toContain('\u001b[32m')
    expect(screen).toContain('shop.example.com')
  })

  it('does not wrap on a terminal that does not know its size', async () => {
    const { screen, code } = await onTerminal(['reconcile', ...CONFIG], 0)

    expect(code).toBe(0)
    expect(screen).toContain('list provider.file: 3 services')
    expect(screen).toContain('shop.example.com, www.shop.example.com')
  })

  it('shows neither colour nor redrawn lines when asked to be plain and quiet', async () => {
    const { screen } = await onTerminal(['reconcile', '--no-color', '--quiet', ...CONFIG])

    expect(screen).not.toContain('\u001b[')
  })
})
