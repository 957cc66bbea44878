import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { InvalidArgumentError } from 'commander'
import type { App } from '#platform/app.ts'
import { auditErrors } from '#platform/audit'
import { uuidPattern } from '#platform/database'
import { findSubject } from '#platform/identity'

/** How many of a list; commander refuses what is no such number. */
export function readLimit(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000)
    throw new InvalidArgumentError('It is a number from 1 to 1000.')
  return limit
}

/** A moment; a day is its midnight UTC, and not that of the database. */
export function readTime(text: string): string {
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(time)) throw new InvalidArgumentError('It is a time such as 2026-11-22T09:30:00Z.')
  return text.includes('T') ? text : `${text}T00:00:00Z`
}

/** The id of somebody by address; an id is taken as it is, since the log outlives accounts. */
export async function findPerson(app: App, user: string): Promise<string> {
  if (uuidPattern.test(user)) return user
  return (await findSubject(app.db.scoped({ system: true }), user)).id
}

/**
 * Writes a file, beside the place where it belongs until it is whole, so that nobody takes half of it for the whole; `-` is
 * the standard output. While it takes long `entries` is told each second.
 */
export async function saveWhole(
  output: string,
  pieces: AsyncIterable<Uint8Array>,
  entries: () => number,
): Promise<void> {
  if (output === '-') return await pipeline(pieces, process.stdout, { end: false })
  const part = `${output}.part`
  const telling = setInterval(() => process.stderr.write(`${entries().toLocaleString('en')} entries\n`), 1_000)
  try {
    await pipeline(pieces, createWriteStream(part, { mode: 0o600 }))
    await rename(part, output)
  } catch (error) {
    await rm(part, { force: true }).catch(() => {})
    throw reasonOf(error) ? auditErrors.exportNotWritten({ file: output, reason: reasonOf(error) }, error) : error
  } finally {
    clearInterval(telling)
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'that is in no folder',
  EACCES: 'this user may not',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'nothing can be written there',
}

const reasonOf = (error: unknown): string | undefined => reasons[(error as NodeJS.ErrnoException).code ?? '']
