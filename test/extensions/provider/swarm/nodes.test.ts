import { describe, expect, it } from 'vitest'
import { placeOf } from '../../../../src/extensions/provider/swarm/nodes.js'
import { type NodeParts, swarmNode } from '../../../helpers/swarm-objects.js'

describe('placeOf', () => {
  it.each<[string, NodeParts, string]>([
    ['the address of a worker', { address: '10.0.0.5' }, '10.0.0.5'],
    [
      'the address of a manager before that of its listener',
      { address: '10.0.0.5', managerAddress: '10.9.9.9:2377' },
      '10.0.0.5',
    ],
    [
      'the listener of a manager that shows 0.0.0.0',
      { address: '0.0.0.0', managerAddress: '10.0.0.6:2377' },
      '10.0.0.6',
    ],
    [
      'the listener of a manager that shows ::',
      { address: '::', managerAddress: '[2001:db8::6]:2377' },
      '2001:db8::6',
    ],
    [
      'the listener of a manager that shows nothing',
      { address: '', managerAddress: '10.0.0.6:2377' },
      '10.0.0.6',
    ],
    [
      'the listener of a manager that shows loopback',
      { address: '127.0.0.1', managerAddress: '10.0.0.6:2377' },
      '10.0.0.6',
    ],
    [
      'loopback where there is nothing else',
      { address: '127.0.0.1', managerAddress: '127.0.0.1:2377' },
      '127.0.0.1',
    ],
    ['loopback before a listener on 0.0.0.0', { address: '::1', managerAddress: '0.0.0.0:2377' }, '::1'],
    [
      'the label before all',
      { address: '10.0.0.5', labels: { 'interlook.node-address': ' 192.0.2.1 ' } },
      '192.0.2.1',
    ],
    ['no label that is empty', { address: '10.0.0.5', labels: { 'interlook.node-address': '' } }, '10.0.0.5'],
  ])('takes %s', (_what, parts, address) => {
    expect(placeOf(swarmNode('n1', parts))).toEqual({ address })
  })

  it('tells of a label that is no address', () => {
    const place = placeOf(swarmNode('n1', { labels: { 'interlook.node-address': 'eth1' } }))

    expect(place).toMatchObject({
      problem: {
        code: 'label-invalid',
        message:
          'label interlook.node-address is "eth1", expected an IPv4 or IPv6 address of the node host-n1',
        hint: expect.stringContaining('docker node update') as string,
      },
    })
  })

  it.each(['', '0.0.0.0', '::', 'manager.local'])('tells of a node whose address is %j', (address) => {
    expect(placeOf(swarmNode('n1', { address }))).toMatchObject({ problem: { code: 'provider-unlisted' } })
  })
})
