import { constants, type Stats } from 'node:fs'
import { access, type FileHandle, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorText, InterlookError } from '../../../sdk/errors.js'

/** A file as it was read: one character per byte, so that whatever its encoding every byte can be put back. */
export interface Content {
  /** Undefined when there is no file. */
  text: string | undefined
  /** Differs when the file was written or replaced. */
  version: string
}

export async function readContent(path: string): Promise<Content> {
  try {
    const version = await versionOf(path)
    return { text: await readFile(path, 'latin1'), version }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { text: undefined, version: 'missing' }
    throw fileError(error, path, 'read')
  }
}

/** Throws when the file could not be written, as far as that can be told without writing. */
export async function checkWritable(path: string): Promise<void> {
  for (const [place, mode] of [
    [path, constants.R_OK | constants.W_OK],
    [dirname(path), constants.X_OK],
  ] as const) {
    await access(place, mode).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw fileError(error, path, 'write')
    })
  }
}

/**
 * Puts `text` in the place of what was read as `from`. Readers see the old or the new file. False, and nothing done,
 * when somebody else wrote the file since.
 */
export async function replaceContent(
  path: string,
  text: string,
  from: Content,
  owner: string,
): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true })
    // A link stays a link: what it points to is replaced.
    const target = await realpath(path).catch(() => path)
    const before = await stat(target).catch(() => undefined)
    // One name per owner: what a killed run left behind is replaced by the next one.
    const fresh = join(dirname(target), `.${basename(target)}.interlook-${owner}`)
    try {
      await rm(fresh, { force: true })
      if (!(await writeFresh(fresh, text, before))) return await writeInPlace(target, path, text, from)
      if ((await currentVersion(path)) !== from.version) return false
      await rename(fresh, target)
    } catch (error) {
      // A bind-mounted file, as /etc/hosts in a container, can be written but not replaced.
      if (!['EBUSY', 'EXDEV', 'EPERM'].includes(codeOf(error) ?? '')) throw error
      return await writeInPlace(target, path, text, from)
    } finally {
      await rm(fresh, { force: true })
    }
    await syncDirectory(dirname(target))
    return true
  } catch (error) {
    throw fileError(error, path, 'write')
  }
}

/** False when the directory does not let us make a file in it. */
async function writeFresh(fresh: string, text: string, before: Stats | undefined): Promise<boolean> {
  let file: FileHandle
  try {
    file = await open(fresh, 'wx', 0o644)
  } catch (error) {
    if (before !== undefined && ['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')) return false
    throw error
  }
  try {
    await file.writeFile(text, 'latin1')
    if (before !== undefined) {
      await file.chmod(before.mode & 0o7777)
      // Only root may give a file away; anybody else could not have opened one that is not theirs to replace.
      await file.chown(before.uid, before.gid).catch(() => undefined)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return true
}

async function writeInPlace(target: string, path: string, text: string, from: Content): Promise<boolean> {
  if ((await currentVersion(path)) !== from.version) return false
  const bytes = Buffer.from(text, 'latin1')
  const file = await open(target, 'r+')
  try {
    await file.write(bytes, 0, bytes.length, 0)
    await file.truncate(bytes.length)
    await file.sync()
  } finally {
    await file.close()
  }
  return true
}

async function currentVersion(path: string): Promise<string> {
  return versionOf(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return 'missing'
    throw error
  })
}

async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true })
  return `${ino} ${size} ${mtimeNs}`
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  await directory.sync().finally(() => directory.close())
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

function fileError(error: unknown, path: string, doing: string): InterlookError {
  if (error instanceof InterlookError) return error
  const denied = ['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')
  return new InterlookError(
    denied ? 'unauthorized' : 'backend-error',
    `cannot ${doing} the hosts file ${path}: ${errorText(error)}`,
    {
      retryable: true,
      cause: error,
      ...(denied && { hint: 'run as a user that may write the file and its directory' }),
    },
  )
}
