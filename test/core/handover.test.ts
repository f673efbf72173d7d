import { describe, expect, it } from 'vitest'
import { reconcileOnce } from '../../src/core/pass.js'
import type { PassResult } from '../../src/core/plan.js'
import type { Problem } from '../../src/sdk/errors.js'
import { flush, listed, passOptions, standardBackends, World } from '../helpers/core-world.js'

const NAME = { dns_name: ['web.example.com'] }
const LONG = ['ipam.fake', 'lb.fake', 'dns.fake']
const SHORT = ['ipam.fake', 'dns.fake']

/** The process that handed the name from `first` to `second` died after `writes` writes; now `third` asks for it. */
async function cutShort(writes: number, steps: readonly string[]): Promise<World> {
  let left = Number.POSITIVE_INFINITY
  const world = new World({
    backends: standardBackends().filter(({ id }) => steps.includes(id)),
    onWrite: (_line, self) => {
      left -= 1
      if (left === 0) die(self)
    },
  })
  world.listing = [listed('first', NAME)]
  await world.pass()
  world.listing = [listed('second', NAME)]
  left = writes
  if (writes === 0) for (const backend of world.backends) backend.faults.hold = new Promise(() => undefined)
  const { controller } = await world.boot()
  await Promise.race([reconcileOnce(controller, passOptions()).catch(() => undefined), flush(60)])
  left = Number.POSITIVE_INFINITY
  world.store.failWith = undefined
  for (const backend of world.backends) backend.faults.hold = undefined
  world.writes.length = 0
  world.listing = [listed('third', NAME)]
  return world
}

/** No commit and no write comes any more. */
function die(world: World): void {
  world.store.failWith = new Error('dead')
  for (const backend of world.backends) backend.faults.hold = new Promise(() => undefined)
}

function addressOf({ services }: PassResult, name: string): string | undefined {
  return services.find(({ key }) => key === `provider.fake/${name}`)?.public_ip
}

describe.each([[LONG], [SHORT]])('a handover over %j that died after some writes', (steps) => {
  it.each([0, 1, 2, 3, 4])('is made to another heir without an outage (%i)', async (writes) => {
    const world = await cutShort(writes, steps)

    const result = await world.pass()

    expect(result.exitCode).toBe(0)
    expect(world.writes).not.toContain('- dns.fake web.example.com')
    expect(world.names()).toEqual({ 'web.example.com': addressOf(result, 'third') })
    expect(world.backend('ipam.fake').objects.size).toBe(1)
  })

  it.each([0, 1, 2, 3, 4])('leaves the name while the other heir cannot be deployed (%i)', async (writes) => {
    const world = await cutShort(writes, steps)
    const problem: Problem = { code: 'refused', message: 'no', retryable: true }
    const { objects, faults } = world.backend('ipam.fake')
    for (let number = 1; number < 9; number++) {
      if (!objects.has(`10.0.0.${number}`)) faults.refuse.set(`10.0.0.${number}`, problem)
    }

    const stuck = await world.pass()
    const meanwhile = world.names()
    faults.refuse.clear()
    world.clock.advance(600_000)
    const result = await world.pass()

    expect(stuck).toMatchObject({ exitCode: 4 })
    expect(Object.keys(meanwhile)).toEqual(['web.example.com'])
    expect(world.writes).not.toContain('- dns.fake web.example.com')
    expect(result.exitCode).toBe(0)
    expect(world.names()).toEqual({ 'web.example.com': addressOf(result, 'third') })
    expect(world.backend('ipam.fake').objects.size).toBe(1)
  })
})
