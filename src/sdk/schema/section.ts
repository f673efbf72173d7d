import * as z from 'zod'

/** Tells of a problem at `path`, counted from the section. */
export type Report = (path: (string | number)[], message: string) => void

/**
 * Rules that span several keys. They run even when keys are wrong: `value` then lacks these,
 * and `isWrong` tells a key that is wrong from one that was not given.
 */
export type CrossCheck<Shape extends z.ZodRawShape> = (
  value: Partial<z.output<z.ZodObject<Shape, z.core.$strict>>>,
  report: Report,
  isWrong: (key: keyof Shape) => boolean,
) => void

/**
 * The schema of a config section (or of a mapping inside one): unknown keys are errors, and a known key
 * without a value (`token:` or `token: ""`) counts as not given. A section without any key is an empty one.
 */
export function section<Shape extends z.ZodRawShape>(
  shape: Shape,
  crossCheck?: CrossCheck<Shape>,
): z.ZodPreprocess<z.ZodObject<Shape, z.core.$strict>> {
  const base = z.strictObject(shape, { error: objectError })
  const object = crossCheck ? base.check(asCheck(shape, crossCheck)) : base
  return z.preprocess((value) => withoutEmpty(value, shape), object)
}

function objectError(issue: { code?: string }): string | undefined {
  return issue.code === 'invalid_type' ? 'expected keys and values' : undefined
}

function withoutEmpty(value: unknown, shape: z.ZodRawShape): unknown {
  if (value === null || value === '') return {}
  if (typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value).filter(
      ([key, given]) => !(Object.hasOwn(shape, key) && (given === null || given === '')),
    ),
  )
}

/** Zod skips checks of an object with a wrong key; `when` makes this one run anyway, so all problems show at once. */
function asCheck<Shape extends z.ZodRawShape>(
  shape: Shape,
  crossCheck: CrossCheck<Shape>,
): z.core.$ZodCheck<z.output<z.ZodObject<Shape, z.core.$strict>>> {
  const check = z.check<z.output<z.ZodObject<Shape, z.core.$strict>>>((payload) => {
    const value: unknown = payload.value
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    const wrong = new Set(payload.issues.map((issue) => String(issue.path?.[0])))
    // Only keys of the shape whose values passed: what is left has the types that the shape promises.
    const usable = Object.fromEntries(
      Object.entries(value).filter(([key]) => Object.hasOwn(shape, key) && !wrong.has(key)),
    )
    const report: Report = (path, message) => {
      payload.issues.push({ code: 'custom', path, message, input: value })
    }
    crossCheck(usable as Partial<typeof payload.value>, report, (key) => wrong.has(String(key)))
  })
  check._zod.def.when = () => true
  return check
}
