// The four functions of the old `url` module that docker-modem calls, on WHATWG URL: the old ones warn on stderr.

const BASE = 'http://localhost'

function parse(text) {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    // A bare host name has no protocol and no host part, as in the old module.
    const path = text.startsWith('/') ? new URL(text, BASE) : undefined
    return {
      protocol: null,
      hostname: null,
      port: null,
      pathname: path ? path.pathname : text,
      path: path ? path.pathname + path.search : text,
    }
  }
  const url = new URL(text)
  return {
    protocol: url.protocol,
    // The old module gives IPv6 addresses without brackets.
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? null : url.port,
    pathname: url.pathname,
    path: url.pathname + url.search,
  }
}

function format({ protocol, hostname, host, port, pathname, path }) {
  const scheme = protocol ? (protocol.endsWith(':') ? protocol : `${protocol}:`) : 'http:'
  const name = hostname ?? host ?? 'localhost'
  const bracketed = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name
  const tail = pathname ?? path ?? ''
  return `${scheme}//${bracketed}${port ? `:${port}` : ''}${tail === '' || tail.startsWith('/') ? tail : `/${tail}`}`
}

function resolve(from, to) {
  return new URL(to, from).href
}

module.exports = { URL, parse, format, resolve }
