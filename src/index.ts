export { EXIT_CODES, type ExitCode, type ExitName } from './cli/exit-codes.js'
export { main } from './cli/main.js'
export { COMMANDS } from './commands/index.js'
export { InterlookError, REASONS, type Reason } from './sdk/errors.js'
