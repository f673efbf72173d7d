import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { configText, servicesText } from './pass.js'

export interface MemoryBench {
  services: number
  /** Peak resident memory of the daemon from its start to its end, MiB. Linux only. */
  peakMiB: number
}

const GIVE_UP_MS = 120_000

/** `interlook run` that deploys `services` services from nothing, serves a second whole pass, and stops. */
export async function benchMemory(services = 10_000): Promise<MemoryBench> {
  const folder = await mkdtemp(join(tmpdir(), 'interlook-bench-'))
  try {
    await writeFile(join(folder, 'interlook.yml'), configText(folder).replace('core:', 'core:\n  resync: 2s'))
    await writeFile(join(folder, 'services.yml'), servicesText(services))
    const daemon = spawn(
      process.execPath,
      [resolve('bin/run.js'), 'run', '-c', join(folder, 'interlook.yml')],
      {
        stdio: 'ignore',
      },
    )
    const ended = once(daemon, 'exit')
    const peak = await watch(daemon.pid ?? 0, join(folder, 'hosts'), services)
    daemon.kill('SIGTERM')
    await ended
    return { services, peakMiB: peak / 1024 }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The highest peak that was read, KiB, until some time after all names are there. */
async function watch(pid: number, hosts: string, services: number): Promise<number> {
  const giveUpAt = Date.now() + GIVE_UP_MS
  let peak = 0
  let until = giveUpAt
  while (Date.now() < until) {
    peak = Math.max(peak, peakOf(pid))
    if (until === giveUpAt && namesIn(hosts) >= services) until = Date.now() + 6_000
    await pause(250)
  }
  if (until === giveUpAt) throw new Error('the daemon did not deploy all services in time')
  return peak
}

function peakOf(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? 0)
}

function namesIn(hosts: string): number {
  return existsSync(hosts) ? readFileSync(hosts, 'utf8').split('example.com').length - 1 : 0
}
