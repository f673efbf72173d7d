import type { ShownChange, StepPlan } from '../../core/plan.js'
import type { Problem } from '../../sdk/errors.js'
import type { FieldChange, PlannedValue } from '../../sdk/provisioner.js'
import { line, padEnd, type RenderOptions } from './layout.js'
import type { Palette } from './palette.js'
import { formatWhen } from './time.js'

const MARKS = { create: '+', update: '~', delete: '-' } as const

/** `+`, `~` or `-`, in its colour. */
export function mark(action: ShownChange['action'], palette: Palette): string {
  const paint = { create: palette.create, update: palette.update, delete: palette.remove }[action]
  return paint(MARKS[action])
}

/** Why, and for what goes also what it leaves behind: `service removed, quarantine until 2026-01-01T00:10:00.000Z`. */
export function reasonText({ action, fields, reason }: ShownChange): string {
  if (action !== 'delete') return reason
  const left = fields.flatMap(({ field, from, to }) =>
    from === undefined && typeof to === 'string' ? [`${field} ${to}`] : [],
  )
  return [reason, ...left].join(', ')
}

/** What one step would do: its name, then a line per object. Nothing when there is nothing to tell. */
export function stepLines(step: StepPlan, indent: number, options: RenderOptions): string[] {
  const { palette, width } = options
  const lines = step.changes.flatMap((change) => changeLines(change, step, indent + 2, options))
  if (step.opaque) {
    const text = '? cannot be previewed (the extension implements only start and stop)'
    lines.push(line(indent + 2, palette.update(text), width))
  }
  if (step.problem) lines.push(...problemLines(step.problem, indent + 2, options))
  lines.push(...step.notes.map((note) => line(indent + 2, `* ${note}`, width)))
  return lines.length === 0 ? [] : [line(indent, step.step, width), ...lines]
}

function changeLines(change: ShownChange, step: StepPlan, indent: number, options: RenderOptions): string[] {
  const { palette, width } = options
  const remarks = [
    step.tentative && change.action !== 'delete' && '(tentative)',
    change.adopts && '(take over: only marked as ours)',
    change.reason && palette.dim(change.reason),
  ].filter(Boolean)
  const head = `${mark(change.action, palette)} ${change.kind} ${palette.title(change.object)}`
  const nameLength = Math.max(0, ...change.fields.map(({ field }) => field.length))
  return [
    line(indent, [head, ...remarks].join('  '), width),
    ...change.fields.map((field) =>
      line(indent + 4, `${padEnd(field.field, nameLength)}  ${fieldText(field, step)}`, width),
    ),
  ]
}

/** `old -> new`; only one of them for what comes or goes. */
export function fieldText({ from, to }: FieldChange, step: Pick<StepPlan, 'unknown'>): string {
  return [from, to]
    .filter((value) => value !== undefined)
    .map((value) => valueText(value, step))
    .join(' -> ')
}

function valueText(value: PlannedValue, { unknown }: Pick<StepPlan, 'unknown'>): string {
  if (typeof value === 'string') return value === '' ? '(none)' : value
  return `known after ${unknown[value.unknown] ?? 'an earlier step'}`
}

/** Code and message, what to do, and when it is tried next. */
export function problemLines(problem: Problem, indent: number, options: RenderOptions): string[] {
  const { palette, width, now } = options
  const unsure = problem.outcomeUnknown ? ' (whether it was applied is not known)' : ''
  const lines = [line(indent, `${palette.bad(`! ${problem.code}`)}: ${problem.message}${unsure}`, width)]
  if (problem.hint) lines.push(line(indent + 2, palette.dim(`hint: ${problem.hint}`), width))
  if (problem.notBefore !== undefined) {
    lines.push(line(indent + 2, palette.dim(`not before: ${formatWhen(problem.notBefore, now)}`), width))
  }
  return lines
}
