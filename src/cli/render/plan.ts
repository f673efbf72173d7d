import type { Plan, ServicePlanBlock, Verdict } from '../../core/plan.js'
import type { Service } from '../../sdk/service.js'
import { mark, problemLines, stepLines } from './change.js'
import { count, formatNumber, line, paragraphs, type RenderOptions, withoutControls } from './layout.js'
import { orphanLines, providerLines, unreadLines, warningLines } from './notices.js'
import { formatScheduled } from './time.js'
import { guardLines, inSyncLine, isQuiet, planLine } from './verdict.js'

const ACTIONS = { create: 'create', update: 'update', remove: 'delete' } as const
type Changing = keyof typeof ACTIONS

/** Services that nothing is done for, by reason, in the order of the output. */
const SECTIONS: readonly [Verdict, string][] = [
  ['waiting', 'waiting'],
  ['error', 'in error'],
  ['take-over', 'take over, only with --adopt'],
  ['retained', 'retained, until `interlook reconcile --release KEY`'],
  ['paused', 'paused, what differs is only shown'],
  ['frozen', 'frozen, left as they are'],
]

/** Of services with the same to tell; `--json` has them all. */
const KEYS_SHOWN = 10

/** What a pass would do, as text: the verdict first, then a block per service, removals last, then the rest. */
export function renderPlan(given: Plan, options: RenderOptions): string {
  const plan = withoutControls(given)
  if (isQuiet(plan)) return inSyncLine(plan.counts.inSync, options)
  return paragraphs([
    [planLine(plan, options), ...guardLines(plan.guard, options)],
    ...changeBlocks(plan, options),
    ...noticeBlocks(plan, options, { withProblems: true }),
  ])
}

function changeBlocks(plan: Plan, options: RenderOptions): string[][] {
  const blocks = (verdicts: readonly Changing[]): string[][] =>
    plan.services.flatMap((block) =>
      verdicts
        .filter((verdict) => verdict === block.verdict)
        .map((verdict) => changeBlock(block, verdict, options)),
    )
  return [...blocks(['create', 'update']), ...blocks(['remove'])]
}

function changeBlock(block: ServicePlanBlock, verdict: Changing, options: RenderOptions): string[] {
  const { palette, width } = options
  const about = verdict === 'create' ? palette.dim(`  (${describe(block.service)})`) : ''
  return [
    line(0, `${mark(ACTIONS[verdict], palette)} ${palette.title(block.key)}  ${verdict}${about}`, width),
    ...details(block, 4, options),
  ]
}

/** What matters to users of a new service. */
function describe({ dns_name, targets, tls }: Service): string {
  return [...dns_name, count(targets.length, 'target'), tls && 'tls'].filter(Boolean).join(', ')
}

function details(block: ServicePlanBlock, indent: number, options: RenderOptions): string[] {
  const { problem, steps, scheduled } = block
  const isTold = steps.some(
    (step) => step.problem?.code === problem?.code && step.problem?.message === problem?.message,
  )
  return [
    ...steps.flatMap((step) => stepLines(step, indent, options)),
    ...(problem && !isTold ? problemLines(problem, indent, options) : []),
    ...scheduled.map((one) => line(indent, `later: ${formatScheduled(one, options.now)}`, options.width)),
  ]
}

/** Everything that is no change: services that stay as they are and why, orphans, providers, warnings. */
export function noticeBlocks(
  plan: Plan,
  options: RenderOptions,
  { withProblems }: { withProblems: boolean },
): string[][] {
  const sections = SECTIONS.filter(
    ([verdict]) => withProblems || (verdict !== 'waiting' && verdict !== 'error'),
  )
  const noted = plan.services.filter(
    (block) => block.verdict === 'in-sync' && details(block, 0, options).length > 0,
  )
  return [
    ...sections.map(([verdict, title]) =>
      section(
        title,
        plan.services.filter((block) => block.verdict === verdict),
        options,
      ),
    ),
    section('in sync, but worth knowing', noted, options),
    orphanLines(plan.orphans, options),
    providerLines(plan.providers, options),
    unreadLines(plan.unread, options),
    warningLines(plan.warnings, options),
  ]
}

/** Services with the same to tell, as when their provider is down, stand above it together. */
function section(title: string, blocks: readonly ServicePlanBlock[], options: RenderOptions): string[] {
  if (blocks.length === 0) return []
  const groups = new Map<string, string[]>()
  for (const block of blocks) {
    const text = details(block, 6, options).join('\n')
    const keys = groups.get(text)
    if (keys) keys.push(block.key)
    else groups.set(text, [block.key])
  }
  return [
    line(0, `${options.palette.title(title)}:`, options.width),
    ...[...groups].flatMap(([text, keys]) => [...keyLines(keys, options), ...(text ? [text] : [])]),
  ]
}

function keyLines(keys: readonly string[], { width }: RenderOptions): string[] {
  const shown = keys.slice(0, KEYS_SHOWN).map((key) => line(2, key, width))
  const left = keys.length - shown.length
  return left > 0 ? [...shown, line(2, `... and ${formatNumber(left)} more`, width)] : shown
}
