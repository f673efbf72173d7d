import { benchIpalloc } from './ipalloc.js'
import { benchMemory } from './memory.js'
import { benchPass } from './pass.js'
import { benchStartup } from './startup.js'

/** A figure, what it should reach, and whether it did. */
function line(what: string, value: string, goal: string, isReached: boolean): void {
  process.stdout.write(
    `${isReached ? 'ok  ' : 'MISS'}  ${what.padEnd(58)} ${value.padStart(10)}  (${goal})\n`,
  )
}

const startup = benchStartup('test/fixtures/config/documented-sample.yml')
line('--version over node -e 0', startup.versionRatio.toFixed(2), 'at most 2.2', startup.versionRatio <= 2.2)
line(
  'validate-config of the full sample over node -e 0',
  startup.validateConfigRatio.toFixed(2),
  'at most 2.8',
  startup.validateConfigRatio <= 2.8,
)
const pass = await benchPass()
const passRatio = pass.largeMs / pass.smallMs
line('no-change pass, 10,000 services over 1,000', passRatio.toFixed(2), 'at most 12', passRatio <= 12)
line('  that pass over 10,000 services', `${pass.largeMs.toFixed(0)} ms`, 'for information', true)
const leases = await benchIpalloc()
line(
  `ipalloc: ${leases.filled} addresses in durable batches of 500`,
  `${(leases.fillMs / 1000).toFixed(2)} s`,
  'under 5 s',
  leases.fillMs < 5_000,
)
const leaseRatio = leases.oneAt60000Ms / leases.oneAt1000Ms
line(
  'one allocation at 60,000 leases over one at 1,000',
  leaseRatio.toFixed(2),
  'at most 1.5',
  leaseRatio <= 1.5,
)
const memory = await benchMemory()
line(
  `peak memory of the daemon, ${memory.services} services`,
  `${memory.peakMiB.toFixed(0)} MiB`,
  'at most 256 MiB',
  memory.peakMiB <= 256,
)
