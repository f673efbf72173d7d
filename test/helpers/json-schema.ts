type Schema = { readonly [keyword: string]: unknown }

const ANNOTATIONS = new Set(['$schema', '$id', '$defs', 'title', 'description', 'format'])

/**
 * Says where a value breaks a JSON Schema. Knows the few keywords that our schemas use, and throws on any other, so
 * that none is taken for checked.
 */
export function schemaErrors(root: Schema, value: unknown, schema: Schema = root, path = ''): string[] {
  const again = (inner: unknown, item: unknown, place: string): string[] =>
    schemaErrors(root, item, inner as Schema, place)
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    if (ANNOTATIONS.has(keyword)) return []
    switch (keyword) {
      case '$ref':
        return again(resolve(root, String(rule)), value, path)
      case 'anyOf': {
        const all = (rule as unknown[]).map((one) => again(one, value, path))
        return all.some((errors) => errors.length === 0)
          ? []
          : (all.toSorted((a, b) => a.length - b.length)[0] ?? [])
      }
      case 'type':
        return isType(value, String(rule)) ? [] : [`${path}: not of type ${String(rule)}`]
      case 'enum':
        return (rule as unknown[]).includes(value) ? [] : [`${path}: ${String(value)} is not in the enum`]
      case 'pattern':
        return typeof value !== 'string' || new RegExp(String(rule), 'u').test(value)
          ? []
          : [`${path}: ${value} does not match`]
      case 'minimum':
        return typeof value !== 'number' || value >= Number(rule) ? [] : [`${path}: below the minimum`]
      case 'maximum':
        return typeof value !== 'number' || value <= Number(rule) ? [] : [`${path}: above the maximum`]
      case 'items':
        return Array.isArray(value) ? value.flatMap((item, i) => again(rule, item, `${path}/${i}`)) : []
      case 'required':
        return isRecord(value)
          ? (rule as string[]).filter((name) => !(name in value)).map((name) => `${path}: no ${name}`)
          : []
      case 'properties':
        return isRecord(value)
          ? Object.entries(rule as Schema).flatMap(([name, inner]) =>
              name in value ? again(inner, value[name], `${path}/${name}`) : [],
            )
          : []
      case 'additionalProperties': {
        if (!isRecord(value)) return []
        const known = Object.keys((schema['properties'] as Schema | undefined) ?? {})
        const others = Object.keys(value).filter((name) => !known.includes(name))
        return others.flatMap((name) =>
          rule === false ? [`${path}: ${name} is not known`] : again(rule, value[name], `${path}/${name}`),
        )
      }
      default:
        throw new Error(`the test validator does not know the keyword ${keyword}`)
    }
  })
}

function resolve(root: Schema, pointer: string): unknown {
  const target = pointer
    .replace('#/', '')
    .split('/')
    .reduce<unknown>((place, name) => (isRecord(place) ? place[name] : undefined), root)
  if (target === undefined) throw new Error(`${pointer} leads nowhere`)
  return target
}

function isType(value: unknown, type: string): boolean {
  if (type === 'object') return isRecord(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
