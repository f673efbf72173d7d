import { type Context, defineProvider } from '../../../sdk/define.js'
import type { Provider } from '../../../sdk/provider.js'
import { parseDocument } from './document.js'
import { fingerprintOf, readWhole } from './read.js'
import { FileConfig } from './schema.js'
import { watchContent } from './watch.js'

export const definition = defineProvider<FileConfig>({
  kind: 'provider',
  name: 'file',
  summary: 'services listed in a YAML file',
  configSchema: FileConfig,
  create,
})

function create(config: FileConfig, context: Context): Provider {
  const { path, pollInterval } = config
  let known: string | undefined
  return {
    async list() {
      const bytes = await readWhole(path)
      known = fingerprintOf(bytes)
      return parseDocument(bytes, path, context.id)
    },

    watch: (onChange, signal) =>
      watchContent({ path, intervalMs: pollInterval, clock: context.clock, known }, onChange, signal),
  }
}
