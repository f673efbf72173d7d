import type {
  ChangeRecord,
  Orphan,
  PassResult,
  ProviderReport,
  Scheduled,
  ServicePlanBlock,
  ServiceStatus,
  ShownChange,
  StepPlan,
} from '../../core/plan.js'
import type { Problem } from '../../sdk/errors.js'

/**
 * The document of `reconcile --json`, as `schemas/reconcile.schema.json` describes it: times as ISO 8601, and every
 * field named here, so that nothing gets out which only the inside needs.
 */
export function toJson(result: PassResult) {
  const { plan } = result
  return {
    exitCode: result.exitCode,
    ...defined({ reason: result.reason, message: result.message }),
    dryRun: result.dryRun,
    durationMs: result.durationMs,
    counts: { ...plan.counts },
    guard: {
      tripped: plan.guard.tripped,
      reasons: plan.guard.reasons,
      frozen: plan.guard.frozen,
      counts: plan.guard.counts,
    },
    services: result.services.map(statusJson),
    plan: plan.services.map(blockJson),
    changes: result.changes.map(recordJson),
    scheduled: result.scheduled.map(scheduledJson),
    orphans: plan.orphans.map(orphanJson),
    providers: plan.providers.map(providerJson),
    unread: plan.unread.map(({ step, problem }) => ({ step, problem: problemJson(problem) })),
    warnings: plan.warnings,
  }
}

export type ReconcileJson = ReturnType<typeof toJson>

function statusJson({ key, state, public_ip, public_port, dns_name, problem, next }: ServiceStatus) {
  return {
    key,
    state,
    ...defined({ public_ip, public_port }),
    dns_name,
    ...(problem && { problem: problemJson(problem) }),
    ...(next && { next: scheduledJson(next) }),
  }
}

function blockJson({ key, verdict, service, steps, problem, scheduled }: ServicePlanBlock) {
  return {
    key,
    verdict,
    service,
    steps: steps.map(stepJson),
    ...(problem && { problem: problemJson(problem) }),
    scheduled: scheduled.map(scheduledJson),
  }
}

function stepJson({ step, changes, outputs, tentative, unknown, problem, notes, opaque }: StepPlan) {
  return {
    step,
    changes: changes.map(changeJson),
    outputs,
    tentative,
    unknown,
    ...(problem && { problem: problemJson(problem) }),
    notes,
    opaque,
  }
}

function changeJson({ action, kind, object, fields, reason, adopts }: ShownChange) {
  return {
    action,
    kind,
    object,
    fields: fields.map(({ field, from, to }) => ({ field, ...defined({ from, to }) })),
    reason,
    ...defined({ adopts }),
  }
}

function recordJson(record: ChangeRecord) {
  return { key: record.key, step: record.step, at: time(record.at), ...changeJson(record) }
}

function scheduledJson({ key, what, step, notBefore }: Scheduled) {
  return { key, what, ...defined({ step }), notBefore: time(notBefore) }
}

function orphanJson({ step, object, pruned }: Orphan) {
  return { step, owner: object.owner, key: object.key, objects: object.objects, pruned }
}

function providerJson({ id, listed, problem }: ProviderReport) {
  return { id, ...defined({ listed }), ...(problem && { problem: problemJson(problem) }) }
}

function problemJson({ code, message, retryable, hint, notBefore, outcomeUnknown }: Problem) {
  return {
    code,
    message,
    retryable,
    ...defined({ hint, outcomeUnknown }),
    ...(notBefore !== undefined && { notBefore: time(notBefore) }),
  }
}

function time(ms: number): string {
  return new Date(ms).toISOString()
}

/** Without the fields that are undefined. */
function defined<T extends Record<string, unknown>>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> } // Only undefined ones went.
}
