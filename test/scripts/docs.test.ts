import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../helpers/cli.js'

describe('the generated documentation', () => {
  it('is what the code says: README.md and schemas/', () => {
    const script = join(ROOT, 'scripts/docs.js')

    const { stderr, status } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })

    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  })
})
