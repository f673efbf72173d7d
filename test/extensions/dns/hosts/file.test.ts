import { spawnSync } from 'node:child_process'
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseHosts } from '../../../../src/extensions/dns/hosts/block.js'
import { readContent, replaceContent } from '../../../../src/extensions/dns/hosts/file.js'
import { like } from '../../../helpers/like.js'
import { block, type Folder, makeFolder, service, World } from './hosts-world.js'

let folder: Folder
let world: World

beforeEach(async () => {
  folder = await makeFolder()
  world = new World(folder.file)
})
afterEach(() => folder.remove())

const OUTSIDE: [string, string][] = [
  ['an ordinary file', '127.0.0.1 localhost\n::1 localhost # loopback\n'],
  ['CRLF lines', '127.0.0.1 localhost\r\n10.9.9.9 nas\r\n'],
  ['no line end at its end', '127.0.0.1 localhost\n10.9.9.9 nas'],
  ['one line without an end', '127.0.0.1 localhost'],
  ['bytes that are no UTF-8, tabs and blank lines', '\n\n# caf\xe9\t\x00\n  127.0.0.1\tlocalhost  \n\n'],
  ['nothing at all', ''],
]

describe('what is outside of our block', () => {
  it.each(OUTSIDE)('stays byte for byte: %s', async (_what, text) => {
    await folder.write(text)

    await world.put(service('web', '10.0.0.1'))
    const written = await folder.read()
    await world.put(service('web', '10.0.0.2'), service('api', '10.0.0.3'))
    await world.do([], [service('web'), service('api')])

    expect(written.replace(/# BEGIN[^]*# END interlook me\r?\n/, '')).toBe(text)
    expect(await folder.read()).toBe(text)
  })

  it('has the line ends of the file also in our block', async () => {
    await folder.write('127.0.0.1 localhost\r\n')

    await world.put(service('web', '10.0.0.1'))

    expect(await folder.read()).toBe(
      '127.0.0.1 localhost\r\n# BEGIN interlook me\r\n10.0.0.1 web.example.com # provider.file/web\r\n# END interlook me\r\n',
    )
  })

  it('stays whatever it is, and whatever is done', async () => {
    const line = fc.oneof(
      fc.stringMatching(/^[ -~]{0,30}$/).filter((text) => !/interlook|example\.com/.test(text)),
      fc.constantFrom('127.0.0.1 localhost', '', '# comment', '\t10.1.1.1 nas', '\xff\xfe'),
    )
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'))
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.array(line),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.array(fc.tuple(names, fc.constantFrom('10.0.0.1', '10.0.0.2'))),
        async (before, after, end, closed, steps) => {
          const joined = (lines: string[]): string => lines.map((text) => text + end).join('')
          const theirs = block('them', '10.5.5.5 theirs.example.com # provider.file/x')
          const tail = closed ? joined(after) : joined(after).slice(0, -end.length)
          const outside = joined(before) + theirs + tail
          await folder.write(outside)
          for (const [put, ip] of steps) {
            const removed = (['a', 'b', 'c'] as const).filter((name) => !put.includes(name))
            await world.do(
              put.map((name) => ({ service: service(name, ip) })),
              removed.map((name) => service(name)),
            )
            const text = await folder.read()
            expect(text.replace(/# BEGIN interlook me[^]*# END interlook me\r?\n/, '')).toBe(outside)
            const file = parseHosts(text, folder.file, 'me')
            const ours = file.parts.flatMap((part) =>
              'owner' in part && part.owner === 'me' ? part.entries : [],
            )
            expect(ours.map((entry) => `${entry.ip} ${entry.name}`)).toEqual(
              [...put].sort().map((name) => `${ip} ${name}.example.com`),
            )
          }
          await world.do(
            [],
            ['a', 'b', 'c'].map((name) => service(name)),
          )
          expect(await folder.read()).toBe(outside)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('a damaged block', () => {
  const line = '10.0.0.1 web.example.com # provider.file/web\n'
  it.each([
    ['BEGIN without END', `# BEGIN interlook me\n${line}`, ':1: BEGIN interlook me without its END'],
    ['END without BEGIN', `${line}# END interlook me\n`, ':2: END interlook me without its BEGIN'],
    ['a nested block', `# BEGIN interlook me\n# BEGIN interlook them\n`, ':2: BEGIN inside the block of me'],
    [
      'the END of another',
      `# BEGIN interlook me\n# END interlook them\n`,
      ':2: END of them in the block of me',
    ],
    ['a second block', block('me') + block('me'), ':3: a second block of me'],
    ['a line of somebody', block('me', '10.0.0.9 nas'), ':2: a line that is not ours'],
    ['a comment of somebody', block('me', '# by hand x # y'), ':2: a line that is not ours'],
    ['a name twice', block('me', line.trim(), line.trim()), ':3: web.example.com for the second time'],
  ])('%s is an error, and the file stays', async (_what, text, message) => {
    const plans = await world.plan([{ service: service('web', '10.0.0.2') }])
    await folder.write(text)

    const expected = { code: 'conflict', message: like(new RegExp(message)) }
    await expect(world.observe()).rejects.toMatchObject(expected)
    await expect(world.apply(plans)).rejects.toMatchObject(expected)
    expect(await folder.read()).toBe(text)
  })

  it('of another owner does not hinder us when only its content is odd', async () => {
    const theirs = block('them', '# version 2', '10.5.5.5 a.example.com b.example.com')
    await folder.write(theirs)

    await world.put(service('web', '10.0.0.1'))
    const [plan] = await world.plan([{ service: service('b', '10.0.0.2') }])

    expect(await folder.read()).toBe(theirs + block('me', '10.0.0.1 web.example.com # provider.file/web'))
    expect(plan?.problem?.code).toBe('conflict')
  })
})

describe('the file', () => {
  it('is made with its folders, with our block alone', async () => {
    const path = join(folder.path, 'a', 'hosts')
    const fresh = new World(path)

    await fresh.put(service('web', '10.0.0.1'))

    expect((await readContent(path)).text).toBe(block('me', '10.0.0.1 web.example.com # provider.file/web'))
    expect(await readdir(join(folder.path, 'a'))).toEqual(['hosts'])
  })

  it('is not made for nothing, nor in a dry run', async () => {
    const dry = new World(folder.file, { dryRun: true })
    await dry.provisioner.connect?.(new AbortController().signal)

    await world.put(service('web', undefined, []))
    const plans = await dry.plan([{ service: service('web', '10.0.0.1') }])

    expect(plans[0]?.changes).toHaveLength(1)
    expect(await readdir(folder.path)).toEqual([])
  })

  it('is not touched when nothing changes', async () => {
    await world.put(service('web', '10.0.0.1'))
    const plans = await new World(folder.file).plan([{ service: service('web', '10.0.0.2') }])
    await world.put(service('web', '10.0.0.2'))
    const before = await stat(folder.file, { bigint: true })

    await world.put(service('web', '10.0.0.2'))
    const late = await world.apply(plans)

    expect(late).toEqual([{ key: 'provider.file/web' }])
    const after = await stat(folder.file, { bigint: true })
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs])
  })

  it('keeps its mode, and a link stays one', async () => {
    const real = join(folder.path, 'real')
    await mkdir(real)
    const target = new World(join(real, 'hosts'))
    await target.put(service('web', '10.0.0.1'))
    await chmod(join(real, 'hosts'), 0o640)
    await symlink(join(real, 'hosts'), folder.file)

    await world.put(service('api', '10.0.0.2'))

    expect((await lstat(folder.file)).isSymbolicLink()).toBe(true)
    expect((await stat(folder.file)).mode & 0o777).toBe(0o640)
    expect(await folder.read()).toContain('api.example.com')
    expect(await readdir(real)).toEqual(['hosts'])
  })

  it('that is not one is an error that names it', async () => {
    await mkdir(folder.file)

    await expect(world.observe()).rejects.toMatchObject({
      code: 'backend-error',
      message: like(new RegExp(folder.file)),
    })
  })

  it('that somebody wrote since it was read is not replaced', async () => {
    await folder.write('one\n')
    const content = await readContent(folder.file)
    await folder.write('two lines\n')

    expect(await replaceContent(folder.file, 'mine\n', content)).toBe('outdated')
    expect(await folder.read()).toBe('two lines\n')
    expect(await readdir(folder.path)).toEqual(['hosts'])
  })

  it('is written although a killed process left its half of one', async () => {
    await writeFile(join(folder.path, '.hosts.interlook-new'), 'half')

    await world.put(service('web', '10.0.0.1'))

    expect(await folder.read()).toContain('web.example.com')
    expect(await readdir(folder.path)).toEqual(['hosts'])
  })

  it('that is mounted is written in its place', async ({ skip }) => {
    await folder.write('127.0.0.1 localhost\n# a long line that goes when the file gets shorter\n')
    const source = join(folder.path, 'source')
    await writeFile(source, '127.0.0.1 localhost\n')
    const mount = spawnSync('mount', ['--bind', source, folder.file])
    if (mount.status !== 0) skip('needs the right to mount')
    try {
      await world.put(service('web', '10.0.0.1'))
      await world.do([], [service('web')])
      await world.put(service('api', '10.0.0.2'))

      expect(await readFile(source, 'utf8')).toBe(
        `127.0.0.1 localhost\n${block('me', '10.0.0.2 api.example.com # provider.file/api')}`,
      )
      expect((await readdir(folder.path)).sort()).toEqual(['hosts', 'source'])
    } finally {
      spawnSync('umount', [folder.file])
    }
  })

  it('is shared by two owners whose writes do not undo each other', async () => {
    const them = new World(folder.file, { owner: 'them' })
    const ours = await world.plan([{ service: service('web', '10.0.0.1') }])
    const theirs = await them.plan([{ service: service('api', '10.0.0.2') }])

    await Promise.all([world.apply(ours), them.apply(theirs)])

    const text = await folder.read()
    expect(text).toContain(block('me', '10.0.0.1 web.example.com # provider.file/web'))
    expect(text).toContain(block('them', '10.0.0.2 api.example.com # provider.file/api'))
  })
})
