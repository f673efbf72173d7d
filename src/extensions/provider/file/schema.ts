import type * as z from 'zod'
import { duration, filePath } from '../../../sdk/schema/fields.js'
import { section } from '../../../sdk/schema/section.js'

export const FileConfig = section({
  path: filePath().describe('The YAML file with the list of services.'),
  pollInterval: duration({ min: 100, zeroMeans: 5000 })
    .prefault('5s')
    .describe('How often the file is looked at, where the system does not tell of a change.'),
})
export type FileConfig = z.output<typeof FileConfig>
