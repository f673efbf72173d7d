import type { Context, Definition, SchemaOnlyDefinition } from './define.js'
import type { Extension } from './message.js'
import type { Provider } from './provider.js'
import type { Provisioner } from './provisioner.js'
import { type ServedProvider, serveProvider } from './serve-provider.js'
import { type ProvisionerHooks, type ServedProvisioner, serveProvisioner } from './serve-provisioner.js'

/** A definition that this release can run. */
export type RunnableDefinition = Exclude<Definition, SchemaOnlyDefinition>

/** An extension that was created, in the form its author chose. Nothing is open yet. */
export type Served =
  | { form: 'extension'; extension: Extension }
  | { form: 'provider'; extension: ServedProvider; author: Provider }
  | { form: 'provisioner'; extension: ServedProvisioner; author: Provisioner }

/** Creates the extension of a definition; `config` is what its schema made of the section. */
export function serve(
  definition: RunnableDefinition,
  config: unknown,
  context: Context,
  hooks: ProvisionerHooks = {},
): Served {
  switch (definition.form) {
    case 'extension':
      return { form: 'extension', extension: definition.create(config, context) }
    case 'provider': {
      const author = definition.create(config, context)
      return { form: 'provider', extension: serveProvider(author, context), author }
    }
    case 'provisioner': {
      const author = definition.create(config, context)
      return { form: 'provisioner', extension: serveProvisioner(author, context, hooks), author }
    }
  }
}
