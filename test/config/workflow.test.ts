import { describe, expect, it } from 'vitest'
import { lines, load } from './read.js'

const SECTIONS = `
provider.file: { path: a }
provider.swarm: {}
ipam.ipalloc: { network_cidr: 10.0.0.0/24 }
lb.kemplm: { endpoint: "https://a" }
dns.hosts: { path: b }
dns.consul: { url: "http://a" }
`

/** Problems of the workflow alone. */
async function problems(core: string): Promise<string[]> {
  const found = lines(await load(`core: ${core}${SECTIONS}`))
  return found.filter((line) => !/not used|no implementation/.test(line))
}

describe('the workflow', () => {
  it.each([
    ['a list', '{ workflow: [provider.file, ipam.ipalloc, lb.kemplm, dns.hosts] }'],
    ['text', '{ workflow: "provider.file,ipam.ipalloc , lb.kemplm,dns.hosts" }'],
    ['the old key', '{ workflowSteps: "provider.file,ipam.ipalloc,lb.kemplm,dns.hosts" }'],
    [
      'old names',
      '{ workflow: [provider.file, provisioner.ipalloc, provisioner.kemplm, provisioner.hosts] }',
    ],
    [
      'both keys with the same steps',
      '{ workflow: [provider.file, ipam.ipalloc, lb.kemplm, dns.hosts], workflowSteps: "provider.file,provisioner.ipalloc,lb.kemplm,dns.hosts" }',
    ],
    ['empty steps', '{ workflow: "provider.file,,ipam.ipalloc,lb.kemplm,dns.hosts," }'],
  ])('takes %s', async (_, core) => {
    const result = await load(`core: ${core}${SECTIONS}`)

    expect(await problems(core)).toEqual([])
    expect(result.config?.workflow).toEqual(['provider.file', 'ipam.ipalloc', 'lb.kemplm', 'dns.hosts'])
  })

  it.each([
    [
      '{}',
      ['1:1 error core.workflow: no provider in the workflow (name at least one, such as provider.file)'],
    ],
    [
      '{ workflow: }',
      ['1:9 error core.workflow: no provider in the workflow (name at least one, such as provider.file)'],
    ],
    [
      '{ workflow: [dns.hosts] }',
      ['1:9 error core.workflow: no provider in the workflow (name at least one, such as provider.file)'],
    ],
    [
      '{ workflow: [provider.file] }',
      ['1:9 warning core.workflow: no provisioner in the workflow: nothing will be done'],
    ],
    [
      '{ workflow: { a: b } }',
      ['1:19 error core.workflow: expected a list of steps, or comma-separated text, got keys and values'],
    ],
    [
      '{ workflow: [provider.file, dns.hosts, dns.hosts] }',
      ['1:46 error core.workflow: the step dns.hosts is in the workflow twice'],
    ],
    [
      '{ workflow: "provider.file,dns.hosts,provisioner.hosts" }',
      ['1:19 error core.workflow: the step dns.hosts is in the workflow twice'],
    ],
    [
      '{ workflow: [provider.file, ipalloc] }',
      ['1:35 error core.workflow: unknown step "ipalloc" (did you mean "ipam.ipalloc"?)'],
    ],
    [
      '{ workflow: [provider.fle, dns.hosts] }',
      ['1:20 error core.workflow: unknown step "provider.fle" (did you mean "provider.file"?)'],
    ],
    [
      '{ workflow: [provider.file, dns.hosts], workflowSteps: "provider.swarm,dns.hosts" }',
      [
        '1:47 error core.workflowSteps: workflow and workflowSteps are both given and differ (workflowSteps is the old name; keep one)',
      ],
    ],
    [
      '{ workflow: [provider.file, dns.hosts, ipam.ipalloc] }',
      [
        '1:46 warning core.workflow: ipam.ipalloc stands behind dns.hosts: what stands behind it needs the address',
      ],
    ],
    [
      '{ workflow: [provider.file, lb.kemplm, ipam.ipalloc] }',
      [
        '1:46 warning core.workflow: ipam.ipalloc stands behind lb.kemplm: what stands behind it needs the address',
      ],
    ],
    [
      '{ workflow: [provider.file, dns.hosts, lb.kemplm] }',
      [
        '1:46 warning core.workflow: lb.kemplm stands behind dns.hosts: a name must not point at a load balancer that is not there yet',
      ],
    ],
    [
      '{ workflow: [dns.hosts, provider.file] }',
      ['1:31 warning core.workflow: provider.file stands behind dns.hosts: providers stand first'],
    ],
  ])('%s', async (core, expected) => {
    expect(await problems(core)).toEqual(expected)
  })

  it('a workflow that only the target machine knows is not checked here', async () => {
    expect(await problems('{ workflow: "${STEPS}" }')).toEqual([
      '1:19 warning core.workflow: the variable STEPS is not set',
    ])
  })

  it('a step without a section is told at the step', async () => {
    const result = await load('core: { workflow: [provider.file, dns.hosts] }\nprovider.file: { path: a }\n')

    expect(lines(result)).toEqual([
      '1:35 error dns.hosts: the step dns.hosts of the workflow has no section (add a section `dns.hosts:`)',
    ])
  })
})
