import { expect, it } from 'vitest'
import { reconcileOnce } from '../../src/core/pass.js'
import type { PassResult } from '../../src/core/plan.js'
import { flush, listed, passOptions, World } from '../helpers/core-world.js'

function addressOf({ services }: PassResult, name: string): string | undefined {
  return services.find(({ key }) => key === `provider.fake/${name}`)?.public_ip
}

const NAME = { dns_name: ['web.example.com'] }

it.each([0, 1, 2, 3, 4])(
  'keeps a name that is handed on while its last handover was cut short after write %i',
  async (at) => {
    let left = Number.POSITIVE_INFINITY
    const world = new World({
      onWrite: (_line, self) => {
        left -= 1
        if (left !== 0) return
        // The process is gone: no commit and no write comes any more.
        self.store.failWith = new Error('dead')
        for (const backend of self.backends) backend.faults.hold = new Promise(() => undefined)
      },
    })
    world.listing = [listed('first', NAME)]
    await world.pass()
    world.listing = [listed('second', NAME)]
    left = at
    if (at === 0) for (const backend of world.backends) backend.faults.hold = new Promise(() => undefined)
    const { controller } = await world.boot()
    await Promise.race([reconcileOnce(controller, passOptions()).catch(() => undefined), flush(60)])
    world.store.failWith = undefined
    for (const backend of world.backends) backend.faults.hold = undefined
    world.writes.length = 0

    // Now it belongs to a third one, and the second is gone.
    world.listing = [listed('third', NAME)]
    const result = await world.pass()

    expect(result.exitCode).toBe(0)
    expect(world.writes).not.toContain('- dns.fake web.example.com')
    expect(world.names()).toEqual({ 'web.example.com': addressOf(result, 'third') })
    expect(world.backend('ipam.fake').objects.size).toBe(1)
  },
)
