import { definition } from '../../../../src/extensions/ipam/ipalloc/index.js'
import { IpallocConfig } from '../../../../src/extensions/ipam/ipalloc/schema.js'
import { bareService } from '../../../../src/sdk/service.js'
import { contractHarness, runContract } from '../../../helpers/contract.js'
import { fingerprint, makeFolder, World } from './store-world.js'

async function prepare() {
  const folder = await makeFolder()
  let writes = 0
  let last = ''
  return {
    harness: contractHarness({
      definition,
      config: IpallocConfig.parse({ network_cidr: '10.0.0.0/24', db_file: folder.file }),
      backend: {
        async writes() {
          const now = JSON.stringify(await fingerprint(folder.path))
          if (now !== last) writes++
          last = now
          return writes
        },
        brokenConfig: IpallocConfig.parse({ network_cidr: '10.0.0.0/24', db_file: folder.path }),
        async plantForeign(service) {
          const world = await World.open(folder.file, { owner: 'them' })
          const [address] = await world.give(service)
          return async () => {
            const { book } = await world.observe()
            await world.close()
            return book.at(address ?? '')?.owner === 'them'
          }
        },
        refused: {
          ...bareService({ provider: 'provider.canary', name: 'refused' }),
          address: '10.0.0.7',
          targets: [{ host: '192.0.2.10', port: 80, weight: 1 }],
        },
      },
    }),
    close: folder.remove,
  }
}

runContract('ipam', prepare, ['secret-leaked'])
