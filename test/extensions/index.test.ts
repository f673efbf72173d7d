import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { findEntry, registry, resolveId } from '../../src/extensions/index.js'
import { definitionId, KINDS } from '../../src/sdk/define.js'

const FOLDER = new URL('../../src/extensions/', import.meta.url)

describe('the registry', () => {
  it('holds exactly the folders under src/extensions', () => {
    const folders = KINDS.flatMap((kind) =>
      readdirSync(new URL(kind, FOLDER), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${kind}.${entry.name}`),
    )

    expect(
      registry()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(folders.sort())
  })

  it.each(registry().map((entry) => [entry.id, entry] as const))(
    '%s loads as what it says',
    async (id, entry) => {
      const definition = await entry.load()

      expect(definitionId(definition)).toBe(id)
      expect(definition.kind).toBe(entry.kind)
      expect(definition.summary).toBe(entry.summary)
      expect(definition.configSchema).toBe(await entry.schema())
      expect(definition.form === 'schema').toBe(!entry.available)
    },
  )

  it.each([
    ['lb.f5ltm', 'lb.f5ltm'],
    ['provisioner.f5ltm', 'lb.f5ltm'],
    ['provisioner.ipalloc', 'ipam.ipalloc'],
    ['provisioner.hosts', 'dns.hosts'],
    ['provider.swarm', 'provider.swarm'],
    ['provisioner.swarm', undefined],
    ['f5ltm', undefined],
  ])('%s stands for %s', (name, id) => {
    expect(resolveId(name)).toBe(id)
    expect(findEntry(registry(), name)?.id).toBe(id)
  })
})
