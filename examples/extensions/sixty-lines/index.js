import { readFile, rename, writeFile } from 'node:fs/promises'
import { defineProvisioner, serviceKey } from 'interlook/sdk'

// Names in a JSON file: { "web.example.com": { "ip": "10.0.0.2", "owner": "prod", "key": "provider.file/web" } }
export default defineProvisioner({
  kind: 'dns',
  name: 'zone',
  summary: 'names in a JSON file',
  create: ({ path }, { owner }) => ({
    claims: (service) => service.dns_name.map((name) => `alias:${name}`),
    observe: () => readZone(path),
    plan: ({ put, remove }, zone) => [
      ...put.map((item) => planService(zone, owner, item)),
      ...remove.map((service) => planService(zone, owner, { service: { ...service, dns_name: [] } })),
    ],
    async apply(plans) {
      const zone = await readZone(path)
      for (const { key, changes } of plans) {
        for (const { object, data } of changes) {
          // Another service of the batch may have taken the name over.
          if (data) zone[object] = data
          else if (zone[object]?.key === key) delete zone[object]
        }
      }
      await writeFile(`${path}.new`, JSON.stringify(zone, null, 2))
      await rename(`${path}.new`, path)
      return plans.map(({ key }) => ({ key }))
    },
  }),
})

const readZone = (path) =>
  readFile(path, 'utf8').then(JSON.parse, (error) => (error.code === 'ENOENT' ? {} : Promise.reject(error)))

/** Makes the names of the service, keeps those that `previous` needs, and takes away its others. */
function planService(zone, owner, { service, previous, unknown }) {
  const plan = { key: serviceKey(service), changes: [], outputs: {} }
  const names = service.dns_name
  const ip = service.public_ip ?? (unknown?.public_ip && { unknown: 'public_ip' })
  const fail = (code, message) => ({ ...plan, problem: { code, message, retryable: false } })
  const foreign = names.find((name) => zone[name] && zone[name].owner !== owner)
  if (foreign) return fail('conflict', `the name ${foreign} belongs to somebody else`)
  if (names.length > 0 && !ip) return fail('address-missing', `${service.name} has no address`)

  const change = (action, object, to) => {
    const field = { field: 'ip', ...(zone[object] && { from: zone[object].ip }), ...(to && { to }) }
    const data = to && { ip: to, owner, key: plan.key }
    plan.changes.push({ action, kind: 'name', object, fields: [field], reason: `${action} name`, data })
  }
  for (const name of names) {
    if (zone[name]?.ip !== ip || zone[name].key !== plan.key)
      change(zone[name] ? 'update' : 'create', name, ip)
  }
  for (const [name, record] of Object.entries(zone)) {
    const isKept = names.includes(name) || previous?.dns_name.includes(name)
    if (record.owner === owner && record.key === plan.key && !isKept) change('delete', name)
  }
  return plan
}
