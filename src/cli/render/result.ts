import type { ChangeRecord, PassResult, ServiceStatus } from '../../core/plan.js'
import { mark, problemLines, reasonText } from './change.js'
import {
  formatNumber,
  line,
  paragraphs,
  type RenderOptions,
  table,
  visibleLength,
  withoutControls,
} from './layout.js'
import { noticeBlocks, renderPlan } from './plan.js'
import { formatDuration, formatScheduled } from './time.js'
import { guardLines, inSyncLine, isQuiet, outcomeParts } from './verdict.js'

/** More are only counted: `--json` has them all. */
const ROWS_SHOWN = 50
const CHANGES_SHOWN = 200

/** The outcome of a pass as text; of a dry run, its plan. One line when there was nothing to do. */
export function renderResult(given: PassResult, options: RenderOptions): string {
  const result = withoutControls(given)
  if (isNothing(result)) return inSyncLine(deployedCount(result), options)
  const { palette, width } = options
  if (result.dryRun || isRefused(result)) {
    const word = result.dryRun ? 'dry run: nothing was changed' : 'nothing was changed'
    const note = line(0, palette.dim(word), width)
    return paragraphs([[renderPlan(result.plan, options)], [...messageLines(result, options), note]])
  }
  return paragraphs([
    headLines(result, options),
    statusTable(result.services, options),
    changeLines(result.changes, options),
    scheduledLines(result, options),
    failedLines(result, options),
    ...noticeBlocks(result.plan, options, { withProblems: false }),
  ])
}

/** True when `--quiet` has nothing to print: all is in sync and nothing was written. */
export function isNothing({ plan, changes, scheduled, message, services, exitCode }: PassResult): boolean {
  const isCalm = changes.length === 0 && scheduled.length === 0 && message === undefined && exitCode === 0
  return isCalm && isQuiet(plan) && services.every((status) => status.problem === undefined)
}

/** True when the guard kept the whole pass from writing: its plan is then what there is to see. */
export function isRefused({ plan, changes }: PassResult): boolean {
  return plan.guard.tripped && changes.length === 0
}

export function deployedCount({ services }: PassResult): number {
  return services.filter((status) => status.state === 'deployed').length
}

function headLines(result: PassResult, options: RenderOptions): string[] {
  const { palette, width } = options
  const { guard } = result.plan
  const word =
    result.exitCode === 0 ? palette.good('done') : palette.bad(`ended with exit code ${result.exitCode}`)
  return [
    line(0, `${word} after ${formatDuration(result.durationMs)}: ${outcomeParts(result, options)}`, width),
    ...messageLines(result, options),
    ...(guard.tripped ? guardLines(guard, options) : []),
  ]
}

function messageLines({ reason, message }: PassResult, { palette, width }: RenderOptions): string[] {
  return message === undefined ? [] : [line(0, `${palette.bad(`! ${reason ?? 'error'}`)}: ${message}`, width)]
}

/** Address, names and state of each service; those in trouble first when there are too many. */
function statusTable(services: readonly ServiceStatus[], options: RenderOptions): string[] {
  if (services.length === 0) return []
  const { palette, width } = options
  const isCalm = (status: ServiceStatus): boolean => status.state === 'deployed' && !status.problem
  const sorted =
    services.length > ROWS_SHOWN
      ? [...services.filter((status) => !isCalm(status)), ...services.filter(isCalm)]
      : services
  const shown = sorted.slice(0, ROWS_SHOWN)
  const [head = '', ...lines] = fittingTable(shown, width)
  const left = services.length - shown.length
  return [palette.dim(head), ...lines, ...(left > 0 ? [`... and ${formatNumber(left)} more`] : [])]
}

const HEADS = [['SERVICE'], ['ADDRESS'], ['NAMES'], ['STATE']]

/** As wide as there is room: all names in one line, or one below the other, or also without the reason codes. */
function fittingTable(services: readonly ServiceStatus[], width: number | undefined): string[] {
  const full = tableOf(services, (names) => [names.join(', ')], formatState)
  if (width === undefined || fits(full, width)) return full
  const narrow = tableOf(services, listed, formatState)
  return fits(narrow, width) ? narrow : tableOf(services, listed, shortState)
}

function tableOf(
  services: readonly ServiceStatus[],
  names: (names: string[]) => string[],
  state: (status: ServiceStatus) => string,
): string[] {
  const rows = services.map((status) => [
    [status.key],
    [formatAddress(status)],
    names(status.dns_name),
    [state(status)],
  ])
  return table([HEADS, ...rows])
}

function listed(names: string[]): string[] {
  return names.length === 0 ? [''] : names
}

function fits(lines: readonly string[], width: number): boolean {
  return lines.every((text) => visibleLength(text) <= width)
}

/** `10.32.30.2:443`, `[2001:db8::1]:443`. */
export function formatAddress({ public_ip, public_port }: ServiceStatus): string {
  if (public_ip === undefined) return '-'
  if (public_port === undefined) return public_ip
  return public_ip.includes(':') ? `[${public_ip}]:${public_port}` : `${public_ip}:${public_port}`
}

/** `deployed`, `undeployed`, or the step in work, and whether something keeps it from going on. */
export function formatState({ state, problem }: Pick<ServiceStatus, 'state' | 'problem'>): string {
  const where = state === 'deployed' || state === 'undeployed' ? state : `at ${state}`
  return problem === undefined ? where : `${where} (${problem.code})`
}

function shortState({ state, problem }: ServiceStatus): string {
  return problem === undefined ? formatState({ state }) : `${state} (!)`
}

function changeLines(changes: readonly ChangeRecord[], options: RenderOptions): string[] {
  if (changes.length === 0) return []
  const { palette, width } = options
  const shown = changes.slice(0, CHANGES_SHOWN)
  const rows = shown.map((change) => [
    [`${mark(change.action, palette)} ${change.key}`],
    [change.step],
    [`${change.kind} ${change.object}`],
    [palette.dim(reasonText(change))],
  ])
  const lines = table(rows, 2)
  const isWide = width === undefined || fits(lines, width)
  const narrow = (): string[] => rows.map((cells) => line(2, cells.flat().join('  '), width))
  const left = changes.length - shown.length
  return [
    `${palette.title('written')}:`,
    ...(isWide ? lines : narrow()),
    ...(left > 0 ? [`  ... and ${formatNumber(left)} more`] : []),
  ]
}

function scheduledLines({ scheduled }: PassResult, { palette, width, now }: RenderOptions): string[] {
  if (scheduled.length === 0) return []
  return [
    `${palette.title('later')}:`,
    ...scheduled.map((one) => line(2, `${one.key}: ${formatScheduled(one, now)}`, width)),
  ]
}

function failedLines({ services }: PassResult, options: RenderOptions): string[] {
  const lines = services.flatMap(({ key, problem }) =>
    problem ? [line(2, key, options.width), ...problemLines(problem, 6, options)] : [],
  )
  return lines.length === 0 ? [] : [`${options.palette.title('cannot go on')}:`, ...lines]
}
