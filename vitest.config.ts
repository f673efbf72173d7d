import { defineConfig } from 'vitest/config'

/** Suites that need a real server or many processes; `.ci/run` runs them on the floor version of Node alone. */
const INTEGRATION = 'test/integration/**/*.test.ts'

export default defineConfig({
  test: {
    // The test of a command captures what it prints.
    disableConsoleIntercept: true,
    sequence: { shuffle: true },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [INTEGRATION, '**/node_modules/**'] },
      },
      {
        extends: true,
        test: { name: 'integration', include: [INTEGRATION], testTimeout: 180_000, hookTimeout: 180_000 },
      },
    ],
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'html'] },
  },
})
