import { describe, expect, it } from 'vitest'
import { formatIssue } from '../../src/config/issues.js'
import { loadConfig } from '../../src/config/load.js'
import { registry } from '../../src/extensions/index.js'
import { fixture, lines, load } from './read.js'

const GOOD = `core:
  workflow: [provider.file, ipam.ipalloc, dns.hosts]
provider.file: { path: services.yml }
ipam.ipalloc: { network_cidr: 10.32.30.0/24 }
dns.hosts: { path: hosts }
`

describe('loadConfig', () => {
  it('fills in defaults, turns durations into ms, and makes paths absolute', async () => {
    const { config, issues } = await load(GOOD)

    expect(issues).toEqual([])
    expect(config?.workflow).toEqual(['provider.file', 'ipam.ipalloc', 'dns.hosts'])
    expect(config?.entries.map(({ kind }) => kind)).toEqual(['provider', 'ipam', 'dns'])
    expect(config?.sections['dns.hosts']).toEqual({ path: '/srv/hosts', settle: 0 })
    expect(config?.sections['ipam.ipalloc']).toEqual({
      network_cidr: '10.32.30.0/24',
      exclude: [],
      db_file: '/srv/share/ipalloc.db',
      quarantine: 600_000,
      allowRequests: false,
      pools: {},
    })
    expect(config?.core).toMatchObject({
      workflowEntriesFile: '/srv/share/flowentries.db',
      logFile: 'stderr',
      serviceWIPTimeout: 90_000,
      guard: { maxDeletePercent: 30, minServices: 10, maxDeletes: 100, window: 600_000 },
      retry: { base: 1000, max: 300_000 },
      listenAddress: '127.0.0.1',
    })
  })

  it('tells ten mistakes of ten kinds at once, each with line and column', async () => {
    const result = await load(fixture('ten-mistakes'), { strict: true })

    expect(result.config).toBeUndefined()
    expect(lines(result).filter((line) => line.includes(' error '))).toEqual([
      '2:28 error core.workflow: unknown step "ipam.ipaloc" (did you mean "ipam.ipalloc"?)',
      '2:55 error lb.kemplm: the step lb.kemplm of the workflow has no section (add a section `lb.kemplm:`)',
      '3:13 error core.logLevel: expected one of: debug, info, warn, error, got "loud"',
      '4:24 error core.undeployGracePeriod: expected a duration such as 300ms, 5s, 10m or 1h30m, got "5 parsecs"',
      '5:16 error core.maxInFlight: expected a whole number from 1 to 100000, got "many"',
      '6:15 error core.listenPort: expected a whole number from 0 to 65535, got "70000"',
      '7:3 error core.logfile: unknown key "logfile" (did you mean "logFile"?)',
      '10:9 error provider.file.path: the variable SERVICES_FILE is not set',
      '13:13 error provider.swarm.endpoint: expected a URL that starts with unix://, tcp://, http://, https://, got "ftp://manager.example.net"',
      '16:17 error ipam.ipalloc.network_cidr: expected a CIDR such as 10.32.30.0/24 or fd00:1::/64, got "10.32.30.0/33"',
    ])
  })

  it('names the file as the user did', async () => {
    const { issues } = await load('core: { logLevel: loud }', { file: 'conf/a.yml' })

    expect(issues.map(formatIssue)[0]).toMatch(/^conf\/a\.yml:1:1: error: /)
  })

  it('gives a file that cannot be read its own code', async () => {
    const result = await loadConfig({
      file: 'missing.yml',
      env: {},
      readFile: () => {
        throw Object.assign(new Error('no'), { code: 'ENOENT' })
      },
      cwd: '/srv',
      mode: 'check',
      registry: registry(),
    })

    expect(result.issues).toMatchObject([
      { code: 'config-unreadable', severity: 'error', line: 1, message: 'the file cannot be read (ENOENT)' },
    ])
  })

  it.each([
    ['', 'the file is empty'],
    ['# only a comment\n', 'the file is empty'],
    ['---\n', 'the file is empty'],
    ['- a list', 'expected sections such as `core:`'],
  ])('refuses %j: %s', async (text, message) => {
    const result = await load(text)

    expect(result.config).toBeUndefined()
    expect(result.issues.map((issue) => issue.message)).toEqual([message])
  })

  it('goes on behind duplicate keys and a second document', async () => {
    const result = await load(`${GOOD}core: {}\n---\nother: 1\n`)

    expect(lines(result)).toEqual([
      '6:1 error the key "core" is given twice',
      '8:1 error the file holds more than one document',
    ])
  })
})

describe('files of the earlier tool', () => {
  it('the full sample lacks nothing but a workflow', async () => {
    const result = await load(fixture('full-sample'))

    expect(lines(result)).toEqual([
      '5:5 error core.workflowSteps: no provider in the workflow (name at least one, such as provider.file)',
    ])
  })

  it.each(['provider.swarm', 'provider.swarm,provider.file'])(
    'the full sample with steps %s',
    async (steps) => {
      const text = fixture('full-sample').replace('workflowSteps: ""', `workflowSteps: ${steps}`)
      const result = await load(`${text}provider.file: { path: a }\n`)

      expect(lines(result).filter((line) => line.includes(' error '))).toEqual([])
      expect(result.config?.sections['provider.swarm']).toMatchObject({
        endpoint: 'unix:///var/run/docker.sock',
        pollInterval: 5000,
        labelSelector: [],
      })
    },
  )

  it.each([
    'provider.swarm,ipam.ipalloc,lb.f5ltm',
    'provider.swarm,provisioner.ipalloc,provisioner.f5ltm',
    'provider.swarm, provisioner.ipalloc, lb.kemplm, provisioner.consul',
  ])('the documented sample with steps %s', async (steps) => {
    const text = fixture('documented-sample').replace(/workflowSteps: .*/, `workflowSteps: ${steps}`)
    const result = await load(text)

    expect(lines(result).filter((line) => line.includes(' error '))).toEqual([])
    expect(result.config?.workflow[1]).toBe('ipam.ipalloc')
    expect(result.config?.core).toMatchObject({ logLevel: 'debug', listenPort: 8080, logFile: 'stdout' })
    expect(result.config?.secrets).toEqual(['not-a-real-password', 'not-a-real-one-either'])
  })

  it('the sample with Kubernetes alone, with notes on keys that do nothing now', async () => {
    const result = await load(fixture('kubernetes-sample'))

    expect(lines(result)).toEqual([
      '5:3 warning core.workflowSteps: no provisioner in the workflow: nothing will be done',
      '5:18 warning core.workflowSteps: this release has no implementation of provider.kubernetes yet; its section is only checked',
      '7:3 note core.workflowActivityLauncherInterval: an old key without meaning now (work starts by event)',
      '15:5 note provider.kubernetes.kubeconfigFile: an old key without meaning now (endpoint and the tls keys say how to connect)',
      '18:12 warning provider.kubernetes.tlsCa: the file cannot be read',
      '19:14 warning provider.kubernetes.tlsCert: the file cannot be read',
      '20:13 warning provider.kubernetes.tlsKey: the file cannot be read',
    ])
    expect(result.config?.sections['provider.kubernetes']).toMatchObject({ pollInterval: 5000 })
  })

  it('notes a section of an extension that is gone', async () => {
    const result = await load(`${GOOD}provider:\n  docker: { endpoint: x }\n`)

    expect(lines(result)).toEqual([
      '7:3 note provider.docker: an old section without meaning now (use provider.swarm, or list the services in a file for provider.file)',
    ])
  })

  it('takes sections by their old names, and refuses one that is given twice', async () => {
    const good = await load(GOOD.replace('ipam.ipalloc: {', 'provisioner.ipalloc: {'))
    const twice = await load(`${GOOD}provisioner: { ipalloc: { network_cidr: 10.0.0.0/24 } }\n`)

    expect(good.config?.sections['ipam.ipalloc']).toMatchObject({ network_cidr: '10.32.30.0/24' })
    expect(lines(twice)).toEqual(['6:16 error provisioner.ipalloc: the section ipam.ipalloc is given twice'])
  })
})

describe('values', () => {
  const core = (keys: string): string => GOOD.replace('core:\n', `core:\n${keys}`)

  it.each([
    ['  instanceId: 007\n', { instanceId: '007' }],
    ['  logLevel: WARNING\n', { logLevel: 'warn' }],
    ['  logFile: log/interlook.log\n', { logFile: '/srv/log/interlook.log' }],
    ['  undeployGracePeriod: 1h30m\n', { undeployGracePeriod: 5_400_000 }],
    ['  resync: 0\n', { resync: 600_000 }],
    ['  guard:\n', { guard: { maxDeletePercent: 30, minServices: 10, maxDeletes: 100, window: 600_000 } }],
    [
      '  guard: { maxDeletes: 5, window: }\n',
      { guard: { maxDeletePercent: 30, minServices: 10, maxDeletes: 5, window: 600_000 } },
    ],
    [
      '  domains: [Example.com, { domain: b.org, provider: provider.file, namespace: x }]\n',
      {
        domains: [{ domain: 'example.com' }, { domain: 'b.org', provider: 'provider.file', namespace: 'x' }],
      },
    ],
  ])('takes %j', async (keys, expected) => {
    const result = await load(core(keys))

    expect(lines(result)).toEqual([])
    expect(result.config?.core).toMatchObject(expected)
  })

  it.each([
    [
      '  instanceId: Not_Good\n',
      '2:15 error core.instanceId: expected 1 to 20 characters out of a-z, 0-9 and -',
    ],
    ['  undeployGracePeriod: 5\n', '2:24 error core.undeployGracePeriod: expected a duration'],
    ['  resync: -5s\n', '2:11 error core.resync: expected a duration'],
    [
      '  guard: { maxDelets: 5 }\n',
      '2:12 error core.guard.maxDelets: unknown key "maxDelets" (did you mean "maxDeletes"?)',
    ],
    ['  guard: 5\n', '2:10 error core.guard: expected keys and values, got "5"'],
    [
      '  guard: { maxDeletePercent: 101 }\n',
      '2:30 error core.guard.maxDeletePercent: expected a whole number from 0 to 100',
    ],
    ['  retry: { base: 10m }\n', '2:18 error core.retry.base: base is longer than max'],
    ['  domains: example.com\n', '2:12 error core.domains: expected a list, got "example.com"'],
    ['  domains: [a..b]\n', '2:13 error core.domains[0]: expected a domain such as example.com'],
    [
      '  domains: [{ provider: provider.file }]\n',
      '2:13 error core.domains[0].domain: domains[0].domain is required',
    ],
    [
      '  domains: [{ domain: a.b, provider: provider.fle }]\n',
      '2:38 error core.domains[0].provider: unknown provider "provider.fle"',
    ],
    [
      '  whenNoTargets: drop\n',
      '2:18 error core.whenNoTargets: expected one of: keep-last, empty, got "drop"',
    ],
    ['  logFile: [a]\n', '2:12 error core.logFile: expected a path, got a list'],
  ])('refuses %j', async (keys, expected) => {
    const result = await load(core(keys))

    expect(lines(result)).toHaveLength(1)
    expect(lines(result)[0]).toContain(expected)
  })

  it('refuses a name of a pool at the name', async () => {
    const text = GOOD.replace(
      '10.32.30.0/24 }',
      '10.32.30.0/24, pools: { "b c": { network_cidr: 10.9.0.0/24 } } }',
    )

    expect(lines(await load(text))).toEqual([
      '4:55 error ipam.ipalloc.pools.b c: expected a name of letters, digits, `.`, `_`, `-`',
    ])
  })

  it('asks for a key that is required, at its section', async () => {
    const result = await load(GOOD.replace('{ path: hosts }', '{ path: }'))

    expect(lines(result)).toEqual(['5:14 error dns.hosts.path: path is required'])
  })

  it('warns when certificates are not to be verified', async () => {
    const text = `core: { workflow: [provider.swarm, dns.hosts] }
provider.swarm:
  insecureSkipVerify: true
dns.hosts: { path: hosts }
`
    expect(lines(await load(text))).toEqual([
      '3:3 warning provider.swarm.insecureSkipVerify: the certificate of the manager is not verified',
    ])
  })

  it.each([
    ['check' as const, false, 'warning'],
    ['check' as const, true, 'error'],
    ['run' as const, false, 'error'],
  ])('a certificate that is missing, in mode %s, strict %s: %s', async (mode, strict, severity) => {
    const text = `core: { workflow: [provider.swarm, dns.hosts] }
provider.swarm: { tlsCa: missing.pem }
dns.hosts: { path: hosts }
`
    const { issues } = await load(text, { mode, strict })

    expect(issues).toMatchObject([
      { severity, path: 'provider.swarm.tlsCa', line: 2, column: 26, message: 'the file cannot be read' },
    ])
  })

  it('counts columns behind a byte order mark and Windows line ends', async () => {
    const result = await load(`\uFEFF${core('  logLevel: loud\n').replaceAll('\n', '\r\n')}`)

    expect(lines(result)).toEqual([
      '2:13 error core.logLevel: expected one of: debug, info, warn, error, got "loud"',
    ])
  })
})

describe('sections', () => {
  it.each([
    ['lbs: {}\n', '6:1 error lbs: unknown section "lbs" (did you mean "lb"?)'],
    ['dns.host: {}\n', '6:1 error dns.host: unknown section "dns.host" (did you mean "dns.hosts"?)'],
    ['lb: { f5lmt: {} }\n', '6:7 error lb.f5lmt: unknown section "lb.f5lmt" (did you mean "lb.f5ltm"?)'],
    ['lb: 5\n', '6:5 error lb: expected sections of extensions (known here: f5ltm, kemplm)'],
    ['zzzzzz: 5\n', '6:1 error zzzzzz: unknown section "zzzzzz" (known sections: core, '],
    ['lb: { kemplm: { endpoint: "https://a" } }\n', '6:7 warning lb.kemplm: the section is not used'],
  ])('%j', async (text, expected) => {
    const found = lines(await load(GOOD + text))

    expect(found).toHaveLength(1)
    expect(found[0]).toContain(expected)
  })

  it('an empty section is a section', async () => {
    const result = await load(
      'core: { workflow: [provider.swarm, dns.hosts] }\nprovider.swarm:\ndns.hosts: { path: a }\n',
    )

    expect(lines(result)).toEqual([])
  })

  it('a wrong section that is not used is still told, a form that is not filled in is not', async () => {
    const result = await load(`${GOOD}lb: { kemplm: { endpoint: nonsense }, f5ltm: { httpEndpoint: "" } }\n`)

    expect(lines(result)).toEqual([
      '6:7 warning lb.kemplm: the section is not used: its extension is not in the workflow',
      '6:27 error lb.kemplm.endpoint: expected a URL that starts with https://, http://, got "nonsense"',
      '6:39 warning lb.f5ltm: the section is not used: its extension is not in the workflow',
    ])
  })

  it('aliases of YAML stand for what they name', async () => {
    const text = `core: { workflow: [provider.file, dns.hosts] }
provider.file: { path: &file shared.yml }
dns.hosts: { path: *file }
`
    expect((await load(text)).config?.sections['dns.hosts']).toMatchObject({ path: '/srv/shared.yml' })
  })
})
