import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configReference } from '../../src/config/reference.js'
import { registry } from '../../src/extensions/index.js'
import { startCli } from '../helpers/running.js'
import { FileChain } from './file-chain.js'

let place: FileChain
beforeEach(() => {
  place = new FileChain()
  place.list(['web'])
})
afterEach(() => place.remove())

/** Characters that JSON, URLs and forms write in another way. */
const canary = (name: string): string => `canary-${name}-"4711+/ &ä%`

/** Where a test puts them: these may hold them, nothing else may. */
const SOURCES = ['interlook.yml', 'bad.yml', 'secret.txt', 'chatty.mjs']

interface Secret {
  id: string
  key: string
  canary: string
}

/** Every key that a schema of ours marks as secret. */
async function secretKeys(): Promise<Secret[]> {
  const rows = await configReference(registry())
  return rows
    .filter(({ isSecret }) => isSecret)
    .map(({ section, key }) => ({ id: section, key, canary: canary(`${section}.${key}`) }))
}

type Sections = Record<string, Record<string, unknown>>

/** Sections with a canary in each secret key: as it stands, out of the environment, out of a file, or as a default. */
async function fullSections(): Promise<{
  sections: Sections
  env: Record<string, string>
  canaries: string[]
}> {
  const sections: Sections = {
    'lb.f5ltm': { httpEndpoint: 'https://127.0.0.1:1', username: 'api' },
    'lb.kemplm': { endpoint: 'https://127.0.0.1:1', username: 'api' },
    'dns.consul': { url: `http://me:${encodeURIComponent(canary('url'))}@127.0.0.1:1` },
  }
  const env: Record<string, string> = {}
  const canaries = [canary('url')]
  for (const [index, secret] of (await secretKeys()).entries()) {
    const section = (sections[secret.id] ??= {})
    const name = `CANARY_${index}`
    const ways = [
      () => secret.canary,
      () => {
        env[name] = secret.canary
        return `\${${name}}`
      },
      () => {
        place.write('secret.txt', `${secret.canary}\n`)
        return '${file:secret.txt}'
      },
      () => `\${UNSET_${index}:-${secret.canary}}`,
    ]
    section[secret.key] = ways[index % ways.length]?.()
    canaries.push(secret.canary)
  }
  return { sections, env, canaries }
}

function encodings(text: string): string[] {
  const quoted = JSON.stringify(text).slice(1, -1)
  return [
    text,
    quoted,
    JSON.stringify(quoted).slice(1, -1),
    encodeURIComponent(text),
    new URLSearchParams({ a: text }).toString().slice(2),
    Buffer.from(text).toString('base64').replace(/=+$/, '').slice(0, -1),
    // What is left when only a part was taken out.
    text.slice(0, 16),
  ]
}

/** Runs commands, keeps every word of them, and searches that and every file for the canaries. */
class Search {
  readonly #env: Record<string, string>
  readonly #canaries: string[]
  readonly #heard: [string, string][] = []

  constructor(env: Record<string, string>, canaries: string[]) {
    this.#env = env
    this.#canaries = canaries
  }

  async run(...args: string[]): Promise<number | null> {
    const { code, stdout, stderr } = await startCli(args, { cwd: place.folder, env: this.#env }).ended
    this.#heard.push([`${args.join(' ')}: stdout`, stdout], [`${args.join(' ')}: stderr`, stderr])
    return code
  }

  /** The daemon, until it has logged what `fits`. */
  async daemon(fits: (message: string) => boolean, ...args: string[]): Promise<void> {
    const daemon = startCli(['run', ...args], { cwd: place.folder, env: this.#env })
    await daemon.saw(({ msg }) => fits(msg))
    daemon.kill('SIGTERM')
    const { stdout, stderr } = await daemon.ended
    this.#heard.push(['run: stdout', stdout], ['run: stderr', stderr])
  }

  get text(): string {
    return this.#heard.map(([, text]) => text).join('\n')
  }

  leaks(): string[] {
    const files = readdirSync(place.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !SOURCES.includes(entry.name))
      .map(({ parentPath, name }): [string, string] => [
        name,
        readFileSync(join(parentPath, name)).toString('utf8'),
      ])
    return [...this.#heard, ...files].flatMap(([where, text]) =>
      this.#canaries
        .filter((one) => encodings(one).some((form) => text.includes(form)))
        .map((one) => `${where}: ${one}`),
    )
  }
}

/** Every command that reads a configuration, in each of its forms. */
const COMMANDS: string[][] = [
  ['validate-config'],
  ['validate-config', '--json', '--strict'],
  ['validate-config', '--print-schema'],
  ['ext', 'list'],
  ['ext', 'list', '--json'],
  ['ext', 'test'],
  ['ext', 'test', '--json', '--log-level', 'debug'],
  ['ext', 'test', '--write', '--address', '192.0.2.9'],
  ['reconcile', '--log-level', 'debug'],
  ['reconcile', '--json', '--log-level', 'debug', '--output', 'report.md'],
  ['reconcile', '--dry-run', '--output', 'plan.md'],
  ['run', '--log-level', 'debug'],
]

describe('no secret is told', () => {
  it('by any command on a config that has one in every field marked secret', async () => {
    const { sections, env, canaries } = await fullSections()
    place.configure({ logFile: 'state/interlook.log', logLevel: 'debug' }, sections)
    const search = new Search(env, canaries)

    for (const command of COMMANDS.filter(([name]) => name !== 'run')) await search.run(...command)
    await search.run('ext', 'test', ...Object.keys(sections), '--log-level', 'debug')
    await search.run('reconcile', '--frobnicate', canaries[1] ?? '', '--json')

    expect(canaries.length).toBeGreaterThan(4)
    expect(search.text).toContain('deployed')
    expect(place.read('state/interlook.log')).not.toBe('')
    expect(search.leaks().filter((leak) => !leak.includes('--frobnicate'))).toEqual([])
  })

  it('when those extensions are in the workflow and cannot run', async () => {
    const { sections, env, canaries } = await fullSections()
    const core = { logFile: 'state/interlook.log', logLevel: 'debug' }
    const search = new Search(env, canaries)
    const codes = []

    for (const step of ['lb.f5ltm', 'lb.kemplm', 'dns.consul']) {
      place.configure({ ...core, workflow: ['provider.file', step] }, sections)
      for (const command of COMMANDS.filter(([name]) => name === 'reconcile' || name === 'run')) {
        codes.push(await search.run(...command))
      }
    }
    for (const command of COMMANDS) await search.run(...command)

    expect(new Set(codes)).toEqual(new Set([69]))
    expect(search.leaks()).toEqual([])
  })

  it('by a config with mistakes all around it', async () => {
    const { sections, env, canaries } = await fullSections()
    const [first = ''] = canaries
    const bad = {
      core: { workflow: 'provider.file,nowhere', logLevel: 'loud', listenPort: 99_999_999 },
      'provider.file': { path: 'services.yml', pollInterval: 'soon' },
      ...sections,
      'lb.f5ltm': { ...sections['lb.f5ltm'], pasword: first, httpPort: '${CANARY_1}', partition: 7 },
      'lb.kemplm': { ...sections['lb.kemplm'], password: { a: first }, endpoint: `htp://u:${first}@x` },
      'dns.consul': { token: [first], url: first },
    }
    place.write('bad.yml', JSON.stringify(bad, undefined, 2))
    const search = new Search({ ...env, CANARY_1: canary('lb.f5ltm.authToken') }, canaries)

    for (const command of COMMANDS.filter((args) => !args.includes('--print-schema') && args[1] !== 'list')) {
      expect(await search.run(...command, '--config', 'bad.yml')).toBe(78)
    }

    expect(search.text).toContain('lb.f5ltm.pasword')
    expect(search.leaks()).toEqual([])
  })

  it('by a config that is no YAML any more', async () => {
    const secret = canary('broken')
    place.write(
      'bad.yml',
      `core:\n  workflow: [provider.file\nlb.kemplm:\n  password: "${secret.replace('"', '')}\n`,
    )
    const search = new Search({}, [secret.replace('"', '')])

    for (const command of [['validate-config'], ['reconcile', '--json'], ['run']]) {
      expect(await search.run(...command, '--config', 'bad.yml')).toBe(78)
    }

    expect(search.leaks()).toEqual([])
  })
})

/** An extension of somebody else's that tells its token whenever it can. */
function chatty(form: 'extension' | 'provisioner', mode: string, logFile = 'state/interlook.log'): void {
  place.write(
    'chatty.mjs',
    `
const mode = ${JSON.stringify(mode)}
const key = ({ provider, namespace, name }) => [provider, namespace, name].filter(Boolean).join('/')
function create({ token }, { logger }) {
  const fail = (what) => { throw Object.assign(new Error(what + ' as ' + token), { config: { token } }) }
  const problem = { code: 'refused', message: 'refused for ' + token, hint: 'use ' + token, retryable: false }
  const change = (service) => ({
    action: 'create', kind: 'name of ' + token, object: service.name + token, reason: 'wanted by ' + token,
    fields: [{ field: 'token', to: token }, { field: token, from: token, to: encodeURIComponent(token) }],
  })
  logger.info({ token, url: 'http://u:' + encodeURIComponent(token) + '@box', error: new Error(token) }, 'made ' + token)
  const common = {
    connect: async () => { logger.debug({ token }, 'connect'); if (mode === 'start') fail('login') },
    observe: async () => mode === 'observe' ? fail('read') : {},
    claims: (service) => ['alias:' + service.name],
    facts: () => ({ token }),
    plan: ({ put, remove }) => [...put, ...remove.map((service) => ({ service }))].map(({ service }) => ({
      key: key(service), outputs: {}, changes: mode === 'plan-problem' ? [] : [change(service)], notes: ['note ' + token],
      ...(mode === 'plan-problem' && { problem }),
    })),
    apply: async (plans) => {
      if (mode === 'apply') fail('write')
      return plans.map(({ key }) => mode === 'result' ? { key, problem } : { key })
    },
  }
  if (${JSON.stringify(form)} === 'provisioner') return common
  return {
    async start(receive, send) {
      await common.connect()
      void (async () => {
        for await (const message of receive) {
          if (mode === 'crash') setTimeout(() => fail('crash'), 0)
          logger.warn({ message: { ...message, token }, secret: token }, 'got')
          if (mode === 'crash') continue
          await send({ ...message, ...(mode === 'answer' && { error: 'refused for ' + token, reason: 'refused' }) })
        }
      })()
    },
    async stop() { logger.error({ err: new Error('stop ' + token) }, 'stop'); if (mode === 'stop') fail('stop') },
  }
}
export default { apiVersion: 1, form: ${JSON.stringify(form)}, kind: 'dns', name: 'chatty', summary: 'chatty', create }
`,
  )
  place.configure(
    {
      extensions: ['./chatty.mjs'],
      workflow: ['provider.file', 'ipam.ipalloc', 'dns.chatty'],
      serviceWIPTimeout: '2s',
      logFile,
      logLevel: 'debug',
    },
    { 'dns.chatty': { token: '${CHATTY}' } },
  )
}

describe('an extension that tells its token is not listened to', () => {
  it.each([
    ['provisioner', 'start', 69],
    ['provisioner', 'observe', 4],
    ['provisioner', 'plan-problem', 4],
    ['provisioner', 'apply', 4],
    ['provisioner', 'result', 4],
    ['provisioner', 'nothing wrong', 0],
    ['extension', 'start', 69],
    ['extension', 'answer', 4],
    ['extension', 'crash', 1],
    ['extension', 'stop', undefined],
    ['extension', 'nothing wrong', 0],
  ] as const)('%s, at %s', async (form, mode, code) => {
    const secret = canary('chatty')
    chatty(form, mode)
    const search = new Search({ CHATTY: secret }, [secret])

    const dry = await search.run(
      'reconcile',
      '--dry-run',
      '--json',
      '--output',
      'plan.md',
      '--log-level',
      'debug',
    )
    const real = await search.run('reconcile', '--output', 'report.md', '--log-level', 'debug')
    if (mode === 'result' || mode === 'start' || mode === 'answer') {
      await search.run(
        'ext',
        'test',
        'dns.chatty',
        '--write',
        '--address',
        '192.0.2.9',
        '--log-level',
        'debug',
      )
    }
    if (mode !== 'start' && mode !== 'crash') {
      chatty(form, mode, 'stderr')
      place.list(['web', 'more'])
      await search.daemon((message) => message === 'change', '--log-level', 'debug')
    }

    expect(dry).not.toBeNull()
    if (code !== undefined) expect(real).toBe(code)
    expect(`${search.text}${place.read('state/interlook.log')}`).toContain('[secret]')
    expect(search.leaks()).toEqual([])
  })
})
