import type * as z from 'zod'
import { choice, duration, filePath, flag, listOf, text, url, withMeta } from '../../../sdk/schema/fields.js'
import { section } from '../../../sdk/schema/section.js'

export const SwarmConfig = section(
  {
    endpoint: url(['unix', 'tcp', 'http', 'https'])
      .prefault('unix:///var/run/docker.sock')
      .describe('The API of a Swarm manager.'),
    labelSelector: listOf(text()).describe('Only services with all of these labels: `name` or `name=value`.'),
    tlsCa: filePath('certificate').optional().describe('Certificate authority of the manager (PEM).'),
    tlsCert: filePath('certificate').optional().describe('Client certificate (PEM).'),
    tlsKey: filePath('certificate').optional().describe('Key of the client certificate (PEM).'),
    insecureSkipVerify: withMeta(flag(), {
      warning: 'the certificate of the manager is not verified',
    })
      .prefault(false)
      .describe('Do not verify the certificate of the manager.'),
    pollInterval: duration({ min: 100, zeroMeans: 5000 })
      .prefault('5s')
      .describe('How often the services are listed.'),
    requestTimeout: duration({ min: 100, zeroMeans: 10_000 })
      .prefault('10s')
      .describe('How long one request may take.'),
    defaultPortPublishMode: choice(['ingress', 'host'])
      .prefault('ingress')
      .describe('How a port is taken to be published where the service does not say it.'),
    ingressTargets: choice(['task-nodes', 'all'])
      .prefault('task-nodes')
      .describe('Targets of an ingress port: the nodes that run a task, or all nodes.'),
  },
  (config, report, isWrong) => {
    for (const [key, other] of [
      ['tlsCert', 'tlsKey'],
      ['tlsKey', 'tlsCert'],
    ] as const) {
      const isAlone = config[key] !== undefined && config[other] === undefined && !isWrong(other)
      if (isAlone) report([key], `${key} needs ${other}`)
    }
  },
)
export type SwarmConfig = z.output<typeof SwarmConfig>
