import { BaseCommand, type Outcome } from '../cli/base-command.js'
import { durationFlag } from '../cli/flag-types.js'

export default class Run extends BaseCommand {
  static override summary = 'the daemon: watch the providers and keep the edge true'
  static override description =
    'Runs until SIGTERM or SIGINT, lets work in flight end, and exits 0. A second signal ends it at once.'
  static override flags = {
    'lock-timeout': durationFlag({
      default: 0,
      description: 'wait this long for another run to end (default 0s)',
    }),
  }
  static override examples = ['<%= config.bin %> <%= command.id %> --config /etc/interlook/interlook.yml']

  override async run(): Promise<Outcome> {
    const { flags } = await this.parse(Run)
    const output = this.output(flags)
    const { runUntilStopped } = await import('../cli/daemon.js')
    const outcome = await runUntilStopped(
      { config: flags.config, logLevel: flags['log-level'], lockTimeoutMs: flags['lock-timeout'] },
      output,
    )
    return this.finish(output, outcome)
  }
}
