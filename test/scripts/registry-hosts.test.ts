import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../helpers/cli.js'

/** Put together, so that this file holds none of them. */
const HOSTS = ['npmjs', 'npmmirror', 'yarnpkg'].map((name) => new RegExp(`${name}\\.(org|com)`))
const REGISTRY = new RegExp(['regis', 'try[-\\w]*\\.[-\\w]+\\.(org|com|io|net|dev)\\b'].join(''))

const NOT_OURS = new Set(['.git', 'node_modules', 'dist', 'coverage', 'state'])

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesUnder(path)
    return entry.isFile() ? [path] : []
  })
}

describe('the repository', () => {
  it('names no package registry: where packages come from is the business of whoever installs', () => {
    const found = filesUnder(ROOT).filter((path) => {
      const text = readFileSync(path, 'utf8')
      return [...HOSTS, REGISTRY].some((host) => host.test(text))
    })

    expect(found.map((path) => relative(ROOT, path))).toEqual([])
  })

  it('would notice one', () => {
    expect(REGISTRY.test(`https://${['registry', 'example', 'org'].join('.')}/`)).toBe(true)
  })
})
