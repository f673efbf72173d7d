import * as Flags from '@oclif/core/flags'
import { InterlookError } from '../sdk/errors.js'

/** `300ms`, `5s`, `10m`, `1h30m`, `0`: a duration flag, in ms. */
export const durationFlag = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: async (input, _context, options) => {
    const { parseDuration } = await import('../sdk/schema/duration.js')
    const ms = input === '0' ? 0 : parseDuration(input)
    if (ms === undefined) {
      throw new InterlookError(
        'usage',
        `--${options.name} takes a duration such as 300ms, 5s, 10m or 1h30m, not '${input}'`,
      )
    }
    return ms
  },
})

/**
 * Of a switch that is not given oclif says undefined, whatever its type says; with a default `dependsOn` would take it
 * for given.
 */
export function isGiven(flag: boolean | undefined): boolean {
  return flag === true
}
