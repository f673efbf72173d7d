import { createHash } from 'node:crypto'
import { existsSync, watch } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Database from 'libsql'
import type { ReconcileJson } from '../../src/cli/render/json.js'
import type { Entry } from '../../src/core/entry.js'
import { type Running, startCli } from './running.js'
import { JOURNAL_MAGIC } from './tear.js'

/** One interlook with its own folder: config, state and scratch space. The chain is a provider, ipalloc and hosts. */
export interface Installation {
  /** Working directory of every command. */
  folder: string
  /** Another configuration from now on. */
  configure(options: InstallationOptions): Promise<void>
  /** `interlook ARGS...` on this config, begun. */
  start(...args: string[]): Running
  /** `interlook reconcile --json FLAGS...`, to its end. */
  reconcile(...flags: string[]): Promise<Pass>
  /** The daemon, as far as its log says `started`. */
  run(...flags: string[]): Promise<Running>
  /** Replaces a file of the folder in one go, as a careful editor does. */
  write(name: string, text: string): Promise<void>
  /** Our block of the hosts file. */
  hosts(): Promise<HostLine[]>
  /** What the address store holds; read from a copy. */
  leases(): Promise<LeaseRow[]>
  /** What the core's store holds; read from a copy. */
  entries(): Promise<Entry[]>
  /** True when a store was left in the middle of a transaction: whoever writes next must roll it back. */
  isTorn(store: 'entries' | 'addresses'): Promise<boolean>
  /** Every file and folder: content, identity, rights and times. Equal when nothing was touched. */
  snapshot(): Promise<Record<string, string>>
  /** What commands left in the system's folder for temporary files. */
  scratch(): Promise<string[]>
  /** Calls back on every event in the state folder, until the returned function is called. */
  onWrite(listener: (file: string) => unknown): () => void
  /** Resolves once nothing was written to the state folder for a while. */
  quiet(): Promise<void>
  /** Kills what still runs, and removes the folder. */
  remove(): Promise<void>
}

export interface Pass {
  code: number | null
  /** The document on stdout; on errors only its head. */
  json: ReconcileJson & { hint?: string }
  stderr: string
}

export interface HostLine {
  ip: string
  name: string
  key: string
}

export interface LeaseRow {
  ip: string
  service: string | null
  /** Null: in use. */
  retired_at: number | null
  /** 1: retired by a change that is under way, and still answered for. */
  held: number
}

export interface InstallationOptions {
  /** Sections below `provider`; the only one is the provider of the workflow. */
  provider: Record<string, object>
  /** More keys of the core. */
  core?: Record<string, unknown>
  /** More sections below `dns`, which become steps behind `dns.hosts`. */
  dns?: Record<string, object>
}

const QUIET_MS = 300

export const OWNER = 'e2e'

export async function install(options: InstallationOptions): Promise<Installation> {
  const root = await mkdtemp(join(tmpdir(), 'interlook-site-'))
  const folder = join(root, 'work')
  const state = join(folder, 'state')
  const temporary = join(root, 'tmp')
  await mkdir(state, { recursive: true })
  await mkdir(temporary)
  const configure = (changed: InstallationOptions): Promise<void> =>
    writeFile(join(folder, 'interlook.yml'), JSON.stringify(configOf(changed), undefined, 2))
  await configure(options)
  const running = new Set<Running>()
  const start = (...args: string[]): Running => {
    const process = startCli(args, { cwd: folder, env: { TMPDIR: temporary } })
    running.add(process)
    void process.ended.then(() => running.delete(process))
    return process
  }

  return {
    folder,
    configure,
    start,
    async reconcile(...flags) {
      const { code, stdout, stderr } = await start('reconcile', '--json', ...flags).ended
      try {
        return { code, json: JSON.parse(stdout), stderr }
      } catch (error) {
        throw new Error(`no document on stdout, exit ${code}: ${stdout}\n${stderr}`, { cause: error })
      }
    },
    async run(...flags) {
      const daemon = start('run', ...flags)
      await daemon.saw((record) => record.msg === 'started')
      return daemon
    },
    async write(name, text) {
      await writeFile(join(root, 'new'), text)
      await rename(join(root, 'new'), join(folder, name))
    },
    async hosts() {
      const path = join(state, 'hosts')
      return existsSync(path) ? readBlock(await readFile(path, 'utf8')) : []
    },
    leases: () =>
      readStore<LeaseRow>(join(state, 'addresses.db'), 'SELECT ip, service, retired_at, held FROM lease'),
    async entries() {
      const rows = await readStore<{ data: string }>(join(state, 'entries.db'), 'SELECT data FROM entries')
      return rows.map(({ data }) => JSON.parse(data) as Entry)
    },
    async isTorn(store) {
      const journal = await readFile(join(state, `${store}.db-journal`)).catch(() => Buffer.alloc(0))
      return journal.subarray(0, JOURNAL_MAGIC.length / 2).toString('hex') === JOURNAL_MAGIC
    },
    snapshot: () => snapshot(folder),
    scratch: () => readdir(temporary),
    onWrite(listener) {
      const watcher = watch(state, (_event, file) => listener(file ?? ''))
      return () => watcher.close()
    },
    quiet: () =>
      new Promise((resolve) => {
        const watcher = watch(state, () => timer.refresh())
        const timer = setTimeout(() => {
          watcher.close()
          resolve()
        }, QUIET_MS)
      }),
    async remove() {
      for (const process of running) process.kill('SIGKILL')
      for (const process of running) await process.ended
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** JSON is YAML. */
function configOf({ provider, core, dns = {} }: InstallationOptions): object {
  const ids = (kind: string, sections: object): string[] =>
    Object.keys(sections).map((name) => `${kind}.${name}`)
  return {
    core: {
      instanceId: OWNER,
      workflow: [...ids('provider', provider), 'ipam.ipalloc', 'dns.hosts', ...ids('dns', dns)],
      workflowEntriesFile: 'state/entries.db',
      ...core,
    },
    provider,
    ipam: { ipalloc: { network_cidr: '10.0.0.0/16', db_file: 'state/addresses.db' } },
    dns: { hosts: { path: 'state/hosts' }, ...dns },
  }
}

function readBlock(text: string): HostLine[] {
  const lines = text.split('\n').filter((line) => line !== '')
  if (lines.length === 0) return []
  const [first, last] = [lines.shift(), lines.pop()]
  if (first !== `# BEGIN interlook ${OWNER}` || last !== `# END interlook ${OWNER}`) {
    throw new Error(`not one whole block of ours:\n${text}`)
  }
  return lines.map((line) => {
    const [, ip, name, key] = /^(\S+) (\S+) # (\S+)$/.exec(line) ?? []
    if (ip === undefined || name === undefined || key === undefined) throw new Error(`not a line: ${line}`)
    return { ip, name, key }
  })
}

/** All rows of a store, also of one that a kill has left with a journal: the original stays as it is. */
async function readStore<Row>(file: string, query: string): Promise<Row[]> {
  if (!existsSync(file)) return []
  const folder = await mkdtemp(join(dirname(dirname(dirname(file))), 'copy-'))
  try {
    const copy = join(folder, 'store')
    await copyFile(file, copy)
    if (existsSync(`${file}-journal`)) await copyFile(`${file}-journal`, `${copy}-journal`)
    const database = new Database(copy)
    try {
      const tables = database
        .prepare("SELECT count(*) AS number FROM sqlite_schema WHERE type = 'table'")
        .all()
      return JSON.stringify(tables) === '[{"number":0}]' ? [] : (database.prepare(query).all() as Row[])
    } finally {
      database.close()
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function snapshot(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  const names = ['', ...(await readdir(folder, { recursive: true })).sort()]
  for (const name of names) {
    const path = join(folder, name)
    const stats = await stat(path, { bigint: true })
    const { ino, mode, uid, size, mtimeNs, ctimeNs } = stats
    const content = stats.isFile()
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : ''
    found[name] = [ino, mode, uid, size, mtimeNs, ctimeNs, content].join(' ')
  }
  return found
}
