import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.js'
import { registry } from '../../src/extensions/index.js'
import { ROOT } from '../helpers/cli.js'

const files = readdirSync(join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('interlook.yml'),
)

describe('the example configurations', () => {
  it('are there', () => {
    expect(files.length).toBeGreaterThanOrEqual(3)
  })

  it.each(files)('%s is valid', async (name) => {
    const { issues } = await loadConfig({
      file: join(ROOT, 'examples', name),
      env: {},
      readFile: (path) => readFileSync(path, 'utf8'),
      cwd: ROOT,
      mode: 'check',
      registry: registry(),
    })

    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([])
  })
})
