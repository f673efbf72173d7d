import type { Command } from '@oclif/core/command'
import ExtList from './ext/list.js'
import ExtTest from './ext/test.js'
import Reconcile from './reconcile.js'
import Run from './run.js'
import ValidateConfig from './validate-config.js'

/** Command id -> class. All are loaded on every run: what is heavy is imported inside `run`. */
export const COMMANDS: Record<string, Command.Class> = {
  'ext:list': ExtList,
  'ext:test': ExtTest,
  reconcile: Reconcile,
  run: Run,
  'validate-config': ValidateConfig,
}
