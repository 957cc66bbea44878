import { rmSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { lockArchive } from './base-backups.ts'
import { type Archive, archivePath, type Backup, backupPath, inOrder, readCatalogue } from './catalogue.ts'
import { chainsIn } from './chains.ts'
import { parseLsn } from './positions.ts'
import { syncDirectory } from './sealed-files.ts'
import { listWal, type WalFile } from './wal-files.ts'

export type Expiry = { backups: Backup[]; wal: WalFile[] }

/**
 * What may go: whole chains, each only when the chain after it began more than `days` before the newest backup, so that
 * every moment of those days can still be reached; and WAL from before the first backup that is kept. Counted from the
 * newest backup and not from now: a clock that jumps ahead takes nothing away.
 */
export function findExpired(archive: Archive, backups: readonly Backup[], days: number, now: Date): Expiry {
  const own = backups.filter(it => it.systemIdentifier === archive.systemIdentifier).toSorted(inOrder)
  const chains = chainsIn(own)
  const newest = Math.max(...own.map(it => Date.parse(it.finishedAt)))
  const cutoff = Math.min(now.getTime(), newest) - days * 86_400_000
  const from = chains.findLastIndex(([full]) => full !== undefined && Date.parse(full.finishedAt) <= cutoff)
  // Two chains stay in any case: the newest one may be the one that cannot be read.
  const first = Math.max(0, Math.min(from, chains.length - 2))
  const kept = chains.slice(first).flat()
  if (kept.length === 0) return { backups: [], wal: [] }
  const start = kept.map(it => parseLsn(it.startLsn)).reduce((one, other) => (one < other ? one : other))
  const size = BigInt(kept[0]?.walSegmentBytes ?? 2 ** 24)
  return {
    backups: chains.slice(0, first).flat(),
    wal: listWal(archive, size).filter(file => file.start + size <= start),
  }
}

/** Removes it, the last of a chain first: what is left at a crash is still whole. Returns what has gone. */
export async function removeExpired(archive: Archive, days: number, now: Date): Promise<Expiry> {
  const release = lockArchive(archive)
  try {
    const expired = findExpired(archive, readCatalogue(archive).backups, days, now)
    for (const { id } of expired.backups.toReversed()) {
      const gone = join(archivePath(archive), `unfinished-${id}`)
      await rename(backupPath(archive, id), gone)
      await syncDirectory(archivePath(archive))
      rmSync(gone, { recursive: true, force: true })
    }
    for (const { path } of expired.wal) rmSync(path, { force: true })
    return expired
  } finally {
    release()
  }
}
