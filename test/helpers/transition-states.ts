import type { Entry, StepRecord } from '../../src/core/entry.js'
import { nextMove } from '../../src/core/move.js'
import { stateOf } from '../../src/core/state.js'
import type { Step } from '../../src/core/settings.js'
import type { Event, EventType, Transition, TransitionContext } from '../../src/core/events.js'
import { transition } from '../../src/core/transition.js'
import type { Service } from '../../src/sdk/service.js'

export const NOW = 1_000_000
export const steps: Step[] = [
  { id: 'ipam.x', kind: 'ipam' },
  { id: 'lb.x', kind: 'lb' },
  { id: 'dns.x', kind: 'dns' },
]
export const context: TransitionContext = {
  settings: {
    steps,
    serviceWipTimeoutMs: 90_000,
    undeployGracePeriodMs: 60_000,
    whenNoTargets: 'keep-last',
    backoff: { baseMs: 1_000, maxMs: 300_000 },
  },
  settleMs: { 'dns.x': 5_000 },
  now: NOW,
  random: 0,
}

export const service: Service = {
  provider: 'provider.x',
  name: 'web',
  targets: [{ host: '192.0.2.1', port: 80, weight: 1 }],
  tls: false,
  dns_name: ['web.example.com'],
  options: {},
}
/** Another name: users reach something else. */
export const changed: Service = { ...service, dns_name: ['new.example.com'] }
const complete: Service = { ...service, public_ip: '10.0.0.1', public_port: 80 }
const withIp: Service = { ...service, public_ip: '10.0.0.1' }

function done(known: Service, outputs: StepRecord['outputs'] = {}): StepRecord {
  return { state: 'done', sent: { service: known }, acked: { service: known }, outputs, attempts: 0 }
}

const allDone = {
  'ipam.x': done(service, { public_ip: '10.0.0.1' }),
  'lb.x': done(withIp, { public_port: 80 }),
  'dns.x': done(complete),
}

const base: Entry = {
  key: 'provider.x/web',
  service,
  expected: 'deployed',
  steps: {},
  scheduled: [],
  heirs: [],
  detectedAt: 0,
  updatedAt: 0,
}
const deployed: Entry = { ...base, steps: allDone, inUse: complete }
const renamed: Entry = {
  ...base,
  service: changed,
  inUse: { ...changed, public_ip: '10.0.0.1', public_port: 80 },
  retiring: complete,
  steps: {
    'ipam.x': {
      ...done(changed, { public_ip: '10.0.0.1' }),
      acked: { service: changed, previous: complete },
    },
    'lb.x': done({ ...changed, public_ip: '10.0.0.1' }, { public_port: 80 }),
    'dns.x': {
      ...done({ ...changed, public_ip: '10.0.0.1', public_port: 80 }),
      acked: { service: { ...changed, public_ip: '10.0.0.1', public_port: 80 }, previous: complete },
    },
  },
}
const flying = { inFlight: 'm1', deadline: NOW + 90_000 }
const refused = { code: 'refused', message: 'no such profile', retryable: false } as const

/** One entry for each situation that an entry can be in. */
export const STATES = {
  new: base,
  'no target yet': {
    ...base,
    service: { ...service, targets: [] },
    problem: { code: 'no-targets', message: 'no target is running yet', retryable: true },
  },
  'lb in flight': {
    ...base,
    steps: {
      'ipam.x': allDone['ipam.x'],
      'lb.x': { state: 'sent', sent: { service: withIp }, outputs: {}, attempts: 0, ...flying },
    },
  },
  'lb failed': {
    ...base,
    steps: {
      'ipam.x': allDone['ipam.x'],
      'lb.x': {
        state: 'sent',
        sent: { service: withIp },
        outputs: {},
        attempts: 1,
        error: refused,
        nextTry: NOW + 300_000,
      },
    },
  },
  'all steps done': { ...base, steps: allDone },
  deployed,
  'deployed, dns drifted': {
    ...deployed,
    steps: { ...allDone, 'dns.x': { ...allDone['dns.x'], drifted: true } },
  },
  'deployed, with a lost step': {
    ...deployed,
    steps: { ...allDone, 'lb.old': done(withIp) },
  },
  settling: {
    ...renamed,
    scheduled: [{ key: base.key, what: 'settle', notBefore: NOW + 5_000 }],
  },
  cleaning: renamed,
  'in grace': {
    ...deployed,
    missingSince: NOW - 1_000,
    scheduled: [{ key: base.key, what: 'grace', notBefore: NOW + 59_000 }],
  },
  'grace over': { ...deployed, missingSince: NOW - 60_000 },
  'dns delete in flight': {
    ...deployed,
    expected: 'undeployed',
    steps: { ...allDone, 'dns.x': { ...allDone['dns.x'], state: 'removing', ...flying } },
  },
  'waits for its heir': { ...deployed, expected: 'undeployed', heirs: ['provider.x/web2'] },
  'half undeployed': {
    ...deployed,
    expected: 'undeployed',
    steps: { 'ipam.x': allDone['ipam.x'], 'lb.x': allDone['lb.x'] },
  },
  'all deleted': { ...base, expected: 'undeployed', inUse: complete },
  closed: { ...base, expected: 'undeployed', closedAt: NOW - 1 },
  retained: { ...deployed, service: { ...service, policy: 'retain' }, retained: true },
  paused: { ...deployed, service: { ...service, policy: 'pause' } },
  imported: { ...deployed, imported: true },
} as const satisfies Record<string, Entry>

export type StateName = keyof typeof STATES

/** One event of each type, as it bears on the states above. */
export const EVENTS: Record<EventType, Event> = {
  listed: { type: 'listed', service: changed },
  missing: { type: 'missing' },
  go: { type: 'go', id: 'm2' },
  answered: {
    type: 'answered',
    step: 'lb.x',
    id: 'm1',
    outputs: { public_port: 80 },
  },
  'timed-out': { type: 'timed-out', step: 'lb.x', id: 'm1' },
  synced: { type: 'synced', step: 'dns.x', service: complete, outputs: {} },
  drifted: { type: 'drifted', step: 'dns.x' },
  abandoned: { type: 'abandoned', step: 'lb.old' },
  inherited: { type: 'inherited', heirs: ['provider.x/web2'] },
  released: { type: 'released' },
  adopted: { type: 'adopted' },
  recovered: { type: 'recovered' },
  'retry-now': { type: 'retry-now' },
}

/** The outcome in one line: `=` for the same object, else state, then what comes next, then what was sent. */
export function outcome(state: StateName, event: EventType): string {
  const before: Entry = STATES[state]
  // A delete in flight is answered by its own step.
  const given = EVENTS[event]
  const fits =
    state === 'dns delete in flight' && (given.type === 'answered' || given.type === 'timed-out')
      ? { ...given, step: 'dns.x' }
      : given
  const result = transition(before, fits, context)
  return result.entry === before && result.effects.length === 0 ? '=' : describe(result)
}

function describe({ entry, effects }: Transition): string {
  const move = nextMove(entry, steps, NOW)
  const where = 'step' in move ? ` ${move.step}` : ''
  const what = move.kind === 'wait' ? `wait ${move.what}${where}` : `${move.kind}${where}`
  const sent = effects.map((effect) => `; sent ${effect.message.action} ${effect.step}`).join('')
  return `${stateOf(entry, steps)}, ${what}${sent}`
}
