import { BaseCommand, type Outcome } from '../../cli/base-command.js'
import { findConfigFileIfAny } from '../../cli/config-path.js'

export default class ExtList extends BaseCommand {
  static override summary = 'list the extensions: known, configured, in the workflow'
  static override description = 'Works without a configuration; with one it also tells what that one uses.'
  static override examples = ['<%= config.bin %> <%= command.id %> --json']

  override async run(): Promise<Outcome> {
    const { flags } = await this.parse(ExtList)
    const output = this.output(flags)
    const { registry } = await import('../../extensions/index.js')
    const { readUsableConfig } = await import('../../cli/read-config.js')
    const { listExtensions, renderExtensions } = await import('../../cli/extension-list.js')
    const file = findConfigFileIfAny(flags.config)
    const config = file === undefined ? undefined : await readUsableConfig(file, 'check')
    const extensions = await listExtensions(config?.registry ?? registry(), config)
    return this.finish(output, {
      exitCode: 0,
      document: { ...(file !== undefined && { config: file }), extensions },
      text: await renderExtensions(extensions, output),
    })
  }
}
