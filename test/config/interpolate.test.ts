import { describe, expect, it } from 'vitest'
import { interpolate } from '../../src/config/interpolate.js'
import { lines, load } from './read.js'

const sources = {
  env: { NAME: 'web', EMPTY: '' },
  readFile: (path: string) => {
    if (path !== '/run/token') throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return 'tok\n'
  },
}

describe('interpolate', () => {
  it.each([
    ['plain', 'plain'],
    ['${NAME}', 'web'],
    ['a-${NAME}-${NAME}', 'a-web-web'],
    ['${EMPTY}', ''],
    ['${MISSING:-x}', 'x'],
    ['${MISSING:-}', ''],
    ['${EMPTY:-x}', 'x'],
    ['${MISSING:-a:-b}', 'a:-b'],
    ['${file:/run/token}', 'tok'],
    ['$${NAME}', '${NAME}'],
    ['$${NAME}${NAME}', '${NAME}web'],
    ['${NAME}$${x}', 'web${x}'],
    ['$NAME $ $$', '$NAME $ $$'],
  ])('%s is %s', (text, expected) => {
    expect(interpolate(text, sources)).toMatchObject({ text: expected, problems: [] })
  })

  it.each([
    ['${MISSING}', 'the variable MISSING is not set', true],
    ['${file:/nope}', 'the file /nope cannot be read (ENOENT)', true],
    ['pa${ss', 'a `${` has no closing `}`', false],
    ['pa${s s}w', 'expected `${NAME}`, `${NAME:-default}` or `${file:path}`', false],
    ['${}', 'expected `${NAME}`, `${NAME:-default}` or `${file:path}`', false],
  ])('%s: %s', (text, message, isUnset) => {
    expect(interpolate(text, sources).problems).toMatchObject([{ message, isUnset }])
  })
})

describe('interpolation in a config', () => {
  const TEXT = `core:
  workflow: [provider.file, dns.hosts]
  listenPort: \${PORT}
  maxInFlight: "\${MANY}"
provider.file:
  path: \${SERVICES}
dns.hosts:
  path: \${file:where}
`
  const env = { PORT: '8080', MANY: '7', SERVICES: 'services.yml' }
  const readFile = (): string => '/etc/hosts\n'

  it('gives numbers and text as the key wants them', async () => {
    const result = await load(TEXT, { env, readFile, mode: 'run' })

    expect(lines(result)).toEqual([])
    expect(result.config?.core).toMatchObject({ listenPort: 8080, maxInFlight: 7 })
    expect(result.config?.sections['provider.file']).toMatchObject({ path: '/srv/services.yml' })
    expect(result.config?.sections['dns.hosts']).toMatchObject({ path: '/etc/hosts' })
  })

  it('reads the file of `${file:...}` from the working directory', async () => {
    const asked: string[] = []
    await load(TEXT, {
      env,
      readFile: (path) => {
        asked.push(path)
        return 'x'
      },
    })

    expect(asked).toEqual(['/srv/where'])
  })

  it.each([
    ['check' as const, false, 'warning'],
    ['check' as const, true, 'error'],
    ['run' as const, false, 'error'],
  ])('in mode %s, strict %s, what is unset is: %s', async (mode, strict, severity) => {
    const result = await load(TEXT, {
      mode,
      strict,
      readFile: () => {
        throw Object.assign(new Error('no'), { code: 'EACCES' })
      },
    })

    expect(lines(result)).toEqual([
      `3:15 ${severity} core.listenPort: the variable PORT is not set`,
      `4:16 ${severity} core.maxInFlight: the variable MANY is not set`,
      `6:9 ${severity} provider.file.path: the variable SERVICES is not set`,
      `8:9 ${severity} dns.hosts.path: the file where cannot be read (EACCES)`,
    ])
    expect(result.config === undefined).toBe(severity === 'error')
  })

  it('leaves out what cannot be known, and keeps the rest with defaults', async () => {
    const { config } = await load(TEXT, { env: { SERVICES: 'a' }, readFile })

    expect(config?.core).toMatchObject({ maxInFlight: 500 })
    expect(config?.core.listenPort).toBeUndefined()
    expect(config?.sections).toMatchObject({ 'provider.file': { path: '/srv/a' } })
  })

  it('blames no other key for a value that is not known', async () => {
    const result = await load(`core: { workflow: [provider.swarm, ipam.ipalloc] }
provider.swarm: { tlsKey: a.pem, tlsCert: "\${CERT}" }
ipam.ipalloc: { network_cidr: "\${NET}", ip_start: 10.0.0.1 }
`)

    expect(lines(result)).toEqual([
      '2:27 warning provider.swarm.tlsKey: the file cannot be read',
      '2:43 warning provider.swarm.tlsCert: the variable CERT is not set',
      '3:31 warning ipam.ipalloc.network_cidr: the variable NET is not set',
    ])
  })

  it('is only a warning in a section that is not used', async () => {
    const result = await load(`${TEXT}dns.consul: { url: "http://a", token: "\${TOKEN}" }\n`, {
      env,
      readFile,
      mode: 'run',
    })

    expect(lines(result)).toEqual([
      '9:1 warning dns.consul: the section is not used: its extension is not in the workflow',
      '9:39 warning dns.consul.token: the variable TOKEN is not set',
    ])
  })
})
