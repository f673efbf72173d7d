import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fixture, load } from './read.js'

const SAMPLES = ['full-sample', 'documented-sample', 'kubernetes-sample', 'ten-mistakes'].map(fixture)
const SNIPPETS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    ' ',
    '\n',
    '- ',
    '&a ',
    '*a',
    '!x ',
    '"',
    "'",
    '|',
    '#',
    '~',
    '${',
    '${A}',
    '0',
  ],
  ...['__proto__: 1\n', 'constructor: {}\n', '---\n', 'core:\n', '\t', '\u0000', '\uFEFF', '🙂'],
]

it('a damaged file gives problems with a place, and never throws', async () => {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(30),
    put: fc.constantFrom(...SNIPPETS),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...SAMPLES),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      async (sample, edits) => {
        let text = sample
        for (const { at, cut, put } of edits) {
          const start = Math.floor(at * text.length)
          text = text.slice(0, start) + put + text.slice(start + cut)
        }
        const { config, issues } = await load(text)

        const rows = text.split('\n')
        for (const { line, column, message } of issues) {
          expect(message).not.toBe('')
          expect(line).toBeLessThanOrEqual(rows.length)
          expect(column).toBeLessThanOrEqual((rows[line - 1] ?? '').length + 1)
        }
        expect(config === undefined).toBe(issues.some(({ severity }) => severity === 'error'))
      },
    ),
    { numRuns: 300 },
  )
})
