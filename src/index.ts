/** The library surface, light to import: what is heavy is loaded by the functions that need it. */
export { configJsonSchema, configKeys } from './cli/config-schema.js'
export { EXIT_CODES, type ExitCode, type ExitName } from './cli/exit-codes.js'
export { main } from './cli/main.js'
export { COMMANDS } from './commands/index.js'
export type { ReferenceRow } from './config/reference.js'
export { InterlookError, REASONS, type Reason } from './sdk/errors.js'
