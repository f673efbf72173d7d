import type { Orphan, Plan, ProviderReport } from '../../core/plan.js'
import { problemLines } from './change.js'
import { count, line, type RenderOptions } from './layout.js'

/** Objects with our mark that no service needs. */
export function orphanLines(orphans: readonly Orphan[], options: RenderOptions): string[] {
  return [
    ...orphanGroup(
      orphans.filter(({ pruned }) => pruned),
      'orphans that go, as --prune asks',
      '- ',
      options,
    ),
    ...orphanGroup(
      orphans.filter(({ pruned }) => !pruned),
      'orphans, which `interlook reconcile --prune` would remove',
      '',
      options,
    ),
  ]
}

function orphanGroup(
  orphans: readonly Orphan[],
  title: string,
  prefix: string,
  { palette, width }: RenderOptions,
): string[] {
  if (orphans.length === 0) return []
  return [
    line(0, `${palette.title(title)}:`, width),
    ...orphans.map(({ step, object }) =>
      line(2, `${palette.remove(prefix)}${step}: ${object.objects.join(', ')}  of ${object.key}`, width),
    ),
  ]
}

/** Providers that gave no complete listing: nothing of theirs is changed or removed. */
export function providerLines(providers: readonly ProviderReport[], options: RenderOptions): string[] {
  const { palette, width } = options
  const lines = providers.flatMap(({ id, listed, problem }) => {
    if (problem === undefined) return []
    const known =
      listed === undefined ? 'no complete listing, its services stay as they are' : count(listed, 'service')
    return [line(2, `${id}: ${known}`, width), ...problemLines(problem, 6, options)]
  })
  return lines.length === 0 ? [] : [line(0, `${palette.title('providers')}:`, width), ...lines]
}

/** Backends that could not be read: nothing new is done there. */
export function unreadLines(unread: Plan['unread'], options: RenderOptions): string[] {
  const { palette, width } = options
  const lines = unread.flatMap(({ step, problem }) => [
    line(2, step, width),
    ...problemLines(problem, 6, options),
  ])
  return lines.length === 0 ? [] : [line(0, `${palette.title('could not be read')}:`, width), ...lines]
}

export function warningLines(warnings: readonly string[], { palette, width }: RenderOptions): string[] {
  return warnings.map((warning) => line(0, `${palette.warn('warning')}: ${warning}`, width))
}
