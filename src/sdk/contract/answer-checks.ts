import { isIP } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { Kind } from '../define.js'
import type { Message } from '../message.js'
import { type ContractCheck, PROVISIONERS } from './check.js'
import type { Exchange } from './host.js'
import { failed, ok, type Session, skipped, type Verdict } from './session.js'
import { isAccepted, isSameService, type Station, walk } from './walk.js'

/** Fields that an answer of each kind may change; who stands before a load balancer is the core's to know. */
const MAY_CHANGE: Record<Kind, readonly string[]> = {
  provider: [],
  ipam: ['public_ip'],
  lb: ['public_ip', 'public_port'],
  dns: [],
}

/** Codes in lower case with dashes: scripts match on them. */
const REASON_FORM = /^[a-z][a-z0-9-]*$/

interface AnswerCheck {
  id: string
  title: string
  needs?: readonly string[]
  /** What is wrong with one exchange; undefined when nothing is. */
  fault: (exchange: Exchange, session: Session) => string | undefined
}

/** A check that holds for each message of the walk. */
function answerCheck({ id, title, needs = [], fault }: AnswerCheck): ContractCheck {
  return {
    id,
    title,
    kinds: PROVISIONERS,
    writes: true,
    needs: ['start-fails', ...needs],
    run: async (session) => {
      const { exchanges } = await walk(session)
      for (const [station, exchange] of Object.entries(exchanges)) {
        const text = fault(exchange, session)
        if (text !== undefined) return failed(`${station}: ${text}`)
      }
      return ok
    },
  }
}

/** A check on what the answer to a message says. */
function contentCheck(
  id: string,
  title: string,
  fault: (answer: Message, message: Message, session: Session) => string | undefined,
  needs: readonly string[] = [],
): ContractCheck {
  return answerCheck({
    id,
    title,
    needs: ['answer-missing', ...needs],
    fault: ({ answers: [answer], message }, session) =>
      answer === undefined ? undefined : fault(answer, message, session),
  })
}

/** A check that one station of the walk was answered with yes. */
function stationCheck(id: string, title: string, station: Station, needs: readonly string[]): ContractCheck {
  return {
    id,
    title,
    kinds: PROVISIONERS,
    writes: true,
    needs: ['start-fails', 'answer-missing', ...needs],
    run: async (session) => {
      const exchange = (await walk(session)).exchanges[station]
      const [answer] = exchange?.answers ?? []
      if (answer === undefined) return skipped('the walk did not come so far')
      if (answer.reason === 'pending')
        return skipped(`pending until ${answer.notBefore ?? 'it is asked again'}`)
      return isAccepted(exchange)
        ? ok
        : failed(`answered with ${answer.reason ?? 'no reason'}: ${answer.error ?? ''}`)
    },
  }
}

/** Checks on messages and their answers, for every provisioner. */
export const ANSWER_CHECKS: readonly ContractCheck[] = [
  answerCheck({
    id: 'not-consuming',
    title: 'when start has resolved, messages are taken at once',
    fault: ({ isTaken, label }) =>
      isTaken || label !== 'create' ? undefined : 'start resolved, and the message was not taken',
  }),
  answerCheck({
    id: 'answer-missing',
    title: 'every message is answered',
    needs: ['not-consuming'],
    fault: ({ answers }) => (answers.length > 0 ? undefined : 'no answer in time'),
  }),
  answerCheck({
    id: 'answer-twice',
    title: 'every message is answered only once',
    fault: ({ answers }) => (answers.length < 2 ? undefined : `${answers.length} answers`),
  }),
  contentCheck('answer-id', 'an answer repeats the id of its message', (answer, message) =>
    answer.id === message.id
      ? undefined
      : `the answer has ${answer.id === undefined ? 'no id' : `id ${answer.id}`}`,
  ),
  contentCheck('answer-action', 'an answer repeats the action', (answer, message) =>
    answer.action === message.action ? undefined : `${message.action} was answered with ${answer.action}`,
  ),
  contentCheck('answer-service', 'an answer is about the same service', (answer, message) =>
    isSameService(answer.service, message.service) ? undefined : 'the answer is about another service',
  ),
  contentCheck(
    'answer-fields',
    'an answer changes only what its kind may change',
    (answer, message, session) => {
      const allowed = MAY_CHANGE[session.harness.definition.kind]
      const before = new Map<string, unknown>(Object.entries(message.service))
      const after = new Map<string, unknown>(Object.entries(answer.service))
      const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
        (field) => !allowed.includes(field) && !isDeepStrictEqual(before.get(field), after.get(field)),
      )
      return changed.length === 0 ? undefined : `the answer changes ${changed.join(', ')}`
    },
    ['answer-service', 'plan-changes-input'],
  ),
  contentCheck(
    'answer-outputs',
    'an address is an IP address, a port a port',
    (answer) => {
      const { public_ip: ip, public_port: port } = answer.service
      if (ip !== undefined && isIP(ip) === 0) return 'public_ip is not an IP address'
      if (port === undefined || (Number.isInteger(port) && port > 0 && port < 65_536)) return undefined
      return 'public_port is not a port'
    },
    ['answer-service'],
  ),
  contentCheck('error-without-reason', 'an error comes with a stable reason', (answer) => {
    if (answer.error === undefined) return undefined
    return REASON_FORM.test(answer.reason ?? '') ? undefined : `reason is ${answer.reason ?? 'missing'}`
  }),
  {
    id: 'unsolicited',
    title: 'a provisioner says nothing unasked',
    kinds: PROVISIONERS,
    writes: true,
    needs: ['start-fails', 'answer-missing', 'answer-id'],
    run: async (session): Promise<Verdict> => {
      const { unsolicited } = await walk(session)
      return unsolicited.length === 0 ? ok : failed(`${unsolicited.length} messages that answer nothing`)
    },
  },
  stationCheck('create-fails', 'create', 'create', ['error-without-reason', 'plan-incomplete']),
  stationCheck('repeat-fails', 'the same again', 'same-again', ['create-fails']),
  stationCheck('change-fails', 'change of targets', 'targets', ['create-fails', 'repeat-fails']),
  stationCheck('alias-fails', 'change of an alias, the old one kept', 'alias', [
    'create-fails',
    'change-fails',
  ]),
  stationCheck('alias-end-fails', 'change of an alias, the old one gone', 'alias-done', [
    'create-fails',
    'alias-fails',
  ]),
  stationCheck('delete-fails', 'delete', 'delete', ['error-without-reason', 'plan-incomplete']),
  stationCheck('delete-again-fails', 'delete again', 'delete-again', ['delete-fails']),
  stationCheck('delete-absent-fails', 'delete of what never was', 'delete-absent', [
    'delete-fails',
    'delete-again-fails',
  ]),
  {
    id: 'address-missing',
    title: 'an ipam gives an address',
    kinds: ['ipam'],
    writes: true,
    needs: ['start-fails', 'answer-missing', 'answer-service', 'create-fails'],
    run: async (session): Promise<Verdict> => {
      const exchange = (await walk(session)).exchanges.create
      if (!isAccepted(exchange)) return skipped('create was not accepted')
      return exchange?.answers[0]?.service.public_ip === undefined
        ? failed('the answer has no public_ip')
        : ok
    },
  },
]
