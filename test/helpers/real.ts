import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, it } from 'vitest'

/**
 * What a suite on real parts may need: the name of a program on the PATH, `root`, `namespaces` (the right to
 * make them: a plain container has root without it), or `static-busybox` (it runs alone in an image).
 */
export type Need = 'root' | 'namespaces' | 'static-busybox' | (string & {})

/** Everything that `startSwarm()` needs. */
export const SWARM_NEEDS: readonly Need[] = [
  'root',
  'dockerd',
  'containerd',
  'runc',
  'ip',
  'iptables',
  'nsenter',
  'unshare',
  'setpriv',
  'tar',
  'busybox',
  'namespaces',
  'static-busybox',
]

/**
 * A suite on real parts. Where one of `needs` is missing the suite is skipped, loudly; with
 * `INTERLOOK_REQUIRE_REAL=1` (the project's CI) a missing part is a failure.
 */
export function describeReal(name: string, needs: readonly Need[], suite: () => void): void {
  const missing = missingNeeds(needs)
  if (missing.length === 0) {
    describe(name, suite)
    return
  }
  const text = `${name}: needs ${missing.join(', ')}`
  if (process.env.INTERLOOK_REQUIRE_REAL === '1') {
    describe(name, () => {
      it('has the real parts it needs', () => {
        throw new Error(`${text}; INTERLOOK_REQUIRE_REAL=1 forbids to skip it`)
      })
    })
    return
  }
  process.stderr.write(`\n*** SKIPPED, NOT TESTED: ${text}\n\n`)
  describe.skip(name, () => {
    it('is skipped: real parts are missing', () => undefined)
  })
}

/** Those of `needs` that this machine does not have. */
export function missingNeeds(needs: readonly Need[]): Need[] {
  const missing: Need[] = []
  for (const need of needs) {
    // The probes run programs; they only make sense once those are known to be there.
    if (need === 'namespaces' && missing.length > 0) continue
    if (!has(need)) missing.push(need)
  }
  return missing
}

function has(need: Need): boolean {
  if (need === 'root') return process.getuid?.() === 0
  if (need === 'namespaces') {
    return succeeds('unshare', ['--net', '--uts', '--mount', '--pid', '--fork', '--mount-proc', 'true'])
  }
  if (need === 'static-busybox') {
    const busybox = programPath('busybox')
    // ldd fails on a static program: it has no interpreter.
    return busybox !== undefined && !succeeds('ldd', [busybox])
  }
  return programPath(need) !== undefined
}

/** Where a program is; root's own folders count even when the PATH does not name them. */
export function programPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  for (const folder of folders) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

function succeeds(program: string, args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 10_000 })
    return true
  } catch {
    return false
  }
}
