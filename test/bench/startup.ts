import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'

export interface StartupBench {
  /** Median wall time of `node -e 0`, ms. */
  nodeMs: number
  /** `interlook --version` over that. */
  versionRatio: number
  /** `interlook validate-config FILE` over that. */
  validateConfigRatio: number
}

/** Start-up times of the built CLI, taken in turns so that whatever else the machine does slows all alike. */
export function benchStartup(configFile: string, rounds = 21): StartupBench {
  const bin = resolve('bin/run.js')
  const commands = [
    ['-e', '0'],
    [bin, '--version'],
    [bin, 'validate-config', configFile],
  ]
  const times = commands.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, args] of commands.entries()) times[index]?.push(timeOf(args))
  }
  const [nodeMs = 0, versionMs = 0, validateMs = 0] = times.map(median)
  return { nodeMs, versionRatio: versionMs / nodeMs, validateConfigRatio: validateMs / nodeMs }
}

function timeOf(args: string[]): number {
  const started = performance.now()
  spawnSync(process.execPath, args, { stdio: 'ignore' })
  return performance.now() - started
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
