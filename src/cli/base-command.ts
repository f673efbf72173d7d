import { Command } from '@oclif/core/command'
import * as Flags from '@oclif/core/flags'
import type { Reason } from '../sdk/errors.js'
import { LOG_LEVELS, type LogLevel, parseLogLevel } from './log-level.js'
import { type Output, processOutput } from './output.js'

/** How a command ended: what it prints, in both forms, and the exit code. */
export interface Outcome {
  exitCode: number
  /** The reason code behind an exit code that tells of trouble. */
  reason?: Reason
  /** One sentence to go with `reason`. */
  message?: string
  /** The rest of the `--json` document; its shape is published. */
  document: object
  /** The same for people; an empty text prints nothing. */
  text: string
}

/** The flags that every command takes. */
export const globalFlags = {
  config: Flags.string({
    char: 'c',
    aliases: ['conf'],
    env: 'INTERLOOK_CONFIG',
    helpGroup: 'GLOBAL',
    helpValue: 'FILE',
    description: 'configuration file (else ./interlook.yml, then /etc/interlook/interlook.yml)',
  }),
  json: Flags.boolean({
    helpGroup: 'GLOBAL',
    description: 'print one JSON document on stdout, also on errors',
  }),
  quiet: Flags.boolean({
    helpGroup: 'GLOBAL',
    description: 'print nothing when there is nothing to tell',
  }),
  'log-level': Flags.custom<LogLevel>({
    helpGroup: 'GLOBAL',
    helpValue: LOG_LEVELS.join('|'),
    description: 'level of the log on stderr (else core.logLevel)',
    parse: (input) => Promise.resolve(parseLogLevel(input)),
  })(),
  'no-color': Flags.boolean({
    helpGroup: 'GLOBAL',
    description: 'no colours (also NO_COLOR)',
  }),
}

export abstract class BaseCommand extends Command {
  static override baseFlags = globalFlags

  protected output(flags: { json: boolean; quiet: boolean; 'no-color': boolean }): Output {
    return processOutput({ json: flags.json, quiet: flags.quiet, noColor: flags['no-color'] })
  }

  /** Prints the outcome in the form that was asked for. What `run` returns gives the exit code. */
  protected finish(output: Output, outcome: Outcome): Outcome {
    const { exitCode, reason, message, document, text } = outcome
    output.document({
      exitCode,
      ...(reason !== undefined && { reason }),
      ...(message !== undefined && { message }),
      ...document,
    })
    output.text(text)
    return outcome
  }

  /** Errors go on to `main`, which tells of them in one place. */
  protected override catch(error: Error): Promise<never> {
    return Promise.reject(error)
  }
}
