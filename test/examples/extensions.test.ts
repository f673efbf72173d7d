import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { createChannel } from '../../src/sdk/channel.js'
import type { Message } from '../../src/sdk/message.js'
import { type RunnableDefinition, serve } from '../../src/sdk/serve.js'
import { ROOT } from '../helpers/cli.js'
import { contractHarness, runContract } from '../helpers/contract.js'

// What `npm test` built may be older than the sources.
vi.mock('interlook/sdk', () => import('../../src/sdk/index.js'))

/** Plain JavaScript without types, as an extension from outside is. */
async function definitionOf(folder: string): Promise<RunnableDefinition> {
  const url = new URL(`../../examples/extensions/${folder}/index.js`, import.meta.url)
  const { default: definition } = await import(url.href)
  return definition
}

async function tempDir(): Promise<{ folder: string; close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'interlook-example-'))
  return { folder, close: () => rm(folder, { recursive: true }) }
}

/** Checks that need a backend which can be made to fail, or which counts. */
const NO_FAILURE = ['failed-start-stop', 'failed-start-left-open']

describe('the inventory provider', () => {
  runContract('provider', async () => {
    const { folder, close } = await tempDir()
    const path = join(folder, 'inventory.jsonl')
    await writeFile(path, '{"name": "web", "hosts": ["web.example.com"]}\n')
    const brokenConfig = { path: join(folder, 'absent') }
    const harness = contractHarness({
      definition: await definitionOf('inventory-provider'),
      config: { path, intervalMs: 20 },
      backend: { brokenConfig },
    })
    return { harness, close }
  }, [
    'list-fails',
    'listing-invalid',
    'listing-unstable',
    'empty-on-failure',
    'watch-does-not-end',
    'secret-leaked',
  ])

  it('pushes delete for what vanished, and nothing for what stayed', async () => {
    const { folder, close } = await tempDir()
    const path = join(folder, 'inventory.jsonl')
    await writeFile(path, '{"name": "web"}\n{"name": "api"}\n')
    const definition = await definitionOf('inventory-provider')
    const { context } = contractHarness({ definition, config: {} })
    const { extension } = serve(definition, { path, intervalMs: 20 }, context)
    const sent = createChannel<Message>()
    const heard = sent[Symbol.asyncIterator]()

    await extension.start(createChannel<Message>(), async (message: Message) => void sent.push(message))
    const first = [await heard.next(), await heard.next()].map(({ value }) => value)
    await writeFile(path, '{"name": "api"}\n')
    const second = (await heard.next()).value
    await extension.stop()
    await close()

    expect(first.map((message) => [message?.action, message?.service.name])).toEqual([
      ['add', 'web'],
      ['add', 'api'],
    ])
    expect([second?.action, second?.service.name]).toEqual(['delete', 'web'])
  })
})

describe('the journal provisioner', () => {
  runContract('dns', async () => {
    const { folder, close } = await tempDir()
    const harness = contractHarness({
      definition: await definitionOf('journal-provisioner'),
      config: { path: join(folder, 'journal.json'), faults: { refused: 'refuse' } },
      address: '192.0.2.1',
      backend: {
        refused: {
          provider: 'provider.canary',
          name: 'refused',
          targets: [],
          tls: false,
          dns_name: [],
          options: {},
        },
      },
    })
    return { harness, close }
  }, [
    ...NO_FAILURE,
    'read-fails',
    'plan-changes-input',
    'plan-not-pure',
    'plan-incomplete',
    'dry-run-writes',
    'writes-again',
    'not-in-sync',
    'heir-undone',
    'restart-writes',
    'foreign-touched',
    'secret-leaked',
  ])
})

describe('the provisioner in sixty lines', () => {
  runContract('dns', async () => {
    const { folder, close } = await tempDir()
    const path = join(folder, 'zone.json')
    const harness = contractHarness({
      definition: await definitionOf('sixty-lines'),
      config: { path },
      address: '192.0.2.1',
      backend: {
        refused: {
          provider: 'provider.canary',
          name: 'refused',
          targets: [],
          tls: false,
          dns_name: ['refused.invalid'],
          options: {},
        },
        plantForeign: async (service) => {
          const records = JSON.parse(await readFile(path, 'utf8').catch(() => '{}'))
          const record = { ip: '198.51.100.1', owner: 'other', key: 'x' }
          for (const name of service.dns_name) records[name] = record
          await writeFile(path, JSON.stringify(records))
          return async () => {
            const now = JSON.parse(await readFile(path, 'utf8'))
            return service.dns_name.every((name) => JSON.stringify(now[name]) === JSON.stringify(record))
          }
        },
      },
    })
    return { harness, close }
  }, [...NO_FAILURE, 'secret-leaked'])

  it('is shorter than sixty lines', async () => {
    const text = await readFile(join(ROOT, 'examples/extensions/sixty-lines/index.js'), 'utf8')

    expect(text.split('\n').length).toBeLessThan(61)
  })
})
