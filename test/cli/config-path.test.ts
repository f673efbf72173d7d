import { describe, expect, it } from 'vitest'
import { findConfigFile } from '../../src/cli/config-path.js'

describe('the configuration file', () => {
  it.each<[string, string | undefined, string[], string]>([
    ['named, even when it does not exist', 'my.yml', [], 'my.yml'],
    ['here first', undefined, ['./interlook.yml', '/etc/interlook/interlook.yml'], './interlook.yml'],
    ['else under /etc', undefined, ['/etc/interlook/interlook.yml'], '/etc/interlook/interlook.yml'],
    ['not named by an empty variable', '', ['./interlook.yml'], './interlook.yml'],
  ])('is the one that is %s', (_, named, existing, expected) => {
    expect(findConfigFile(named, (path) => existing.includes(path))).toBe(expected)
  })

  it('is missed with the places that were looked at', () => {
    expect(() => findConfigFile(undefined, () => false)).toThrow(
      expect.objectContaining({
        code: 'config-unreadable',
        message: expect.stringContaining('/etc/interlook/interlook.yml'),
      }),
    )
  })
})
