import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Archive, type Backup, backupPath, innerName, sealedName } from './catalogue.ts'
import { errors } from './errors.ts'
import { readSealed } from './sealed-files.ts'

/** A file that a copy has as a hole, and where its content lies: up to `end` in a tar of a backup. */
export type LeftFile = { backup: Backup; name: string; end: number; size: number }

/** Pages by number, in order, of a table that has its first file at `path`. */
export type TablePages = { path: string; pages: readonly number[] }

/**
 * Brings pages of tables into a copy that has recovered without them. A page that is no hole has come meanwhile, whole, with the WAL or
 * a later backup. `left` tells of each file by its path. False where one cannot be in it: then nothing was brought.
 */
export async function bringPages(
  archive: Archive,
  directory: string,
  left: ReadonlyMap<string, LeftFile>,
  tables: readonly TablePages[],
): Promise<boolean> {
  const found = tables.map(table => findMissing(directory, left, table))
  const runs = found.flatMap(each => each ?? []).toSorted((one, other) => one.from - other.from)
  if (found.includes(undefined)) return false
  for (const own of Map.groupBy(runs, ({ of }) => `${of.backup.id}/${of.name}`).values())
    await bring(archive, directory, own)
  return true
}

const blockBytes = 8192
const pagesOfFile = 2 ** 30 / blockBytes

/** Pages that follow each other, by their place in the tar. */
type Run = { path: string; of: LeftFile; from: number; to: number }

function findMissing(directory: string, left: ReadonlyMap<string, LeftFile>, { path, pages }: TablePages) {
  const runs: Run[] = []
  for (const [number, own] of Map.groupBy(pages, page => Math.floor(page / pagesOfFile))) {
    const segment = number === 0 ? path : `${path}.${number}`
    const of = left.get(segment)
    if (!existsSync(join(directory, segment))) return undefined
    const file = openSync(join(directory, segment), 'r')
    try {
      for (const page of own) {
        const at = (page % pagesOfFile) * blockBytes
        if (!isHole(file, at)) continue
        if (!of || at + blockBytes > of.size) return undefined
        const from = of.end - of.size + at
        const before = runs.at(-1)
        if (before?.of === of && before.to === from) before.to += blockBytes
        else runs.push({ path: segment, of, from, to: from + blockBytes })
      }
    } finally {
      closeSync(file)
    }
  }
  return runs
}

/** An empty page has no place for rows yet (pd_upper in bufpage.h). */
function isHole(file: number, at: number): boolean {
  const upper = Buffer.alloc(2)
  readSync(file, upper, 0, 2, at + 14)
  return upper.readUInt16LE(0) === 0
}

/** `runs` are of one tar, in its order, which is passed through once. */
async function bring(archive: Archive, directory: string, runs: readonly Run[]): Promise<void> {
  const last = runs.at(-1) as Run
  const { backup, name } = last.of
  const units = new Set(runs.flatMap(run => unitsOf(run.from, run.to)))
  const isUseless = (from: number, to: number) => !unitsOf(from, to).some(unit => units.has(unit))
  const sealed = join(backupPath(archive, backup.id), sealedName(name))
  const content = readSealed(sealed, archive.keyring, innerName(backup, name), { isUseless, isPassing: true })
  let [from, next] = [0, 0]
  let open: { path: string; file: number } | undefined
  try {
    for await (const part of content) {
      const to = from + part.length
      for (let run = runs[next]; run && run.from < to; run = runs[++next]) {
        if (open?.path !== run.path) {
          if (open) closeSync(open.file)
          open = { path: run.path, file: openSync(join(directory, run.path), 'r+') }
        }
        const begin = Math.max(run.from, from)
        const piece = part.subarray(begin - from, Math.min(run.to, to) - from)
        writeAll(open.file, piece, begin - (run.of.end - run.of.size))
        if (run.to > to) break
      }
      from = to
      if (next === runs.length) return
    }
  } finally {
    if (open) closeSync(open.file)
  }
  throw errors.contentWrong({ id: backup.id, path: last.path, reason: 'it is not all there' })
}

const unitBytes = 2 ** 20
const unitsOf = (from: number, to: number): number[] =>
  Array.from(
    { length: Math.ceil(to / unitBytes) - Math.floor(from / unitBytes) },
    (_, index) => Math.floor(from / unitBytes) + index,
  )

function writeAll(file: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at + done)
}
