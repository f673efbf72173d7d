import { describe, expect, it } from 'vitest'
import { readMessage, readService } from '../../src/core/foreign-message.js'
import type { Service } from '../../src/sdk/service.js'

describe('readMessage', () => {
  it.each([
    ['nothing', undefined],
    ['a text', 'add web'],
    ['no service', { action: 'add' }],
    ['a service without a name', { action: 'add', service: { provider: 'a' } }],
    ['a service whose name is a number', { action: 'add', service: { name: 5 } }],
    ['an unknown action', { action: 'put', service: { name: 'web' } }],
  ])('finds no message in %s', (_, raw) => {
    expect(readMessage(raw)).toBeUndefined()
  })

  it('keeps what fits, and makes a text of an error that is none', () => {
    const message = readMessage({
      action: 'add',
      id: 7,
      error: new Error('no room'),
      reason: ['x'],
      problem: 'bad',
      notBefore: 5,
      service: { provider: 'p', name: 'web', namespace: null, public_ip: 5, public_port: '80' },
    })

    expect(message).toEqual({
      action: 'add',
      sender: '',
      destination: '',
      error: 'no room',
      service: { provider: 'p', name: 'web' },
    })
  })

  it.each([
    ['of an unknown code', { code: 'odd', message: 'x', retryable: true }, undefined],
    [
      'without a message',
      { code: 'throttled' },
      { code: 'throttled', message: expect.any(String), retryable: false },
    ],
    [
      'as ours are',
      { code: 'refused', message: 'no', retryable: true, hint: 'h', notBefore: 5, outcomeUnknown: true },
      { code: 'refused', message: 'no', retryable: true, hint: 'h', notBefore: 5, outcomeUnknown: true },
    ],
  ])('reads a problem %s', (_, problem, expected) => {
    expect(readMessage({ action: 'delete', service: { name: 'web' }, problem })?.problem).toEqual(expected)
  })
})

describe('readService', () => {
  const read = (raw: object) => readService('provider.fake', raw as Service)

  it('fills up what a service must have, and leaves out what it does not know', () => {
    const raw = {
      provider: 'other',
      name: 'web',
      dns_name: ['Web.Example.com', 5, ''],
      targets: [{ host: 'a', port: 80 }, { host: 'b' }, 'c'],
      policy: 'loud',
      labels: { secret: 'x' },
      options: { monitor: 5 },
      public_ip: '10.0.0.1',
    }

    expect(read(raw)).toEqual({
      service: {
        provider: 'provider.fake',
        name: 'web',
        targets: [{ host: 'a', port: 80, weight: 1 }],
        tls: false,
        dns_name: ['web.example.com'],
        options: { monitor: '5' },
      },
    })
  })

  it('is told of as a problem of that service when it cannot be right', () => {
    expect(read({ name: 'web', targets: [{ host: 'a', port: 0 }] })?.problem).toMatchObject({
      code: 'label-invalid',
      message: 'provider.fake/web has a target with port 0',
    })
  })

  it.each([[{}], [{ name: 'a/b' }], [{ name: 'a', namespace: 'b/c' }]])(
    'is none without an identity: %j',
    (raw) => {
      expect(read(raw)).toBeUndefined()
    },
  )
})
