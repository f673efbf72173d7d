import { readFileSync } from 'node:fs'
import { formatIssue } from '../../src/config/issues.js'
import { type LoadOptions, type LoadResult, loadConfig } from '../../src/config/load.js'
import { registry } from '../../src/extensions/index.js'

/** Loads a text as `interlook.yml` in `/srv`, with nothing around it unless given. */
export function load(text: string, options: Partial<LoadOptions> = {}): Promise<LoadResult> {
  return loadConfig({
    file: '/srv/interlook.yml',
    text,
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    cwd: '/srv',
    mode: 'check',
    registry: registry(),
    ...options,
  })
}

/** `3:5 error core.logLevel: ...`, one per problem. */
export function lines({ issues }: LoadResult): string[] {
  return issues.map((issue) => formatIssue(issue).replace(/^.*?:(\d+:\d+): (error|warning|note): /, '$1 $2 '))
}

export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/config/${name}.yml`, import.meta.url), 'utf8')
}
