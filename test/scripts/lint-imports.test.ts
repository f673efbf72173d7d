import { Linter } from 'eslint'
import { describe, expect, it } from 'vitest'
import { importDirection } from '../../scripts/lint-imports.js'

function isRefused(file: string, source: string): boolean {
  const linter = new Linter({ cwd: '/project' })
  const messages = linter.verify(
    `import { x } from '${source}'\n`,
    {
      files: ['**/*.ts'],
      plugins: { interlook: { rules: { 'import-direction': importDirection } } },
      rules: { 'interlook/import-direction': 'error' },
    },
    `/project/${file}`,
  )
  return messages.length > 0
}

describe('the direction of imports', () => {
  it.each([
    ['src/commands/run.ts', '../cli/output.js'],
    ['src/commands/ext/list.ts', '../../extensions/index.js'],
    ['src/cli/compose.ts', '../core/engine.js'],
    ['src/cli/compose.ts', '../extensions/registry.js'],
    ['src/config/load.ts', '../extensions/index.js'],
    ['src/store/sqlite-store.ts', '../core/store.js'],
    ['src/core/plan.ts', '../sdk/errors.js'],
    ['src/core/deep/er.ts', '../plan.js'],
    ['src/extensions/index.ts', './lb/f5ltm/index.js'],
    ['src/extensions/lb/f5ltm/index.ts', './schema.js'],
    ['src/extensions/lb/f5ltm/index.ts', '../../../sdk/define.js'],
    ['src/sdk/contract/checks.ts', '../errors.js'],
    ['src/sdk/errors.ts', 'zod'],
  ])('lets %s import %s', (file, source) => {
    expect(isRefused(file, source)).toBe(false)
  })

  it.each([
    ['src/sdk/errors.ts', '../core/plan.js'],
    ['src/core/plan.ts', '../extensions/index.js'],
    ['src/core/plan.ts', '../store/lock.js'],
    ['src/core/plan.ts', '../cli/output.js'],
    ['src/store/lock.ts', '../config/load.js'],
    ['src/config/load.ts', '../extensions/lb/f5ltm/schema.js'],
    ['src/config/load.ts', '../cli/output.js'],
    ['src/cli/output.ts', '../commands/run.js'],
    ['src/cli/compose.ts', '../extensions/lb/f5ltm/index.js'],
    ['src/commands/run.ts', '../extensions/provider/swarm/index.js'],
    ['src/extensions/lb/f5ltm/index.ts', '../kemplm/schema.js'],
    ['src/extensions/lb/f5ltm/index.ts', '../../dns/hosts/schema.js'],
    ['src/extensions/lb/f5ltm/index.ts', '../../index.js'],
    ['src/extensions/lb/f5ltm/index.ts', '../../../core/plan.js'],
  ])('refuses that %s imports %s', (file, source) => {
    expect(isRefused(file, source)).toBe(true)
  })
})
