import { errorText, InterlookError } from '../../../sdk/errors.js'

/** What libsql or the file system says, as one of ours. */
export function storeError(error: unknown, path: string): InterlookError {
  if (error instanceof InterlookError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const what = `the address store ${path}`
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new InterlookError('locked', `${what} is in use by another process`, {
      retryable: true,
      cause: error,
      hint: 'stop the other process, or try again later',
    })
  }
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return new InterlookError('store-full', `${what} cannot grow: the disk or the quota is full`, {
      retryable: true,
      cause: error,
      hint: 'free space; nothing of this batch was written',
    })
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
    return damaged(path, errorText(error), error)
  return new InterlookError('store-unreadable', `${what} failed: ${errorText(error)}`, {
    retryable: code.startsWith('SQLITE_IOERR'),
    cause: error,
    hint: 'check that the file and its directory are readable and writable',
  })
}

export function damaged(path: string, what: string, cause?: unknown): InterlookError {
  return new InterlookError(
    'store-unreadable',
    `the address store ${path} is damaged or no such store: ${what}`,
    {
      cause,
      hint: 'restore it from a backup; without it addresses are rebuilt from the objects on the load balancer',
    },
  )
}
