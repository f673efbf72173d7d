import { type Answer, answerTo } from './answer.js'
import { splitBatch } from './batch.js'
import { type Channel, createChannel } from './channel.js'
import { withDeadline } from './deadline.js'
import type { Context } from './define.js'
import { errorText, InterlookError, toProblem } from './errors.js'
import type { Message } from './message.js'

export interface LoopOptions {
  context: Context
  connect?: (signal: AbortSignal) => Promise<void>
  close?: () => Promise<void>
  /** One answer per message of the batch. Messages of one batch are about different services. */
  answer: (batch: Message[]) => Promise<Answer[]>
}

/**
 * The life of a served extension: connect once, take messages in batches, answer each once, stop for good.
 *
 *     connect ---> start ---> [ take what is queued -> answer ]* ---> stop: end the loop, wait, close
 */
export class MessageLoop {
  private readonly options: LoopOptions
  private readonly inbox: Channel<Message> = createChannel()
  private readonly stopper = new AbortController()
  private readonly pending = new Set<Promise<unknown>>()
  private connecting: Promise<void> | undefined
  private isOpen = false
  private isStarted = false
  private stopped: Promise<void> | undefined
  private endReceive: () => void = () => undefined

  constructor(options: LoopOptions) {
    this.options = options
  }

  /** Aborts when `stop` is called: for reads, which may be cut short, never for writes. */
  get stopping(): AbortSignal {
    return this.stopper.signal
  }

  /** Opens what the extension needs; once, however often it is asked. Another try is possible after a failure. */
  connect(signal: AbortSignal): Promise<void> {
    this.connecting ??= this.open(signal).catch((error: unknown) => {
      this.connecting = undefined
      throw error
    })
    return this.connecting
  }

  async start(receive: AsyncIterable<Message>, send: (answer: Answer) => Promise<void>): Promise<void> {
    if (this.isStarted) throw new InterlookError('internal', `${this.id} was started twice`)
    this.isStarted = true
    await this.connect(this.stopping)
    if (this.stopping.aborted) throw stoppedError(this.id)
    const iterator = receive[Symbol.asyncIterator]()
    this.endReceive = () => void iterator.return?.()
    // Not tracked: an iterable without `return` may keep `next` waiting for ever.
    void this.pump(iterator)
    void this.track(this.run(send))
  }

  stop(): Promise<void> {
    this.stopped ??= this.shutDown()
    return this.stopped
  }

  /** `stop` waits for the promise. */
  track<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => undefined,
      () => undefined,
    )
    this.pending.add(settled)
    void settled.then(() => this.pending.delete(settled))
    return work
  }

  private get id(): string {
    return this.options.context.id
  }

  private async open(signal: AbortSignal): Promise<void> {
    const { connect, close, context } = this.options
    if (this.stopping.aborted) throw stoppedError(this.id)
    this.isOpen = true
    if (connect === undefined) return
    await this.track(
      withDeadline(connect, {
        clock: context.clock,
        ms: context.deadlineMs,
        what: `connecting ${this.id}`,
        signal: AbortSignal.any([signal, this.stopping]),
        // Nobody waits for it any more; should it come to an end, it may have opened something.
        onLate: (work) => void work.then(close).catch(() => undefined),
      }),
    )
  }

  private async pump(iterator: AsyncIterator<Message>): Promise<void> {
    try {
      for (;;) {
        const next = await iterator.next()
        if (next.done || !this.inbox.push(next.value)) break
      }
    } catch (error) {
      this.options.context.logger.error({ error: errorText(error) }, 'the channel from the core broke')
    } finally {
      this.inbox.close()
    }
  }

  private async run(send: (answer: Answer) => Promise<void>): Promise<void> {
    let queue: Message[] = []
    for await (const first of this.inbox) {
      await this.allQueued()
      queue = [first, ...this.inbox.takeAll()]
      while (queue.length > 0) {
        const { batch, rest } = splitBatch(queue)
        await this.handle(batch, send)
        queue = [...rest, ...this.inbox.takeAll()]
      }
    }
  }

  /** What the core has queued needs some microtasks to arrive here; a batch is all of it. */
  private async allQueued(): Promise<void> {
    for (let seen = -1; seen !== this.inbox.size; ) {
      seen = this.inbox.size
      for (let tick = 0; tick < 8; tick += 1) await Promise.resolve()
    }
  }

  private async handle(batch: Message[], send: (answer: Answer) => Promise<void>): Promise<void> {
    for (const answer of await this.answers(batch)) {
      try {
        await send(answer)
      } catch (error) {
        this.options.context.logger.error({ error: errorText(error) }, 'the core did not take an answer')
      }
    }
  }

  private async answers(batch: Message[]): Promise<Answer[]> {
    try {
      // What had not begun when `stop` was called is not begun any more.
      if (this.stopping.aborted) throw stoppedError(this.id)
      return await this.options.answer(batch)
    } catch (error) {
      const problem = toProblem(error)
      return batch.map((message) => answerTo(message, this.id, { problem }))
    }
  }

  private async shutDown(): Promise<void> {
    this.stopper.abort(stoppedError(this.id))
    this.endReceive()
    // A message that was on its way here still gets its answer.
    await this.allQueued()
    this.inbox.close()
    // Work that ends may leave more behind: a late `apply` is tracked only when its deadline is over.
    while (this.pending.size > 0) await Promise.all(this.pending)
    if (this.isOpen) await this.options.close?.()
  }
}

function stoppedError(id: string): InterlookError {
  return new InterlookError('aborted', `${id} is stopping`, { retryable: true })
}
