import { existsSync, statfsSync } from 'node:fs'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { readReport } from './adapters.ts'
import { withAdmin } from './base-backups.ts'
import { type Archive, type Backup, findVerification, readCatalogue, type Verification } from './catalogue.ts'
import { chainsIn } from './expiry.ts'
import { listWindows, type Window } from './plans.ts'
import { slotName } from './receiver.ts'
import { listRuns, type Run } from './runs.ts'
import { ownArchive } from './schedule.ts'
import { type Adapter, adapterOf, retentionDaysOf, shelfOfApp } from './settings.ts'
import { findReceiverState } from './wal-files.ts'

export type KnownBackup = Pick<
  Backup,
  | 'id'
  | 'kind'
  | 'parent'
  | 'startedAt'
  | 'finishedAt'
  | 'plainBytes'
  | 'storedBytes'
  | 'timeline'
  | 'startLsn'
  | 'stopLsn'
> & { verification: Verification | null }

/** What keeps the database from being protected: `object` names it among the others, `isMishap` says that something went wrong. */
export type Concern = { object: string; message: string; isMishap: boolean }

/** How well the database is protected, at a glance. `advice` says what to do where it is not. */
export type BackupState = {
  status: 'protected' | 'attention' | 'unprotected'
  advice: string[]
  concerns: Concern[]
  adapter: Adapter
  folder: string
  freeBytes: number | null
  retentionDays: number
  /** Up to where WAL is on our disk, and how much the server still keeps for us. */
  received: { until: string; lsn: string; timeline: number; isReceiving: boolean; lagBytes: number | null } | null
  windows: Window[]
  chains: KnownBackup[][]
  lastBackupAt: string | null
  archivedUntil: string | null
  runs: Run[]
  now: string
}

export async function readState(app: App): Promise<BackupState> {
  const adapter = adapterOf(app.config)
  const { folder } = shelfOfApp(app)
  const now = app.clock.now()
  const state: BackupState = {
    ...{ status: 'protected', advice: [], concerns: [], adapter, folder, retentionDays: retentionDaysOf(app.config) },
    ...{
      freeBytes: freeBytesOf(folder),
      received: null,
      windows: [],
      chains: [],
      lastBackupAt: null,
      archivedUntil: null,
    },
    ...{ runs: await listRuns(app.db.scoped({ system: true }), { limit: 30 }), now: now.toISOString() },
  }
  if (adapter !== 'own') {
    const report = await readReport(app, adapter)
    const status = adapter === 'off' ? 'unprotected' : report.advice.length > 0 ? 'attention' : 'protected'
    return { ...state, ...report, status }
  }
  if (!app.administration) {
    const advice = ['This program has no way in as the administrator of the database, which backups need.']
    return { ...state, status: 'unprotected', advice }
  }
  await describeOwn(app, state, now)
  return state
}

async function describeOwn(app: App, state: BackupState, now: Date): Promise<void> {
  const archive = await ownArchive(app)
  const { backups: all, faults } = readCatalogue(archive)
  const backups = all.filter(it => it.systemIdentifier === archive.systemIdentifier)
  const known = backups.map(it => ({ ...it, verification: findVerification(archive, it.id) ?? null }))
  state.chains = chainsIn(known)
  state.lastBackupAt = backups.at(-1)?.finishedAt ?? null
  const concerns = faults.map(({ message }) => ({ object: 'catalogue', message, isMishap: true }))
  try {
    state.windows = await listWindows(archive)
    state.received = await readReceived(app, archive, now)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    concerns.push({ object: 'wal', message: error.message, isMishap: true })
  }
  judge(state, concerns, now)
}

function judge(state: BackupState, concerns: Concern[], now: Date): void {
  const { windows, received, chains, lastBackupAt, runs } = state
  const mishap = (object: string, message: string) => concerns.push({ object, message, isMishap: true })
  const lack = (object: string, message: string) => concerns.push({ object, message, isMishap: false })
  const conclude = (isLost: boolean) => {
    state.concerns = concerns
    state.advice = concerns.map(({ message }) => message)
    state.status = isLost ? 'unprotected' : concerns.length > 0 ? 'attention' : 'protected'
  }
  const newest = chains.flat().at(-1)
  if (!newest || !lastBackupAt) {
    const message =
      'There is no backup yet. The first one is made at 02:00 UTC; better, begin one now: commonhold backup create.'
    concerns.unshift({ object: 'backup', message, isMishap: false })
    conclude(true)
    return
  }
  const hours = (now.getTime() - Date.parse(lastBackupAt)) / 3_600_000
  if (hours > 26) mishap('backup', `The last backup is ${Math.round(hours)} hours old: see why the later ones failed.`)
  const broken = chains.flat().filter(it => (it.verification?.faults.length ?? 0) > 0)
  for (const { id, verification } of broken)
    mishap(id, `Backup ${id} cannot be restored from: ${verification?.faults[0]}`)
  if (!received)
    lack(
      'wal',
      'No WAL is received: what happens between backups is lost. It begins some seconds after the first backup.',
    )
  else if (!received.isReceiving)
    mishap('wal', 'No program receives WAL now. Look into the log of the program for why.')
  else if ((received.lagBytes ?? 0) > 512 * 2 ** 20)
    mishap('wal', 'WAL comes in more slowly than it is written: more than 512 MB are waiting.')
  const missing = windows.find(window => window.missing)?.missing
  if (missing)
    mishap(missing, `The WAL segment ${missing} is missing: what comes after it is reached from the next backup on.`)
  const drilled = runs.find(({ kind, state: ended }) => kind === 'drill' && ended !== 'running')
  if (!drilled) lack('drill', 'No restore was ever tried. Begin a drill: commonhold backup drill.')
  else if (drilled.state === 'failed') mishap('drill', `The last restore drill failed: ${drilled.failure}`)
  if ((state.freeBytes ?? Infinity) < 2 * newest.storedBytes)
    mishap('room', 'The disk with the backups has no room for two more of them.')
  conclude(hours > 72 || (newest.verification?.faults.length ?? 0) > 0)
}

async function readReceived(app: App, archive: Archive, now: Date): Promise<BackupState['received']> {
  const known = findReceiverState(archive)
  if (!known || !app.administration) return null
  return await withAdmin(app.administration.admin, async client => {
    const { rows } = await client.query(
      `select
         active,
         pg_wal_lsn_diff(pg_current_wal_lsn(), $2::pg_lsn)::float8 as lag
       from pg_replication_slots
       where slot_name = $1`,
      [slotName, known.lsn],
    )
    const isRecent = now.getTime() - Date.parse(known.serverTime) < 60_000
    const { active = false, lag = null } = rows[0] ?? {}
    const { lsn, timeline, serverTime: until } = known
    return { until, lsn, timeline, isReceiving: active && isRecent, lagBytes: lag === null ? null : Math.max(0, lag) }
  })
}

function freeBytesOf(folder: string): number | null {
  if (!existsSync(folder)) return null
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
