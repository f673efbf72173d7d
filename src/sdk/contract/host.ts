import { type Channel, createChannel } from '../channel.js'
import type { Clock } from '../clock.js'
import { errorText } from '../errors.js'
import type { Extension, Message } from '../message.js'
import type { Waits } from './harness.js'

/** One message to the extension and what came back. */
export interface Exchange {
  label: string
  message: Message
  /** The extension took it from `receive` without delay. */
  isTaken: boolean
  answers: Message[]
  /** Writes that the backend saw meanwhile; undefined when nobody counts. */
  writes?: number
}

/** How a call of `start` or `stop` ended. */
export interface CallReport {
  ended: 'well' | 'rejected' | 'hung'
  error?: string
}

export interface HostOptions {
  clock: Clock
  waits: Waits
  hear: (said: unknown) => void
  /** Calls the extension in its own name. */
  within: (work: () => Promise<void>) => Promise<void>
  /** True for a provider: a message of its own is no answer. */
  canPush: boolean
}

/** Plays the core for one extension: gives messages, takes answers, and notes who broke which rule. */
export class Host {
  /** Messages that are no answer to anything: what a provider pushes, or what nobody asked for. */
  readonly pushed: Message[] = []
  readonly sentAfterStop: Message[] = []
  readsAfterStop = 0
  private isStopped = false
  private readonly channel: Channel<Message> = createChannel()
  private readonly exchanges: Exchange[] = []
  private readonly taken = new Set<string>()
  private readonly extension: Extension
  private readonly clock: Clock
  private readonly waits: Waits
  private readonly hear: (said: unknown) => void
  private readonly within: HostOptions['within']
  private readonly canPush: boolean
  private wakers: (() => void)[] = []

  constructor(extension: Extension, options: HostOptions) {
    this.extension = extension
    this.clock = options.clock
    this.waits = options.waits
    this.hear = options.hear
    this.within = options.within
    this.canPush = options.canPush
  }

  start(): Promise<CallReport> {
    return this.call(
      () => this.extension.start(this.receive(), (message) => this.take(message)),
      this.waits.startMs,
    )
  }

  /** Ends `receive` and stops. */
  async stop(): Promise<CallReport> {
    this.channel.close()
    const report = await this.call(() => this.extension.stop(), this.waits.stopMs)
    this.isStopped = report.ended !== 'hung'
    return report
  }

  /** Gives a message without waiting for anything. */
  give(label: string, message: Pick<Message, 'action' | 'service' | 'previous'>): Exchange {
    const id = `${label}-${this.exchanges.length + 1}`
    const exchange: Exchange = {
      label,
      message: { ...message, id, sender: 'core', destination: 'extension' },
      isTaken: false,
      answers: [],
    }
    this.exchanges.push(exchange)
    // What the extension does to its copy must not change what we compare with.
    this.channel.push(structuredClone(exchange.message))
    return exchange
  }

  /** Gives a message and waits for its answer, or until it is overdue. */
  async ask(label: string, message: Pick<Message, 'action' | 'service' | 'previous'>): Promise<Exchange> {
    const exchange = this.give(label, message)
    exchange.isTaken = await this.until(() => this.hasTaken(exchange), this.waits.quietMs)
    await this.until(() => exchange.answers.length > 0, this.waits.answerMs)
    return exchange
  }

  hasTaken(exchange: Exchange): boolean {
    return this.taken.has(exchange.message.id ?? '')
  }

  /** Waits until nothing was said for a while, but at most as long as for an answer. */
  async quiet(): Promise<void> {
    const end = this.clock.now() + this.waits.answerMs
    let heard = -1
    while (heard !== this.heard && this.clock.now() < end) {
      heard = this.heard
      await this.clock.sleep(this.waits.quietMs)
    }
  }

  /** Waits for `condition`; false when it did not come true in time. */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    const timer = new AbortController()
    const end = this.clock.now() + ms
    while (!condition()) {
      const left = end - this.clock.now()
      if (left <= 0) return false
      const woken = new Promise<void>((resolve) => this.wakers.push(resolve))
      await Promise.race([woken, this.clock.sleep(left, timer.signal)])
    }
    timer.abort()
    return true
  }

  private get heard(): number {
    return (
      this.pushed.length +
      this.sentAfterStop.length +
      this.exchanges.reduce((sum, exchange) => sum + exchange.answers.length, 0)
    )
  }

  private async call(work: () => Promise<void>, ms: number): Promise<CallReport> {
    const done = new AbortController()
    // A method that throws at once, or gives no promise, counts like one that rejects or resolves.
    const ended = this.within(async () => work()).then(
      (): CallReport => ({ ended: 'well' }),
      (error: unknown): CallReport => {
        this.hear(errorText(error))
        return { ended: 'rejected', error: errorText(error) }
      },
    )
    const hung = this.clock.sleep(ms, done.signal).then((): CallReport => ({ ended: 'hung' }))
    const report = await Promise.race([ended, hung])
    done.abort()
    return report
  }

  private receive(): AsyncIterable<Message> {
    return {
      [Symbol.asyncIterator]: () => {
        const iterator = this.channel[Symbol.asyncIterator]()
        return {
          next: async () => {
            if (this.isStopped) this.readsAfterStop += 1
            const next = await iterator.next()
            if (!next.done && next.value.id !== undefined) this.taken.add(next.value.id)
            this.wake()
            return next
          },
          return: async () => {
            await iterator.return?.()
            return { done: true, value: undefined }
          },
        }
      },
    }
  }

  private take(message: Message): Promise<void> {
    this.hear(message)
    if (this.isStopped) this.sentAfterStop.push(message)
    else this.exchangeOf(message)?.answers.push(message)
    this.wake()
    return Promise.resolve()
  }

  /** By id. What carries no known id can only answer the last message, unless it is a push. */
  private exchangeOf(message: Message): Exchange | undefined {
    const known = this.exchanges.find((exchange) => exchange.message.id === message.id)
    const last = this.exchanges.at(-1)
    const exchange = known ?? (!this.canPush && last?.answers.length === 0 ? last : undefined)
    if (exchange === undefined) this.pushed.push(message)
    return exchange
  }

  private wake(): void {
    const wakers = this.wakers
    this.wakers = []
    for (const waker of wakers) waker()
  }
}
