import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { App } from '#platform/app.ts'
import { withAdmin } from './base-backups.ts'
import type { Adapter } from './settings.ts'

/** What something else than this program says about its backups. */
export type Report = { lastBackupAt: string | null; archivedUntil: string | null; advice: string[] }

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

const nothing = { lastBackupAt: null, archivedUntil: null }
const managed =
  'Who runs the server is said to make the backups (COMMONHOLD_BACKUP_ADAPTER=managed). This program cannot see them: try a restore there, and note when.'

async function askArchiver(app: App): Promise<Report> {
  if (!app.administration) return { ...nothing, advice: ['The server cannot be asked about its archiver.'] }
  return await withAdmin(app.administration.admin, async client => {
    const { rows } = await client.query(`
      select
        current_setting('archive_mode') as mode,
        last_archived_time as "archivedAt",
        last_failed_time as "failedAt",
        last_failed_wal as "failedWal",
        coalesce(last_failed_time > last_archived_time, last_failed_time is not null) as "isFailing"
      from pg_stat_archiver`)
    const { mode, archivedAt, failedWal, isFailing } = rows[0]
    const advice: string[] = []
    if (mode === 'off')
      advice.push('The server archives no WAL: set archive_mode and archive_command, or archive_library.')
    if (isFailing) advice.push(`The server cannot archive ${failedWal}: see its log. Until it can, WAL fills its disk.`)
    advice.push('That base backups are made beside the WAL, this program cannot see.')
    return { lastBackupAt: null, archivedUntil: (archivedAt as Date | null)?.toISOString() ?? null, advice }
  })
}

type Stanza = {
  name: string
  status?: { message?: string; code?: number }
  backup?: { timestamp?: { stop?: number } }[]
}

async function askPgbackrest(app: App): Promise<Report> {
  const { pgbackrestStanza: stanza } = app.config
  const args = ['info', '--output=json', ...(typeof stanza === 'string' ? [`--stanza=${stanza}`] : [])]
  try {
    const { stdout } = await promisify(execFile)('pgbackrest', args, { timeout: 30_000 })
    return readPgbackrest(stdout)
  } catch (error) {
    return { ...nothing, advice: [`pgBackRest did not answer: ${(error as Error).message.split('\n')[0]}`] }
  }
}

/** Reads what `pgbackrest info --output=json` prints. */
export function readPgbackrest(output: string): Report {
  const stanzas = JSON.parse(output) as Stanza[]
  const advice = stanzas
    .filter(({ status }) => (status?.code ?? 0) !== 0)
    .map(({ name, status }) => `pgBackRest says of ${name}: ${status?.message ?? 'not ok'}`)
  const stops = stanzas.flatMap(({ backup = [] }) => backup.map(({ timestamp }) => timestamp?.stop ?? 0))
  if (stops.length === 0) return { ...nothing, advice: [...advice, 'pgBackRest has no backup.'] }
  return { lastBackupAt: new Date(Math.max(...stops) * 1000).toISOString(), archivedUntil: null, advice }
}
