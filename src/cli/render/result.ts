import type { ChangeRecord, PassResult, ServiceStatus } from '../../core/plan.js'
import { mark, problemLines } from './change.js'
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
  if (result.dryRun) {
    const note = line(0, palette.dim('dry run: nothing was changed'), width)
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

export function deployedCount({ services }: PassResult): number {
  return services.filter((status) => status.state === 'deployed').length
}

function headLines(result: PassResult, options: RenderOptions): string[] {
  const { palette, width } = options
  const { guard } = result.plan
  const took = `in ${formatDuration(result.durationMs)}`
  const word = result.exitCode === 0 ? palette.good('done') : palette.bad(`ended with ${result.exitCode}`)
  return [
    line(0, `${word} ${took}: ${outcomeParts(result, options)}`, width),
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
  const rows = shown.map((status) => [
    [status.key],
    [formatAddress(status)],
    status.dns_name,
    [formatState(status)],
  ])
  const heads = ['service', 'address', 'names', 'state'].map((head) => [head.toUpperCase()])
  const [head = '', ...lines] = table([heads, ...joinNames(rows, width)])
  const left = services.length - shown.length
  return [palette.dim(head), ...lines, ...(left > 0 ? [`... and ${formatNumber(left)} more`] : [])]
}

/** All names in one line where the terminal is wide enough (or none is there), else one below the other. */
function joinNames(rows: string[][][], width: number | undefined): string[][][] {
  const joined = rows.map((cells) => cells.map((cell, column) => (column === 2 ? [cell.join(', ')] : cell)))
  const widest = Math.max(...table(joined).map(visibleLength))
  return width === undefined || widest <= width ? joined : rows.map((cells) => cells.map(orEmpty))
}

function orEmpty(cell: string[]): string[] {
  return cell.length === 0 ? [''] : cell
}

/** `10.32.30.2:443`, `[2001:db8::1]:443`. */
export function formatAddress({ public_ip, public_port }: ServiceStatus): string {
  if (public_ip === undefined) return '-'
  if (public_port === undefined) return public_ip
  return public_ip.includes(':') ? `[${public_ip}]:${public_port}` : `${public_ip}:${public_port}`
}

/** `deployed`, `undeployed`, or the step in work, and whether something keeps it from going on. */
export function formatState({ state, problem }: ServiceStatus): string {
  const where = state === 'deployed' || state === 'undeployed' ? state : `at ${state}`
  return problem === undefined ? where : `${where} (${problem.code})`
}

function changeLines(changes: readonly ChangeRecord[], options: RenderOptions): string[] {
  if (changes.length === 0) return []
  const { palette, width } = options
  const shown = changes.slice(0, CHANGES_SHOWN)
  const rows = shown.map((change) => [
    [`${mark(change.action, palette)} ${change.key}`],
    [change.step],
    [`${change.kind} ${change.object}`],
    [palette.dim(change.reason)],
  ])
  const lines = table(rows, 2)
  const fits = width === undefined || lines.every((text) => visibleLength(text) <= width)
  const narrow = (): string[] => rows.map((cells) => line(2, cells.flat().join('  '), width))
  const left = changes.length - shown.length
  return [
    `${palette.title('written')}:`,
    ...(fits ? lines : narrow()),
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
