// Runs the built CLI as an operator would: node scripts/smoke.js FOLDER, where bin, dist and package.json lie.
// Every command must say what it should, and nothing on stderr: a warning of Node there breaks scripts.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const folder = resolve(process.argv[2] ?? '.')
const bin = join(folder, 'bin/run.js')
const work = mkdtempSync(join(tmpdir(), 'interlook-smoke-'))

const SERVICES =
  'services:\n  - name: web\n    hosts: [web.example.com]\n    targets: [{host: 192.0.2.10, port: 8080}]\n'
const CONFIG = `core:
  workflow: [provider.file, ipam.ipalloc, dns.hosts]
  workflowEntriesFile: ${work}/entries.db
  instanceId: smoke
provider:
  file: { path: ${work}/services.yml }
ipam:
  ipalloc: { network_cidr: 10.0.0.0/29, db_file: ${work}/addresses.db }
dns:
  hosts: { path: ${work}/hosts }
`
const SWARM = 'swarm: { endpoint: "tcp://127.0.0.1:9" }'

function expect(args, { status = 0, stdout }) {
  const result = spawnSync(process.execPath, [bin, ...args], { cwd: work, encoding: 'utf8' })
  const problems = []
  if (result.status !== status) problems.push(`exit code ${result.status} instead of ${status}`)
  if (result.stderr !== '') problems.push('stderr is not empty')
  if (!stdout.test(result.stdout)) problems.push(`stdout does not match ${stdout}`)
  if (problems.length === 0) return
  console.error(`interlook ${args.join(' ')}: ${problems.join(', ')}\n${result.stdout}${result.stderr}`)
  process.exitCode = 1
}

try {
  writeFileSync(join(work, 'interlook.yml'), CONFIG)
  writeFileSync(join(work, 'services.yml'), SERVICES)
  expect(['--version'], { stdout: /^interlook\/\d+\.\d+\.\d+ \S+ node-v\d+/ })
  expect(['--help'], { stdout: /validate-config/ })
  expect(['ext', 'list', '--json'], { stdout: /"dns\.hosts"/ })
  expect(['validate-config'], { stdout: /interlook\.yml/ })
  expect(['reconcile', '--json'], { stdout: /"exitCode": 0[\s\S]*10\.0\.0\.1/ })
  expect(['reconcile', '--dry-run', '--detailed-exitcode', '--json'], { stdout: /"exitCode": 0/ })
  // The client of Docker is where Node 22 and 24 would warn. Nothing listens on this port.
  writeFileSync(
    join(work, 'swarm.yml'),
    CONFIG.replaceAll('provider.file', 'provider.swarm').replace(/file: \{.*\}/, SWARM),
  )
  expect(['reconcile', '--json', '-c', 'swarm.yml'], { status: 69, stdout: /"extension-start"/ })
  const library = [
    '--input-type=module',
    '-e',
    `import '${join(folder, 'dist/index.js')}'; import '${join(folder, 'dist/sdk.js')}'`,
  ]
  execFileSync(process.execPath, library, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (process.exitCode === undefined) console.log(`the CLI of ${folder} works on Node ${process.version}`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
