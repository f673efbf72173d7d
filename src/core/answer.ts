import { REASONS, type Problem, type Reason } from '../sdk/errors.js'
import type { Answer } from '../sdk/answer.js'
import type { Message } from '../sdk/message.js'
import type { Outputs } from '../sdk/provisioner.js'
import type { Service } from '../sdk/service.js'
import { withOutputs, withoutOutputs, sameDefinition } from './definition.js'
import { allowedOutputs } from './planner.js'
import type { Step } from './settings.js'

/** Reason codes after which the same try may succeed later without anybody doing anything. */
const RETRYABLE: ReadonlySet<string> = new Set<Reason>([
  'timeout',
  'unreachable',
  'throttled',
  'pending',
  'backend-error',
  'address-exhausted',
  'address-taken',
])

/** The failure that an answer speaks of; undefined when it succeeded. */
export function answerProblem(step: string, message: Answer): Problem | undefined {
  // Extensions made with the SDK send the whole problem along.
  if (message.problem !== undefined) return message.problem
  if (message.error === undefined && message.reason !== 'pending') return undefined
  const code = isReason(message.reason) ? message.reason : 'refused'
  const notBefore = message.notBefore === undefined ? Number.NaN : Date.parse(message.notBefore)
  return {
    code,
    message: message.error ?? `${step} asks to be asked again later`,
    retryable: RETRYABLE.has(code),
    ...(Number.isFinite(notBefore) && { notBefore }),
  }
}

function isReason(text: string | undefined): text is Reason {
  return text !== undefined && Object.hasOwn(REASONS, text)
}

/** What an answer gives, and the fields that it changed without the right to. */
export function readAnswer(
  steps: readonly Step[],
  step: string,
  message: Message,
  sent: Service,
): { outputs: Outputs; ignored: string[] } {
  const index = steps.findIndex((item) => item.id === step)
  const here = steps[index]
  if (!here) return { outputs: {}, ignored: [] }
  const hasIpam = steps.slice(0, index).some((item) => item.kind === 'ipam')
  const outputs = allowedOutputs(here, message.service, hasIpam)
  return {
    outputs,
    ignored: message.action === 'delete' ? [] : ignoredFields(sent, message.service, outputs),
  }
}

function ignoredFields(sent: Service, got: Service, outputs: Outputs): string[] {
  const ignored: string[] = []
  if (!sameDefinition(withoutOutputs(sent), withoutOutputs({ ...bare(got), targets: got.targets }))) {
    ignored.push('definition')
  }
  const expected = withOutputs(sent, outputs)
  if (got.public_ip !== undefined && got.public_ip !== expected.public_ip) ignored.push('public_ip')
  if (got.public_port !== undefined && got.public_port !== expected.public_port) ignored.push('public_port')
  return ignored
}

/** An answer from outside may lack lists and maps, whatever its type says. */
function bare(got: Service): Service {
  const lists: Pick<Service, 'targets' | 'dns_name' | 'options'> = { targets: [], dns_name: [], options: {} }
  return { ...lists, ...got }
}
