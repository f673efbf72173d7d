import { describe, expect, it } from 'vitest'
import { connectionError, isReset, statusError } from '../../../../src/extensions/provider/swarm/errors.js'
import { InterlookError } from '../../../../src/sdk/errors.js'
import { like } from '../../../helpers/like.js'

function failed(code: string, message = `connect ${code}`): Error {
  return Object.assign(new Error(message), { code })
}

describe('connectionError', () => {
  it.each([
    ['ECONNREFUSED', 'unreachable', /listens there/],
    ['EHOSTUNREACH', 'unreachable', /provider\.swarm\.endpoint/],
    ['ENOTFOUND', 'unreachable', /host name/],
    ['EACCES', 'unauthorized', /group of the docker socket/],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'unauthorized', /tlsCert and tlsKey/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'unauthorized', /tlsCert and tlsKey/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unauthorized', /tlsCa/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unauthorized', /tlsCa/],
    ['CERT_HAS_EXPIRED', 'unauthorized', /tlsCa/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'unauthorized', /names the host/],
    ['ERR_OSSL_X509_KEY_VALUES_MISMATCH', 'extension-start', /belong together/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'unreachable', /speaks TLS/],
  ])('makes %s %s and says what to do', (code, reason, hint) => {
    const cause = failed(code)

    expect(connectionError(cause, 'tcp://manager:2376')).toMatchObject({
      code: reason,
      message: like(/tcp:\/\/manager:2376/),
      hint: like(hint),
      retryable: true,
      cause,
    })
  })

  it('asks for the daemon where the endpoint is a socket', () => {
    expect(connectionError(failed('ECONNREFUSED'), 'unix:///var/run/docker.sock').hint).toBe(
      'is docker running on this machine?',
    )
  })

  it('passes on an error of ours', () => {
    const error = new InterlookError('timeout', 'late')

    expect(connectionError(error, 'tcp://manager:2375')).toBe(error)
  })
})

describe('statusError', () => {
  it('quotes the engine, on one line and cut', () => {
    const body = JSON.stringify({ message: `a\n b ${'x'.repeat(300)}` })

    const { message } = statusError(500, body, 'tcp://m:2375', '/tasks')

    expect(message).toBe(`cannot read /tasks at tcp://m:2375: HTTP 500, a b ${'x'.repeat(196)}...`)
  })

  it('needs no body', () => {
    expect(statusError(502, '', 'tcp://m:2375', '/tasks').message).toBe(
      'cannot read /tasks at tcp://m:2375: HTTP 502',
    )
  })
})

describe('isReset', () => {
  it.each([
    [failed('ECONNRESET'), true],
    [failed('EPIPE'), true],
    [failed('ECONNREFUSED'), false],
    ['ECONNRESET', false],
  ])('of %s is %s', (error, reset) => {
    expect(isReset(error)).toBe(reset)
  })
})
