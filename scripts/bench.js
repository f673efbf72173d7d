// Bundles the benchmarks (they are TypeScript) and runs them on this Node.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { build } from 'esbuild'

const outfile = 'node_modules/.cache/interlook/bench.js'
mkdirSync('node_modules/.cache/interlook', { recursive: true })
await build({
  entryPoints: ['test/bench/main.ts'],
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  outfile,
})
process.exitCode = spawnSync(process.execPath, [outfile], { stdio: 'inherit' }).status ?? 1
