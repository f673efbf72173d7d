import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand, type Outcome } from '../cli/base-command.js'

export default class ValidateConfig extends BaseCommand {
  static override summary = 'check configuration files, offline: no secrets needed, no connection opened'
  static override args = {
    file: Args.string({ multiple: true, description: 'files to check (else the file of --config)' }),
  }
  static override flags = {
    strict: Flags.boolean({ description: 'warnings are errors' }),
  }

  override async run(): Promise<Outcome> {
    const { flags, args } = await this.parse(ValidateConfig)
    const output = this.output(flags)
    return this.finish(output, { exitCode: 0, document: { args }, text: JSON.stringify(args) })
  }
}
