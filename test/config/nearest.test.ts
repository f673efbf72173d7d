import { expect, it } from 'vitest'
import { nearest } from '../../src/config/nearest.js'

const KNOWN = ['logLevel', 'logFile', 'listenPort', 'drainTimeout']

it.each([
  ['loglevel', 'logLevel'],
  ['logLevle', 'logLevel'],
  ['logfiles', 'logFile'],
  ['drainTimout', 'drainTimeout'],
  ['listen_port', 'listenPort'],
  ['completely', undefined],
  ['x', undefined],
])('%s was meant as %s', (word, expected) => {
  expect(nearest(word, KNOWN)).toBe(expected)
})
