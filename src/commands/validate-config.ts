import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand, type Outcome } from '../cli/base-command.js'

export default class ValidateConfig extends BaseCommand {
  static override summary = 'check configuration files, offline'
  static override description =
    'Needs no secrets and opens no connection: what only the target machine has (variables, files, certificates) is a warning.'
  static override args = {
    file: Args.string({ multiple: true, description: 'files to check (else the file of --config)' }),
  }
  static override flags = {
    strict: Flags.boolean({
      description: 'an unset variable, an unreadable file or a missing certificate is an error',
    }),
    'print-schema': Flags.boolean({
      description: 'print the JSON Schema of the configuration and check nothing',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --strict staging.yml production.yml',
  ]

  override async run(): Promise<Outcome> {
    const { flags, args } = await this.parse(ValidateConfig)
    const output = this.output(flags)
    if (flags['print-schema']) return this.finish(output, await this.schema())
    const { checkFiles } = await import('../cli/check-files.js')
    const { config, strict, quiet } = flags
    return this.finish(output, await checkFiles({ files: args.file, config, strict, quiet }))
  }

  private async schema(): Promise<Outcome> {
    const { configJsonSchema } = await import('../cli/config-schema.js')
    const schema = await configJsonSchema()
    return { exitCode: 0, document: { schema }, text: JSON.stringify(schema, undefined, 2) }
  }
}
