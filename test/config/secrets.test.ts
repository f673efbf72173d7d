import { describe, expect, it } from 'vitest'
import type { RegistryEntry } from '../../src/extensions/index.js'
import { registry } from '../../src/extensions/index.js'
import { formatIssue } from '../../src/config/issues.js'
import { mapFields } from '../../src/config/schema-walk.js'
import { load } from './read.js'

const CANARY = 'canary-4711-secret'

/** Every key that any schema of ours marks as secret. */
async function secretKeys(): Promise<string[]> {
  const keys: string[] = []
  for (const { id, schema } of registry()) {
    const known = ['password', 'authToken', 'token', 'username', 'domain', 'partition']
    const sample = Object.fromEntries(known.map((key) => [key, 'x']))
    mapFields(await schema(), sample, (_, meta, path) => {
      if (meta.secret) keys.push(`${id}.${path.join('.')}`)
    })
  }
  return keys
}

describe('secrets', () => {
  it('marks passwords and tokens', async () => {
    expect(await secretKeys()).toEqual([
      'lb.f5ltm.password',
      'lb.f5ltm.authToken',
      'lb.kemplm.password',
      'dns.consul.token',
    ])
  })

  it('collects their values, also of sections that are not used', async () => {
    const { config } = await load(
      `core: { workflow: [provider.file, dns.hosts] }
provider.file: { path: a }
dns.hosts: { path: b }
lb.kemplm: { endpoint: "https://me:p%40ss@box", password: 007 }
dns.consul: { url: "http://a", token: "\${TOKEN}" }
`,
      { env: { TOKEN: CANARY } },
    )

    expect(config?.secrets).toEqual(['p%40ss', 'p@ss', '007', CANARY])
  })

  it('tells them also of a file with errors', async () => {
    const result = await load(`cors: {}\nlb.kemplm: { password: ${CANARY}, port: 5 }\n`)

    expect(result.config).toBeUndefined()
    expect(result.secrets).toEqual([CANARY])
  })

  it.each([
    ['of the wrong type', `password: { a: ${CANARY} }`],
    ['in an unknown key', `pasword: ${CANARY}`],
    ['with a broken ${', `password: "\${${CANARY}"`],
    ['with an odd ${}', `password: "\${${CANARY} x}"`],
    ['as an alias', `password: *${CANARY}`],
    ['as a tag', `password: !${CANARY} x`],
    ['with a tab', `password: "a\\q${CANARY}"`],
    ['without an end', `password: "${CANARY}`],
    ['before a colon', `password: ${CANARY}: x`],
    ['in a flow mapping', `password: {${CANARY}`],
    ['in a URL', `endpoint: "htp://u:${CANARY}@box"`],
    ['twice', `password: ${CANARY}\n  password: ${CANARY}`],
    ['repeated at another key', `password: ${CANARY}\n  httpPort: ${CANARY}`],
    ['from the environment', 'httpPort: ${SECRET}\n  endpoint: ${SECRET}'],
  ])('a value %s is in no message', async (_, line) => {
    const text = `core: { workflow: [provider.file, lb.kemplm] }\nprovider.file: { path: a }\nlb.kemplm:\n  ${line}\n`
    const { issues } = await load(text, { env: { SECRET: CANARY } })

    expect(issues.filter(({ severity }) => severity === 'error')).not.toEqual([])
    expect(issues.map(formatIssue).join('\n')).not.toContain(CANARY)
  })

  it('keeps what a foreign schema says free of them', async () => {
    const chatty: RegistryEntry = {
      id: 'dns.chatty',
      kind: 'dns',
      aliases: [],
      summary: '',
      origin: 'chatty',
      available: true,
      load: () => Promise.reject(new Error('must not be loaded')),
      schema: () =>
        Promise.resolve({
          '~standard': {
            version: 1,
            vendor: 'test',
            validate: (value: unknown) => ({
              issues: [{ message: `Bad: ${JSON.stringify(value)}`, path: [{ key: 'password' }] }],
            }),
          },
        }),
    }
    const { issues } = await load(
      `core: { workflow: [provider.file, dns.chatty] }\nprovider.file: { path: a }\ndns.chatty: { password: ${CANARY} }\n`,
      { registry: [...registry(), chatty] },
    )

    expect(issues).toMatchObject([
      { path: 'dns.chatty.password', line: 3, column: 25, message: 'bad: {"password":"[hidden]"}' },
    ])
  })
})
