import * as Flags from '@oclif/core/flags'
import { BaseCommand, type Outcome } from '../cli/base-command.js'
import { durationFlag, isGiven } from '../cli/flag-types.js'

export default class Reconcile extends BaseCommand {
  static override summary = 'one pass: list, read, compare, and send what is to be added and deleted'
  static override description =
    'For cron and by hand. With --dry-run it shows what a pass would do, takes no lock and changes no byte.'
  static override flags = {
    'dry-run': Flags.boolean({ description: 'show the plan and change nothing' }),
    'detailed-exitcode': Flags.boolean({
      description: 'with --dry-run: exit 2 when changes are pending',
      dependsOn: ['dry-run'],
    }),
    service: Flags.string({
      helpValue: 'GLOB',
      description: 'only services whose key matches, e.g. "provider.swarm/web*"',
    }),
    'allow-deletes': Flags.integer({
      helpValue: 'N',
      min: 0,
      description: 'let the guard pass up to N removals and moves in this pass',
    }),
    adopt: Flags.boolean({
      description: "take over unmarked objects and the earlier tool's",
    }),
    'adopt-from': Flags.string({
      helpValue: 'ID',
      multiple: true,
      multipleNonGreedy: true,
      description: 'take over objects of this owner',
    }),
    prune: Flags.boolean({
      description:
        'remove orphans: objects with our mark and no service, or of a step that the workflow lost',
    }),
    release: Flags.string({
      helpValue: 'KEY',
      multiple: true,
      multipleNonGreedy: true,
      description: 'remove a service that its policy retained',
    }),
    wait: durationFlag({ default: 0, description: 'wait this long for scheduled work (default 0s)' }),
    timeout: durationFlag({ description: 'end the pass after this long' }),
    'lock-timeout': durationFlag({
      default: 0,
      description: 'wait this long for another run to end (default 0s)',
    }),
    output: Flags.string({ helpValue: 'FILE', description: 'also write a report in Markdown' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> --dry-run --detailed-exitcode --output plan.md',
    '<%= config.bin %> <%= command.id %> --allow-deletes 40',
  ]

  override async run(): Promise<Outcome> {
    const { flags } = await this.parse(Reconcile)
    const output = this.output(flags)
    const { runReconcile } = await import('../cli/reconcile.js')
    const outcome = await runReconcile(
      {
        config: flags.config,
        logLevel: flags['log-level'],
        dryRun: isGiven(flags['dry-run']),
        detailedExitCode: isGiven(flags['detailed-exitcode']),
        service: flags.service,
        allowDeletes: flags['allow-deletes'],
        adopt: isGiven(flags.adopt),
        adoptFrom: flags['adopt-from'] ?? [],
        prune: isGiven(flags.prune),
        release: flags.release ?? [],
        waitMs: flags.wait,
        timeoutMs: flags.timeout,
        lockTimeoutMs: flags['lock-timeout'],
        outputFile: flags.output,
      },
      output,
    )
    return this.finish(output, outcome)
  }
}
