import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

export interface CliOptions {
  cwd?: string
  /** Added to an environment that names no configuration and no colours. */
  env?: Record<string, string>
}

const LEFT_OUT = ['INTERLOOK_CONFIG', 'FORCE_COLOR', 'NO_COLOR', 'CI', 'NODE_OPTIONS']

/** Ours, without what would change the output, and with `env`. */
export function cliEnvironment(env: Record<string, string> = {}): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(([name]) => !LEFT_OUT.includes(name))
  return { ...Object.fromEntries(inherited), ...env }
}

/** Runs the built `interlook` to its end, with a closed stdin. `npm test` builds it first. */
export function runCli(
  args: readonly string[],
  { cwd = ROOT, env = {} }: CliOptions = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [`${ROOT}/bin/run.js`, ...args], {
      cwd,
      env: cliEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
