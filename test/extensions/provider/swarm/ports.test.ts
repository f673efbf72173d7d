import { describe, expect, it } from 'vitest'
import { choosePort } from '../../../../src/extensions/provider/swarm/ports.js'
import type { Port } from '../../../../src/extensions/provider/swarm/shapes.js'
import { swarmService, tcp } from '../../../helpers/swarm-objects.js'

function choose(ports: Port[], wanted?: number, preferred: 'ingress' | 'host' = 'ingress') {
  return choosePort(swarmService('web', { ports }), wanted, preferred)
}

describe('choosePort', () => {
  it.each<[string, Port[], number | undefined, object]>([
    [
      'the only port',
      [tcp('ingress', 80, 30000)],
      undefined,
      { mode: 'ingress', target: 80, published: 30000 },
    ],
    ['a host port that each task chooses', [tcp('host', 80)], undefined, { mode: 'host', target: 80 }],
    [
      'the only tcp port beside one of udp',
      [{ ...tcp('host', 53, 53), Protocol: 'udp' }, tcp('host', 80, 8080)],
      undefined,
      { mode: 'host', target: 80, published: 8080 },
    ],
    [
      'the port with the wanted target',
      [tcp('ingress', 80, 8080), tcp('ingress', 443, 8443)],
      443,
      { mode: 'ingress', target: 443, published: 8443 },
    ],
    [
      'the port with the wanted published number',
      [tcp('ingress', 80, 8080), tcp('host', 443, 8443)],
      8443,
      { mode: 'host', target: 443, published: 8443 },
    ],
    [
      'the target before the published number',
      [tcp('ingress', 80, 443), tcp('ingress', 443, 8443)],
      443,
      { mode: 'ingress', target: 443, published: 8443 },
    ],
    [
      'the published number among several of one target',
      [tcp('ingress', 80, 8080), tcp('ingress', 80, 8081)],
      8081,
      { mode: 'ingress', target: 80, published: 8081 },
    ],
    [
      'the lowest number of one target that is published twice',
      [tcp('ingress', 80, 8081), tcp('ingress', 80, 8080)],
      undefined,
      { mode: 'ingress', target: 80, published: 8080 },
    ],
  ])('takes %s', (_what, ports, wanted, expected) => {
    expect(choose(ports, wanted)).toEqual(expected)
  })

  it.each(['ingress', 'host'] as const)(
    'of a target that is published in both modes takes %s when told',
    (mode) => {
      const ports = [tcp('host', 80), tcp('ingress', 80, 30000)]

      expect(choose(ports, undefined, mode)).toMatchObject({ mode, target: 80 })
      expect(choose(ports, 80, mode)).toMatchObject({ mode, target: 80 })
    },
  )

  it.each(['ingress', 'host'] as const)('takes a port that tells no mode as %s when told', (mode) => {
    expect(choose([{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080 }], undefined, mode)).toMatchObject(
      { mode },
    )
  })

  it.each<[string, Port[], number | undefined, string]>([
    [
      'several ports and no label',
      [tcp('ingress', 80, 8080), tcp('host', 443)],
      undefined,
      '80 (published as 8080), 443',
    ],
    ['a label that names none', [tcp('ingress', 80, 8080)], 90, '80 (published as 8080)'],
    ['no port', [], undefined, 'it publishes none'],
    ['only udp', [{ ...tcp('host', 53, 53), Protocol: 'udp' }], 53, 'it publishes none'],
  ])('says what is expected with %s', (_what, ports, wanted, expected) => {
    expect(choose(ports, wanted)).toMatchObject({
      label: 'interlook.port',
      expected: expect.stringContaining(expected) as string,
    })
  })
})
