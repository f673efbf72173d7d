// ESLint rule: which way imports point. One row per folder; the first row that matches a file counts.
import { dirname, relative, resolve } from 'node:path'

const LAYERS = [
  {
    folder: /^src\/sdk\//,
    may: /^src\/sdk\//,
    message: 'sdk imports nothing of ours: extension authors get it alone.',
  },
  {
    folder: /^src\/extensions\/[^/]+\.ts$/,
    may: /^src\/(sdk|extensions)\//,
    message: 'the registry names extensions and imports nothing else of ours than sdk.',
  },
  {
    folder: /^src\/extensions\/(?<own>[^/]+\/[^/]+)\//,
    may: /^src\/(sdk\/|extensions\/(?<own>[^/]+\/[^/]+)\/)/,
    message: 'an extension imports sdk and its own folder; what two of them need moves to sdk.',
  },
  {
    folder: /^src\/core\//,
    may: /^src\/(sdk|core)\//,
    message: 'core imports sdk alone; it never names an extension, a file or a terminal.',
  },
  {
    folder: /^src\/store\//,
    may: /^src\/(sdk|core|store)\//,
    message: 'store implements interfaces of core and knows nothing above it.',
  },
  {
    folder: /^src\/config\//,
    may: /^src\/(sdk|core|config)\/|^src\/extensions\/[^/]+\.ts$/,
    message: 'config reads values for core and the registry; it knows no terminal and no single extension.',
  },
  {
    folder: /^src\/cli\//,
    may: /^src\/(?!commands\/|index\.ts)(?!extensions\/[^/]+\/)/,
    message: 'cli imports no command, and extensions only through their registry.',
  },
  {
    folder: /^src\/commands\//,
    may: /^src\/(?!index\.ts)(?!extensions\/[^/]+\/)/,
    message: 'commands reach extensions only through their registry.',
  },
]

function isAllowed(layer, file, target) {
  const match = layer.may.exec(target)
  if (match === null) return false
  const own = layer.folder.exec(file)?.groups?.own
  const other = match.groups?.own
  return own === undefined || other === undefined || own === other
}

/** @type {import('eslint').Rule.RuleModule} */
export const importDirection = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const root = context.cwd
    const file = relative(root, context.filename)
    const layer = LAYERS.find(({ folder }) => folder.test(file))
    if (layer === undefined) return {}
    const check = (node) => {
      const source = node.source?.value
      if (typeof source !== 'string' || !source.startsWith('.')) return
      const target = relative(root, resolve(dirname(context.filename), source)).replace(/\.js$/, '.ts')
      if (!isAllowed(layer, file, target)) context.report({ node, message: layer.message })
    }
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportAllDeclaration: check,
      ExportNamedDeclaration: check,
      TSImportType: check,
    }
  },
}
