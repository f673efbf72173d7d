import { definition } from '../../../../src/extensions/provider/swarm/index.js'
import { SwarmConfig } from '../../../../src/extensions/provider/swarm/schema.js'
import { contractHarness, runContract } from '../../../helpers/contract.js'
import { json, startEngineServer, text } from '../../../helpers/engine-server.js'
import { swarmNode, swarmService, swarmTask, tcp } from '../../../helpers/swarm-objects.js'

// The section of this provider holds no secret.
const UNREACHABLE = ['secret-leaked']

async function prepare() {
  const ports = [tcp('host', 80, 8080)]
  const names = ['web', 'shop']
  const engine = await startEngineServer()
  engine.answer('/services', json(names.map((name) => swarmService(name, { ports }))))
  engine.answer('/tasks', json(names.map((name) => swarmTask(name, { ports }))))
  engine.answer('/nodes', json([swarmNode('n1')]))
  const broken = await startEngineServer()
  broken.answer('/nodes', text(200, '<html>welcome</html>'))
  return {
    harness: contractHarness({
      definition,
      config: SwarmConfig.parse({ endpoint: engine.endpoint, pollInterval: '100ms' }),
      backend: { brokenConfig: SwarmConfig.parse({ endpoint: broken.endpoint }) },
    }),
    close: async () => {
      await engine.close()
      await broken.close()
    },
  }
}

runContract('provider', prepare, UNREACHABLE)
