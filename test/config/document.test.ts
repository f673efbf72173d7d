import * as yaml from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { type DocumentNode, parseDocument } from '../../src/config/document.js'
import { resolveScalar } from '../../src/config/scalar.js'

function plain(node: DocumentNode | undefined): unknown {
  if (node?.kind === 'list') return node.items.map(plain)
  if (node?.kind === 'mapping') {
    return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plain(entry.node)]))
  }
  return node?.plain === false ? node.text : resolveScalar(node?.text ?? '')
}

describe('parseDocument', () => {
  it.each([
    'a: 1\nb: [x, "2", {c: true}]\nd:\n  - e\n  -\n  - ~',
    'a: |\n  text\n  more\nb: >-\n  folded\n  text\n',
    'a: &x {b: 1}\nc: *x\nd: &y z\ne: *y',
    "a: !!str 5\nb: !!int 6\nc: \"a\\tb\"\nd: 'it''s'",
    '{a: [1, [2, [3]]], b: {}}',
    '"a b": 1\n? c\n: 2',
    'a: 0x1F\nb: 0o17\nc: -1.5e3\nd: .inf\ne: 2020-01-01\nf: yes\ng: 1_000\nh: +5\ni: 007\nj: .5\nk: "null"\nl: Null\nm: TRUE',
  ])('reads %j as YAML does', (text) => {
    const { root, problems } = parseDocument(text, yaml)

    expect(problems).toEqual([])
    expect(plain(root)).toEqual(yaml.load(text))
  })

  it('knows where keys and values stand', () => {
    const { root } = parseDocument('a: 1\nb:\n  - "x"\n  - y\n', yaml)
    const list = root?.entries.get('b')

    expect(list?.keyOffset).toBe(5)
    expect(list?.node.kind === 'list' && list.node.items.map(({ offset }) => offset)).toEqual([12, 20])
  })

  it.each([
    ['a: b: c', 3, 'not YAML: bad indentation of a mapping entry'],
    ['a: "x', 5, 'not YAML: unexpected end of the stream within a double quoted scalar'],
    ['a: *x', 4, 'the alias names no anchor above it'],
    ['a: &x [*x]', 8, 'the alias names no anchor above it'],
    ['a: !foo b', 3, 'tags are not supported'],
    ['a: 1\na: 2', 5, 'the key "a" is given twice'],
    ['a: 1\n---\nb: 2', 9, 'the file holds more than one document'],
    ['[a]: 1', 1, 'expected a plain word as the key'],
  ])('%j: %s', (text, offset, message) => {
    const found = parseDocument(text, yaml).problems

    expect(found.map((problem) => problem.message)).toEqual([message])
    expect(Math.abs((found[0]?.offset ?? -1) - offset)).toBeLessThanOrEqual(1)
  })

  it('stops aliases of aliases before they fill the memory', () => {
    const rows = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let row = 1; row <= 8; row += 1) {
      const before = `*a${row - 1}`
      rows.push(`a${row}: &a${row} [${Array.from({ length: 10 }, () => before).join(', ')}]`)
    }
    const { root, problems } = parseDocument(rows.join('\n'), yaml)

    expect(root).toBeUndefined()
    expect(problems.map(({ message }) => message)).toEqual(['aliases make more than 20000 values'])
  })

  it('takes at most 100 aliases', () => {
    const text = `a: &a x\nb: [${Array.from({ length: 150 }, () => '*a').join(', ')}]`

    expect(parseDocument(text, yaml).problems.map(({ message }) => message)).toEqual([
      'more than 100 aliases',
    ])
  })
})
