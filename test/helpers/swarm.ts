import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import Docker from 'dockerode'
import { programPath } from './real.js'
import { makeSandbox, removeControlGroups } from './sandbox.js'
import type { Inside, Sandbox } from './sandbox.js'
import { makeCerts } from './swarm-certs.js'
import type { Certs } from './swarm-certs.js'
import { serviceSpec } from './swarm-service.js'
import type { SwarmServiceSpec } from './swarm-service.js'
import { liveTasks, settled, until } from './swarm-tasks.js'

const run = promisify(execFile)

/**
 * A real single-node swarm for tests. Begin the suite with `describeReal(name, SWARM_NEEDS, ...)`, start one
 * in `beforeAll` (about 2 s; give the hook 60 s), share it in the file, and `stop()` it in `afterAll`.
 */
export interface Swarm {
  /** `unix://...`, for `provider.swarm.endpoint`. */
  endpoint: string
  /** `tcp://...` with TLS; needs `startSwarm({ tls: true })`. */
  tlsEndpoint: string
  certs: Certs
  /** The node's address: published ports answer here, also to the test runner. */
  address: string
  /** A client for whatever has no helper. */
  docker: Docker
  /** Creates a service of web tasks and waits until the wanted tasks run. Answers its id. */
  createService(spec: SwarmServiceSpec): Promise<string>
  /** Changes what `change` names, keeps the rest, and waits until the wanted tasks run. */
  updateService(name: string, change: Partial<SwarmServiceSpec>): Promise<void>
  /** The service is gone from listings at once; its tasks stop within seconds. */
  removeService(name: string): Promise<void>
  /** Sets labels of the node (those left out go) and its availability. */
  updateNode(change: {
    labels?: Record<string, string>
    availability?: 'active' | 'pause' | 'drain'
  }): Promise<void>
  /** Freezes dockerd: it takes connections and never answers. */
  pause(): void
  resume(): void
  /** SIGKILL for dockerd alone; containers go on. Not while it is paused. */
  kill(): Promise<void>
  /** dockerd again after `kill()`, with the same swarm and endpoint; waits until the wanted tasks run. */
  restart(): Promise<void>
  /** Ends and removes everything. */
  stop(): Promise<void>
}

export interface SwarmOptions {
  /** Also listen on TCP with client certificates. */
  tls?: boolean
  /** False: a daemon that is in no swarm. */
  init?: boolean
}

export async function startSwarm(options: SwarmOptions = {}): Promise<Swarm> {
  const folder = await mkdtemp(join(tmpdir(), 'interlook-swarm-'))
  let sandbox: Sandbox | undefined
  const cleanUp = async (): Promise<void> => {
    await sandbox?.destroy()
    await removeControlGroups(basename(folder))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    // Docker's state lives in memory inside: nothing of it outlives the sandbox.
    sandbox = await makeSandbox('swarm-node', ['/run', join(folder, 'data')])
    return await bringUp(folder, sandbox, options, cleanUp)
  } catch (error) {
    await cleanUp()
    throw error
  }
}

async function bringUp(
  folder: string,
  sandbox: Sandbox,
  options: SwarmOptions,
  cleanUp: () => Promise<void>,
): Promise<Swarm> {
  const { address } = sandbox
  const socket = join(folder, 'docker.sock')
  const certs = options.tls === true ? await makeCerts(folder, address) : undefined
  let interrupted: string[] = []
  let daemon = await startDockerd(folder, sandbox, certs)
  const docker = new Docker({ socketPath: socket, host: undefined })
  await importImage(folder, docker)
  if (options.init !== false) {
    await docker.swarmInit({ ListenAddr: `${address}:2377`, AdvertiseAddr: address })
  }
  const specs = new Map<string, SwarmServiceSpec>()

  return {
    endpoint: `unix://${socket}`,
    address,
    docker,
    get tlsEndpoint() {
      if (certs === undefined) throw new Error('this swarm was started without tls')
      return `tcp://${address}:2376`
    },
    get certs() {
      if (certs === undefined) throw new Error('this swarm was started without tls')
      return certs
    },
    async createService(spec) {
      // Typed as a service, answered as { id } by the version in use.
      const created = (await docker.createService(serviceSpec(spec))) as unknown as { id: string }
      specs.set(spec.name, spec)
      if (spec.wait !== false) await settled(docker, spec)
      return created.id
    },
    async updateService(name, change) {
      const service = docker.getService(name)
      const current = (await service.inspect()) as { Version: { Index: number } }
      const spec = { ...specs.get(name), ...change, name }
      await service.update({ version: current.Version.Index, ...serviceSpec(spec) })
      specs.set(name, spec)
      if (spec.wait !== false) await settled(docker, spec)
    },
    async removeService(name) {
      await docker.getService(name).remove()
      specs.delete(name)
    },
    async updateNode({ labels = {}, availability = 'active' }) {
      const [node] = (await docker.listNodes()) as {
        ID: string
        Version: { Index: number }
        Spec: { Role: string }
      }[]
      if (node === undefined) throw new Error('the swarm has no node')
      const spec = {
        version: node.Version.Index,
        Role: node.Spec.Role,
        Labels: labels,
        Availability: availability,
      }
      await docker.getNode(node.ID).update(spec)
    },
    pause: () => {
      process.kill(daemon.pid, 'SIGSTOP')
    },
    resume: () => {
      // The process that waits for dockerd froze with it.
      process.kill(daemon.pid, 'SIGCONT')
      daemon.process.kill('SIGCONT')
    },
    async kill() {
      if (options.init !== false) interrupted = (await liveTasks(docker)).map((task) => task.ID)
      process.kill(daemon.pid, 'SIGKILL')
      await daemon.exited
    },
    async restart() {
      await rm(socket, { force: true })
      await sandbox.exec('rm', '-f', '/run/dockerd.pid')
      daemon = await startDockerd(folder, sandbox, certs)
      if (options.init === false) return
      // It ends the containers that went on without it, and their tasks are made anew.
      await until('the tasks from before are gone', async () => {
        const live = await liveTasks(docker)
        if (live.some((task) => interrupted.includes(task.ID))) throw new Error('some are still live')
      })
      for (const spec of specs.values()) if (spec.wait !== false) await settled(docker, spec)
    },
    stop: cleanUp,
  }
}

/** Resolves once dockerd listens: it says so itself. */
async function startDockerd(folder: string, sandbox: Sandbox, certs?: Certs): Promise<Inside> {
  const tls = certs && [
    ...['-H', 'tcp://0.0.0.0:2376', '--tlsverify'],
    ...['--tlscacert', certs.ca, '--tlscert', certs.server.cert, '--tlskey', certs.server.key],
  ]
  const args = [
    ...['--data-root', join(folder, 'data'), '--exec-root', '/run/dockerd', '--pidfile', '/run/dockerd.pid'],
    ...['--storage-driver', 'overlay2', '--cgroup-parent', `/${basename(folder)}`],
    ...['-H', `unix://${join(folder, 'docker.sock')}`, ...(tls ?? [])],
  ]
  // Without this tasks would ask a registry for the image.
  const daemon = await sandbox.spawn('dockerd', args, { DOCKER_SERVICE_PREFER_OFFLINE_IMAGE: '1' })
  const sockets = certs === undefined ? 1 : 2
  let log = ''
  const listening = new Promise<true>((resolve) => {
    daemon.process.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-20_000)
      if (log.split('API listen on').length > sockets) resolve(true)
    })
  })
  const failed = daemon.exited.then(() => false)
  const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), 30_000).unref())
  if (!(await Promise.race([listening, failed, late]))) throw new Error(`dockerd does not listen: ${log}`)
  return daemon
}

/** An image of one static busybox, `tiny:1`: no registry is asked. */
async function importImage(folder: string, docker: Docker): Promise<void> {
  const bin = join(folder, 'image', 'bin')
  await mkdir(bin, { recursive: true })
  await cp(programPath('busybox') ?? 'busybox', join(bin, 'busybox'), { dereference: true })
  for (const name of ['sh', 'httpd', 'sleep', 'mkdir', 'wc']) await symlink('busybox', join(bin, name))
  const tar = join(folder, 'image.tar')
  await run('tar', ['-C', join(folder, 'image'), '-cf', tar, '.'])
  const answer = await docker.importImage(createReadStream(tar), { repo: 'tiny', tag: '1' })
  for await (const line of answer) if (String(line).includes('"error"')) throw new Error(String(line))
}
