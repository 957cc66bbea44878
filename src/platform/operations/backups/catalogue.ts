import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Keyring } from '#platform/crypto'
import { DomainError } from '#platform/errors.ts'
import { errors } from './errors.ts'
import { parseLsn } from './positions.ts'
import { readSigned, syncDirectory, type Written, writeSigned } from './sealed-files.ts'

/** Where the backups of one or several database servers lie, and what opens them. Needs no database. */
export type Shelf = { folder: string; keyring: Keyring }

/** A server's backups and WAL: `<folder>/<system identifier>`. */
export type Archive = Shelf & { systemIdentifier: string }

export type BackupKind = 'full' | 'incremental'

/** One backup, as its `backup.json` says. Times are ISO 8601; positions as PostgreSQL writes them. */
export type Backup = {
  id: string
  kind: BackupKind
  /** What an incremental one builds on. */
  parent: string | null
  systemIdentifier: string
  /** `server_version_num`: 180004. */
  serverVersion: number
  timeline: number
  startLsn: string
  stopLsn: string
  /** By the clock of the server: the earliest time to which it can be recovered is `finishedAt`. */
  startedAt: string
  finishedAt: string
  walSegmentBytes: number
  /** The name of the server's first superuser. */
  superuser: string
  keyId: string
  plainBytes: number
  storedBytes: number
  files: (Written & { name: string })[]
}

/** What was found when a backup was read again, beside it. */
export type Verification = { at: string; faults: string[] }

export const archivePath = ({ folder, systemIdentifier }: Omit<Archive, 'keyring'>): string =>
  join(folder, systemIdentifier)
export const backupPath = (archive: Omit<Archive, 'keyring'>, id: string): string => join(archivePath(archive), id)
export const walPath = (archive: Omit<Archive, 'keyring'>): string => join(archivePath(archive), 'wal')

/** How a file of a backup is named inside, so that no other can take its place. */
export const innerName = ({ systemIdentifier, id }: Pick<Backup, 'systemIdentifier' | 'id'>, file: string): string =>
  `${systemIdentifier}/${id}/${file}`

export const sealedName = (name: string): string => `${name}.sealed`

/** What lies in the folder: backups by system in the order of the WAL, and what there looks like one and is none. */
export function readCatalogue(shelf: Shelf): { backups: Backup[]; faults: DomainError[] } {
  const backups: Backup[] = []
  const faults: DomainError[] = []
  for (const systemIdentifier of systemsIn(shelf.folder)) {
    const archive = { ...shelf, systemIdentifier }
    for (const id of readdirSync(archivePath(archive)).filter(name => /^\d{8}T\d{6}Z-/.test(name))) {
      try {
        const path = join(backupPath(archive, id), 'backup.json')
        if (!existsSync(path)) throw errors.fileMissing({ path })
        const backup = readSigned<Backup>(path, shelf.keyring)
        if (backup.id !== id) throw errors.fileAltered({ path, reason: `it is ${backup.id} under another name` })
        backups.push(backup)
      } catch (error) {
        if (!(error instanceof DomainError)) throw error
        faults.push(error)
      }
    }
  }
  return { backups: backups.toSorted(inOrder), faults }
}

/** The systems of which there is something. */
export function systemsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(name => /^\d{15,20}$/.test(name))
    .toSorted()
}

/** The order of the WAL, which no clock changes. */
export function inOrder(one: Backup, other: Backup): number {
  if (one.systemIdentifier !== other.systemIdentifier) return one.systemIdentifier < other.systemIdentifier ? -1 : 1
  const [a, b] = [parseLsn(one.stopLsn), parseLsn(other.stopLsn)]
  return one.timeline - other.timeline || (a < b ? -1 : a > b ? 1 : 0)
}

/** The full backup first, then each that builds on the one before, to this one. */
export function chainOf(backup: Backup, backups: readonly Backup[]): Backup[] {
  const chain = [backup]
  for (let first = backup; first.parent !== null; first = chain[0] as Backup) {
    const parent = backups.find(({ id }) => id === first.parent)
    if (!parent) throw errors.parentMissing({ id: first.id, parent: first.parent })
    chain.unshift(parent)
  }
  return chain
}

export function getBackup(shelf: Shelf, id: string): Backup {
  const { backups, faults } = readCatalogue(shelf)
  const found = backups.find(backup => backup.id === id)
  if (found) return found
  throw faults.find(fault => String(fault.details.path).includes(id)) ?? errors.backupNotFound({ id })
}

export async function writeVerification(archive: Archive, id: string, verification: Verification): Promise<void> {
  await writeSigned(join(backupPath(archive, id), 'verification.json'), archive.keyring, verification)
}

export function findVerification(archive: Archive, id: string): Verification | undefined {
  const path = join(backupPath(archive, id), 'verification.json')
  if (!existsSync(path)) return undefined
  try {
    return readSigned<Verification>(path, archive.keyring)
  } catch {
    // Altered or of a lost key: then nobody has looked at this backup.
    return undefined
  }
}

/** A new name that is still there after a power cut. */
export async function syncedRename(from: string, to: string): Promise<void> {
  await rename(from, to)
  for (const directory of new Set([dirname(from), dirname(to)])) await syncDirectory(directory)
}

export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw explain(path, error)
  }
}

/** Says in one sentence what the system refused in the folder. */
export function explain(folder: string, error: unknown): unknown {
  const { code = '' } = error as NodeJS.ErrnoException
  if (/^(ENOSPC|EDQUOT)$/.test(code)) return errors.diskFull({ folder }, error)
  if (/^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST)$/.test(code))
    return errors.folderNotWritable({ folder, reason: code }, error)
  return error
}

/** Removes what a killed program left unfinished. Only for who holds the lock. */
export function removeUnfinished(archive: Archive): void {
  const path = archivePath(archive)
  if (!existsSync(path)) return
  for (const name of readdirSync(path).filter(entry => entry.startsWith('unfinished-')))
    rmSync(join(path, name), { recursive: true, force: true })
}
