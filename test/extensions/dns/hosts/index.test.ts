import { fileURLToPath } from 'node:url'
import { definition } from '../../../../src/extensions/dns/hosts/index.js'
import { readContent } from '../../../../src/extensions/dns/hosts/file.js'
import { HostsConfig } from '../../../../src/extensions/dns/hosts/schema.js'
import { bareService } from '../../../../src/sdk/service.js'
import { contractHarness, runContract } from '../../../helpers/contract.js'
import { makeFolder } from './hosts-world.js'

/** There is a file, whatever the order of the checks, so nothing can be made below it. */
const THIS_FILE = fileURLToPath(import.meta.url)

async function prepare() {
  const folder = await makeFolder()
  let writes = 0
  let last = 'missing'
  return {
    harness: contractHarness({
      definition,
      config: HostsConfig.parse({ path: folder.file }),
      address: '192.0.2.1',
      backend: {
        async writes() {
          const { version } = await readContent(folder.file)
          if (version !== last) writes++
          last = version
          return writes
        },
        brokenConfig: HostsConfig.parse({ path: `${THIS_FILE}/not/a/folder` }),
        refused: {
          ...bareService({ provider: 'provider.canary', name: 'refused' }),
          dns_name: ['*.refused.invalid'],
          public_ip: '192.0.2.1',
          targets: [{ host: '192.0.2.10', port: 80, weight: 1 }],
        },
        async plantForeign({ dns_name }) {
          const text = (await folder.read().catch(() => '')) + `192.0.2.99 ${dns_name.join(' ')}\n`
          await folder.write(text)
          return async () => (await folder.read()).includes(`192.0.2.99 ${dns_name.join(' ')}\n`)
        },
      },
    }),
    close: folder.remove,
  }
}

runContract('dns', prepare, ['secret-leaked'])
