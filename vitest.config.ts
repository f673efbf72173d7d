import { defineConfig } from 'vitest/config'

/** Suites that need a real server; `.ci/run` runs them, as `E2E`, on the floor version of Node alone. */
const INTEGRATION = 'test/integration/**/*.test.ts'
/** Suites that run the built command many times. */
const E2E = 'test/e2e/**/*.test.ts'

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
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [INTEGRATION, E2E, '**/node_modules/**'],
        },
      },
      { extends: true, test: { name: 'e2e', include: [E2E], testTimeout: 60_000 } },
      {
        extends: true,
        test: { name: 'integration', include: [INTEGRATION], testTimeout: 180_000, hookTimeout: 180_000 },
      },
    ],
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'html'] },
  },
})
