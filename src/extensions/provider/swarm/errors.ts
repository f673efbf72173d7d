import { errorText, InterlookError } from '../../../sdk/errors.js'

/** What went wrong between us and the engine, before there was a whole answer. */
export function connectionError(error: unknown, endpoint: string): InterlookError {
  if (error instanceof InterlookError) return error
  const code = errorCode(error)
  // The modem's own words speak of an option that only it has.
  const text = /redirects exceeded/i.test(errorText(error)) ? 'it redirects' : errorText(error)
  const about = `${endpoint}: ${text}`
  if (code === 'EACCES' || code === 'EPERM') {
    return failure('unauthorized', `not allowed to open ${about}`, {
      hint: 'run interlook as root or as a member of the group of the docker socket',
      cause: error,
    })
  }
  if (/^ERR_OSSL/.test(code)) {
    return failure('extension-start', `the TLS files cannot be used for ${about}`, {
      hint: 'check that tlsCa, tlsCert and tlsKey are PEM files, and that tlsCert and tlsKey belong together',
      cause: error,
    })
  }
  if (/ALERT/.test(code) || /CERTIFICATE_REQUIRED/.test(code)) {
    return failure('unauthorized', `the swarm manager refused our certificate at ${about}`, {
      hint: 'check tlsCert and tlsKey: the manager wants a valid client certificate of its own authority',
      cause: error,
    })
  }
  if (/CERT|VERIFY|SELF_SIGNED|ALTNAME/.test(code)) {
    return failure('unauthorized', `the certificate of the swarm manager is not trusted at ${about}`, {
      hint: 'check tlsCa, and that the certificate names the host of the endpoint',
      cause: error,
    })
  }
  return failure('unreachable', `cannot reach the swarm manager at ${about}`, {
    hint: hintFor(code, endpoint),
    cause: error,
  })
}

/** An answer that is no success. */
export function statusError(status: number, body: string, endpoint: string, what: string): InterlookError {
  const text = excerpt(body)
  const about = `${what} at ${endpoint}: HTTP ${status}${text === '' ? '' : `, ${text}`}`
  if (status === 401 || status === 403) {
    return failure('unauthorized', `not allowed to read ${about}`, {
      hint: 'the API must let us read /version, /services, /tasks and /nodes',
    })
  }
  if (status === 503) {
    return failure('provider-unlisted', `no swarm manager answers for ${about}`, {
      hint: 'provider.swarm.endpoint must be a manager of the swarm, not a worker or a docker engine alone',
    })
  }
  if (/HTTPS server/.test(body)) {
    return failure('unreachable', `cannot read ${about}`, {
      hint: 'the port speaks TLS: set tlsCa, tlsCert and tlsKey, or write the endpoint as https://',
    })
  }
  return failure('provider-unlisted', `cannot read ${about}`)
}

/** An answer that is not what the engine's API gives: it must never be taken for an empty list. */
export function badAnswer(what: string, endpoint: string, why: string): InterlookError {
  return failure('provider-unlisted', `the answer for ${what} at ${endpoint} ${why}`, {
    hint: 'check that provider.swarm.endpoint is the API of a docker engine, and what stands in between',
  })
}

function failure(
  code: 'unauthorized' | 'unreachable' | 'provider-unlisted' | 'extension-start',
  message: string,
  options: { hint?: string; cause?: unknown } = {},
): InterlookError {
  return new InterlookError(code, message, { retryable: true, ...options })
}

/** True when a connection that had been idle was closed by the other side; a read may be sent again. */
export function isReset(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes(errorCode(error))
}

function errorCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}

function hintFor(code: string, endpoint: string): string {
  if (code === 'ENOENT')
    return 'is docker running on this machine, and is provider.swarm.endpoint its socket?'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'check the host name in provider.swarm.endpoint'
  if (/^ERR_SSL|^EPROTO/.test(code)) return 'check that the port speaks TLS'
  if (endpoint.startsWith('unix:')) return 'is docker running on this machine?'
  return 'check provider.swarm.endpoint, and that the API of the manager listens there'
}

/** The engine's own words (`{"message": ...}`), or the start of whatever was sent; on one line. */
function excerpt(body: string): string {
  let text = body
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) text = String(parsed.message)
  } catch {
    // Not the engine: a proxy, or another server.
  }
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 200)}...` : line
}
