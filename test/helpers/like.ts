import { expect } from 'vitest'

/** For `toMatchObject`: a bare regular expression in there would match any value. */
export function like(pattern: RegExp): string {
  return expect.stringMatching(pattern) as string
}
