import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from './helpers/cli.js'

const IMPORT = /^(?:import|export)\s+(?!type\b)[^;'"]*?from\s+'(\.[^']+)\.js'/gm

/** File -> the files whose code it loads at once. Types cost nothing, and lazy imports come later. */
function importGraph(): Map<string, string[]> {
  const src = join(ROOT, 'src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  return new Map(
    files.map((name) => {
      const path = join(src, name)
      const sources = [...readFileSync(path, 'utf8').matchAll(IMPORT)].map((match) => String(match[1]))
      return [name, sources.map((source) => relative(src, resolve(dirname(path), `${source}.ts`)))]
    }),
  )
}

function findCycle(graph: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>()
  const visit = (file: string, trail: string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...trail, file])
      if (cycle) return cycle
    }
    done.add(file)
    return undefined
  }
  for (const file of graph.keys()) {
    const cycle = visit(file, [])
    if (cycle) return cycle
  }
  return undefined
}

describe('the modules of src', () => {
  it('import each other without cycles', () => {
    expect(findCycle(importGraph())).toBeUndefined()
  })

  it('would be seen in a cycle', () => {
    const graph = new Map([
      ['a.ts', ['b.ts']],
      ['b.ts', ['c.ts']],
      ['c.ts', ['b.ts']],
    ])

    expect(findCycle(graph)).toEqual(['b.ts', 'c.ts', 'b.ts'])
  })

  it('are all looked at', () => {
    const graph = importGraph()

    expect(graph.get('cli/error-report.ts')).toContain('sdk/errors.ts')
  })
})
