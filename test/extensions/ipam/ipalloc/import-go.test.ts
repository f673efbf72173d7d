import { readdir, readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Service } from '../../../../src/sdk/service.js'
import { like } from '../../../helpers/like.js'
import { fingerprint, type Folder, makeFolder, service, World } from './store-world.js'

const RECORDS = [
  { ip: '10.0.0.3', host: 'web' },
  { ip: '192.168.9.9', host: 'legacy' },
]

let folder: Folder
const open: World[] = []

beforeEach(async () => {
  folder = await makeFolder()
})
afterEach(async () => {
  for (const world of open.splice(0)) await world.close()
  await folder.remove()
})

async function makeWorld(dryRun = false): Promise<World> {
  const world = await World.open(folder.file, { dryRun })
  open.push(world)
  return world
}

function inNamespace(namespace: string, more: Partial<Service> = {}): Service {
  return service('web', { namespace, provider: 'provider.kubernetes', ...more })
}

describe('the address file of the earlier tool', () => {
  it.each([
    ['a list', RECORDS],
    ['a list under records', { records: RECORDS }],
  ])('is imported once from %s, and a copy stays', async (_what, content) => {
    const text = JSON.stringify(content)
    await writeFile(folder.file, text)

    const world = await makeWorld()
    await world.close()
    const again = await makeWorld()

    expect(again.provisioner.facts?.(await again.observe())).toMatchObject({
      imported: 2,
      'default leased': 1,
    })
    expect(await readFile(`${folder.file}.go-backup`, 'utf8')).toBe(text)
    expect((await readdir(folder.path)).sort()).toEqual(['ipalloc.db', 'ipalloc.db.go-backup'])
  })

  it('is read in a dry run and stays as it is', async () => {
    await writeFile(folder.file, JSON.stringify(RECORDS))
    const before = await fingerprint(folder.path)

    const [plan] = await (await makeWorld(true)).plan([{ service: service('web') }])

    expect(plan?.outputs).toEqual({ public_ip: '10.0.0.3' })
    expect(await fingerprint(folder.path)).toEqual(before)
  })

  it.each([
    ['null', 'null'],
    ['an empty list', '[]'],
    ['an empty file', ''],
  ])('that is %s gives an empty store', async (_what, text) => {
    await writeFile(folder.file, text)

    const world = await makeWorld()

    expect(await world.give(service('a'))).toEqual(['10.0.0.1'])
  })

  it.each([
    ['[{"ip": "10.0.0.300", "host": "web"}]', 'record 1 has no usable ip'],
    ['[{"ip": "10.0.0.3", "host": "web"}, {"ip": "10.0.0.4"}]', 'record 2 has no host'],
    ['[{"ip": "10.0.0.3", "host": "web"}, {"ip": "10.0.0.3", "host": "api"}]', 'for web and for api'],
    ['{"ip": "10.0.0.3"}', 'it holds no list of addresses'],
    ['[{"ip": "10.0.0.3", ', 'neither an address store nor JSON'],
  ])('%s is refused and left alone', async (text, message) => {
    await writeFile(folder.file, text)
    const before = await fingerprint(folder.path)

    await expect(makeWorld()).rejects.toMatchObject({
      code: 'import-failed',
      message: like(new RegExp(message)),
    })
    expect(await fingerprint(folder.path)).toEqual(before)
  })

  it('does not overwrite the copy of another one', async () => {
    await writeFile(`${folder.file}.go-backup`, '[]')
    await writeFile(folder.file, JSON.stringify(RECORDS))

    await makeWorld()

    expect(await readFile(`${folder.file}.go-backup`, 'utf8')).toBe('[]')
    expect(await readFile(`${folder.file}.go-backup-2`, 'utf8')).toBe(JSON.stringify(RECORDS))
  })

  it('is imported again after a kill before the new store took its place', async () => {
    await writeFile(folder.file, JSON.stringify(RECORDS))
    await writeFile(`${folder.file}.go-backup`, JSON.stringify(RECORDS))
    await writeFile(`${folder.file}.import`, 'half')

    const world = await makeWorld()

    expect(world.provisioner.facts?.(await world.observe())).toMatchObject({ imported: 2 })
    expect((await readdir(folder.path)).sort()).toEqual(['ipalloc.db', 'ipalloc.db.go-backup'])
  })
})

describe('an imported address', () => {
  beforeEach(() => writeFile(folder.file, JSON.stringify(RECORDS)))

  it('is taken over by the service of that name, also outside of the range', async () => {
    const world = await makeWorld()

    const plans = await world.do([{ service: service('legacy') }, { service: service('web') }])
    const again = await world.plan([{ service: service('legacy') }, { service: service('web') }])

    expect(plans.map((plan) => plan.outputs.public_ip)).toEqual(['192.168.9.9', '10.0.0.3'])
    expect(plans[0]?.changes).toMatchObject([
      {
        action: 'update',
        object: '192.168.9.9',
        adopts: true,
        reason: 'taken over from the earlier tool',
        fields: [{ field: 'service', from: 'legacy', to: 'provider.file/legacy' }],
      },
    ])
    expect(again.map((plan) => plan.changes)).toEqual([[], []])
  })

  it('is given to nobody else', async () => {
    const world = await makeWorld()
    const others = ['a', 'b', 'c'].map((name) => service(name))

    expect(await world.give(...others)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.4'])
  })

  it('belongs to neither of two services of that name, but to the one that the core knows by it', async () => {
    const world = await makeWorld()
    const two = [inNamespace('blue'), inNamespace('green')]
    await world.observe(two)

    const [blue] = await world.plan([{ service: inNamespace('blue') }])
    const [green] = await world.plan([{ service: inNamespace('green', { public_ip: '10.0.0.3' }) }])

    expect(blue?.outputs).toEqual({ public_ip: '10.0.0.1' })
    expect(green?.outputs).toEqual({ public_ip: '10.0.0.3' })
  })

  it('rests when its service is removed, unless another service of that name is listed', async () => {
    const world = await makeWorld()
    await world.observe([inNamespace('blue')])

    const [stranger] = await world.plan([], [service('web')])
    await world.observe([])
    const [own] = await world.plan([], [service('web')])

    expect(stranger?.changes).toEqual([])
    expect(own?.changes).toMatchObject([{ action: 'delete', object: '10.0.0.3' }])
  })
})
