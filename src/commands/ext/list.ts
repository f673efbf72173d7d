import { BaseCommand, type Outcome } from '../../cli/base-command.js'

export default class ExtList extends BaseCommand {
  static override summary = 'list the extensions: known, configured, in the workflow'

  override async run(): Promise<Outcome> {
    const { flags } = await this.parse(ExtList)
    return this.finish(this.output(flags), { exitCode: 0, document: {}, text: '' })
  }
}
