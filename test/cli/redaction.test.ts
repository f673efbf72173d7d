import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../src/cli/redaction.js'

const SECRET = 'pa"ss wörd+1'

function redactorOf(...secrets: string[]) {
  const redactor = createRedactor()
  redactor.add(secrets)
  return redactor
}

describe('redaction', () => {
  it.each([
    ['as it is', SECRET],
    ['inside JSON', JSON.stringify({ password: SECRET })],
    ['inside JSON inside JSON', JSON.stringify({ body: JSON.stringify({ password: SECRET }) })],
    ['in a URL', `https://admin:${encodeURIComponent(SECRET)}@lb/`],
    ['in a form', new URLSearchParams({ password: SECRET }).toString()],
    ['in an Authorization header', `Basic ${Buffer.from(`admin:${SECRET}`).toString('base64')}`],
    ['behind another user', `Basic ${Buffer.from(`root:${SECRET}`).toString('base64')}`],
    ['behind a third user', `Basic ${Buffer.from(`ops:${SECRET}`).toString('base64')}`],
  ])('takes out a secret %s', (_, text) => {
    const redacted = redactorOf(SECRET).redact(text)

    expect(redacted).toContain('[secret]')
    expect(redacted).not.toContain('rd+1')
    const header = /Basic (\S+)/.exec(redacted)?.[1]
    if (header !== undefined) expect(Buffer.from(header, 'base64').toString()).not.toContain('ss w')
  })

  it('leaves other text alone', () => {
    expect(redactorOf('hunter2').redact('nothing to see')).toBe('nothing to see')
    expect(redactorOf().redact('nothing to see')).toBe('nothing to see')
    expect(redactorOf('').redact('nothing to see')).toBe('nothing to see')
  })

  it('takes out the longest of secrets that begin alike', () => {
    expect(redactorOf('hunter', 'hunter22').redact('hunter22')).toBe('[secret]')
  })

  it('takes a short secret out only where it stands alone', () => {
    expect(redactorOf('ab').redact('password ab, about')).toBe('password [secret], about')
  })

  it('learns more secrets later', () => {
    const redactor = redactorOf('first-one')

    redactor.add(['second-one'])

    expect(redactor.redact('first-one second-one')).toBe('[secret] [secret]')
  })

  it('takes any secret out of any text', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 4, unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        (secret, before, after) => {
          const rest = redactorOf(secret)
            .redact(before + secret + after)
            .split('[secret]')

          expect(rest.length).toBeGreaterThan(1)
        },
      ),
    )
  })
})
