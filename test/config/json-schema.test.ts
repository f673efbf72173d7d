import * as yaml from 'js-yaml'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { buildJsonSchema, renderJsonSchema } from '../../src/config/json-schema.js'
import { configReference } from '../../src/config/reference.js'
import { registry } from '../../src/extensions/index.js'
import { fixture } from './read.js'

async function accepts(text: string): Promise<boolean> {
  const schema = z.fromJSONSchema(await buildJsonSchema(registry()))
  return schema.safeParse(yaml.load(text)).success
}

describe('the JSON Schema', () => {
  it('on disk is the one that the code makes; `vitest -u` writes it', async () => {
    await expect(await renderJsonSchema(registry())).toMatchFileSnapshot(
      '../../schemas/interlook.schema.json',
    )
  })

  it.each(['full-sample', 'documented-sample', 'kubernetes-sample'])('takes the %s', async (name) => {
    expect(await accepts(fixture(name))).toBe(true)
  })

  it.each([
    'dns.hosts: { path: a, settle: 0 }',
    'dns.hosts: { path: "${HOSTS}", settle: "${SETTLE:-5s}" }',
    'dns: { hosts: { path: a, settle: } }',
    'provisioner: { hosts: { path: a } }',
    'core: { workflow: [a, b], domains: [a.b, { domain: c.d }], guard: { maxDeletes: 5 } }',
    'core: { listenPort: "${PORT}", logLevel: "" }',
    'ipam.ipalloc: { pools: { a: { network_cidr: 10.0.0.0/8 } } }',
  ])('takes %s', async (text) => {
    expect(await accepts(text)).toBe(true)
  })

  it.each([
    'cors: {}',
    'dns.hosts: {}',
    'dns.hosts: { path: a, setle: 5s }',
    'dns.hosts: { path: a, settle: soon }',
    'core: { listenPort: 70000 }',
    'core: { listenPort: many }',
    'core: { logLevel: loud }',
    'core: { guard: { maxDeletes: -1 } }',
    'provider.swarm: { endpoint: "ftp://a" }',
    'provider.swarm: { insecureSkipVerify: maybe }',
    'ipam.ipalloc: { pools: { a: { cidr: 10.0.0.0/8 } } }',
  ])('refuses %s', async (text) => {
    expect(await accepts(text)).toBe(false)
  })

  it('says what is secret and what is old, and nothing of our own metadata', async () => {
    const text = await renderJsonSchema(registry())
    const schema = JSON.parse(text) as { $defs: Record<string, { properties: Record<string, unknown> }> }

    expect(schema.$defs['lb.f5ltm']?.properties.password).toMatchObject({ writeOnly: true })
    expect(schema.$defs['lb.f5ltm']?.properties.proxy).toEqual({ deprecated: true })
    expect(text).not.toMatch(/"(shown|scalar|retired|secret|warning)"/)
  })
})

describe('configReference', () => {
  it('has a row with a description for every key, nested ones too', async () => {
    const rows = await configReference(registry())

    expect(rows.filter(({ description }) => description === '')).toEqual([])
    expect(rows.filter(({ section }) => section === 'dns.hosts')).toEqual([
      {
        section: 'dns.hosts',
        key: 'path',
        type: 'path',
        isRequired: true,
        isSecret: false,
        description: 'The hosts file; only the block between our markers is ours.',
      },
      {
        section: 'dns.hosts',
        key: 'settle',
        type: 'duration',
        default: '0s',
        isRequired: false,
        isSecret: false,
        description: 'How long resolvers keep a name that was removed.',
      },
    ])
    expect(rows.map(({ section, key }) => `${section} ${key}`)).toEqual(
      expect.arrayContaining([
        'core guard.maxDeletes',
        'ipam.ipalloc pools.<name>.exclude',
        'dns.consul token',
      ]),
    )
    expect(rows.filter(({ isSecret }) => isSecret).map(({ key }) => key)).toEqual([
      'password',
      'authToken',
      'password',
      'token',
    ])
  })
})
