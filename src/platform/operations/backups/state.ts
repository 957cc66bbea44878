import { existsSync, statfsSync } from 'node:fs'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { ageInDays, firstNightDays } from '../ages.ts'
import { readReport } from './adapters.ts'
import { withAdmin } from './base-backups.ts'
import { type Archive, type Backup, findVerification, readCatalogue, type Verification } from './catalogue.ts'
import { chainsIn, lostOf } from './chains.ts'
import { listOtherServers } from './other-servers.ts'
import { listWindows, type Window } from './plans.ts'
import { slotName } from './receiver.ts'
import { findLastEnded, listRuns, type Run } from './runs.ts'
import { ownArchive } from './schedule.ts'
import { type Adapter, adapterOf, coversPlaced, retentionDaysOf, shelfOfApp } from './settings.ts'
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

/** How well another server is protected, on which workspaces have databases of their own (MT-17). */
export type OtherState = {
  databases: string[]
  tenants: number
  status: BackupState['status']
  /** What lacks; null where nothing does. */
  message: string | null
  lastBackupAt: string | null
  /** To where its last window of recovery reaches, and from where. */
  from: string | null
  until: string | null
}

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
  others: OtherState[]
  runs: Run[]
  /** The last restore drill that has ended, however long ago. */
  lastDrill: Run | null
  /** Of workspaces and tables, the latest first. */
  restores: Run[]
  now: string
}

export async function readState(app: App): Promise<BackupState> {
  const adapter = adapterOf(app.config)
  const { folder } = shelfOfApp(app)
  const now = app.clock.now()
  const tx = app.db.scoped({ system: true })
  const state: BackupState = {
    ...{ status: 'protected', advice: [], concerns: [], adapter, folder, retentionDays: retentionDaysOf(app.config) },
    ...{
      freeBytes: freeBytesOf(folder),
      received: null,
      windows: [],
      chains: [],
      lastBackupAt: null,
      archivedUntil: null,
      others: [],
    },
    ...{ runs: await listRuns(tx, { limit: 30 }), restores: await listRuns(tx, { limit: 50, kinds: ['restore'] }) },
    lastDrill: (await findLastEnded(tx, ['drill'])) ?? null,
    now: now.toISOString(),
  }
  if (adapter !== 'own') {
    const { advice, faults, ...report } = await readReport(app, adapter)
    const others = app.administration ? await readOthers(app, now) : []
    const concerns = [
      ...faults.map(message => ({ object: adapter, message, isMishap: true })),
      ...advice.map(message => ({ object: adapter, message, isMishap: false })),
      ...concernsOf(others),
    ]
    const status = adapter === 'off' ? 'unprotected' : concerns.length > 0 ? 'attention' : 'protected'
    return { ...state, ...report, others, concerns, advice: concerns.map(({ message }) => message), status }
  }
  if (!app.administration) {
    const message = 'This program has no way in as the administrator of the database, which backups need.'
    const concerns = [{ object: 'administrator', message, isMishap: false }]
    return { ...state, status: 'unprotected', concerns, advice: [message] }
  }
  await describeOwn(app, state, now)
  return state
}

async function describeOwn(app: App, state: BackupState, now: Date): Promise<void> {
  const archive = await ownArchive(app)
  const { backups, faults } = readCatalogue(archive)
  const known = readKnown(archive, backups)
  state.chains = chainsIn(known)
  state.lastBackupAt = known.at(-1)?.finishedAt ?? null
  const concerns = faults.map(({ message }) => ({ object: 'catalogue', message, isMishap: true }))
  try {
    state.windows = await listWindows(archive)
    state.received = await readReceived(app, archive, now)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    concerns.push({ object: 'wal', message: error.message, isMishap: true })
  }
  state.others = await readOthers(app, now)
  const attempt = await findLastEnded(app.db.scoped({ system: true }), ['full', 'incremental'])
  judge(state, concerns, { attempt, now, ageDays: await ageInDays(app.db.scoped({ system: true })) })
  const lacking = concernsOf(state.others)
  state.concerns.push(...lacking)
  state.advice = state.concerns.map(({ message }) => message)
  if (lacking.length > 0 && state.status === 'protected') state.status = 'attention'
}

const readKnown = (archive: Archive, backups: readonly Backup[]) =>
  backups
    .filter(it => it.systemIdentifier === archive.systemIdentifier)
    .map(it => ({ ...it, verification: findVerification(archive, it.id) ?? null }))

const concernsOf = (others: readonly OtherState[]): Concern[] =>
  others.flatMap(({ databases, message }) =>
    message === null ? [] : [{ object: databases.join(', '), message, isMishap: false }],
  )

async function readOthers(app: App, now: Date): Promise<OtherState[]> {
  const isCovered = adapterOf(app.config) === 'own' && coversPlaced(app.config)
  const states: OtherState[] = []
  const tx = app.db.scoped({ system: true })
  for (const { systemIdentifier, databases, tenants, error } of await listOtherServers(app)) {
    const told = { databases, tenants, lastBackupAt: null, from: null, until: null }
    const whose = `${tenants} ${tenants === 1 ? 'workspace has its' : 'workspaces have their'} data in ${databases.join(', ')}`
    const state = (status: OtherState['status'], message: string | null) => states.push({ ...told, status, message })
    if (!coversPlaced(app.config)) state('protected', null)
    else if (!isCovered)
      state('attention', `${whose}, on another server: see that it is backed up too, and set COMMONHOLD_BACKUP_PLACED.`)
    else if (systemIdentifier === null)
      state('attention', `${whose}, which cannot be reached: whether it can be backed up is not known (${error}).`)
    else {
      const attempt = await findLastEnded(tx, ['full', 'incremental'], databases.join(', '))
      states.push(await readOther({ ...shelfOfApp(app), systemIdentifier }, { ...told, whose }, attempt, now))
    }
  }
  return states
}

async function readOther(
  archive: Archive,
  { whose, ...told }: Omit<OtherState, 'status' | 'message'> & { whose: string },
  attempt: Run | undefined,
  now: Date,
): Promise<OtherState> {
  const backups = readKnown(archive, readCatalogue(archive).backups)
  const newest = backups.at(-1)
  if (!newest) {
    const remedy =
      'commonhold backup create makes one if its login may replicate; else have it backed up there, and set COMMONHOLD_BACKUP_PLACED=managed.'
    return { ...told, status: 'unprotected', message: `${whose}, on a server of which there is no backup: ${remedy}` }
  }
  const window = (await listWindows(archive)).at(-1)
  const { finishedAt: lastBackupAt } = newest
  const state = { ...told, lastBackupAt, from: window?.from ?? null, until: window?.until ?? null }
  const attention = (reason: string): OtherState => ({ ...state, status: 'attention', message: `${whose}: ${reason}` })
  const hours = (now.getTime() - Date.parse(lastBackupAt)) / 3_600_000
  const [broken, ...others] = lostOf(chainsIn(backups).at(-1) ?? [])
  if (broken) return attention(`of its server, the backup ${describeLost(broken, others.length)}`)
  if (hours > 26) return attention(`the last backup of its server is ${Math.round(hours)} hours old.`)
  if (attempt?.state === 'failed') return attention(`the last attempt to back its server up failed: ${attempt.failure}`)
  if (window?.missing) return attention(`the WAL segment ${window.missing} of its server is missing.`)
  const received = findReceiverState(archive)
  if (!received || now.getTime() - Date.parse(received.serverTime) > 5 * 60_000)
    return attention('no WAL of its server is received now; what happens between backups is lost.')
  return { ...state, status: 'protected', message: null }
}

/** Days after which the weekly drill has had its turn. */
const untriedDays = 10

/** How old the last drill is, in days, where the weekly one did not come. */
export function overdueDays({ startedAt }: Pick<Run, 'startedAt'>, now: Date): number | undefined {
  const days = (now.getTime() - startedAt.getTime()) / 86_400_000
  return days > untriedDays ? Math.floor(days) : undefined
}

function describeLost({ id, verification }: KnownBackup, others: number): string {
  const fault = verification?.faults[0]
  if (others === 0) return `${id} cannot be restored from: ${fault}`
  const built = others === 1 ? 'the one that builds on it' : `the ${others} that build on it`
  return `${id} cannot be restored from, nor from ${built}: ${fault}`
}

type Seen = { attempt: Run | undefined; now: Date; ageDays: number }

function judge(state: BackupState, concerns: Concern[], { attempt, now, ageDays }: Seen): void {
  const { windows, received, chains, lastBackupAt, lastDrill } = state
  const mishap = (object: string, message: string) => concerns.push({ object, message, isMishap: true })
  const lack = (object: string, message: string) => concerns.push({ object, message, isMishap: false })
  const conclude = (isLost: boolean) => {
    state.concerns = concerns
    state.advice = concerns.map(({ message }) => message)
    state.status = isLost ? 'unprotected' : concerns.length > 0 ? 'attention' : 'protected'
  }
  const newest = chains.flat().at(-1)
  if (attempt?.state === 'failed') mishap('attempt', `The last attempt to back up failed: ${attempt.failure}`)
  if (!newest || !lastBackupAt) {
    const isOverdue = ageDays > firstNightDays
    const message = isOverdue
      ? `There is no backup, though this installation is ${Math.floor(ageDays)} ${ageDays < 2 ? 'day' : 'days'} old: see that a worker runs, which makes one at 02:00 UTC, or begin one now: commonhold backup create.`
      : 'There is no backup yet. The first one is made at 02:00 UTC; better, begin one now: commonhold backup create.'
    concerns.unshift({ object: 'backup', message, isMishap: isOverdue })
    conclude(true)
    return
  }
  const hours = (now.getTime() - Date.parse(lastBackupAt)) / 3_600_000
  if (hours > 26) mishap('backup', `The last backup is ${Math.round(hours)} hours old: see why the later ones failed.`)
  for (const [broken, ...others] of chains.map(lostOf)) {
    if (!broken) continue
    mishap(broken.id, `Backup ${describeLost(broken, others.length)}`)
  }
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
  const drilledDays = lastDrill ? overdueDays(lastDrill, now) : undefined
  const oldestDays = (now.getTime() - Date.parse(chains.flat()[0]?.finishedAt ?? lastBackupAt)) / 86_400_000
  if (!lastDrill && oldestDays > untriedDays)
    mishap(
      'drill',
      `No restore was ever tried, though there are backups of ${Math.floor(oldestDays)} days ago: see why the weekly drill did not come, or begin one: commonhold backup drill.`,
    )
  else if (!lastDrill) lack('drill', 'No restore was ever tried. Begin a drill: commonhold backup drill.')
  else if (lastDrill.state === 'failed') mishap('drill', `The last restore drill failed: ${lastDrill.failure}`)
  else if (drilledDays !== undefined)
    mishap('drill', `The last restore drill is ${drilledDays} days old: see why the weekly one did not come.`)
  if ((state.freeBytes ?? Infinity) < 2 * newest.storedBytes)
    mishap('room', 'The disk with the backups has no room for two more of them.')
  conclude(hours > 72 || lostOf(chains.at(-1) ?? []).length > 0)
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
