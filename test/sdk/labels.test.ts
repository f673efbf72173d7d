import { describe, expect, it } from 'vitest'
import { isHostName, labelProblem, parseBool, parseHostNames, parseLabels } from '../../src/sdk/labels.js'

const HOSTS = { 'interlook.hosts': 'web.example.com' }

describe('parseLabels', () => {
  it('reads every label of ours and ignores those of others', () => {
    const { labels, issues } = parseLabels({
      'interlook.hosts': ' Web.Example.com, *.example.com ,web.example.com,',
      'interlook.port': ' 8080 ',
      'interlook.ssl': 'True',
      'interlook.address': '2001:DB8:0:0::5',
      'interlook.pool': ' public ',
      'interlook.policy': 'retain',
      'interlook.lb.persistence': ' source ',
      'interlook.lb.monitor': '',
      'com.docker.stack.namespace': 'shop',
      interlook: 'x',
    })

    expect(issues).toEqual([])
    expect(labels).toEqual({
      dns_name: ['web.example.com', '*.example.com'],
      tls: true,
      port: 8080,
      address: '2001:db8::5',
      pool: 'public',
      policy: 'retain',
      options: { monitor: '', persistence: ' source ' },
    })
  })

  it('leaves out what is not set or empty', () => {
    const empty = {
      'interlook.port': '',
      'interlook.ssl': '',
      'interlook.address': ' ',
      'interlook.policy': '',
    }

    expect(parseLabels({ ...HOSTS, ...empty })).toEqual({
      labels: { dns_name: ['web.example.com'], tls: false, options: {} },
      issues: [],
    })
    expect(parseLabels({})).toEqual({ labels: { dns_name: [], tls: false, options: {} }, issues: [] })
  })

  it.each([
    ['interlook.hosts', '', 'host names'],
    ['interlook.hosts', ' , ', 'host names'],
    ['interlook.hosts', 'good.example.com,bad_name.example.com', 'host names'],
    ['interlook.port', 'http', 'one port from 1 to 65535'],
    ['interlook.port', '0', 'one port'],
    ['interlook.port', '65536', 'one port'],
    ['interlook.port', '80,443', 'one port'],
    ['interlook.port', '080', 'one port'],
    ['interlook.port', '8e1', 'one port'],
    ['interlook.ssl', 'yes', '1, t, T, TRUE'],
    ['interlook.ssl', ' true', '1, t, T, TRUE'],
    ['interlook.ssl', 'tRUE', '1, t, T, TRUE'],
    ['interlook.address', '10.0.0.300', 'an IPv4 or IPv6 address'],
    ['interlook.address', '10.0.0.0/24', 'an IPv4 or IPv6 address'],
    ['interlook.policy', 'keep', 'one of sync, retain, pause'],
    ['interlook.policy', 'Retain', 'one of sync, retain, pause'],
    ['interlook.lb.', 'x', 'interlook.lb.<option>'],
    ['interlook.prot', '80', 'interlook.port'],
    ['interlook.node-address', '10.0.0.1', 'a label that is known'],
  ])('refuses %s = %j', (label, value, expected) => {
    const { issues } = parseLabels({ ...HOSTS, [label]: value })

    expect(issues).toEqual([{ label, value, expected: expect.stringContaining(expected) }])
  })

  it('collects every wrong label in one problem, in a stable order', () => {
    const { issues } = parseLabels({ ...HOSTS, 'interlook.ssl': 'on', 'interlook.port': 'x'.repeat(200) })

    const problem = labelProblem([...issues, { label: 'interlook.port', expected: '80 or 443' }])

    expect(problem.code).toBe('label-invalid')
    expect(problem.retryable).toBe(false)
    expect(problem.hint).toContain('correct the labels')
    expect(problem.message).toBe(
      `label interlook.port is "${'x'.repeat(80)}...", expected one port from 1 to 65535; ` +
        'label interlook.ssl is "on", expected 1, t, T, TRUE, true, True, 0, f, F, FALSE, false or False; ' +
        'label interlook.port is missing, expected 80 or 443',
    )
  })

  it('takes an option of any name as a plain key', () => {
    const { labels } = parseLabels(JSON.parse('{"interlook.lb.__proto__":"x"}') as Record<string, string>)

    expect(Object.entries(labels.options)).toEqual([['__proto__', 'x']])
    expect(Object.getPrototypeOf(labels.options)).toBe(Object.prototype)
  })
})

describe('parseBool', () => {
  it.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('%s is true', (text) => {
    expect(parseBool(text)).toBe(true)
  })
  it.each(['0', 'f', 'F', 'FALSE', 'false', 'False', ''])('%j is false', (text) => {
    expect(parseBool(text)).toBe(false)
  })
  it.each(['yes', 'TrUe', 'on', '2', ' 1', 'tt'])('%j is neither', (text) => {
    expect(parseBool(text)).toBeUndefined()
  })
})

describe('isHostName', () => {
  it.each([
    'a',
    'web',
    'web.example.com',
    '*.example.com',
    'xn--mnchen-3ya.de',
    '1.2.3.4.example',
    `${'a'.repeat(63)}.b`,
  ])('takes %s', (name) => {
    expect(isHostName(name)).toBe(true)
  })
  it.each([
    ...[
      '',
      '*',
      'a..b',
      '.a',
      '-a.b',
      'a-.b',
      'a_b.c',
      'w*.example.com',
      'a.*.com',
      'a b',
      'münchen.de',
      '10.0.0.1',
    ],
    ...[
      'http://a.b',
      'a.b:80',
      '443',
      'a/b',
      `${'a'.repeat(64)}.b`,
      `${'a.'.repeat(127)}b`,
      'Web.example.com',
    ],
  ])('refuses %j', (name) => {
    expect(isHostName(name)).toBe(false)
  })
})

describe('parseHostNames', () => {
  it('keeps the order, drops blanks, repeats and the dot at the end, and tells the wrong ones', () => {
    expect(parseHostNames(['B.example.com.', ' ', 'a.example.com', 'b.example.com', ' No_Good '])).toEqual({
      names: ['b.example.com', 'a.example.com'],
      wrong: ['No_Good'],
    })
  })
})
