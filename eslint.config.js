import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { importDirection } from './scripts/lint-imports.js'

const THROWN = {
  selector: 'ThrowStatement > NewExpression[callee.name=/^(Error|TypeError|RangeError|AggregateError)$/]',
  message: 'Throw an InterlookError with a code of REASONS: scripts and the exit code depend on it.',
}
const DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'Named exports only; oclif wants a default export of commands alone.',
}
const PROCESS = {
  selector:
    "MemberExpression[object.name='process'][property.name=/^(env|argv|std(in|out|err)|exit|exitCode|on|once|emitWarning|chdir)$/]",
  message: 'Process globals belong to src/cli and src/commands; take the value as an argument.',
}
const NOW = {
  selector:
    "NewExpression[callee.name='Date'][arguments.length=0], CallExpression[callee.object.name='Date'][callee.property.name='now'], CallExpression[callee.object.name='performance'][callee.property.name='now']",
  message: 'Time enters as `now` or through a Clock; only src/sdk/clock.ts reads it.',
}
const EXTENSION_NAME = {
  selector: 'Literal[value=/^(provider|provisioner|ipam|lb|dns)\\./]',
  message: 'core names no extension: ask for the kind that the definition declares.',
}
const TIMERS = ['setTimeout', 'setInterval'].map((name) => ({
  name,
  message: 'Wait through a Clock; only src/sdk/clock.ts sets timers.',
}))
const CONSOLE = { name: 'console', message: 'Return a value, report an event, or log; cli alone prints.' }

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'schemas/', '**/node_modules/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { interlook: { rules: { 'import-direction': importDirection } } },
    rules: {
      'interlook/import-direction': 'error',
      'max-lines': ['error', 250],
      eqeqeq: 'error',
      'no-restricted-globals': ['error', CONSOLE],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', THROWN, DEFAULT_EXPORT, PROCESS, NOW],
      'no-restricted-globals': ['error', CONSOLE, ...TIMERS],
      'no-restricted-imports': [
        'error',
        { name: 'node:timers/promises', message: 'Wait through a Clock; only src/sdk/clock.ts sets timers.' },
        {
          name: 'node:process',
          importNames: ['default', 'env', 'argv', 'stdin', 'stdout', 'stderr', 'exit', 'on', 'once', 'chdir'],
          message: 'Process globals belong to src/cli and src/commands; take the value as an argument.',
        },
        {
          name: '@oclif/core',
          message: 'Import from @oclif/core/command, /flags, /args: the root loads everything.',
        },
      ],
    },
  },
  {
    files: ['src/core/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', THROWN, DEFAULT_EXPORT, PROCESS, NOW, EXTENSION_NAME] },
  },
  { files: ['src/cli/**/*.ts'], rules: { 'no-restricted-syntax': ['error', THROWN, DEFAULT_EXPORT, NOW] } },
  { files: ['src/commands/**/*.ts'], rules: { 'no-restricted-syntax': ['error', THROWN, NOW] } },
  {
    files: ['src/sdk/clock.ts'],
    rules: {
      'no-restricted-syntax': ['error', THROWN, DEFAULT_EXPORT, PROCESS],
      'no-restricted-globals': ['error', CONSOLE],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Tests read JSON and hold doubles; tsc still checks what they claim.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'max-lines': 'off',
    },
  },
)
