import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROOT } from '../helpers/cli.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlook-sum-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const report = (passed: number, failed = 0, skipped = 0, broken = 0) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: skipped,
  numTodoTests: 0,
  testResults: Array.from({ length: broken }, () => ({ status: 'failed', assertionResults: [] })),
})

function sum(failedSteps: number, reports: object[]) {
  const files = reports.map((content, index) => {
    const file = join(folder, `${index}.json`)
    writeFileSync(file, JSON.stringify(content))
    return file
  })
  const script = join(ROOT, 'scripts/sum-tests.js')
  const result = spawnSync(process.execPath, [script, String(failedSteps), ...files], { encoding: 'utf8' })
  return { line: result.stdout.trimEnd(), status: result.status }
}

describe('the last line of CI', () => {
  it.each([
    ['adds up runs', 0, [report(3), report(4)], '7 passed, 0 failed', 0],
    ['tells of skipped tests', 0, [report(3, 0, 2)], '3 passed, 0 failed, 2 skipped', 0],
    ['fails with a failed test', 1, [report(3, 2)], '3 passed, 2 failed', 1],
    ['fails with a failed step such as lint', 1, [report(3)], '3 passed, 1 failed', 1],
    ['fails with a file that cannot be loaded', 0, [report(3, 0, 0, 1)], '3 passed, 1 failed', 1],
    ['fails when nothing was tested', 0, [], '0 passed, 1 failed', 1],
  ])('%s', (_, failedSteps, reports, line, status) => {
    expect(sum(failedSteps, reports)).toEqual({ line, status })
  })
})
