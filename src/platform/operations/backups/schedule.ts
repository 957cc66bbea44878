import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientConfig } from 'pg'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { readServer, takeBackup } from './base-backups.ts'
import { type Archive, type Backup, readCatalogue, writeVerification } from './catalogue.ts'
import { findFaults } from './contents.ts'
import { type Drill, runDrill } from './drills.ts'
import { errors } from './errors.ts'
import { removeExpired } from './expiry.ts'
import { listOtherServers } from './other-servers.ts'
import { claimSlotFor } from './receiver.ts'
import { type Outcome, type RunProgress, recordRun, removeOldRuns } from './runs.ts'
import { adapterOf, coversPlaced, installationOf, retentionDaysOf, shelfOfApp } from './settings.ts'

/** Whether this program makes the backups: it was not told otherwise, and has a way in as the administrator. */
export const makesBackups = (app: App): boolean => adapterOf(app.config) === 'own' && app.administration !== undefined

type Asked = {
  requestedBy?: string
  onProgress?: (progress: RunProgress) => void
  /** Told what is done in place of what was asked for. */
  onNote?: (note: string) => void
  signal?: AbortSignal
}

/** Makes a backup and reads it again; each leaves a record. */
export async function backUp(app: App, kind: 'full' | 'incremental', asked: Asked = {}): Promise<Backup> {
  const { admin, isEmbedded } = requireAdministration(app)
  return await backUpServer(app, { admin, archive: await ownArchive(app), isEmbedded }, kind, asked)
}

/**
 * The same for each other server on which workspaces have databases of their own, unless who runs them does it. One that
 * fails keeps none of the others from it: its refusal is returned, and is on record.
 */
export async function backUpOthers(
  app: App,
  kind: 'full' | 'incremental',
  asked: Asked = {},
): Promise<{ made: Backup[]; failures: unknown[] }> {
  const [made, failures]: [Backup[], unknown[]] = [[], []]
  if (!coversPlaced(app.config)) return { made, failures }
  for (const { systemIdentifier, admin, databases } of await listOtherServers(app)) {
    if (systemIdentifier === null) continue
    const archive = { ...shelfOfApp(app), systemIdentifier }
    try {
      const server = { admin, archive, isEmbedded: false, database: databases.join(', ') }
      made.push(await backUpServer(app, server, hasBackup(archive) ? kind : 'full', asked))
    } catch (error) {
      asked.signal?.throwIfAborted()
      failures.push(error)
    }
  }
  return { made, failures }
}

type BackedUp = {
  admin: ClientConfig
  archive: Archive
  isEmbedded: boolean
  /** By which one knows the server that is not the main one. */
  database?: string
}

async function backUpServer(
  app: App,
  { admin, archive, isEmbedded, database }: BackedUp,
  kind: 'full' | 'incremental',
  { requestedBy, onProgress = () => {}, onNote, signal }: Asked,
): Promise<Backup> {
  const of = database === undefined ? '' : ` the server of ${database}`
  const made = await recordRun(app, { kind, requestedBy, database }, async (_id, note) => {
    // Of a server of others the disk may be filled by a slot that nobody reads.
    if (isEmbedded || isReceiving(archive)) await claimSlotFor(admin)
    const backup = await takeBackup({
      ...{ shelf: shelfOfApp(app), admin, incremental: kind === 'incremental' },
      ...(signal && { signal }),
      onProgress({ note: told, ...progress }) {
        const { bytes, expectedBytes, files } = progress
        const far = {
          ...{ bytes, ...(expectedBytes !== undefined && { expectedBytes }), ...(files !== undefined && { files }) },
        }
        note(far)
        onProgress({ step: `Backing up${of}`, ...far })
        if (told !== undefined) onNote?.(told)
      },
    }).catch(error => {
      if (database === undefined || !(error instanceof DomainError)) throw error
      throw errors.otherNotBackedUp({ database, reason: error.message }, error)
    })
    const { id, plainBytes, storedBytes, stopLsn } = backup
    return { backup, backupId: id, result: { kind: backup.kind, plainBytes, storedBytes, stopLsn } }
  })
  const reading = (progress: RunProgress) => onProgress({ step: `Reading ${made.backup.id} again`, ...progress })
  await verify(app, made.backup, requestedBy, database, reading)
  return made.backup
}

/** Reads a backup again, every file of it, and says so beside it. */
export async function verify(
  app: App,
  backup: Backup,
  requestedBy?: string,
  database?: string,
  onProgress: (progress: RunProgress) => void = () => {},
): Promise<DomainError[]> {
  const { faults } = await recordRun(app, { kind: 'verify', requestedBy, database }, async (_id, note) => {
    const archive = { ...shelfOfApp(app), systemIdentifier: backup.systemIdentifier }
    const expectedBytes = backup.plainBytes
    const found = await findFaults(archive, backup, (bytes, files) => {
      note({ bytes, expectedBytes, files })
      onProgress({ bytes, expectedBytes, files })
    })
    const messages = found.map(fault => fault.message)
    await writeVerification(archive, backup.id, { at: app.clock.now().toISOString(), faults: messages })
    const outcome: Outcome = { backupId: backup.id, result: { faults: messages, bytes: backup.plainBytes } }
    return { ...outcome, ...(messages[0] !== undefined && { failure: messages[0] }), faults: found }
  })
  return faults
}

/** Removes what is older than is kept, of all servers that are backed up. */
export async function expire(app: App, requestedBy?: string): Promise<{ backups: string[]; segments: number }> {
  const others = (await listOtherServers(app)).flatMap(({ systemIdentifier }) =>
    systemIdentifier === null ? [] : [{ ...shelfOfApp(app), systemIdentifier }],
  )
  const archives = [await ownArchive(app), ...others.filter(hasBackup)]
  const { result } = await recordRun(app, { kind: 'expire', requestedBy }, async () => {
    const found: { backups: string[]; segments: number } = { backups: [], segments: 0 }
    for (const archive of archives) {
      const { backups, wal } = await removeExpired(archive, retentionDaysOf(app.config), app.clock.now())
      found.backups.push(...backups.map(({ id }) => id))
      found.segments += wal.length
    }
    await removeOldRuns(app.db.scoped({ system: true }))
    return { result: found }
  })
  return result
}

/** Recovers the copy aside and looks at it. */
export async function drill(
  app: App,
  requestedBy?: string,
  onProgress: (progress: RunProgress) => void = () => {},
): Promise<Drill> {
  const { admin, dataDirectory } = requireAdministration(app)
  const archive = await ownArchive(app)
  const installation = installationOf(app.config)
  const stamp = app.clock.now().toISOString().replace(/[-:.]/g, '')
  const { found } = await recordRun(app, { kind: 'drill', requestedBy }, async (_id, note) => {
    const drilled = await runDrill({
      onProgress(progress) {
        note(progress)
        onProgress(progress)
      },
      ...{ shelf: archive, systemIdentifier: archive.systemIdentifier, source: admin },
      into: join(dataDirectory, `drill-${stamp}`),
      ...(installation !== undefined && { installation }),
    })
    const { recovery, ...result } = drilled
    return {
      ...{ backupId: recovery.backup, result: { ...result, ...recovery }, found: drilled },
      ...(drilled.faults[0] !== undefined && { failure: drilled.faults[0] }),
    }
  })
  return found
}

export async function ownArchive(app: App): Promise<Archive> {
  const { systemIdentifier } = await readServer(requireAdministration(app).admin)
  return { ...shelfOfApp(app), systemIdentifier }
}

/** Whether the last backup of this server is one on which an incremental one can build; else a full one is due. */
export function hasBackup(archive: Archive): boolean {
  return readCatalogue(archive).backups.some(it => it.systemIdentifier === archive.systemIdentifier)
}

function isReceiving({ folder, systemIdentifier }: Archive): boolean {
  const path = join(folder, systemIdentifier, 'wal')
  return existsSync(path) && readdirSync(path).includes('receiver.lock')
}

function requireAdministration(app: App): NonNullable<App['administration']> {
  if (!app.administration) throw errors.administrationMissing()
  return app.administration
}
