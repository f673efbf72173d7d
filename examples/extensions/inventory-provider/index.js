import { readFileSync, unwatchFile, watchFile } from 'node:fs'

// A provider of `start` and `stop` alone: services in a file, one JSON object per line.
//   {"name": "web", "hosts": ["web.example.com"], "targets": [{"host": "10.0.1.5", "port": 8080}]}

/** Throws unless the whole file can be read: half an inventory would say that the other half is gone. */
function readInventory(path, provider) {
  const services = new Map()
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.trim() === '') continue
    const { name, hosts = [], targets = [], tls = false } = JSON.parse(line)
    if (typeof name !== 'string' || name === '') throw new Error(`a line of ${path} has no name`)
    services.set(name, {
      provider,
      name,
      targets: targets.map(({ host, port, weight = 1 }) => ({ host, port, weight })),
      tls,
      dns_name: hosts,
      options: {},
    })
  }
  if (services.size === 0) throw new Error(`${path} lists no service`)
  return services
}

function create(config, { id, logger }) {
  let known = new Map()
  let work = Promise.resolve()

  async function pushChanges(send) {
    const services = readInventory(config.path, id)
    const push = (action, service) => send({ action, sender: id, destination: '', service })
    for (const [name, service] of services) {
      if (JSON.stringify(service) !== JSON.stringify(known.get(name))) await push('add', service)
    }
    for (const [name, service] of known) if (!services.has(name)) await push('delete', service)
    known = services
  }

  /** `add` says that the service is there, `delete` that it is not; an error says neither. */
  function answerRefresh(message) {
    try {
      const service = readInventory(config.path, id).get(message.service.name)
      return { ...message, action: service ? 'add' : 'delete', service: service ?? message.service }
    } catch (error) {
      return {
        ...message,
        error: `the inventory cannot be read: ${error.message}`,
        reason: 'provider-unlisted',
      }
    }
  }

  return {
    async start(receive, send) {
      readInventory(config.path, id)
      const inOrder = (step) => {
        work = work.then(step).catch((error) => logger.warn({ error: error.message }, 'inventory not read'))
        return work
      }
      watchFile(config.path, { interval: config.intervalMs ?? 1000 }, () => inOrder(() => pushChanges(send)))
      void inOrder(() => pushChanges(send))
      void (async () => {
        for await (const message of receive) inOrder(() => send(answerRefresh(message)))
      })()
    },
    async stop() {
      unwatchFile(config.path)
      await work
    },
  }
}

export default {
  form: 'extension',
  apiVersion: 1,
  kind: 'provider',
  name: 'inventory',
  summary: 'services in a file of JSON lines',
  create,
}
