import { describe, expect, it } from 'vitest'
import { answerTo, problemOf } from '../../src/sdk/answer.js'
import type { Message } from '../../src/sdk/message.js'
import { bareService } from '../../src/sdk/service.js'

const service = bareService({ provider: 'provider.test', name: 'web' })
const message: Message = { action: 'add', sender: 'core', destination: 'dns.test', id: 'm1', service }

describe('answerTo', () => {
  it('gives outputs to an add alone', () => {
    const outputs = { public_ip: '192.0.2.1' }

    expect(answerTo(message, 'dns.test', { outputs }).service.public_ip).toBe('192.0.2.1')
    expect(answerTo({ ...message, action: 'delete' }, 'dns.test', { outputs }).service).toEqual(service)
  })
})

describe('problemOf', () => {
  it.each<[string, Partial<Message>, object | undefined]>([
    ['yes', {}, undefined],
    [
      'no with a code of ours',
      { error: 'no', reason: 'refused' },
      { code: 'refused', message: 'no', retryable: true },
    ],
    ['no with a code of its own', { error: 'no', reason: 'full' }, { code: 'backend-error', message: 'no' }],
    ['no without a code', { error: 'no' }, { code: 'backend-error' }],
    ['a timeout', { error: 'late', reason: 'timeout' }, { outcomeUnknown: true }],
    [
      'not yet',
      { reason: 'pending', notBefore: '2023-11-14T22:14:20.000Z' },
      { code: 'pending', notBefore: 1_700_000_060_000 },
    ],
  ])('reads an answer that says %s', (_, more, problem) => {
    const found = problemOf({ ...message, ...more })

    if (problem === undefined) expect(found).toBeUndefined()
    else expect(found).toMatchObject(problem)
  })

  it('gives back the whole problem of a served extension', () => {
    const problem = { code: 'refused', message: 'no', retryable: false, hint: 'ask the owner' } as const

    expect(problemOf(answerTo(message, 'dns.test', { problem }))).toEqual(problem)
  })
})
