import type { PassResult } from '../../core/plan.js'
import { fieldText, reasonText } from './change.js'
import { withoutControls } from './layout.js'
import { plainPalette } from './palette.js'
import { deployedCount, formatAddress, formatState, isNothing, isRefused } from './result.js'
import { formatDuration, formatScheduled, formatTime } from './time.js'
import { guardLines, inSyncLine, outcomeParts, planLine } from './verdict.js'

const SIGNS = { create: '+', update: '~', delete: '-' } as const

/** The outcome of a pass as a Markdown page: for `--output FILE`, a ticket, a merge request. */
export function renderMarkdown(given: PassResult, { now }: { now: number }): string {
  const result = withoutControls(given)
  const sections = [
    head(result, now),
    section('Services', ['Service', 'Address', 'Names', 'State'], serviceRows(result)),
    result.dryRun
      ? section('Planned changes', ['', 'Service', 'Step', 'Object', 'What', 'Why'], plannedRows(result))
      : section('Changes', ['', 'Service', 'Step', 'Object', 'Why', 'When'], changeRows(result)),
    section('Later', ['Service', 'What'], scheduledRows(result, now)),
    section('Not changed', ['Service', 'Verdict', 'Why', 'What to do'], problemRows(result)),
    section('Orphans', ['Step', 'Objects', 'Service'], orphanRows(result)),
    section('Providers', ['Provider', 'Problem', 'What to do'], providerRows(result)),
    section('Backends that could not be read', ['Step', 'Problem', 'What to do'], unreadRows(result)),
    list('Warnings', result.plan.warnings),
  ]
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`
}

function head(result: PassResult, now: number): string {
  const options = { palette: plainPalette, now }
  const title = `# interlook reconcile${result.dryRun ? ' (dry run)' : ''}`
  const verdict = isNothing(result)
    ? inSyncLine(deployedCount(result), options)
    : result.dryRun || isRefused(result)
      ? planLine(result.plan, options)
      : outcomeParts(result, options)
  const end = `${formatTime(now)}, took ${formatDuration(result.durationMs)}, exit code ${result.exitCode}`
  const message =
    result.message === undefined ? [] : [`**${escapeCell(`${result.reason}: ${result.message}`)}**`]
  const guard = result.plan.guard.tripped ? guardLines(result.plan.guard, options).map(escapeCell) : []
  return [title, escapeCell(verdict), end, ...message, ...guard].join('\n\n')
}

function serviceRows({ services }: PassResult): string[][] {
  return services.map((status) => [
    code(status.key),
    formatAddress(status),
    status.dns_name.join(', '),
    formatState(status),
  ])
}

function plannedRows({ plan }: PassResult): string[][] {
  return plan.services.flatMap((block) =>
    block.steps.flatMap((step) =>
      step.changes.map((change) => [
        SIGNS[change.action],
        code(block.key),
        step.step,
        `${change.kind} ${code(change.object)}${step.tentative && change.action !== 'delete' ? ' (tentative)' : ''}`,
        change.fields.map((field) => `${field.field}: ${fieldText(field, step)}`).join('; '),
        change.reason,
      ]),
    ),
  )
}

function changeRows({ changes }: PassResult): string[][] {
  return changes.map((change) => [
    SIGNS[change.action],
    code(change.key),
    change.step,
    `${change.kind} ${code(change.object)}`,
    reasonText(change),
    formatTime(change.at),
  ])
}

function scheduledRows({ scheduled }: PassResult, now: number): string[][] {
  return scheduled.map((one) => [code(one.key), formatScheduled(one, now)])
}

function problemRows({ plan, services }: PassResult): string[][] {
  const now = new Map(services.map((status) => [status.key, status.problem]))
  const planned = plan.services.map((block) => ({ ...block, problem: block.problem ?? now.get(block.key) }))
  const rest = services
    .filter((status) => !plan.services.some((block) => block.key === status.key))
    .map((status) => ({ key: status.key, verdict: 'error', problem: status.problem }))
  return [...planned, ...rest].flatMap(({ key, verdict, problem }) =>
    problem ? [[code(key), verdict, `${problem.code}: ${problem.message}`, problem.hint ?? '']] : [],
  )
}

function orphanRows({ plan }: PassResult): string[][] {
  return plan.orphans.map(({ step, object, pruned }) => [
    step,
    object.objects.map(code).join(', '),
    `${code(object.key)}${pruned ? ' (goes)' : ''}`,
  ])
}

function providerRows({ plan }: PassResult): string[][] {
  return plan.providers.flatMap(({ id, problem }) =>
    problem ? [[id, `${problem.code}: ${problem.message}`, problem.hint ?? '']] : [],
  )
}

function unreadRows({ plan }: PassResult): string[][] {
  return plan.unread.map(({ step, problem }) => [
    step,
    `${problem.code}: ${problem.message}`,
    problem.hint ?? '',
  ])
}

function section(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const row = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`
  return [`## ${title}`, '', row(heads), row(heads.map(() => '---')), ...rows.map(row)].join('\n')
}

function list(title: string, items: readonly string[]): string {
  return items.length === 0
    ? ''
    : [`## ${title}`, '', ...items.map((item) => `- ${escapeCell(item)}`)].join('\n')
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``
}

/** A text from elsewhere must end neither its cell nor become a tag. */
function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
