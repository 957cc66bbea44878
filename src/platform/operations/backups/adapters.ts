import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { withAdmin } from './base-backups.ts'
import type { Adapter } from './settings.ts'

/** What something else than this program says about its backups: `faults` went wrong there, `advice` is what nobody here can see. */
export type Report = { lastBackupAt: string | null; archivedUntil: string | null; advice: string[]; faults: string[] }

/** Asks what makes the backups in place of this program; never silently nothing. */
export async function readReport(app: App, adapter: Exclude<Adapter, 'own'>): Promise<Report> {
  if (adapter === 'pgbackrest') return await askPgbackrest(app)
  if (adapter === 'archiver') return await askArchiver(app)
  if (adapter === 'managed') return { ...nothing, advice: [managed] }
  return {
    ...nothing,
    advice: ['Backups are turned off (COMMONHOLD_BACKUP_ADAPTER=off). What is lost now is lost for good.'],
  }
}

const nothing = { lastBackupAt: null, archivedUntil: null, advice: [], faults: [] }
const managed =
  'Who runs the server is said to make the backups (COMMONHOLD_BACKUP_ADAPTER=managed). This program cannot see them: try a restore there, and note when.'

async function askArchiver(app: App): Promise<Report> {
  const archiver = await readArchiver(app)
  const advice = ['That base backups are made beside the WAL, this program cannot see.']
  return archiver
    ? { lastBackupAt: null, ...archiver, advice }
    : { ...nothing, advice: ['The server cannot be asked about its archiver.', ...advice] }
}

/** How far the server has archived its WAL, and what keeps it from it; undefined where it cannot be asked. */
async function readArchiver(app: App): Promise<Pick<Report, 'archivedUntil' | 'faults'> | undefined> {
  if (!app.administration) return undefined
  try {
    return await withAdmin(app.administration.admin, askAboutArchiver)
  } catch (error) {
    // Of several addresses that refuse the message is empty.
    const { message, code } = error as NodeJS.ErrnoException
    return { archivedUntil: null, faults: [`The server cannot be asked about its archiver: ${message || code}.`] }
  }
}

async function askAboutArchiver(client: pg.Client): Promise<Pick<Report, 'archivedUntil' | 'faults'>> {
  const { rows } = await client.query(`
    select
      current_setting('archive_mode') as mode,
      last_archived_time as "archivedAt",
      last_failed_wal as "failedWal",
      coalesce(last_failed_time > last_archived_time, last_failed_time is not null) as "isFailing"
    from pg_stat_archiver`)
  const { mode, archivedAt, failedWal, isFailing } = rows[0]
  const faults: string[] = []
  if (mode === 'off')
    faults.push('The server archives no WAL: set archive_mode and archive_command, or archive_library.')
  if (isFailing) faults.push(`The server cannot archive ${failedWal}: see its log. Until it can, WAL fills its disk.`)
  return { archivedUntil: (archivedAt as Date | null)?.toISOString() ?? null, faults }
}

type Stanza = {
  name: string
  status?: { message?: string; code?: number }
  backup?: { timestamp?: { stop?: number } }[]
}

/** Whoever backs up once a week is asked after a day more. */
const oldestDays = 8

async function askPgbackrest(app: App): Promise<Report> {
  const { pgbackrestStanza: stanza } = app.config
  const args = ['info', '--output=json', ...(typeof stanza === 'string' ? [`--stanza=${stanza}`] : [])]
  const archiver = await readArchiver(app)
  const { archivedUntil = null } = archiver ?? {}
  const faults = [...(archiver?.faults ?? [])]
  try {
    const { stdout } = await promisify(execFile)('pgbackrest', args, { timeout: 30_000 })
    const { lastBackupAt, faults: told } = readPgbackrest(stdout)
    return {
      lastBackupAt,
      archivedUntil,
      advice: [],
      faults: [...told, ...findOld(lastBackupAt, app.clock.now()), ...faults],
    }
  } catch (error) {
    faults.unshift(`pgBackRest did not answer: ${(error as Error).message.split('\n')[0]}`)
    return { ...nothing, archivedUntil, faults }
  }
}

function findOld(lastBackupAt: string | null, now: Date): string[] {
  const days = lastBackupAt === null ? 0 : (now.getTime() - Date.parse(lastBackupAt)) / 86_400_000
  return days > oldestDays
    ? [`The last backup of pgBackRest is ${Math.floor(days)} days old: see why later ones failed.`]
    : []
}

/** Reads what `pgbackrest info --output=json` prints. */
export function readPgbackrest(output: string): Pick<Report, 'lastBackupAt' | 'faults'> {
  const stanzas = JSON.parse(output) as Stanza[]
  const faults = stanzas
    .filter(({ status }) => (status?.code ?? 0) !== 0)
    .map(({ name, status }) => `pgBackRest says of ${name}: ${status?.message ?? 'not ok'}`)
  const stops = stanzas.flatMap(({ backup = [] }) => backup.map(({ timestamp }) => timestamp?.stop ?? 0))
  if (stops.length === 0) return { lastBackupAt: null, faults: [...faults, 'pgBackRest has no backup.'] }
  return { lastBackupAt: new Date(Math.max(...stops) * 1000).toISOString(), faults }
}
