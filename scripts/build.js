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

/** Parts of dependencies that we never call, and that would pull in a compiler, gRPC or a tar library. */
const STUBBED =
  /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|tar-fs|cpu-features|typescript|ts-node|tsx|tinyglobby|minimatch)$/

/** CommonJS dependencies expect these three; a chunk is a module and has none of them. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module'",
  "import { fileURLToPath as __toPath } from 'node:url'",
  'const require = __createRequire(import.meta.url)',
  'const __filename = __toPath(import.meta.url)',
  "const __dirname = __toPath(new URL('.', import.meta.url))",
].join(';')

/** @type {import('esbuild').Plugin} */
const trim = {
  name: 'trim-dependencies',
  setup(build) {
    build.onResolve({ filter: STUBBED }, (args) => ({ path: args.path, namespace: 'stub' }))
    build.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({
      contents: 'module.exports = {}',
      loader: 'js',
    }))
    // Node 22 and 24 warn on stderr about url.parse and about the punycode behind whatwg-url.
    build.onResolve({ filter: /^url$/ }, (args) =>
      args.importer.includes('docker-modem') ? { path: join(root, 'scripts/shims/url.cjs') } : undefined,
    )
    build.onResolve({ filter: /^whatwg-url$/ }, () => ({ path: join(root, 'scripts/shims/whatwg-url.cjs') }))
    // 250 KB of translations that nobody sees.
    build.onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js'",
      loader: 'js',
    }))
  },
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
    entryPoints: { index: 'src/index.ts' },
    outdir: dist,
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['libsql'],
    chunkNames: 'chunks/[name]-[hash]',
    banner: { js: BANNER },
    plugins: [trim],
    // Names stay readable in the stack trace of a defect.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  return result.outputFiles
}

const digest = digestSources()
if (!process.argv.includes('--force') && readOr(stampFile, '') === digest) process.exit(0)

const outputs = await bundle()
rmSync(stampFile, { force: true })
publish(outputs)
writeFileSync(stampFile, digest)
