import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../helpers/cli.js'

describe('the built CLI on this version of Node', () => {
  it('says what it should and nothing on stderr, warnings of Node included', () => {
    const script = join(ROOT, 'scripts/smoke.js')

    const { stdout, stderr, status } = spawnSync(process.execPath, [script, ROOT], { encoding: 'utf8' })

    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(stdout).toContain(process.version)
  })
})
