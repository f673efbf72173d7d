// Writes the generated parts of README.md and the files in schemas/, from the built bundle:
//   npm run build && node scripts/docs.js           writes them
//   npm run build && node scripts/docs.js --check   exits 1 and names those that are out of date
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configReference } from './docs-config.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { configJsonSchema, configKeys, EXIT_CODES, REASONS } = await import('../dist/index.js')

const schema = await configJsonSchema()
const blocks = {
  'exit-codes': table(
    ['code', 'meaning'],
    Object.values(EXIT_CODES).map(({ code, meaning }) => [String(code), meaning]),
  ),
  reasons: table(
    ['reason', 'meaning'],
    Object.entries(REASONS).map(([code, meaning]) => [`\`${code}\``, meaning]),
  ),
  config: configReference(await configKeys()),
  extension: `\`\`\`js\n${readFileSync(join(root, 'examples/extensions/sixty-lines/index.js'), 'utf8')}\`\`\``,
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}

/** Replaces what stands between `<!-- generated:NAME -->` and `<!-- /generated -->`. */
function fill(text) {
  return text.replace(
    /(<!-- generated:(\S+) -->\n)[\s\S]*?(<!-- \/generated -->)/g,
    (_, begin, name, end) => {
      if (blocks[name] === undefined) throw new Error(`README.md asks for an unknown block: ${name}`)
      return `${begin}\n${blocks[name]}\n\n${end}`
    },
  )
}

const files = {
  'README.md': fill(readFileSync(join(root, 'README.md'), 'utf8')),
  'schemas/interlook.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
}

function isCurrent(name) {
  try {
    return readFileSync(join(root, name), 'utf8') === files[name]
  } catch {
    return false
  }
}

const outdated = Object.keys(files).filter((name) => !isCurrent(name))
if (process.argv.includes('--check')) {
  for (const name of outdated) console.error(`${name} is out of date: run \`npm run docs\``)
  process.exitCode = outdated.length > 0 ? 1 : 0
} else {
  for (const name of outdated) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), files[name])
    console.log(`wrote ${name}`)
  }
}
