import { inspect } from 'node:util'
import { withDeadline } from '../deadline.js'
import { errorText } from '../errors.js'
import type { Logger } from '../logger.js'
import type { Extension } from '../message.js'
import { type Served, serve } from '../serve.js'
import type { ContractHarness } from './harness.js'
import { type CallReport, Host } from './host.js'
import { OpenResources } from './open-resources.js'

/** What a check found. */
export interface Verdict {
  status: 'ok' | 'failed' | 'skipped'
  /** Why it failed or was skipped. */
  detail?: string
}

export const ok: Verdict = { status: 'ok' }
export const failed = (detail: string): Verdict => ({ status: 'failed', detail })
export const skipped = (detail: string): Verdict => ({ status: 'skipped', detail })

/** How the end of an extension went. */
export interface EndReport {
  stop: CallReport
  again: CallReport
  /** What it left open, one word each. */
  leftOpen: string[]
}

/** An extension in the hands of the checks. */
export interface Subject {
  served: Served
  host: Host
  /** Stops it, twice, listens for a while, and looks what is left. */
  end(): Promise<EndReport>
}

/** One run of the checks: the scenarios that were played, each once, and everything that was said in them. */
export class Session {
  readonly harness: ContractHarness
  private readonly said: unknown[] = []
  private readonly played = new Map<string, Promise<unknown>>()
  private written = 0
  /** What the extension tells of its backend. */
  facts: Record<string, string | number> = {}

  constructor(harness: ContractHarness) {
    this.harness = harness
  }

  /** Plays a scenario the first time that a check asks for it. */
  once<T>(name: string, play: () => Promise<T>): Promise<T> {
    const known = this.played.get(name)
    // The name stands for the function, so the type is the one that it gave.
    if (known !== undefined) return known as Promise<T>
    const playing = play()
    this.played.set(name, playing)
    return playing
  }

  /**
   * Creates the extension anew, on the same backend; as for a dry run where nothing may be written.
   * Throws what `create` throws.
   */
  open(options: { config?: unknown; dryRun?: boolean } = {}): Subject {
    const { harness } = this
    const resources = new OpenResources()
    const context = {
      ...harness.context,
      dryRun: options.dryRun ?? harness.readOnly !== undefined,
      logger: this.listen(harness.context.logger),
    }
    const config = 'config' in options ? options.config : harness.config
    const hooks = {
      onChange: () => {
        this.written += 1
      },
    }
    const served = resources.run(() => serve(harness.definition, config, context, hooks))
    const host = this.hostOf(served.extension, resources)
    return { served, host, end: () => this.end(host, resources) }
  }

  /** Writes so far: as the backend counts, else as the SDK does; undefined when neither can. */
  async writes(served: Served): Promise<number | undefined> {
    const { backend } = this.harness
    if (backend?.writes !== undefined) return backend.writes()
    return served.form === 'provisioner' ? this.written : undefined
  }

  /** Runs a read of the backend with the deadline of an answer. */
  within<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { context, waits } = this.harness
    return withDeadline(work, { clock: context.clock, ms: waits.answerMs, what })
  }

  hear(said: unknown): void {
    this.said.push(said instanceof Error ? errorText(said) : said)
  }

  /** True when something that was said holds `text`. */
  heard(text: string): boolean {
    return this.said.some((said) => inspect(said, { depth: null, maxStringLength: null }).includes(text))
  }

  private hostOf(extension: Extension, resources: OpenResources): Host {
    const { context, waits } = this.harness
    return new Host(extension, {
      clock: context.clock,
      waits,
      within: (work) => resources.run(work),
      hear: (said) => this.hear(said),
      canPush: this.harness.definition.kind === 'provider',
    })
  }

  private async end(host: Host, resources: OpenResources): Promise<EndReport> {
    const stop = await host.stop()
    const again = stop.ended === 'well' ? await host.stop() : stop
    await host.quiet()
    const { clock } = this.harness.context
    // Sockets and the like close a moment after they were told to.
    for (let tries = 0; resources.list().length > 0 && tries < 5; tries += 1) {
      await clock.sleep(this.harness.waits.quietMs)
    }
    const leftOpen = resources.list()
    resources.release()
    return { stop, again, leftOpen }
  }

  private listen(logger: Logger): Logger {
    const heard =
      (level: keyof Logger) =>
      (fields: Record<string, unknown>, message: string): void => {
        this.hear({ fields, message })
        logger[level](fields, message)
      }
    return { debug: heard('debug'), info: heard('info'), warn: heard('warn'), error: heard('error') }
  }
}
