import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger, type LoggerOptions } from '../../src/cli/logger.js'
import { createRedactor } from '../../src/cli/redaction.js'
import { InterlookError } from '../../src/sdk/errors.js'
import { memoryStream } from '../helpers/streams.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlook-logger-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function loggerWith(options: Partial<LoggerOptions> & { terminal?: boolean } = {}) {
  const stdout = memoryStream(options.terminal)
  const stderr = memoryStream(options.terminal)
  const redactor = createRedactor()
  redactor.add(['canary-secret'])
  const log = await createLogger({
    level: 'info',
    stdoutIsFree: false,
    dryRun: false,
    stdout,
    stderr,
    redactor,
    clock: { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678), sleep: () => Promise.resolve() },
    ...options,
  })
  return { ...log, stdout, stderr }
}

describe('the log', () => {
  it('is JSON lines where programs read it', async () => {
    const { logger, stderr, stdout } = await loggerWith()

    logger.info({ service: 'provider.swarm/web', attempts: 2, step: undefined }, 'change')

    expect(JSON.parse(stderr.text())).toEqual({
      level: 'info',
      time: '2026-01-02T03:04:05.678Z',
      service: 'provider.swarm/web',
      attempts: 2,
      msg: 'change',
    })
    expect(stdout.text()).toBe('')
  })

  it('is plain lines on a terminal', async () => {
    const { logger, stderr } = await loggerWith({ terminal: true })

    logger.warn({ service: 'provider.swarm/web', text: 'two words', list: [1] }, 'device refused the change')

    expect(stderr.text()).toBe(
      '03:04:05 warn  device refused the change service=provider.swarm/web text="two words" list=[1]\n',
    )
  })

  it.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['error', ['error']],
  ] as const)('at level %s holds %j', async (level, expected) => {
    const { logger, stderr } = await loggerWith({ level })

    for (const name of ['debug', 'info', 'warn', 'error'] as const) logger[name]({}, name)

    const lines = stderr.text().trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(expected)
  })

  it.each([[true], [false]])('lets no secret through (terminal: %s)', async (terminal) => {
    const { logger, stderr } = await loggerWith({ terminal })

    logger.error({ err: new Error('canary-secret'), body: { token: 'canary-secret' } }, 'with canary-secret')

    expect(stderr.text()).toContain('[secret]')
    expect(stderr.text()).not.toContain('canary-secret')
  })

  it('tells of our own errors without a stack, and of others with one', async () => {
    const { logger, stderr } = await loggerWith()

    logger.error({ err: new InterlookError('refused', 'no', { hint: 'ask' }) }, 'ours')
    logger.error({ err: new TypeError('oops') }, 'a defect')

    const [ours, defect] = stderr
      .text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).err)
    expect(ours).toEqual({ code: 'refused', message: 'no', hint: 'ask' })
    expect(defect).toMatchObject({ message: 'oops', stack: expect.stringContaining('logger.test') })
  })

  it('goes to a file, which is made with its folder, and is opened anew on demand', async () => {
    const file = join(folder, 'logs/interlook.log')
    const { logger, reopen, close, stderr } = await loggerWith({ file })

    logger.info({}, 'first')
    renameSync(file, `${file}.1`)
    reopen()
    logger.info({}, 'second')
    close()

    expect(readFileSync(`${file}.1`, 'utf8')).toContain('first')
    expect(readFileSync(file, 'utf8')).toMatch(/^\{.*"second"\}\n$/)
    expect(stderr.text()).toBe('')
  })

  it('changes no file in a dry run', async () => {
    const file = join(folder, 'interlook.log')
    const { logger, stderr } = await loggerWith({ file, dryRun: true })

    logger.info({}, 'seen')

    expect(stderr.text()).toContain('seen')
    expect(() => readFileSync(file)).toThrow('ENOENT')
  })

  it.each([
    ['stdout', true, 'stdout'],
    ['stdout', false, 'stderr'],
    ['stderr', true, 'stderr'],
    ['', true, 'stderr'],
  ] as const)('with logFile "%s" and stdout free: %s, goes to %s', async (file, stdoutIsFree, where) => {
    const log = await loggerWith({ file, stdoutIsFree })

    log.logger.info({}, 'seen')

    expect(log[where].text()).toContain('seen')
  })

  it('says which key is wrong when the file cannot be opened', async () => {
    await expect(loggerWith({ file: join(folder, 'sub\0', 'x.log') })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('core.logFile'),
    })
  })
})
