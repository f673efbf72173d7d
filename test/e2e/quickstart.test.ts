import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROOT } from '../helpers/cli.js'
import { FileChain } from './file-chain.js'

let place: FileChain
beforeEach(() => {
  place = new FileChain()
  place.copy('examples/quickstart', 'examples/quickstart')
})
afterEach(() => place.remove())

/** What `npm start` runs, but for the build. */
function startArguments(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: { start: string }
  }
  const command = /&& node bin\/run\.js (.+)$/.exec(scripts.start)?.[1]
  expect(command).toBeDefined()
  return (command ?? '').split(' ')
}

const start = () => place.cli(...startArguments())
const HOSTS = 'examples/quickstart/state/hosts'
const SERVICES = 'examples/quickstart/services.yml'

/** The service `blog` of the example, line by line. */
function withoutBlog(text: string): string {
  const left = text.replace(/ {2}- name: blog\n(?: {4}.*\n)*/, '')
  expect(left).not.toBe(text)
  return left
}

describe('the quickstart', () => {
  it('gives addresses and names, and says so in a table', async () => {
    const { code, stdout } = await start()

    expect(code).toBe(0)
    expect(stdout).toMatch(/^done after .*: 3 created, 0 in sync\n/)
    expect(stdout.split('\n').slice(2, 6)).toEqual([
      'SERVICE             ADDRESS     NAMES                                   STATE',
      'provider.file/api   192.0.2.12  api.example.com                         deployed',
      'provider.file/blog  192.0.2.11  blog.example.com                        deployed',
      'provider.file/shop  192.0.2.10  shop.example.com, www.shop.example.com  deployed',
    ])
    expect(place.read(HOSTS)).toBe(
      [
        '# BEGIN interlook quickstart',
        '192.0.2.12 api.example.com # provider.file/api',
        '192.0.2.11 blog.example.com # provider.file/blog',
        '192.0.2.10 shop.example.com # provider.file/shop',
        '192.0.2.10 www.shop.example.com # provider.file/shop',
        '# END interlook quickstart',
        '',
      ].join('\n'),
    )
  })

  it('says in one line that all is in sync the second time, and touches no file', async () => {
    await start()
    const before = place.files()

    const { code, stdout } = await start()

    expect({ code, stdout }).toEqual({ code: 0, stdout: 'in sync: 3 services deployed, nothing to do\n' })
    expect(place.files()).toEqual(before)
  })

  it('takes the name of a removed service away, rests its address, and says until when', async () => {
    await start()
    place.write(SERVICES, withoutBlog(place.read(SERVICES)))
    const before = Date.now()

    const { code, stdout } = await start()

    expect(code).toBe(0)
    expect(place.read(HOSTS)).not.toContain('blog')
    const line = /- provider\.file\/blog +ipam\.ipalloc +address 192\.0\.2\.11 +(.*)/.exec(stdout)?.[1] ?? ''
    expect(line).toMatch(/^service removed, quarantine until \d{4}-/)
    const until = Date.parse(line.split(' until ')[1] ?? '')
    expect(until - before).toBeGreaterThanOrEqual(10 * 60_000)
    expect(until - before).toBeLessThan(11 * 60_000)
    const after = await start()
    expect(after.stdout).toBe('in sync: 2 services deployed, nothing to do\n')
  })

  it('gives a service that comes back within the quarantine its address again, and nobody else', async () => {
    const whole = place.read(SERVICES)
    await start()
    place.write(SERVICES, withoutBlog(whole))
    await start()
    place.write(
      SERVICES,
      `${withoutBlog(whole)}  - { name: new, hosts: [new.example.com], targets: [{ host: 198.51.100.9, port: 80 }] }\n`,
    )
    await start()
    place.write(SERVICES, whole)

    const { code } = await start()

    expect(code).toBe(0)
    expect(place.read(HOSTS)).toContain('192.0.2.11 blog.example.com')
    expect(place.read(HOSTS)).not.toContain('new.example.com')
  })

  it('tells in a dry run what it would do, and changes no byte', async () => {
    const before = place.everything()

    const { code, stdout } = await place.cli(...startArguments(), '--dry-run', '--detailed-exitcode')

    expect(code).toBe(2)
    expect(stdout).toMatch(/^plan: 3 to create, 0 in sync\n/)
    expect(stdout).toContain('address 192.0.2.10  (tentative)')
    expect(stdout).toContain('known after ipam.ipalloc')
    expect(place.everything()).toEqual(before)
  })
})
