import { type Problem, REASONS, type Reason } from './errors.js'
import type { Message } from './message.js'
import type { Outputs } from './provisioner.js'
import type { Service } from './service.js'

/** What came of one message. No problem: it is done. */
export interface Outcome {
  outputs?: Outputs
  problem?: Problem
}

/**
 * A message back to the core. Extensions made by `serveProvisioner` and `serveProvider` add the whole problem to
 * what the contract asks for (`error`, `reason`, `notBefore`), so that hint and retryability are not lost.
 */
export interface Answer extends Message {
  problem?: Problem
}

/** The one answer to `message`: the same service with what the step gave it, or why it could not. */
export function answerTo(message: Message, sender: string, outcome: Outcome): Answer {
  const gives = message.action === 'add' && outcome.problem === undefined
  return {
    action: message.action,
    sender,
    destination: message.sender,
    ...(message.id !== undefined && { id: message.id }),
    service: gives ? { ...message.service, ...outcome.outputs } : message.service,
    ...(message.previous !== undefined && { previous: message.previous }),
    ...problemFields(outcome.problem),
  }
}

/** The answer to `refresh`: `add` with the present definition, or `delete` when the service is not there. */
export function refreshAnswer(message: Message, sender: string, listed: Service | undefined): Answer {
  return {
    action: listed === undefined ? 'delete' : 'add',
    sender,
    destination: message.sender,
    ...(message.id !== undefined && { id: message.id }),
    service: listed ?? message.service,
  }
}

/** `error`, `reason` and `notBefore` of a problem, as a message carries them. */
export function problemFields(
  problem: Problem | undefined,
): Pick<Answer, 'error' | 'reason' | 'notBefore' | 'problem'> {
  if (problem === undefined) return {}
  return {
    error: problem.message,
    reason: problem.code,
    ...(problem.notBefore !== undefined && { notBefore: new Date(problem.notBefore).toISOString() }),
    problem,
  }
}

/** Why an answer says no, for any extension; undefined when it says yes. */
export function problemOf(answer: Answer): Problem | undefined {
  if (answer.problem !== undefined) return answer.problem
  if (answer.error === undefined && answer.reason === undefined) return undefined
  const notBefore = answer.notBefore === undefined ? Number.NaN : Date.parse(answer.notBefore)
  const code = answer.reason !== undefined && isReason(answer.reason) ? answer.reason : 'backend-error'
  return {
    code,
    message: answer.error ?? REASONS[code],
    // The contract has no word for "never again", so every refusal may be tried later.
    retryable: true,
    ...(Number.isFinite(notBefore) && { notBefore }),
    ...(code === 'timeout' && { outcomeUnknown: true }),
  }
}

/** True for the reason codes that interlook itself gives. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(REASONS, text)
}
