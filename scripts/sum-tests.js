// Adds up the JSON reports of several vitest runs: node scripts/sum-tests.js FAILED_STEPS REPORT...
// Prints `N passed, N failed` (`, N skipped`) and exits 1 when anything failed.
import { existsSync, readFileSync } from 'node:fs'

const [failedSteps = '0', ...files] = process.argv.slice(2)
const total = { passed: 0, failed: 0, skipped: 0 }
for (const file of files.filter(existsSync)) {
  const report = JSON.parse(readFileSync(file, 'utf8'))
  total.passed += report.numPassedTests
  // A file that cannot even be loaded holds no test, and fails all the same.
  const broken = report.testResults.filter(
    (r) => r.status === 'failed' && r.assertionResults.length === 0,
  ).length
  total.failed += report.numFailedTests + broken
  total.skipped += report.numPendingTests + report.numTodoTests
}
// Steps such as lint have no tests to count, but must not end in `0 failed`.
total.failed = Math.max(total.failed, Number(failedSteps))
if (total.passed === 0) total.failed = Math.max(total.failed, 1)
const { passed, failed, skipped } = total
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed > 0 ? 1 : 0)
