import { describe, expect, it } from 'vitest'
import { createOutput, type OutputOptions } from '../../src/cli/output.js'
import { createRedactor } from '../../src/cli/redaction.js'
import { memoryStream } from '../helpers/streams.js'

function outputWith(options: Partial<OutputOptions> & { terminal?: boolean } = {}) {
  const stdout = memoryStream(options.terminal)
  const stderr = memoryStream(options.terminal)
  const redactor = createRedactor()
  redactor.add(['canary-secret'])
  const output = createOutput({
    json: false,
    quiet: false,
    noColor: false,
    env: {},
    stdout,
    stderr,
    redactor,
    ...options,
  })
  return { output, stdout, stderr }
}

describe('output', () => {
  it('prints results on stdout and everything else on stderr', () => {
    const { output, stdout, stderr } = outputWith()

    output.text('a result')
    output.document({ exitCode: 0 })
    output.note('a note')

    expect(stdout.text()).toBe('a result\n')
    expect(stderr.text()).toBe('a note\n')
  })

  it('prints nothing but the document on stdout with --json', () => {
    const { output, stdout } = outputWith({ json: true })

    output.text('a result')
    output.document({ exitCode: 0 })

    expect(JSON.parse(stdout.text())).toEqual({ exitCode: 0 })
  })

  it('prints no empty line for an empty result', () => {
    const { output, stdout } = outputWith()

    output.text('')

    expect(stdout.text()).toBe('')
  })

  it.each([[false], [true]])('lets no secret through (json: %s)', (json) => {
    const { output, stdout, stderr } = outputWith({ json })

    output.text('password canary-secret')
    output.document({ nested: [{ message: 'password canary-secret' }] })
    output.note('password canary-secret')

    expect(stdout.text() + stderr.text()).not.toContain('canary-secret')
    expect(output.redact('canary-secret')).toBe('[secret]')
  })

  it('prints a valid document whatever the secret is', () => {
    const redactor = createRedactor()
    redactor.add(['true', 'exitCode', '0'])
    const { output, stdout } = outputWith({ json: true, redactor })

    output.document({ exitCode: 0, ok: true, text: 'true' })

    expect(JSON.parse(stdout.text())).toEqual({ exitCode: 0, ok: true, text: '[secret]' })
  })

  it.each<[string, Parameters<typeof outputWith>[0], boolean]>([
    ['a terminal', { terminal: true }, true],
    ['a pipe', {}, false],
    ['a pipe with FORCE_COLOR', { env: { FORCE_COLOR: '1' } }, true],
    ['a terminal with FORCE_COLOR=0', { terminal: true, env: { FORCE_COLOR: '0' } }, false],
    ['a terminal with --no-color', { terminal: true, noColor: true }, false],
    ['a terminal with NO_COLOR', { terminal: true, env: { NO_COLOR: '1' } }, false],
    ['FORCE_COLOR and NO_COLOR', { env: { FORCE_COLOR: '1', NO_COLOR: '1' } }, false],
    ['a terminal with an empty NO_COLOR', { terminal: true, env: { NO_COLOR: '' } }, true],
    ['a dumb terminal', { terminal: true, env: { TERM: 'dumb' } }, false],
    ['a terminal in CI', { terminal: true, env: { CI: 'true' } }, false],
    ['a terminal with --json', { terminal: true, json: true }, false],
  ])('decides on colours: %s', async (_, options, color) => {
    const { output } = outputWith(options)

    expect(output.color).toBe(color)
    expect((await output.chalk()).red('x') === 'x').toBe(!color)
  })

  it.each<[string, Parameters<typeof outputWith>[0], boolean]>([
    ['a terminal', { terminal: true }, true],
    ['a pipe', {}, false],
    ['a terminal in CI', { terminal: true, env: { CI: '1' } }, false],
  ])('decides whether somebody watches: %s', (_, options, interactive) => {
    expect(outputWith(options).output.interactive).toBe(interactive)
  })
})
