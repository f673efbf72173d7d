import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createProgress, progressMode } from '../../src/cli/progress.js'
import { visibleLength } from '../../src/cli/render/layout.js'

const redact = (text: string): string => text.replaceAll('s3cret', '[secret]')

function collector(): { stream: { write(text: string): void }; lines: string[] } {
  const lines: string[] = []
  return { stream: { write: (text) => void lines.push(text) }, lines }
}

/** Looks like a terminal to what writes to it. */
class Terminal extends Writable {
  readonly isTTY = true
  readonly columns = 80
  readonly rows = 40
  seen = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.seen += chunk.toString()
    done()
  }

  /** What was on the screen, without what steers it. */
  text(): string {
    return this.seen.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
  }
}

describe('progressMode', () => {
  it.each([
    ['a terminal', { interactive: true, quiet: false, json: false }, 'tasks'],
    ['a terminal, with --json', { interactive: true, quiet: false, json: true }, 'tasks'],
    ['a pipe', { interactive: false, quiet: false, json: false }, 'lines'],
    ['a pipe, with --json', { interactive: false, quiet: false, json: true }, 'none'],
    ['--quiet', { interactive: true, quiet: true, json: false }, 'none'],
  ])('for %s', (_, output, expected) => {
    expect(progressMode(output)).toBe(expected)
  })
})

describe('lines', () => {
  it('says each stage once, when it ends', async () => {
    const { stream, lines } = collector()
    const progress = await createProgress({ mode: 'lines', stream, redact })

    const list = progress.stage('list provider.file')
    const read = progress.stage('read dns.hosts')
    list.done('3 services')
    list.done('again')
    read.fail('no rights for s3cret')
    read.update('too late')
    progress.stage('guard').done('')
    await progress.close()

    expect(lines).toEqual([
      'list provider.file: 3 services\n',
      'read dns.hosts failed: no rights for [secret]\n',
      'guard\n',
    ])
  })

  it('repeats a counter now and then', async () => {
    const { stream, lines } = collector()
    let now = 0
    const clock = { now: () => now, sleep: () => Promise.resolve() }
    const progress = await createProgress({ mode: 'lines', stream, redact, clock })

    const apply = progress.stage('apply')
    for (let done = 0; done <= 25; done++) {
      now = done * 1000
      apply.update(`${done} of 100`)
    }

    expect(lines).toEqual(['apply: 10 of 100\n', 'apply: 20 of 100\n'])
  })
})

describe('none', () => {
  it('says nothing', async () => {
    const { stream, lines } = collector()
    const progress = await createProgress({ mode: 'none', stream, redact })

    const stage = progress.stage('list provider.file')
    stage.update('1')
    stage.done('2')
    stage.fail('3')
    await progress.close()

    expect(lines).toEqual([])
  })
})

describe('tasks', () => {
  it('shows stages that overlap, follow and fail', async () => {
    const stream = new Terminal()
    const progress = await createProgress({ mode: 'tasks', stream, redact })

    const first = progress.stage('list provider.file')
    const second = progress.stage('read dns.hosts')
    first.done('3 services')
    second.fail('no rights for s3cret')
    await Promise.resolve()
    const late = progress.stage('apply')
    late.update('1 of 2')
    late.done('2 of 2')
    await progress.close()

    expect(stream.text()).toContain('list provider.file: 3 services')
    expect(stream.text()).toContain('read dns.hosts')
    expect(stream.text()).toContain('no rights for [secret]')
    expect(stream.text()).toContain('apply: 2 of 2')
    expect(stream.text()).not.toContain('s3cret')
  })

  it('ends what is open when it closes, and shows the cursor again', async () => {
    const stream = new Terminal()
    const progress = await createProgress({ mode: 'tasks', stream, redact })
    progress.stage('apply').update('1 of 2')

    await progress.close()

    expect(stream.text()).toContain('cut short')
    expect(stream.seen.endsWith('\u001b[?25h')).toBe(true)
    expect(visibleLength(stream.seen)).toBeGreaterThan(0)
  })

  it('leaves no listener for signals behind', async () => {
    const before = process.listenerCount('SIGINT')
    const progress = await createProgress({ mode: 'tasks', stream: new Terminal(), redact })
    const stage = progress.stage('apply')

    expect(process.listenerCount('SIGINT')).toBe(before)
    stage.done('')
    await progress.close()
  })
})
