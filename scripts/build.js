// Bundles src into dist: one ESM bundle with lazy chunks, so that a light command loads little.
//   node scripts/build.js            builds when the sources differ from what dist was built from
//   node scripts/build.js --force    builds in any case
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const chunks = join(dist, 'chunks')
const stampFile = join(dist, '.sources')

/** File of dist -> source. */
const ENTRIES = { index: 'src/index.ts', sdk: 'src/sdk/index.ts' }

/** Parts of dependencies that we never call, and that would pull in a compiler, gRPC or a tar library. */
const STUBBED =
  /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|tar-fs|cpu-features|typescript|ts-node|tsx|tinyglobby|minimatch)$/

/** CommonJS dependencies expect these three; a chunk is a module and has none of them. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module'",
  'const require = __createRequire(import.meta.filename)',
  'const __filename = import.meta.filename',
  'const __dirname = import.meta.dirname',
].join(';')

/** What every command beyond `--help` needs. */
const BASE = ['src/index.ts', 'src/cli/read-config.ts']

/** Whoever loads one of these files needs what it imports lazily at once. */
const EAGER = [
  { file: /src\/extensions\/index\.ts$/, imports: /\/schema\.js$/ },
  { file: /src\/config\/(load|reference|json-schema)\.ts$/, imports: /^(zod|js-yaml|\.\/schema\.js)$/ },
]

/** @type {import('esbuild').Plugin} */
const trim = {
  name: 'trim-dependencies',
  setup(build) {
    build.onResolve({ filter: STUBBED }, (args) => ({ path: args.path, namespace: 'stub' }))
    build.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({
      contents: 'module.exports = {}',
      loader: 'js',
    }))
    // On a terminal oclif reads the frames of these two at start-up; it never shows one, progress is ours.
    build.onLoad({ filter: /cli-spinners[\\/]spinners\.json$/ }, () => ({
      contents: JSON.stringify({
        dots2: { interval: 80, frames: ['-'] },
        line: { interval: 80, frames: ['-'] },
      }),
      loader: 'json',
    }))
    // Node 22 and 24 warn on stderr about url.parse and about the punycode behind whatwg-url.
    build.onResolve({ filter: /^url$/ }, (args) =>
      args.importer.includes('docker-modem') ? { path: join(root, 'scripts/shims/url.cjs') } : undefined,
    )
    build.onResolve({ filter: /^whatwg-url$/ }, () => ({ path: join(root, 'scripts/shims/whatwg-url.cjs') }))
    // oclif imports this one lazily on every run, for a word in the version line.
    build.onResolve({ filter: /^wsl-utils$/ }, () => ({ path: join(root, 'scripts/shims/wsl-utils.cjs') }))
    build.onLoad({ filter: /@oclif[\\/]core[\\/]lib[\\/]util[\\/]os\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll("await import('wsl-utils')", "require('wsl-utils')"),
      loader: 'js',
    }))
    // 250 KB of translations that nobody sees.
    build.onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js'",
      loader: 'js',
    }))
  },
}

/**
 * Files are dear at start-up, about 1 ms each, and esbuild makes one for every set of lazy imports that share some
 * modules. So whatever is lazy imports `BASE`: what several of them share then lies in a few files.
 * @type {import('esbuild').Plugin}
 */
const fewFiles = {
  name: 'few-files',
  setup(build) {
    const lazy = lazyFiles()
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
      let text = readFileSync(path, 'utf8')
      for (const { file, imports } of EAGER) {
        if (file.test(path)) text = importEagerly(text, imports)
      }
      if (lazy.has(path)) text += BASE.map((name) => `\nimport '${join(root, name)}'`).join('')
      return { contents: text, loader: 'ts' }
    })
  },
}

const STATIC = /^(?:import|export)\s+(?!type\b)[^;'"]*?from\s+'(\.[^']+)\.js'/gm
const LAZY = /await import\('(\.[^']+)\.js'\)/g

function importsOf(file, pattern) {
  const sources = [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, source]) => source)
  return sources.map((source) => join(dirname(file), `${source}.ts`))
}

/** Source files that are loaded only by a lazy import, not together with an entry point. */
function lazyFiles() {
  const atOnce = new Set()
  const visit = (file) => {
    if (atOnce.has(file)) return
    atOnce.add(file)
    importsOf(file, STATIC).forEach(visit)
  }
  Object.values(ENTRIES).forEach((name) => visit(join(root, name)))
  const lazy = filesUnder(join(root, 'src')).flatMap((file) => importsOf(file, LAZY))
  return new Set(lazy.filter((file) => !atOnce.has(file)))
}

/** Makes static imports of the lazy ones that match. What is not used of a namespace kept by name can be left out. */
function importEagerly(text, imports) {
  const statics = []
  const eager = (name, source) => {
    statics.push(`import * as ${name} from '${source}';`)
    return name
  }
  const body = text
    .replace(/^ *const (\w+) = await import\('([^']+)'\)$/gm, (lazy, name, source) =>
      imports.test(source) ? `// ${eager(name, source)}` : lazy,
    )
    .replace(/await import\('([^']+)'\)/g, (lazy, source) =>
      imports.test(source) ? eager(`__eager${statics.length}`, source) : lazy,
    )
  return statics.join('') + body
}

/** @returns {string[]} */
function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** A digest of everything that the bundle depends on. Contents, not times: a checkout sets times at will. */
function digestSources() {
  const hash = createHash('sha256')
  const fixed = ['package.json', 'package-lock.json', 'tsconfig.json'].map((name) => join(root, name))
  for (const file of [
    ...fixed,
    join(root, 'scripts/build.js'),
    ...filesUnder(join(root, 'scripts/shims')),
    ...filesUnder(join(root, 'src')),
  ]) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

function readOr(file, fallback) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return fallback
  }
}

function withBanner(text) {
  return /\b(require|__filename|__dirname)\b/.test(text) ? `${BANNER}\n${text}` : text
}

/** New chunks first, entry points last, stale chunks at the end: whoever starts meanwhile finds a whole bundle. */
function publish(outputs) {
  mkdirSync(chunks, { recursive: true })
  const isChunk = (output) => dirname(output.path) === chunks
  for (const output of [...outputs.filter(isChunk), ...outputs.filter((output) => !isChunk(output))]) {
    const next = `${output.path}.${process.pid}`
    writeFileSync(next, output.contents)
    renameSync(next, output.path)
  }
  const kept = new Set(outputs.map((output) => basename(output.path)))
  for (const name of readdirSync(chunks)) {
    if (!kept.has(name)) rmSync(join(chunks, name), { force: true })
  }
}

async function bundle() {
  const { build } = await import('esbuild')
  const result = await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: dist,
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['libsql'],
    chunkNames: 'chunks/[name]-[hash]',
    plugins: [trim, fewFiles],
    // Not minified: that saves no time, and a stack trace of a defect stays readable.
    legalComments: 'none',
    logLevel: 'warning',
  })
  return result.outputFiles.map(({ path, text }) => ({ path, contents: withBanner(text) }))
}

const digest = digestSources()
if (!process.argv.includes('--force') && readOr(stampFile, '') === digest) process.exit(0)

const outputs = await bundle()
rmSync(stampFile, { force: true })
publish(outputs)
writeFileSync(stampFile, digest)
