import { type Answer, answerTo, problemFields, refreshAnswer } from './answer.js'
import { withDeadline } from './deadline.js'
import type { Context } from './define.js'
import { errorText, InterlookError, isInterlookError } from './errors.js'
import { byKey, listingChange, listingFault } from './listing.js'
import type { Extension, Message } from './message.js'
import { MessageLoop } from './message-loop.js'
import type { ListedService, Provider } from './provider.js'
import { type Service, serviceKey } from './service.js'

/** What the core asks a provider instead of listening to its messages. */
export interface ProviderListing {
  /** Harmless to repeat; `start` connects too. */
  connect(signal: AbortSignal): Promise<void>
  /** One complete listing that keeps the rules of a service, or throws; by the deadline of the context at the latest. */
  list(signal: AbortSignal): Promise<ListedService[]>
  /** Runs until `signal` aborts or the watch breaks; without a watch of the provider's own it only waits. */
  watch(onChange: () => void, signal: AbortSignal): Promise<void>
  /** False when the provider says nothing by itself and must be listed from time to time. */
  canWatch: boolean
  /** The same as `stop`. */
  close(): Promise<void>
}

/** A provider as the core sees it: an Extension whose listings can be asked for. */
export interface ServedProvider extends Extension {
  readonly listing: ProviderListing
}

/**
 * Makes an Extension of `list` and `watch`. Where only messages are understood it pushes `add` for what is listed
 * and `delete` for what vanished between two complete listings, and answers `refresh` with `add` or `delete`.
 */
export function serveProvider(provider: Provider, context: Context): ServedProvider {
  const pusher: ListingPusher = new ListingPusher((signal) => list(signal), context)
  const loop: MessageLoop = new MessageLoop({
    context,
    ...(provider.connect && { connect: provider.connect.bind(provider) }),
    ...(provider.close && { close: provider.close.bind(provider) }),
    answer: (batch) => pusher.answer(batch, loop.stopping),
  })

  const list = (signal: AbortSignal): Promise<ListedService[]> =>
    withDeadline((deadline) => checkedList(provider, context, deadline), {
      clock: context.clock,
      ms: context.deadlineMs,
      what: `the listing of ${context.id}`,
      signal: AbortSignal.any([signal, loop.stopping]),
    })
  const watch = async (onChange: () => void, signal: AbortSignal): Promise<void> => {
    if (provider.watch !== undefined) await provider.watch(onChange, signal)
    else await aborted(signal)
  }

  return {
    async start(receive, send) {
      await loop.start(receive, send)
      void loop.track(pusher.push(send, loop.stopping))
      const onChange = (): void => {
        void loop.track(pusher.push(send, loop.stopping))
      }
      void loop.track(
        watch(onChange, loop.stopping).catch((error: unknown) => {
          context.logger.error({ error: errorText(error) }, 'the watch of the provider broke')
        }),
      )
    },
    stop: () => loop.stop(),
    listing: {
      connect: (signal) => loop.connect(signal),
      list: (signal) => loop.track(list(signal)),
      watch: (onChange, signal) => {
        const ends = AbortSignal.any([signal, loop.stopping])
        return loop.track(watch(onChange, ends))
      },
      canWatch: provider.watch !== undefined,
      close: () => loop.stop(),
    },
  }
}

async function checkedList(
  provider: Provider,
  context: Context,
  signal: AbortSignal,
): Promise<ListedService[]> {
  let listed: ListedService[]
  try {
    listed = await provider.list(signal)
  } catch (error) {
    if (isInterlookError(error)) throw error
    const text = `${context.id} gave no complete listing: ${errorText(error)}`
    throw new InterlookError('provider-unlisted', text, { retryable: true, cause: error })
  }
  // A listing that went on after it was cut short may lack what was not read any more.
  if (signal.aborted) throw signal.reason
  const fault = listingFault(listed, context.id)
  if (fault === undefined) return listed
  throw new InterlookError('provider-unlisted', `${context.id} gave no usable listing: ${fault}`, {
    retryable: true,
  })
}

/** Turns listings into messages. */
class ListingPusher {
  private readonly list: (signal: AbortSignal) => Promise<ListedService[]>
  private readonly context: Context
  private known: ReadonlyMap<string, ListedService> = new Map()
  private pushing: Promise<void> | undefined
  private isDirty = false

  constructor(list: (signal: AbortSignal) => Promise<ListedService[]>, context: Context) {
    this.list = list
    this.context = context
  }

  /** Lists and pushes what changed. A call during another one makes that one list once more. */
  push(send: (message: Answer) => Promise<void>, stopping: AbortSignal): Promise<void> {
    this.isDirty = true
    this.pushing ??= this.pushAll(send, stopping).finally(() => {
      this.pushing = undefined
    })
    return this.pushing
  }

  /** One listing answers a whole batch of `refresh`. */
  async answer(batch: Message[], stopping: AbortSignal): Promise<Answer[]> {
    const { id } = this.context
    const isAsked = batch.some((message) => message.action === 'refresh')
    const listed = byKey(isAsked ? await this.list(stopping) : [])
    return batch.map((message) => {
      if (message.action !== 'refresh') {
        const text = `${id} is a provider and does not take ${message.action}`
        return answerTo(message, id, {
          problem: { code: 'extension-contract', message: text, retryable: false },
        })
      }
      const item = listed.get(serviceKey(message.service))
      return { ...refreshAnswer(message, id, item?.service), ...problemFields(item?.problem) }
    })
  }

  private async pushAll(send: (message: Answer) => Promise<void>, stopping: AbortSignal): Promise<void> {
    while (this.isDirty && !stopping.aborted) {
      this.isDirty = false
      try {
        await this.pushOnce(send, stopping)
      } catch (error) {
        // No listing says nothing: neither that something is there nor that it is gone.
        this.context.logger.warn({ error: errorText(error) }, 'no complete listing')
      }
    }
  }

  private async pushOnce(send: (message: Answer) => Promise<void>, stopping: AbortSignal): Promise<void> {
    const listed = byKey(await this.list(stopping))
    const { present, vanished } = listingChange(this.known, listed)
    for (const { service, problem } of present) {
      await send({ ...this.message('add', service), ...problemFields(problem) })
    }
    for (const service of vanished) await send(this.message('delete', service))
    this.known = listed
  }

  private message(action: 'add' | 'delete', service: Service): Answer {
    return { action, sender: this.context.id, destination: '', service }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
