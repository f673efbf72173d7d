import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

// A provisioner of `start` and `stop` alone: names and their addresses in a JSON file.
//   { "provider.file/web": { "web.example.com": "10.0.0.2" } }
//
// `faults` makes it misbehave, to see what interlook does then. Per service either one word for every message, or a
// list with one word per message: `ok`, `refuse`, `hang` (writes, never answers), `late` (answers after `lateMs`),
// `twice` (answers two times).

const keyOf = ({ provider, namespace, name }) => [provider, namespace, name].filter(Boolean).join('/')

const readRecords = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {})

/** The file is complete at any time, also for somebody who reads it in the middle of this. */
function writeRecords(path, records) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, `${JSON.stringify(records, null, 2)}\n`)
  renameSync(`${path}.new`, path)
}

/** The names that the service needs now, and with `previous` those that users still ask for. */
function namesOf({ action, service, previous }, known) {
  if (action === 'delete') return undefined
  const names = Object.fromEntries(service.dns_name.map((name) => [name, service.public_ip]))
  const kept = (previous?.dns_name ?? []).filter((name) => name in known)
  return { ...Object.fromEntries(kept.map((name) => [name, known[name]])), ...names }
}

/** Also right when it was done before: nothing is written then. */
function record(path, message) {
  const records = readRecords(path)
  const key = keyOf(message.service)
  const names = namesOf(message, records[key] ?? {})
  if (JSON.stringify(records[key]) === JSON.stringify(names)) return
  const { [key]: _, ...others } = records
  writeRecords(path, names === undefined ? others : { ...others, [key]: names })
}

function create(config, { id, logger }) {
  const faults = structuredClone(config.faults ?? {})
  const stopped = new AbortController()
  const inFlight = new Set()

  const nextFault = (name) => {
    const fault = faults[name]
    return Array.isArray(fault) ? (fault.shift() ?? 'ok') : (fault ?? 'ok')
  }

  async function handle(message, send) {
    const reply = { ...message, sender: id, destination: message.sender }
    const fault = nextFault(message.service.name)
    if (fault === 'refuse') {
      return send({ ...reply, error: `the journal refuses ${message.service.name}`, reason: 'refused' })
    }
    if (message.action === 'add' && message.service.public_ip === undefined) {
      return send({ ...reply, error: 'the service has no address', reason: 'address-missing' })
    }
    record(config.path, message)
    if (fault === 'hang') return undefined
    if (fault === 'late') await sleep(config.lateMs ?? 1000, undefined, { signal: stopped.signal })
    await send(reply)
    if (fault === 'twice') await send(reply)
    return undefined
  }

  return {
    async start(receive, send) {
      readRecords(config.path)
      // One service that is slow must not hold up the others.
      const track = (message) => {
        const work = handle(message, send)
          .catch((error) => logger.warn({ error: error.message }, 'message not answered'))
          .finally(() => inFlight.delete(work))
        inFlight.add(work)
      }
      const loop = (async () => {
        for await (const message of receive) track(message)
      })().finally(() => inFlight.delete(loop))
      inFlight.add(loop)
    },
    async stop() {
      stopped.abort()
      await Promise.all(inFlight)
    },
  }
}

export default {
  form: 'extension',
  apiVersion: 1,
  kind: 'dns',
  name: 'journal',
  summary: 'names in a JSON file',
  create,
}
