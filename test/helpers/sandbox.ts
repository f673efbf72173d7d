import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rmdir } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * A machine within the machine: its own network, host name, mounts and process ids, joined to ours by one
 * cable. Whatever runs in it dies with its first process, and that one dies with the test runner (also at a
 * SIGKILL), so nothing is left behind: no process, no interface, no mount, no iptables rule.
 */
export interface Sandbox {
  /** Its address, reachable from the test runner. */
  address: string
  /** Runs a program inside until it ends by itself. */
  exec(program: string, ...args: string[]): Promise<string>
  /** Starts a program inside; `pid` is its id as the test runner sees it. */
  spawn(program: string, args: string[], env?: Record<string, string>): Promise<Inside>
  /** Ends everything in it, at once. */
  destroy(): Promise<void>
}

export interface Inside {
  pid: number
  process: ChildProcess
  exited: Promise<unknown>
}

const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`
let made = 0

/** `mounts`: folders that get a file system in memory inside the sandbox. */
export async function makeSandbox(hostname: string, mounts: string[] = []): Promise<Sandbox> {
  // The first process only waits; as the parent of the orphans inside it also collects them.
  const script = [
    'set -e',
    `hostname ${hostname}`,
    ...mounts.map((folder) => `mkdir -p ${folder}; mount -t tmpfs tmpfs ${folder}`),
    'ip link set lo up',
    'echo ready',
    'while :; do sleep 3600 & wait; done',
  ].join('\n')
  const isolate = ['--net', '--uts', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const outer = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...isolate, 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH },
  })
  const gone = once(outer, 'exit')
  let complaint = ''
  outer.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const ready = await Promise.race([once(outer.stdout, 'data').then(() => true), gone.then(() => false)])
  if (!ready) throw new Error(`cannot make a sandbox: ${complaint}`)
  const init = await childOf(outer.pid)
  const cable = await plugCable(init).catch(async (error: unknown) => {
    outer.kill('SIGKILL')
    await gone
    throw error
  })
  const enter = ['-t', String(init), '-n', '-u', '-m', '-p', '--']

  return {
    address: cable.address,
    async exec(program, ...args) {
      const { stdout } = await run('nsenter', [...enter, program, ...args], { env: { ...process.env, PATH } })
      return stdout
    },
    async spawn(program, args, env = {}) {
      const child = spawn('nsenter', [...enter, program, ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, ...env, PATH },
      })
      const exited = once(child, 'exit')
      return { pid: await childOf(child.pid), process: child, exited }
    },
    async destroy() {
      await run('ip', ['link', 'del', cable.name], { env: { PATH } }).catch(() => undefined)
      // Its end is seen only when every process inside has ended.
      if (outer.exitCode === null && outer.signalCode === null) process.kill(init, 'SIGKILL')
      await gone
    },
  }
}

/** A pair of interfaces with a network of four addresses of its own, from the range for benchmarks. */
async function plugCable(init: number): Promise<{ name: string; address: string }> {
  made += 1
  const name = `il${process.pid.toString(36)}x${made}`.slice(0, 15)
  const used = new Set(
    Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((item) => item.address)),
  )
  const ip = (...args: string[]) => run('ip', args, { env: { PATH } })
  for (;;) {
    const block = Math.floor(Math.random() * 32_768) * 4
    const prefix = `198.${18 + (block >> 16)}.${(block >> 8) & 255}`
    const [ours, theirs] = [`${prefix}.${(block & 255) + 1}`, `${prefix}.${(block & 255) + 2}`]
    if (used.has(ours)) continue
    await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(init))
    await ip('addr', 'add', `${ours}/30`, 'dev', name)
    await ip('link', 'set', name, 'up')
    const inside = (...args: string[]) =>
      run('nsenter', ['-t', String(init), '-n', 'ip', ...args], { env: { PATH } })
    await inside('addr', 'add', `${theirs}/30`, 'dev', 'eth0')
    await inside('link', 'set', 'eth0', 'up')
    await inside('route', 'add', 'default', 'via', ours)
    return { name, address: theirs }
  }
}

/** The one child of a process that only waits for it; it may still be on its way. */
async function childOf(pid: number | undefined): Promise<number> {
  if (pid === undefined) throw new Error('the program did not start')
  const deadline = Date.now() + 5000
  while (Date.now() < deadline) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
    const first = Number(children.split(' ')[0])
    if (first > 0) return first
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`process ${pid} has no child`)
}

/** Removes the control groups that a container engine left under its own parent: they are empty by now. */
export async function removeControlGroups(parent: string): Promise<void> {
  const root = '/sys/fs/cgroup'
  const controllers = await readdir(root).catch(() => [])
  for (const folder of [root, ...controllers.map((name) => join(root, name))]) {
    await removeTree(join(folder, parent))
  }
}

async function removeTree(folder: string): Promise<void> {
  const items = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const item of items) if (item.isDirectory()) await removeTree(join(folder, item.name))
  await rmdir(folder).catch(() => undefined)
}
