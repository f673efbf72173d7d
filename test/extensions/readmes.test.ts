import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { registry } from '../../src/extensions/index.js'
import { ROOT } from '../helpers/cli.js'

/** The keys that the first column of the table under `## Config` names. */
function documentedKeys(readme: string): string[] {
  const section = readme.split(/^## Config$/m)[1]?.split(/^## /m)[0] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  return rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
  )
}

const documented = registry()
  .map((entry) => ({ entry, path: join(ROOT, 'src/extensions', entry.id.replace('.', '/'), 'README.md') }))
  .filter(({ path }) => existsSync(path))

describe('the README of an extension', () => {
  it.each(documented.map(({ entry, path }) => ({ id: entry.id, entry, path })))(
    'names the keys of $id, all and no other',
    async ({ entry, path }) => {
      const schema = (await entry.schema()) as unknown as z.ZodType
      const { properties } = z.toJSONSchema(schema, { io: 'input' })

      expect(documentedKeys(readFileSync(path, 'utf8')).sort()).toEqual(Object.keys(properties ?? {}).sort())
    },
  )

  it('is there for each that is embedded', () => {
    expect(documented.map(({ entry }) => entry.id)).toEqual(
      expect.arrayContaining(['provider.file', 'ipam.ipalloc', 'dns.hosts']),
    )
  })
})
