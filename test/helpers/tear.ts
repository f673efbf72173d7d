import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** How an SQLite journal begins from the moment on in which it counts. */
export const JOURNAL_MAGIC = 'd9d505f920a163d7'

/** Looks without a pause: a transaction is over before a file watcher tells of it. */
const LOOP = `
  const { openSync, readSync, closeSync } = require('node:fs')
  const { parentPort, workerData: { journal, magic, pid, skip } } = require('node:worker_threads')
  const head = Buffer.alloc(magic.length / 2)
  const isTorn = () => {
    let file
    try {
      file = openSync(journal, 'r')
    } catch {
      return false
    }
    try {
      return readSync(file, head, 0, head.length, 0) === head.length && head.toString('hex') === magic
    } finally {
      closeSync(file)
    }
  }
  parentPort.postMessage('ready')
  let left = skip
  let before = isTorn()
  for (;;) {
    const now = isTorn()
    if (now && !before && left-- === 0) break
    before = now
  }
  process.kill(pid, 'SIGKILL')
`

/**
 * Kills a process in the middle of a transaction on a store, after it let some of them pass. Call what it answers
 * when the process has ended.
 */
export async function killWhenTorn(
  store: string,
  pid: number,
  skip: number,
): Promise<() => Promise<unknown>> {
  const workerData = { journal: `${store}-journal`, magic: JOURNAL_MAGIC, pid, skip }
  const worker = new Worker(LOOP, { eval: true, workerData })
  // Its end by a process that is gone is no error.
  worker.on('error', () => undefined)
  await once(worker, 'message')
  return () => worker.terminate()
}
