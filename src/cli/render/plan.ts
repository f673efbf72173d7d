import type { Plan, ServicePlanBlock, Verdict } from '../../core/plan.js'
import type { Service } from '../../sdk/service.js'
import { mark, problemLines, stepLines } from './change.js'
import { count, line, paragraphs, type RenderOptions, withoutControls } from './layout.js'
import { orphanLines, providerLines, warningLines } from './notices.js'
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

/** What a pass would do, as text: the verdict first, then a block per service, removals last, then the rest. */
export function renderPlan(given: Plan, options: RenderOptions): string {
  const plan = withoutControls(given)
  if (isQuiet(plan)) return inSyncLine(plan, options)
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
  return [
    ...block.steps.flatMap((step) => stepLines(step, indent, options)),
    ...(block.problem ? problemLines(block.problem, indent, options) : []),
    ...block.scheduled.map((scheduled) =>
      line(indent, `later: ${formatScheduled(scheduled, options.now)}`, options.width),
    ),
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
    warningLines(plan.warnings, options),
  ]
}

function section(title: string, blocks: readonly ServicePlanBlock[], options: RenderOptions): string[] {
  if (blocks.length === 0) return []
  const { palette, width } = options
  return [
    line(0, `${palette.title(title)}:`, width),
    ...blocks.flatMap((block) => [line(2, block.key, width), ...details(block, 6, options)]),
  ]
}
