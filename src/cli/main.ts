import { run } from '@oclif/core/run'
import { settings } from '@oclif/core/settings'
import { documentOf, renderReport, reportError } from './error-report.js'
import { exitCode } from './exit-codes.js'
import { processOutput } from './output.js'

/** Runs the command line and gives the exit code. `root` is the folder of package.json. */
export async function main(argv: readonly string[], root: string): Promise<number> {
  // Otherwise NODE_ENV=test or development makes oclif look for TypeScript sources and a compiler.
  settings.enableAutoTranspile = false
  // An error that nobody waits for is told like any other, not with a page of Node's.
  process.once('uncaughtException', (error) => {
    process.exit(report(error, argv))
  })
  try {
    // Commands are all there are: no plug-ins from the user's data directory.
    const result = await run(withHelpFlag(argv), { root, userPlugins: false, devPlugins: false })
    return codeOf(result)
  } catch (error) {
    return report(error, argv)
  }
}

/** `interlook help run` is `interlook run --help`. */
function withHelpFlag(argv: readonly string[]): string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv]
}

function codeOf(result: unknown): number {
  if (typeof result !== 'object' || result === null || !('exitCode' in result)) return exitCode('ok')
  return typeof result.exitCode === 'number' ? result.exitCode : exitCode('ok')
}

function report(error: unknown, argv: readonly string[]): number {
  const told = reportError(error)
  if (typeof told === 'number') return told
  const output = processOutput({ json: asksForJson(argv), quiet: false, noColor: true })
  output.document(documentOf(told))
  // The document says it all, but for the stack of a defect.
  if (!output.json || told.stack !== undefined) output.note(renderReport(told))
  return told.exitCode
}

/** Also right when the command line cannot be parsed. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json')
}
