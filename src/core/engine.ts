/* eslint-disable max-lines -- one machine with one queue: its parts share every field. */
import { InterlookError, toProblem, type Problem } from '../sdk/errors.js'
import type { Clock } from '../sdk/clock.js'
import type { Logger } from '../sdk/logger.js'
import type { Message } from '../sdk/message.js'
import { serviceKey } from '../sdk/service.js'
import { answerProblem, readAnswer } from './answer.js'
import { Alarm } from './alarm.js'
import { recordOf, type Entry, type StepState } from './entry.js'
import { Lane } from './lane.js'
import { nextMove, type Move } from './move.js'
import type { Settings } from './settings.js'
import type { StepHandle } from './step-handle.js'
import type { Store } from './store.js'
import type { Effect, Event, TransitionContext } from './events.js'
import { transition } from './transition.js'

export interface EngineOptions {
  store: Store
  entries: Map<string, Entry>
  steps: readonly StepHandle[]
  settings: Settings
  clock: Clock
  logger: Logger
  random: () => number
  newId: () => string
  /** Called after every batch of progress: for counters on a screen. */
  onProgress?: () => void
  /** Called once when the store fails and the engine stands still. */
  onFault?: () => void
}

/**
 * The shell around the pure transition: a queue of keys, one message per entry at a time, bounded messages per
 * extension. Every intent is on disk before its message leaves; every outcome with the next commit.
 *
 *     enqueue -> ready (fresh before failed) -> pump: transition, commit, push -> answer -> enqueue ...
 */
export class Engine {
  readonly entries: Map<string, Entry>
  readonly #options: EngineOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #settleMs: Record<string, number> = {}
  readonly #fresh = new Set<string>()
  readonly #failed = new Set<string>()
  readonly #alarm: Alarm
  readonly #dirty = new Set<string>()
  readonly #removed = new Set<string>()
  /** Leaving entries by the heirs they wait for. */
  readonly #heirs = new Map<string, Set<string>>()
  readonly #idle: { resolve: () => void; reject: (error: unknown) => void }[] = []
  /** True when the hold before the present one kept anything back: then everything is to be looked at again. */
  wasHolding = false
  #held: ReadonlySet<string> = new Set()
  #pumping = false
  #stopping = false
  #fault: unknown

  constructor(options: EngineOptions) {
    this.#options = options
    this.entries = options.entries
    this.#alarm = new Alarm(options.clock, (key) => this.enqueue(key))
    for (const handle of options.steps) {
      this.#lanes.set(handle.id, new Lane(handle, options.settings.maxInFlight))
      this.#settleMs[handle.id] = handle.preview?.settleMs ?? 0
    }
    for (const entry of this.entries.values()) this.#noteHeirs(entry)
  }

  /** The store failed: nothing leaves any more. Undefined as long as all is well. */
  get fault(): unknown {
    return this.#fault
  }

  /** What the pure functions need to know of this moment. */
  context(): TransitionContext {
    const { settings, clock, random } = this.#options
    return { settings, settleMs: this.#settleMs, now: clock.now(), random: random() }
  }

  /** Providers whose services stay as they are now: they gave no listing. */
  hold(providers: ReadonlySet<string>): void {
    this.wasHolding = this.#held.size > 0
    this.#held = providers
  }

  /** Takes entries over that were decided elsewhere (an intake). They are on disk with the next commit. */
  adoptEntries(changed: Iterable<Entry>): void {
    for (const entry of changed) {
      this.#put(entry)
      this.enqueue(entry.key)
    }
  }

  /** Applies an event; true when it changed the entry. */
  feed(key: string, event: Event): boolean {
    const entry = this.entries.get(key)
    if (!entry) return false
    const next = transition(entry, event, this.context()).entry
    if (next === entry) return false
    this.#put(next)
    this.enqueue(key)
    return true
  }

  /** Forgets an entry. */
  remove(key: string): void {
    this.entries.delete(key)
    this.#dirty.delete(key)
    this.#removed.add(key)
    this.#alarm.delete(key)
    this.#schedulePump()
  }

  enqueue(key: string): void {
    const entry = this.entries.get(key)
    if (!entry) return
    const hasFailed = Object.values(entry.steps).some((record) => record.error !== undefined)
    ;(hasFailed ? this.#failed : this.#fresh).add(key)
    this.#schedulePump()
  }

  /** Number of messages whose answer is awaited. */
  get inFlight(): number {
    let sum = 0
    for (const lane of this.#lanes.values()) sum += lane.inFlight
    return sum
  }

  /** When the next entry is due, wall clock ms; answers awaited do not count. */
  nextDue(): number | undefined {
    let next: number | undefined
    for (const [key, at] of this.#alarm.entries()) {
      const entry = this.entries.get(key)
      if (entry === undefined || Object.values(entry.steps).some((record) => record.inFlight)) continue
      if (next === undefined || at < next) next = at
    }
    return next
  }

  /** Resolves when nothing is ready and nothing is in flight; rejects when the store fails. */
  idle(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#idle.push({ resolve, reject })
      this.#schedulePump()
    })
  }

  /** No message leaves any more; resolves when those in flight are answered, or at `signal`. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#stopping = true
    this.#fresh.clear()
    this.#failed.clear()
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    if (this.inFlight > 0) await Promise.race([this.idle().catch(() => undefined), aborted])
    this.#alarm.stop()
    this.#commit()
  }

  /** An extension answered. Late, double and foreign answers are dropped with a warning. */
  answer(step: string, message: Message): void {
    const { logger } = this.#options
    const lane = this.#lanes.get(step)
    const key = serviceKey(message.service)
    const entry = this.entries.get(key)
    const record = entry ? recordOf(entry, step) : undefined
    const id = message.id ?? record?.inFlight
    if (!lane || !entry || record?.inFlight === undefined || record.inFlight !== id) {
      logger.warn({ step, service: key, id: message.id }, 'late or unasked answer dropped')
      return
    }
    const problem = answerProblem(step, message)
    const read = readAnswer(this.#options.steps, step, message, record.sent?.service ?? entry.service)
    const isAmbiguous = message.id === undefined && !matches(record.state, message.action, read.ignored)
    if (isAmbiguous) {
      logger.warn({ step, service: key }, 'answer without id fits no message in flight; dropped')
      return
    }
    for (const field of read.ignored) {
      logger.warn({ step, service: key, field }, 'an answer changed what is not its to change; ignored')
    }
    this.#landed(lane, problem)
    this.#log(step, key, problem)
    this.#noteRoom(lane, key, record.state === 'removing', problem)
    this.feed(key, {
      type: 'answered',
      step,
      id: record.inFlight,
      outputs: read.outputs,
      ...(problem && { problem }),
    })
    this.enqueue(key)
  }

  #landed(lane: Lane, problem: Problem | undefined): void {
    const until = lane.landed(problem, this.#options.clock.now())
    if (until !== undefined) {
      const fields = { step: lane.handle.id, until: new Date(until).toISOString() }
      this.#options.logger.warn(fields, 'backend is failing; it is left alone for a while')
    }
  }

  #log(step: string, service: string, problem: Problem | undefined): void {
    const { logger } = this.#options
    if (problem === undefined) logger.debug({ step, service }, 'step answered')
    else if (problem.code === 'pending')
      logger.info({ step, service, reason: problem.code }, 'step asks to wait')
    else {
      logger.warn({ step, service, reason: problem.code, error: problem.message }, 'step failed')
    }
  }

  #noteRoom(lane: Lane, key: string, isDelete: boolean, problem: Problem | undefined): void {
    if (problem?.code === 'address-exhausted' || problem?.code === 'address-taken') lane.starved.add(key)
    else lane.starved.delete(key)
    if (!isDelete || problem) return
    for (const starved of lane.starved) this.feed(starved, { type: 'retry-now' })
  }

  #put(entry: Entry): void {
    this.entries.set(entry.key, entry)
    this.#removed.delete(entry.key)
    this.#dirty.add(entry.key)
    this.#noteHeirs(entry)
  }

  #noteHeirs(entry: Entry): void {
    for (const heir of entry.heirs) {
      const waiting = this.#heirs.get(heir) ?? new Set()
      waiting.add(entry.key)
      this.#heirs.set(heir, waiting)
    }
  }

  #schedulePump(): void {
    if (this.#pumping) return
    this.#pumping = true
    setImmediate(() => {
      this.#pumping = false
      try {
        this.#pump()
      } catch (error) {
        this.#fail(error)
      }
    })
  }

  #fail(error: unknown): void {
    const isNew = this.#fault === undefined
    this.#fault = error
    if (isNew) this.#options.onFault?.()
    this.#stopping = true
    this.#alarm.stop()
    for (const waiter of this.#idle.splice(0)) waiter.reject(error)
  }

  #pump(): void {
    if (this.#fault !== undefined) {
      this.#fail(this.#fault)
      return
    }
    const effects: Effect[] = []
    for (const key of [...this.#fresh, ...this.#failed]) {
      this.#fresh.delete(key)
      this.#failed.delete(key)
      this.#work(key, effects)
    }
    this.#commit()
    for (const effect of effects) this.#lanes.get(effect.step)?.handle.push(effect.message)
    for (const lane of this.#lanes.values()) {
      for (const key of lane.takeWaiting(this.#options.clock.now())) this.enqueue(key)
    }
    this.#options.onProgress?.()
    this.#alarm.arm()
    if (this.#fresh.size + this.#failed.size > 0) this.#schedulePump()
    else if (this.inFlight === 0) for (const waiter of this.#idle.splice(0)) waiter.resolve()
  }

  /** Moves one entry on until it waits or a message of it is out. */
  #work(key: string, effects: Effect[]): void {
    for (;;) {
      const entry = this.entries.get(key)
      if (!entry) return
      const { steps } = this.#options.settings
      const context = this.context()
      const move = nextMove(entry, steps, context.now)
      if (move.kind === 'none' || move.kind === 'wait') {
        if (this.#expire(entry, move, context)) continue
        this.#rest(entry, move)
        return
      }
      if ((move.kind === 'add' || move.kind === 'delete') && !this.#admit(entry, move)) return
      const result = transition(entry, { type: 'go', id: this.#options.newId() }, context)
      if (result.entry === entry) return
      this.#put(result.entry)
      for (const effect of result.effects) this.#lanes.get(effect.step)?.sent()
      effects.push(...result.effects)
    }
  }

  /** Is there a running extension, a free slot, a closed breaker, and no freeze? */
  #admit(entry: Entry, move: Move & { step: string }): boolean {
    const lane = this.#lanes.get(move.step)
    if (!lane || this.#stopping) return false
    if (this.#held.has(entry.service.provider)) return false
    const obstacle = lane.obstacle(this.#options.clock.now())
    if (obstacle === undefined) return true
    if (obstacle.kind === 'open') this.#alarm.set(entry.key, obstacle.until)
    else lane.waiting.add(entry.key)
    return false
  }

  /** An answer that is overdue is given up. */
  #expire(entry: Entry, move: Move, context: TransitionContext): boolean {
    if (move.kind !== 'wait' || move.what !== 'answer' || move.step === undefined) return false
    if (move.until === undefined || move.until > context.now) return false
    const lane = this.#lanes.get(move.step)
    const id = recordOf(entry, move.step).inFlight
    if (!lane || id === undefined) return false
    const next = transition(entry, { type: 'timed-out', step: move.step, id }, context).entry
    const problem = recordOf(next, move.step).error
    this.#landed(lane, problem)
    this.#log(move.step, entry.key, problem)
    this.#put(next)
    return true
  }

  #rest(entry: Entry, move: Move): void {
    if (move.kind === 'wait' && move.until !== undefined) this.#alarm.set(entry.key, move.until)
    else this.#alarm.delete(entry.key)
    const isSettled = move.kind === 'none' || (move.kind === 'wait' && move.what === 'hold')
    if (!isSettled) return
    for (const leaving of this.#heirs.get(entry.key) ?? []) {
      const waits = this.entries.get(leaving)
      if (waits?.heirs.includes(entry.key)) this.feed(leaving, { type: 'inherited', heirs: [entry.key] })
    }
    this.#heirs.delete(entry.key)
  }

  #commit(): void {
    if (this.#dirty.size + this.#removed.size === 0) return
    const put: Entry[] = []
    for (const key of this.#dirty) {
      const entry = this.entries.get(key)
      if (entry) put.push(entry)
    }
    this.#options.store.commit({ put, remove: [...this.#removed] })
    this.#dirty.clear()
    this.#removed.clear()
  }
}

/** Does an answer without an id speak of the message in flight? */
function matches(state: StepState, action: Message['action'], ignored: readonly string[]): boolean {
  const isDelete = state === 'removing'
  return isDelete === (action === 'delete') && (isDelete || !ignored.includes('definition'))
}

/** A fault of the engine itself, for callers that only have the thrown value. */
export function engineFault(error: unknown): InterlookError {
  if (error instanceof InterlookError) return error
  const problem = toProblem(error)
  return new InterlookError(problem.code, problem.message, { cause: error })
}
