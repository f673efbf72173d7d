import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { expect, vi } from 'vitest'
import { type CliResult, ROOT, runCli } from '../helpers/cli.js'
import { schemaErrors } from '../helpers/json-schema.js'
import { type Running, startCli } from '../helpers/running.js'

// Each test runs several processes, and the machine may be busy.
vi.setConfig({ testTimeout: 90_000 })

/** What a test reads of the document of `reconcile --json`; the schema checks the whole of it. */
export interface Document {
  exitCode: number
  reason?: string
  message?: string
  hint?: string
  issues?: { path: string; line: number; column: number; message: string }[]
  dryRun: boolean
  durationMs: number
  counts: Record<'create' | 'update' | 'remove' | 'waiting' | 'error' | 'inSync' | 'other', number>
  guard: { tripped: boolean; reasons: string[]; frozen: string[] }
  services: Status[]
  plan: Block[]
  changes: { key: string; step: string; action: string; object: string; reason: string }[]
  scheduled: { key: string; what: string; step?: string; notBefore: string }[]
  orphans: { step: string; owner: string; key: string; objects: string[]; pruned: boolean }[]
  providers: { id: string; listed?: number; problem?: Trouble }[]
  unread: { step: string; problem: Trouble }[]
  warnings: string[]
}

interface Trouble {
  code: string
  message: string
  hint?: string
}

interface Status {
  key: string
  state: string
  public_ip?: string
  dns_name: string[]
  problem?: Trouble
}

interface Block {
  key: string
  verdict: string
  problem?: Trouble
  scheduled: { what: string; notBefore: string }[]
  steps: {
    step: string
    opaque: boolean
    tentative: boolean
    outputs: { public_ip?: string }
    changes: { action: string; object: string; reason: string; adopts?: boolean }[]
  }[]
}

const SCHEMA = JSON.parse(readFileSync(join(ROOT, 'schemas/reconcile.schema.json'), 'utf8')) as Record<
  string,
  unknown
>

/** A folder in which the built `interlook` is at home: the config file and all that it names, by relative paths. */
export class FileChain {
  readonly folder = mkdtempSync(join(tmpdir(), 'interlook-e2e-'))
  readonly #running: Running[] = []

  /** Ends what still runs, and removes everything. */
  async remove(): Promise<void> {
    for (const one of this.#running) one.kill('SIGKILL')
    for (const one of this.#running) await one.ended
    rmSync(this.folder, { recursive: true, force: true })
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), text)
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  copy(source: string, name: string): void {
    cpSync(join(ROOT, source), this.path(name), {
      recursive: true,
      filter: (path) => !path.endsWith('/state'),
    })
  }

  /** `core`, and further sections by id; those of the chain file -> ipalloc -> hosts are filled up. */
  configure(
    core: Record<string, unknown> = {},
    sections: Record<string, Record<string, unknown>> = {},
  ): void {
    const config = {
      core: {
        instanceId: 'e2e',
        workflow: ['provider.file', 'ipam.ipalloc', 'dns.hosts'],
        workflowEntriesFile: 'state/entries.db',
        ...core,
      },
      ...sections,
      'provider.file': { path: 'services.yml', ...sections['provider.file'] },
      'ipam.ipalloc': {
        network_cidr: '192.0.2.0/24',
        db_file: 'state/addresses.db',
        ...sections['ipam.ipalloc'],
      },
      'dns.hosts': { path: 'state/hosts', ...sections['dns.hosts'] },
    }
    // JSON is YAML, too.
    this.write('interlook.yml', JSON.stringify(config, undefined, 2))
  }

  /** The file of `provider.file`: names, or whole services. */
  list(services: readonly (string | FileService)[]): void {
    this.write('services.yml', JSON.stringify({ services: services.map(fileService) }, undefined, 2))
  }

  cli(...args: string[]): Promise<CliResult> {
    return runCli(args, { cwd: this.folder })
  }

  reconcile(...args: string[]): Promise<CliResult> {
    return this.cli('reconcile', ...args)
  }

  /** `reconcile --json`: its one document, checked against the published schema. */
  async json(...args: string[]): Promise<Document> {
    return documentOf(await this.reconcile('--json', ...args))
  }

  /** `interlook ARGS...`, begun. */
  start(...args: string[]): Running {
    const running = startCli(args, { cwd: this.folder })
    this.#running.push(running)
    return running
  }

  /** The daemon, as far as its log says `started`. */
  async run(...flags: string[]): Promise<Running> {
    const daemon = this.start('run', ...flags)
    await daemon.saw(({ msg }) => msg === 'started')
    return daemon
  }

  /** The names and addresses of our block of the hosts file. */
  names(): Record<string, string> {
    const lines = this.read('state/hosts').split('\n')
    const entries = lines.filter((line) => line !== '' && !line.startsWith('#'))
    return Object.fromEntries(
      entries.map((line) => {
        const [ip = '', name = ''] = line.split(/\s+/)
        return [name, ip]
      }),
    )
  }

  /** Every file with its content and its times: two equal ones mean that no file was written. */
  files(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(snapshot(this.folder)).filter(([, text]) => !text.startsWith('folder')),
    )
  }

  /** Folders too: not even a temporary file came and went. */
  everything(): Record<string, string> {
    return snapshot(this.folder)
  }
}

/** The one document on stdout, as the published schema says, with the exit code in it. */
export function documentOf({ code, stdout }: CliResult): Document {
  const document = JSON.parse(stdout) as Document
  expect(schemaErrors(SCHEMA, document)).toEqual([])
  expect(document.exitCode).toBe(code)
  return document
}

export interface FileService {
  name: string
  namespace?: string
  hosts?: string[]
  targets?: { host: string; port: number }[]
  [key: string]: unknown
}

function fileService(service: string | FileService): FileService {
  const { name, ...rest } = typeof service === 'string' ? { name: service } : service
  return { name, hosts: [`${name}.example.com`], targets: [{ host: '10.0.0.1', port: 80 }], ...rest }
}

export function snapshot(folder: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const { mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true })
    const content = entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'folder'
    found[relative(folder, path)] = `${content} ${ino} ${mtimeNs} ${ctimeNs}`
  }
  return found
}
