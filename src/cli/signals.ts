import { exitCode, type ExitCode } from './exit-codes.js'

export type StopSignal = 'SIGINT' | 'SIGTERM'

/** The part of `process` that signals need. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown
  off(signal: StopSignal, listener: () => void): unknown
  exit(code: number): unknown
}

export interface Interruption {
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Which one it was. */
  received(): StopSignal | undefined
  /** The handlers are taken off again. */
  dispose(): void
}

/** The first signal asks for an orderly end; a second one ends the process at once with 130 or 143. */
export function listenForSignals(source: SignalSource = process): Interruption {
  const controller = new AbortController()
  let first: StopSignal | undefined
  const handle = (name: StopSignal): void => {
    if (first !== undefined) {
      source.exit(exitCodeOfSignal(name))
      return
    }
    first = name
    controller.abort(name)
  }
  const onInt = (): void => {
    handle('SIGINT')
  }
  const onTerm = (): void => {
    handle('SIGTERM')
  }
  source.on('SIGINT', onInt)
  source.on('SIGTERM', onTerm)
  return {
    signal: controller.signal,
    received: () => first,
    dispose: () => {
      source.off('SIGINT', onInt)
      source.off('SIGTERM', onTerm)
    },
  }
}

export function exitCodeOfSignal(name: StopSignal): ExitCode {
  return exitCode(name === 'SIGINT' ? 'interrupted' : 'terminated')
}
