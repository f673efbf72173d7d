import { AsyncLocalStorage, createHook } from 'node:async_hooks'

interface Opened {
  type: string
  resource: object
}

/**
 * Sees which timers, sockets and files one extension opened, and which of them still keep the process alive.
 * Node says for each resource in whose name it was made, so other work in the process does not disturb.
 */
export class OpenResources {
  private readonly opened = new Map<number, Opened>()
  private readonly owner = new AsyncLocalStorage<this>()
  private readonly hook = createHook({
    init: (id, type, _trigger, resource) => {
      // Promises keep nothing alive, and there are too many of them.
      if (type !== 'PROMISE' && this.owner.getStore() === this) this.opened.set(id, { type, resource })
    },
    // Of timers at once; of handles only when memory is collected, so they are asked.
    destroy: (id) => this.opened.delete(id),
  })

  /** Runs `work` in the name of the extension, with everything that it starts. */
  run<T>(work: () => T): T {
    this.hook.enable()
    return this.owner.run(this, work)
  }

  /** What is open now, one word each. */
  list(): string[] {
    return [...this.opened.values()].filter(({ resource }) => isAlive(resource)).map(({ type }) => type)
  }

  /** Nothing opened from here on is seen. */
  release(): void {
    this.hook.disable()
    this.opened.clear()
  }
}

/** Timers and handles have `hasRef`: false for those that were closed, and for those that the process does not wait for. */
function isAlive(resource: object): boolean {
  if (!('hasRef' in resource) || typeof resource.hasRef !== 'function') return false
  const isReferenced: unknown = Reflect.apply(resource.hasRef, resource, [])
  return isReferenced === true
}
