import type { Clock } from '../sdk/clock.js'
import { toProblem, type Problem } from '../sdk/errors.js'
import type { Logger } from '../sdk/logger.js'
import type { AdoptRule } from '../sdk/provisioner.js'
import type { Service } from '../sdk/service.js'
import { Engine } from './engine.js'
import type { Entry } from './entry.js'
import type { ProviderFeed } from './feeds.js'
import type { Rekeyed } from './match-imported.js'
import type { ChangeRecord } from './plan.js'
import type { Settings } from './settings.js'
import type { StepHandle } from './step-handle.js'
import type { Store } from './store.js'
import type { TransitionContext } from './events.js'
import { transition } from './transition.js'

/** Reports where a pass is; the terminal side makes tasks or lines of it. */
export interface PassProgress {
  stage(title: string): { update(text: string): void; done(text: string): void; fail(text: string): void }
}

export const silentProgress: PassProgress = {
  stage: () => ({ update: () => undefined, done: () => undefined, fail: () => undefined }),
}

export interface ControllerParts {
  settings: Settings
  store: Store
  steps: readonly StepHandle[]
  /** Steps that the workflow has lost, started because what they made is to go. */
  lostSteps?: readonly StepHandle[]
  feeds: readonly ProviderFeed[]
  clock: Clock
  logger: Logger
  random: () => number
  newId: () => string
}

/** Everything that a pass and the daemon work on. Holds state; decides nothing. */
export class Controller {
  readonly parts: ControllerParts
  readonly entries: Map<string, Entry>
  readonly engine: Engine
  /** Writes that were done, oldest first. A daemon collects none: they would fill its memory. */
  readonly changes: ChangeRecord[] = []
  collectsChanges = true
  /** Steps whose backend could not be read in the last pass. */
  readonly unread = new Map<string, Problem>()
  /** Imported entries that got another key, not on disk yet. */
  readonly rekeyed: Rekeyed[] = []
  onProgress: (() => void) | undefined
  onFault: (() => void) | undefined

  constructor(parts: ControllerParts) {
    this.parts = parts
    this.entries = new Map()
    for (const [key, entry] of parts.store.load()) this.entries.set(key, this.#recover(entry, parts))
    this.engine = new Engine({
      store: parts.store,
      entries: this.entries,
      steps: this.allSteps,
      settings: parts.settings,
      clock: parts.clock,
      logger: parts.logger,
      random: parts.random,
      newId: parts.newId,
      onProgress: () => this.onProgress?.(),
      onFault: () => this.onFault?.(),
    })
  }

  get allSteps(): readonly StepHandle[] {
    return [...this.parts.steps, ...(this.parts.lostSteps ?? [])]
  }

  context(): TransitionContext {
    return this.engine.context()
  }

  /** Every name and place that the service will occupy, over all steps. */
  claimsOf = (service: Service): string[] =>
    this.parts.steps.flatMap((step) => step.preview?.claims(service) ?? [])

  /** Reads every backend, each in bulk. A backend that cannot be read is noted, not thrown. */
  async observe(wanted: readonly Service[], signal: AbortSignal, progress: PassProgress): Promise<void> {
    this.unread.clear()
    await Promise.all(
      this.allSteps.map(async (step) => {
        if (!step.preview) return
        const stage = progress.stage(`read ${step.id}`)
        try {
          await step.preview.observe({ all: true, wanted }, signal)
          stage.done(describeFacts(step.preview.facts()))
        } catch (error) {
          const problem = toProblem(error, 'backend-error')
          this.unread.set(step.id, problem)
          stage.fail(problem.message)
        }
      }),
    )
  }

  setAdopt(rule: AdoptRule): void {
    for (const step of this.parts.steps) step.setAdopt(rule)
  }

  #recover(entry: Entry, parts: ControllerParts): Entry {
    const context: TransitionContext = {
      settings: parts.settings,
      settleMs: {},
      now: parts.clock.now(),
      random: 0,
    }
    return transition(entry, { type: 'recovered' }, context).entry
  }
}

function describeFacts(facts: Record<string, string | number>): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}
