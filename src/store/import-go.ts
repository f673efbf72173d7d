import * as z from 'zod'
import type { Entry, StepRecord } from '../core/entry.js'
import { UNKNOWN_PROVIDER } from '../core/match-imported.js'
import type { Step } from '../core/settings.js'
import { errorText, InterlookError } from '../sdk/errors.js'
import { normalizeTargets, type Service, serviceKey } from '../sdk/service.js'
import type { GoImport } from './sqlite-store.js'

export interface GoImportReport {
  /** Services taken over as entries. */
  imported: number
  /** Services left out: never deployed, or removed. */
  skipped: number
  /** Where the file of the earlier tool was kept; absent in a dry run. */
  backup?: string
}

/** The earlier tool writes `null` for an empty list and leaves empty values out. */
const text = z.string().nullish()
const GoService = z.looseObject({
  provider: text,
  targets: z.array(z.looseObject({ host: z.string(), port: z.int().min(1).max(65535) })).nullish(),
  tls: z.boolean().nullish(),
  public_ip: text,
  dns_name: z.array(z.string()).nullish(),
})
const GoEntry = z.looseObject({
  state: text,
  expected_state: text,
  time_detected: text,
  last_update: text,
  service: GoService.nullish(),
})
const GoEntries = z.record(z.string().regex(/^[^/\s]+$/, 'not the name of a service'), GoEntry)
type GoEntry = z.infer<typeof GoEntry>

/** The entries that a file of the earlier Go tool stands for. Throws `import-failed`; changes nothing. */
export function importGoEntries(
  content: string,
  file: string,
  options: Pick<GoImport, 'steps' | 'providers' | 'now'>,
): { entries: Entry[]; report: GoImportReport } {
  const known = parse(content, file)
  const entries = Object.entries(known)
    .map(([name, entry]) => toEntry(name, entry, options))
    .filter((entry) => entry !== undefined)
  return {
    entries,
    report: { imported: entries.length, skipped: Object.keys(known).length - entries.length },
  }
}

function parse(content: string, file: string): Record<string, GoEntry> {
  let value: unknown
  try {
    value = JSON.parse(content.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw importFailed(file, `it is no complete JSON (${errorText(error)})`, error)
  }
  const result = GoEntries.safeParse(unwrap(value ?? {}))
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw importFailed(file, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`, result.error)
}

/** Some versions wrap the services in `entries`; a service of that name has values that are no objects. */
function unwrap(value: object | string | number | boolean): unknown {
  if (typeof value !== 'object' || Object.keys(value).length !== 1 || !('entries' in value)) return value
  const { entries } = value
  if (entries === null) return {}
  const isWrapper =
    typeof entries === 'object' && Object.values(entries).every((one) => typeof one === 'object')
  return isWrapper ? entries : value
}

function importFailed(file: string, why: string, cause: unknown): InterlookError {
  return new InterlookError(
    'import-failed',
    `entries of the earlier tool in ${file} cannot be read: ${why}`,
    {
      hint: 'put a good copy in its place, or move the file away to begin with an empty store',
      cause,
    },
  )
}

/** Undefined: nothing of this service was ever put on a backend. */
function toEntry(
  name: string,
  entry: GoEntry,
  { steps, providers, now }: Pick<GoImport, 'steps' | 'providers' | 'now'>,
): Entry | undefined {
  const service = toService(name, entry.service ?? {}, providers)
  const records = toRecords(entry, service, steps)
  if (records === undefined) return undefined
  const detectedAt = toTime(entry.time_detected) ?? now
  return {
    key: serviceKey(service),
    service: withoutOutputs(service),
    // Whether it still is wanted, a complete listing tells; a file of yesterday does not.
    expected: 'deployed',
    ...(entry.state === 'deployed' && { inUse: service }),
    steps: records,
    scheduled: [],
    heirs: [],
    imported: true,
    detectedAt,
    updatedAt: toTime(entry.last_update) ?? detectedAt,
  }
}

function toService(name: string, found: z.infer<typeof GoService>, providers: readonly string[]): Service {
  const [only, ...others] = providers
  const guess = only !== undefined && others.length === 0 ? only : UNKNOWN_PROVIDER
  const places = (found.targets ?? []).map(({ host, port }) => ({ host, port, weight: 1 }))
  return {
    provider: found.provider || guess,
    name,
    // The earlier tool knew no weights: a place named twice is one place.
    targets: normalizeTargets(places).map((target) => ({ ...target, weight: 1 })),
    tls: found.tls ?? false,
    ...(found.public_ip && { public_ip: found.public_ip }),
    dns_name: [...new Set((found.dns_name ?? []).map((alias) => alias.toLowerCase()).filter(Boolean))],
    options: {},
  }
}

function withoutOutputs({ public_ip: _, ...service }: Service): Service {
  return service
}

/**
 * state of the file        records of the workflow's steps
 * deployed                 all done
 * a step of the workflow   sent up to that step: whether the backend has it, only the backend knows
 * undeployed, or nothing   none, unless the service has an address: then something was sent, so all count as sent
 */
function toRecords(
  { state }: GoEntry,
  service: Service,
  steps: readonly Step[],
): Record<string, StepRecord> | undefined {
  if (state === 'deployed') return stepRecords('done', service, steps)
  if (state === 'undeployed') return undefined
  const inWork = state ? steps.findIndex((step) => isStep(step.id, state)) : -1
  if (inWork >= 0) return stepRecords('sent', service, steps.slice(0, inWork + 1))
  return service.public_ip === undefined ? undefined : stepRecords('sent', service, steps)
}

/** The earlier tool also named steps `provisioner.<name>`. */
function isStep(id: string, state: string): boolean {
  return id === state || (state.startsWith('provisioner.') && id.split('.')[1] === state.split('.')[1])
}

function stepRecords(
  state: 'sent' | 'done',
  service: Service,
  steps: readonly Step[],
): Record<string, StepRecord> {
  const giver = steps.find((step) => step.kind === 'ipam') ?? steps.find((step) => step.kind === 'lb')
  return Object.fromEntries(
    steps.map((step) => [
      step.id,
      {
        state,
        sent: { service },
        ...(state === 'done' && { acked: { service } }),
        outputs: step === giver && service.public_ip !== undefined ? { public_ip: service.public_ip } : {},
        attempts: 0,
      },
    ]),
  )
}

/** The earlier tool writes a time that is not set as year 1. */
function toTime(value: string | null | undefined): number | undefined {
  const time = value ? Date.parse(value) : Number.NaN
  return time > 0 ? time : undefined
}
