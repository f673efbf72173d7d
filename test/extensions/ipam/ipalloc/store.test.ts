import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import Libsql from 'libsql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Lease } from '../../../../src/extensions/ipam/ipalloc/lease-book.js'
import { LeaseStore } from '../../../../src/extensions/ipam/ipalloc/store.js'
import { storeError } from '../../../../src/extensions/ipam/ipalloc/store-error.js'
import { ensureSchema } from '../../../../src/extensions/ipam/ipalloc/tables.js'
import { like } from '../../../helpers/like.js'
import { fingerprint, type Folder, makeFolder, NOW, service, World } from './store-world.js'

const LIBSQL = createRequire(import.meta.url).resolve('libsql')

let folder: Folder
const open: World[] = []

beforeEach(async () => {
  folder = await makeFolder()
})
afterEach(async () => {
  for (const world of open.splice(0)) await world.close()
  await folder.remove()
})

async function makeWorld(file = folder.file, dryRun = false): Promise<World> {
  const world = await World.open(file, { config: { network_cidr: '10.0.0.0/16' }, dryRun })
  open.push(world)
  return world
}

/** Another process that has `script` done to the store; resolves when it printed something. */
async function otherProcess(script: string): Promise<{ kill(): Promise<void>; ended: Promise<unknown> }> {
  const child = spawn(
    process.execPath,
    ['-e', `const db = new (require(${JSON.stringify(LIBSQL)}))(${JSON.stringify(folder.file)}); ${script}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  return {
    ended,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Changes every lease in a transaction too large for the cache, so that the file itself has changed, and stays in it. */
const HALF_WRITTEN = `
  db.exec('PRAGMA journal_mode = DELETE; PRAGMA cache_size = 2; BEGIN IMMEDIATE');
  db.exec("UPDATE lease SET owner = 'half-written'");
  console.log('ready');
  setInterval(() => {}, 1000);
`

describe('the file', () => {
  it('is made with its folders on the first real run', async () => {
    const file = join(folder.path, 'a', 'b', 'leases.db')
    const world = await makeWorld(file)

    expect(await world.give(service('a'))).toEqual(['10.0.0.1'])
    expect((await readFile(file)).subarray(0, 15).toString()).toBe('SQLite format 3')
  })

  it('keeps addresses over restarts', async () => {
    const first = await makeWorld()
    await first.give(service('a'), service('b'))
    await first.close()
    const second = await makeWorld()

    const plans = await second.plan([{ service: service('b') }, { service: service('c') }])

    expect(plans.map((plan) => plan.outputs.public_ip)).toEqual(['10.0.0.2', '10.0.0.3'])
  })

  it('is not written by a restart that changes nothing', async () => {
    const first = await makeWorld()
    await first.give(service('a'))
    await first.close()
    const before = await fingerprint(folder.path)

    const second = await makeWorld()
    await second.observe()
    await second.plan([{ service: service('a') }])
    await second.close()

    expect(await fingerprint(folder.path)).toEqual(before)
  })

  it.each([
    ['noise', 'this is no store', 'import-failed'],
    ['a database of something else', undefined, 'store-unreadable'],
  ])('that is %s is refused and left alone', async (_what, content, code) => {
    if (content === undefined) {
      const db = new Libsql(folder.file)
      db.exec('CREATE TABLE entries (key TEXT)')
      db.close()
    } else await writeFile(folder.file, content)
    const before = await fingerprint(folder.path)

    await expect(makeWorld()).rejects.toMatchObject({ code })
    await expect((await makeWorld(folder.file, true)).observe()).rejects.toMatchObject({ code })
    expect(await fingerprint(folder.path)).toEqual(before)
  })

  it('that is damaged is refused', async () => {
    const world = await makeWorld()
    await world.give(...Array.from({ length: 500 }, (_, index) => service(`s${index}`)))
    await world.close()
    const bytes = await readFile(folder.file)
    await writeFile(
      folder.file,
      Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 7)]),
    )

    await expect(makeWorld()).rejects.toMatchObject({ code: 'store-unreadable' })
  })

  it('that cannot be opened is an error that names it', async () => {
    await mkdir(folder.file)

    await expect(makeWorld()).rejects.toMatchObject({
      code: 'store-unreadable',
      message: like(new RegExp(folder.file)),
    })
  })
})

describe('a dry run', () => {
  it('makes neither the file nor its folders', async () => {
    const world = await makeWorld(join(folder.path, 'a', 'leases.db'), true)

    const [plan] = await world.plan([{ service: service('a') }])

    expect(plan?.outputs).toEqual({ public_ip: '10.0.0.1' })
    expect(await fingerprint(folder.path)).toEqual({})
  })

  it('sees what is there and changes no byte and no time', async () => {
    const real = await makeWorld()
    await real.give(service('a'))
    const before = await fingerprint(folder.path)
    const world = await makeWorld(folder.file, true)

    const plans = await world.plan([{ service: service('a') }, { service: service('b') }])
    await world.close()

    expect(plans.map((plan) => plan.outputs.public_ip)).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(await fingerprint(folder.path)).toEqual(before)
  })

  it('changes nothing after a kill in the middle of a write, and sees what was there before it', async () => {
    const real = await makeWorld()
    const services = Array.from({ length: 500 }, (_, index) => service(`s${index}`))
    await real.give(...services)
    await real.close()
    await (await otherProcess(HALF_WRITTEN)).kill()
    const before = await fingerprint(folder.path)
    const link = join(folder.path, 'link')
    await symlink(folder.file, link)
    const files = Object.keys(before)

    for (const file of [folder.file, link]) {
      const observed = await (await makeWorld(file, true)).observe()
      expect([...observed.book.all()].map((lease) => lease.owner)).toEqual(services.map(() => 'me'))
    }

    expect(files).toEqual(['ipalloc.db', 'ipalloc.db-journal'])
    expect((await readFile(folder.file)).includes('half-written')).toBe(true)
    const after = await fingerprint(folder.path)
    expect(files.map((name) => after[name])).toEqual(files.map((name) => before[name]))
    const healed = await makeWorld()
    expect((await healed.plan([{ service: service('s7') }]))[0]?.changes).toEqual([])
  })

  it('reads while another process is in the middle of a write', async () => {
    const real = await makeWorld()
    await real.give(...Array.from({ length: 500 }, (_, index) => service(`s${index}`)))
    await real.close()
    const writer = await otherProcess(HALF_WRITTEN)

    const observed = await (await makeWorld(folder.file, true)).observe()
    await writer.kill()

    expect(new Set([...observed.book.all()].map((lease) => lease.owner))).toEqual(new Set(['me']))
  })
})

describe('two processes on one store', () => {
  it('never give one address twice: the second is told, and gets another', async () => {
    const one = await makeWorld()
    const two = await makeWorld()
    await one.observe()
    await two.observe()
    const a = service('a')
    const b = service('b')
    const plans = await two.plan([{ service: b }])
    await one.give(a)

    const [result] = await two.apply(plans)
    await two.reread([b])
    const again = await two.give(b)

    expect(result?.problem).toEqual({
      code: 'address-taken',
      message: '10.0.0.1 was given to provider.file/a meanwhile',
      retryable: true,
    })
    expect(again).toEqual(['10.0.0.2'])
    expect((await one.reread([b]), await one.plan([{ service: b }]))[0]?.outputs).toEqual({
      public_ip: '10.0.0.2',
    })
  })

  it('do not give a service two addresses', async () => {
    const one = await makeWorld()
    const two = await makeWorld()
    await two.observe()
    await one.give(service('a'))
    const plans = await two.plan([{ service: service('x') }, { service: service('a') }])

    const results = await two.apply(plans)
    await two.reread([service('x'), service('a')])

    expect(plans.map((plan) => plan.outputs.public_ip)).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(results.map((result) => result.problem?.code)).toEqual(['address-taken', 'conflict'])
    expect(await two.give(service('x'), service('a'))).toEqual(['10.0.0.2', '10.0.0.1'])
  })

  it('wait for each other', async () => {
    const world = await makeWorld()
    await world.observe()
    const other = await otherProcess(
      "db.exec('BEGIN IMMEDIATE'); console.log('ready'); setTimeout(() => db.exec('COMMIT'), 200)",
    )

    const given = await world.give(service('a'))
    await other.ended

    expect(given).toEqual(['10.0.0.1'])
  })
})

describe('a partial read', () => {
  it('shows what another process did to the services asked for, and keeps the rest', async () => {
    const world = await makeWorld()
    await world.give(service('a'), service('b'))
    const other = await makeWorld()
    await other.do([], [service('a'), service('b')])

    await world.reread([service('a')])

    const facts = world.observed && world.provisioner.facts?.(world.observed)
    expect(facts).toMatchObject({ 'default leased': 1, 'default quarantined': 1 })
  })

  it('is whole when it is the first', async () => {
    const first = await makeWorld()
    await first.give(service('a'))
    const world = await makeWorld()

    await world.reread([service('b')])

    expect(await world.give(service('b'))).toEqual(['10.0.0.2'])
  })
})

describe('a full disk', () => {
  it('is told as such, and nothing of the batch is left behind', () => {
    const db = new Libsql(folder.file)
    expect(ensureSchema(db)).toBe(true)
    const store = new LeaseStore(db, folder.file)
    const leases = Array.from(
      { length: 2000 },
      (_, index): Lease => ({
        ip: `10.0.${index >> 8}.${index & 255}`,
        pool: 'default',
        owner: 'me',
        service: `provider.file/${index}`,
        leasedAt: NOW,
        held: false,
      }),
    )
    const plans = leases.map((lease) => ({
      key: lease.service ?? '',
      writes: [{ lease, give: true, restedBefore: 0 }],
    }))
    db.exec('PRAGMA max_page_count = 12')

    expect(() => store.write(plans)).toThrow(expect.objectContaining({ code: 'store-full' }))
    expect(store.readAll()).toEqual([])
    db.exec('PRAGMA max_page_count = 100000')
    expect(store.write(plans).size).toBe(0)
    expect(store.readAll()).toHaveLength(2000)
    store.close()
  })

  it.each([
    ['SQLITE_FULL', 'store-full', true],
    ['ENOSPC', 'store-full', true],
    ['SQLITE_BUSY', 'locked', true],
    ['SQLITE_LOCKED', 'locked', true],
    ['SQLITE_CORRUPT', 'store-unreadable', false],
    ['SQLITE_NOTADB', 'store-unreadable', false],
    ['SQLITE_IOERR_READ', 'store-unreadable', true],
    ['EACCES', 'store-unreadable', false],
  ])('and other causes: %s is %s', (cause, code, retryable) => {
    const error = storeError(Object.assign(new Error('it said'), { code: cause }), '/x/y.db')

    expect(error).toMatchObject({ code, retryable, message: like(/\/x\/y\.db/) })
  })
})
