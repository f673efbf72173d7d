import { constants, type Stats } from 'node:fs'
import { access, type FileHandle, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorText, InterlookError } from '../../../sdk/errors.js'

const DENIED = ['EACCES', 'EPERM', 'EROFS']

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

/** Who else is at it: a file that is being written, by its identity, or somebody who was faster than we. */
export type Outcome = 'written' | 'outdated' | { busy: string }

/**
 * Puts `text` in the place of what was read as `from`; readers see the old or the new file. `outdated`: somebody wrote
 * the file since, and nothing was done. `busy`: another interlook is about to replace it. The new file has one name
 * for all of us, so only one at a time can be made, and with the rename it makes room for the next.
 */
export async function replaceContent(path: string, text: string, from: Content): Promise<Outcome> {
  try {
    await mkdir(dirname(path), { recursive: true })
    // A link stays a link: what it points to is replaced.
    const target = await realpath(path).catch(() => path)
    const before = await stat(target).catch(() => undefined)
    const fresh = freshPath(target)
    let file: FileHandle
    try {
      file = await open(fresh, 'wx', 0o644)
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return { busy: await currentVersion(fresh) }
      if (before !== undefined && DENIED.includes(codeOf(error) ?? ''))
        return await writeInPlace(target, text, from)
      throw error
    }
    try {
      if ((await currentVersion(target)) !== from.version) return 'outdated'
      await fill(file, text, before)
      // Somebody may have taken ours for one that was left behind.
      if (!(await isAt(fresh, file))) return 'outdated'
      await rename(fresh, target)
    } catch (error) {
      // A bind-mounted file, as /etc/hosts in a container, can be written but not replaced.
      if (!['EBUSY', 'EXDEV', 'EPERM'].includes(codeOf(error) ?? '')) throw error
      return await writeInPlace(target, text, from)
    } finally {
      if (await isAt(fresh, file)) await rm(fresh)
      await file.close()
    }
    await syncDirectory(dirname(target))
    return 'written'
  } catch (error) {
    throw fileError(error, path, 'write')
  }
}

/** Takes away what a killed process left half written. */
export async function removeLeftover(path: string): Promise<void> {
  const target = await realpath(path).catch(() => path)
  await rm(freshPath(target), { force: true })
}

async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const [there, ours] = await Promise.all([stat(path).catch(() => undefined), file.stat()])
  return there?.ino === ours.ino
}

function freshPath(target: string): string {
  return join(dirname(target), `.${basename(target)}.interlook-new`)
}

async function fill(file: FileHandle, text: string, before: Stats | undefined): Promise<void> {
  await file.writeFile(text, 'latin1')
  if (before !== undefined) {
    await file.chmod(before.mode & 0o7777)
    // Only root may give a file away; anybody else leaves it to the user that we run as.
    await file.chown(before.uid, before.gid).catch(() => undefined)
  }
  await file.sync()
}

async function writeInPlace(target: string, text: string, from: Content): Promise<Outcome> {
  if ((await currentVersion(target)) !== from.version) return 'outdated'
  const bytes = Buffer.from(text, 'latin1')
  const file = await open(target, 'r+')
  try {
    await file.write(bytes, 0, bytes.length, 0)
    await file.truncate(bytes.length)
    await file.sync()
  } finally {
    await file.close()
  }
  return 'written'
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
  const denied = DENIED.includes(codeOf(error) ?? '')
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
