import { describe, expect, it } from 'vitest'
import { convertServices } from '../../../../src/extensions/provider/file/convert.js'

function convertOne(element: unknown) {
  const listed = convertServices([element], 'provider.file')
  if (!Array.isArray(listed)) throw new Error(listed.why)
  return listed[0]
}

describe('a service of the file', () => {
  it('has everything that it can say', () => {
    expect(
      convertOne({
        name: 'web',
        namespace: 'shop',
        hosts: ['Web.example.com', '*.example.com', 'web.example.com'],
        tls: true,
        targets: [
          { host: '10.1.1.2', port: 80, weight: 2 },
          { host: 'Node.lan', port: 81 },
          { host: '10.1.1.2', port: 80 },
        ],
        address: 'FD00::0:5',
        pool: 'dmz',
        policy: 'retain',
        lb: { monitor: 'http', persistence: 30, sticky: true },
      }),
    ).toEqual({
      service: {
        provider: 'provider.file',
        namespace: 'shop',
        name: 'web',
        dns_name: ['web.example.com', '*.example.com'],
        tls: true,
        targets: [
          { host: '10.1.1.2', port: 80, weight: 3 },
          { host: 'node.lan', port: 81, weight: 1 },
        ],
        address: 'fd00::5',
        pool: 'dmz',
        policy: 'retain',
        options: { monitor: 'http', persistence: '30', sticky: 'true' },
      },
    })
  })

  it('needs no more than a name; a key without a value is not set', () => {
    expect(convertOne({ name: 'web', hosts: null, targets: null, tls: null, lb: null, pool: null })).toEqual({
      service: { provider: 'provider.file', name: 'web', dns_name: [], tls: false, targets: [], options: {} },
    })
  })

  it.each([
    [{ tls: 'yes' }, 'tls is "yes", expected true or false'],
    [{ hosts: 'web.example.com' }, 'hosts is "web.example.com", expected a list of host names'],
    [{ hosts: ['ok.example.com', 'not ok'] }, 'hosts[1] is "not ok", expected'],
    [{ hosts: [''] }, 'hosts[0] is "", expected'],
    [{ targets: { host: 'a', port: 1 } }, 'targets is {"host":"a","port":1}, expected a list of targets'],
    [{ targets: ['10.0.0.1:80'] }, 'targets[0] is "10.0.0.1:80", expected'],
    [{ targets: [{ host: '10.0.0.1' }] }, 'targets[0].port is missing, expected one port from 1 to 65535'],
    [{ targets: [{ host: '10.0.0.1', port: 70000 }] }, 'targets[0].port is 70000, expected'],
    [{ targets: [{ host: '10.0.0.1', port: '80' }] }, 'targets[0].port is "80", expected'],
    [{ targets: [{ port: 80 }] }, 'targets[0].host is missing, expected an address or a host name'],
    [{ targets: [{ host: '*.lan', port: 80 }] }, 'targets[0].host is "*.lan", expected'],
    [
      { targets: [{ host: '10.0.0.1', port: 80, weight: 0 }] },
      'targets[0].weight is 0, expected a whole number',
    ],
    [
      { targets: [{ host: '10.0.0.1', port: 80, wieght: 1 }] },
      'targets[0].wieght is 1, expected a known key',
    ],
    [{ address: '10.0.0' }, 'address is "10.0.0", expected an IPv4 or IPv6 address'],
    [{ pool: 7 }, 'pool is 7, expected the name of a pool'],
    [{ policy: 'keep' }, 'policy is "keep", expected one of sync, retain, pause'],
    [{ lb: ['a'] }, 'lb is ["a"], expected options by name'],
    [{ lb: { a: { b: 1 } } }, 'lb.a is {"b":1}, expected options by name'],
    [{ target: [] }, 'target is [], expected a known key: name, namespace, hosts'],
  ])('with %j is a problem of that service alone', (fields, message) => {
    const listed = convertServices([{ name: 'web', ...fields }, { name: 'api' }], 'provider.file')

    expect(listed).toMatchObject([
      { service: { name: 'web', dns_name: [], targets: [] }, problem: { code: 'label-invalid' } },
      { service: { name: 'api' } },
    ])
    expect(Array.isArray(listed) && listed[0]?.problem?.message).toContain(`provider.file/web: ${message}`)
    expect(Array.isArray(listed) && listed[1]?.problem).toBeUndefined()
  })

  it('with several mistakes tells all of them', () => {
    const { message } = convertOne({ name: 'web', tls: 1, policy: 'x' })?.problem ?? {}

    expect(message).toMatch(/policy is "x".*|tls is 1/)
    expect(message?.split('; ')).toHaveLength(2)
  })
})

describe('an element that cannot be told from others', () => {
  it.each([
    ['text', 'web'],
    ['nothing', null],
    ['without a name', { hosts: [] }],
    ['with a number for a name', { name: 80 }],
    ['with a slash in the name', { name: 'a/b' }],
    ['with a space in the name', { name: 'a b' }],
    ['with an odd namespace', { name: 'web', namespace: ['a'] }],
  ])('%s makes the listing useless', (_what, element) => {
    expect(convertServices([{ name: 'first' }, element], 'provider.file')).toMatchObject({ index: 1 })
  })

  it('is one that stands there twice', () => {
    const elements = [{ name: 'web' }, { name: 'web', namespace: 'a' }, { name: 'web', tls: 'bad' }]

    expect(convertServices(elements, 'provider.file')).toEqual({
      index: 2,
      why: 'provider.file/web stands there for the second time',
    })
  })
})
