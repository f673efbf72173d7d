import {
  DefaultRenderer,
  Listr,
  type ListrDefaultRendererLogLevels,
  ListrLogger,
  type ListrTaskWrapper,
  ProcessOutput,
} from 'listr2'
import { InterlookError } from '../sdk/errors.js'
import type { TextStream } from './output.js'
import type { Progress, ProgressOptions, Stage } from './progress.js'

/** The part of a task that a stage moves. */
type Task = Pick<ListrTaskWrapper<unknown, never, never>, 'title' | 'output'>

/**
 * Stages as tasks on a terminal. Stages begun in one go stand side by side; one begun while others are shown follows
 * when they have ended, with what it has told by then.
 */
export function createTasks({ stream, redact }: Pick<ProgressOptions, 'stream' | 'redact'>): Progress {
  let waiting: OpenStage[] = []
  let open: OpenStage[] = []
  let running: Promise<void> | undefined
  const showNext = async (): Promise<void> => {
    // One turn later, so that stages begun together are shown together.
    await Promise.resolve()
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      // What cannot be shown, as on a terminal that went away, must not end the pass.
      await show(group, stream).catch(() => undefined)
    }
    running = undefined
  }
  return {
    stage(title) {
      const stage = new OpenStage(title, redact)
      waiting.push(stage)
      open = [...open.filter((one) => !one.isEnded), stage]
      running ??= showNext()
      return stage
    },
    async close() {
      for (const stage of open) stage.fail('cut short')
      await running
    },
  }
}

/** By itself it asks whether stdout is a terminal, while all of this goes to stderr. */
class TerminalRenderer extends DefaultRenderer {
  static override nonTTY = true
}

async function show(stages: readonly OpenStage[], stream: TextStream): Promise<void> {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Only a terminal comes here.
  const terminal = stream as NodeJS.WriteStream
  const logger = new ListrLogger<ListrDefaultRendererLogLevels>({
    processOutput: new ProcessOutput(terminal, terminal),
  })
  const listr = new Listr(
    stages.map((stage) => ({ title: stage.title, task: (_: unknown, task) => stage.follow(task) })),
    {
      concurrent: true,
      exitOnError: false,
      // Signals are the command's business.
      registerSignalListeners: false,
      renderer: TerminalRenderer,
      rendererOptions: { logger, collapseErrors: false },
    },
  )
  await listr.run()
}

class OpenStage implements Stage {
  readonly title: string
  readonly #redact: (text: string) => string
  #text = ''
  #task: Task | undefined
  #failure: InterlookError | undefined
  #finish: () => void = () => undefined
  readonly #ended: Promise<void>
  isEnded = false

  constructor(title: string, redact: (text: string) => string) {
    this.title = redact(title)
    this.#redact = redact
    this.#ended = new Promise((resolve) => {
      this.#finish = resolve
    })
  }

  update(text: string): void {
    if (this.isEnded) return
    this.#text = this.#redact(text)
    if (this.#task) this.#task.output = this.#text
  }

  done(text: string): void {
    this.update(text)
    this.#end()
  }

  fail(text: string): void {
    if (!this.isEnded) this.#failure = new InterlookError('backend-error', this.#redact(text))
    this.#end()
  }

  /** Runs as the task until the stage ends. */
  async follow(task: Task): Promise<void> {
    this.#task = task
    if (this.#text !== '') task.output = this.#text
    await this.#ended
    if (this.#failure) throw this.#failure
    if (this.#text !== '') task.title = `${this.title}: ${this.#text}`
  }

  #end(): void {
    this.isEnded = true
    this.#finish()
  }
}
