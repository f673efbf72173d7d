import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'

interface UrlShim {
  URL: typeof URL
  parse(text: string): Record<string, string | null>
  format(parts: Record<string, string | number | undefined>): string
  resolve(from: string, to: string): string
}
const url = createRequire(import.meta.url)('../../scripts/shims/url.cjs') as UrlShim

describe('the url module that docker-modem gets', () => {
  it.each([
    ['docker.example.com', null, null],
    ['192.0.2.1', null, null],
    ['tcp://docker.example.com:2376', 'tcp:', 'docker.example.com'],
    ['https://[2001:db8::1]:2376', 'https:', '2001:db8::1'],
  ])('parses %s', (text, protocol, hostname) => {
    expect(url.parse(text)).toMatchObject({ protocol, hostname })
  })

  it.each([
    [{ protocol: 'http', hostname: '192.0.2.1', port: 2375 }, 'http://192.0.2.1:2375'],
    [
      { protocol: 'https:', hostname: '2001:db8::1', port: 2376, pathname: 'x' },
      'https://[2001:db8::1]:2376/x',
    ],
    [{ protocol: 'http', path: '/services' }, 'http://localhost/services'],
  ])('formats %j', (parts, text) => {
    expect(url.format(parts)).toBe(text)
  })

  it('builds a request in the three steps that docker-modem takes', () => {
    const address = url.format({
      protocol: 'https',
      hostname: '192.0.2.1',
      port: 2376,
      pathname: '192.0.2.1',
    })
    const request = url.parse(url.resolve(address, '/v1.41/services?filters=%7B%7D'))

    expect(request).toMatchObject({
      hostname: '192.0.2.1',
      port: '2376',
      path: '/v1.41/services?filters=%7B%7D',
    })
  })
})
