import type { Leaf, ReadValue } from './read-section.js'
import { fieldOf, mapFields } from './schema-walk.js'

const SECRET_NAME = /pass(word|phrase|wd)?|token|secret|credential|api_?key|private_?key/i

/**
 * Every text of a section that must be shown nowhere: values of keys marked secret, passwords inside URLs,
 * and, where the schema cannot be asked, values of keys that are named like a secret.
 */
export function secretsOf(schema: unknown, read: ReadValue): string[] {
  const secrets = new Set<string>()
  const leaves = [...read.leaves.values()].filter((leaf) => leaf.text !== '' && leaf.isResolved)
  for (const leaf of leaves) {
    for (const password of passwordsInUrl(leaf.text)) secrets.add(password)
  }
  if (fieldOf(schema) === undefined) {
    for (const leaf of leaves) if (SECRET_NAME.test(nameOf(leaf))) secrets.add(leaf.text)
    return [...secrets]
  }
  mapFields(schema, read.value, (value, meta, path) => {
    if (meta.secret) {
      for (const leaf of leaves) if (path.every((part, at) => leaf.path[at] === part)) secrets.add(leaf.text)
    }
    return value
  })
  return [...secrets]
}

function nameOf({ path }: Leaf): string {
  return path.findLast((part): part is string => typeof part === 'string') ?? ''
}

/** As it stands in the URL, and what it means there. */
function passwordsInUrl(text: string): string[] {
  const userInfo = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/i.exec(text)?.[1] ?? ''
  const password = userInfo.split(':').slice(1).join(':')
  if (password === '') return []
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}
