import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand, type Outcome } from '../../cli/base-command.js'
import { isGiven } from '../../cli/flag-types.js'

export default class ExtTest extends BaseCommand {
  static override summary = 'test configured extensions against their backends and the contract'
  static override description =
    'Connects, reads and checks the rights; nothing is written without --write. With it a canary service goes ' +
    'through create, same again, change, delete, and delete again.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> dns.hosts --write --address 192.0.2.1',
  ]
  static override strict = false
  static override args = {
    ID: Args.string({ description: 'extensions to test (else all of the workflow)' }),
  }
  static override flags = {
    write: Flags.boolean({ description: 'create, change and delete a canary service' }),
    address: Flags.string({
      helpValue: 'IP',
      dependsOn: ['write'],
      description: "the canary's address, for lb and dns",
    }),
  }

  override async run(): Promise<Outcome> {
    const { argv, flags } = await this.parse(ExtTest)
    const output = this.output(flags)
    const { prepareExtTest } = await import('../../cli/ext-test-setup.js')
    const { renderExtTest, runExtTest } = await import('../../cli/ext-test.js')
    const prepared = await prepareExtTest({ ...flags, write: isGiven(flags.write), ids: argv.map(String) })
    try {
      const { exitCode, reason, message, ...document } = await runExtTest(prepared.options)
      return this.finish(output, {
        exitCode,
        ...(reason !== undefined && { reason }),
        ...(message !== undefined && { message }),
        document,
        text: renderExtTest({ exitCode, ...document }),
      })
    } finally {
      prepared.close()
    }
  }
}
