import type { TextStream } from '../../src/cli/output.js'

/** A stream that keeps what is written. */
export function memoryStream(isTTY = false): TextStream & { text(): string } {
  let written = ''
  return {
    isTTY,
    write: (text) => {
      written += text
    },
    text: () => written,
  }
}
