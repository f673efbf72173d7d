import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { Entry } from '../core/entry.js'
import { storeError } from './connection.js'
import { openSqliteStore } from './sqlite-store.js'

/**
 * Puts a store with these entries where the Go tool's file is, and returns where that file was kept. Killed at any
 * point, either the old file or the whole new store is there, and the import begins again or is done.
 */
export async function convertGoFile(file: string, entries: readonly Entry[]): Promise<string> {
  const next = `${file}.importing`
  try {
    rmSync(next, { force: true })
    rmSync(`${next}-journal`, { force: true })
    const store = await openSqliteStore(next)
    store.commit({ put: entries, remove: [] })
    store.close()
    syncPath(next)
    const backup = keepBackup(file)
    renameSync(next, file)
    syncPath(dirname(file))
    return backup
  } catch (error) {
    throw storeError(error, file)
  }
}

/** A copy that no later import overwrites, unless it holds the same bytes. */
function keepBackup(file: string): string {
  const content = readFileSync(file)
  for (let number = 1; ; number++) {
    const backup = number === 1 ? `${file}.go-backup` : `${file}.go-backup.${number}`
    if (!existsSync(backup)) {
      const unfinished = `${backup}.unfinished`
      writeFileSync(unfinished, content)
      syncPath(unfinished)
      renameSync(unfinished, backup)
      return backup
    }
    if (readFileSync(backup).equals(content)) return backup
  }
}

function syncPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
