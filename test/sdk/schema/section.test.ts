import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { choice, duration, flag, integer, listOf, text, url } from '../../../src/sdk/schema/fields.js'
import { section } from '../../../src/sdk/schema/section.js'

const Sample = section(
  {
    name: text(),
    wait: duration({ min: 1000, max: 60_000, zeroMeans: 5000 }).prefault('2s'),
    port: integer({ min: 1, max: 10, zeroMeans: 3 }).prefault(4),
    mode: choice(['fast', 'slow']).optional(),
    on: flag().prefault(false),
    hosts: listOf(text()),
  },
  ({ name, mode }, report, isWrong) => {
    if (mode === 'fast' && name === undefined && !isWrong('name')) report(['mode'], 'fast needs a name')
  },
)

function messages(value: unknown): string[] {
  const result = Sample.safeParse(value)
  return (result.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`)
}

describe('section', () => {
  it('fills in defaults, also for empty values', () => {
    const expected = { name: 'a', wait: 2000, port: 4, on: false, hosts: [] }

    expect(Sample.parse({ name: 'a' })).toEqual(expected)
    expect(Sample.parse({ name: 'a', wait: '', port: null, mode: '', on: null, hosts: null })).toEqual(
      expected,
    )
  })

  it('takes 0 of old keys as not set', () => {
    expect(Sample.parse({ name: 5, wait: 0, port: 0, mode: 'SLOW' })).toMatchObject({
      name: '5',
      wait: 5000,
      port: 3,
      mode: 'slow',
    })
  })

  it('tells all problems at once, those between keys too', () => {
    expect(messages({ wait: '1ms', port: 11, mode: 'fast', on: 'x', hosts: 'a', more: '' })).toEqual([
      'name: expected text',
      'wait: expected at least 1s',
      'port: expected a whole number from 1 to 10',
      'on: expected true or false',
      'hosts: expected a list',
      ': Unrecognized key: "more"',
    ])
    expect(messages({ mode: 'fast', name: '', port: 11 })).toContain('name: expected text')
  })

  it('runs rules between keys although another key is wrong', () => {
    const Pair = section({ a: text().optional(), b: flag(), c: flag().optional() }, ({ a }, report) => {
      if (a !== undefined) report(['a'], 'rule')
    })

    expect(Pair.safeParse({ a: 'x', b: 'wrong', d: 1 }).error?.issues.map(({ code }) => code)).toEqual([
      'invalid_type',
      'unrecognized_keys',
      'custom',
    ])
  })

  it('is an empty section when there is nothing in it', () => {
    expect(section({ a: text().optional() }).parse(null)).toEqual({})
    expect(messages('x')).toEqual([': expected keys and values'])
    expect(messages([])).toEqual([': expected keys and values'])
  })
})

describe('url', () => {
  const anyUrl = url(['unix', 'tcp', 'http', 'https'])

  it.each([
    'unix:///var/run/docker.sock',
    'tcp://10.0.0.1:2376',
    'http://a',
    'https://a.b:443/c',
    'tcp://[fd00::1]:2376',
  ])('takes %s', (value) => {
    expect(z.safeParse(anyUrl, value).success).toBe(true)
  })

  it.each([
    '',
    'a',
    'ftp://a',
    'http://',
    'tcp://',
    'tcp://a:99999',
    'unix://sock',
    'http://a b',
    'https:a',
    5,
  ])('refuses %j', (value) => {
    expect(z.safeParse(anyUrl, value).success).toBe(false)
  })
})
