import { join, resolve } from 'node:path'
import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Keyring } from '#platform/crypto'
import type { Shelf } from './catalogue.ts'

/** What makes the backups: this program; what archives the server's WAL; pgBackRest; who runs the server; nobody. */
export const adapters = ['own', 'archiver', 'pgbackrest', 'managed', 'off'] as const
export type Adapter = (typeof adapters)[number]

export const backupSettings = {
  backupDir: Type.Optional(
    Type.String({
      env: 'COMMONHOLD_BACKUP_DIR',
      description:
        'Where backups lie, best on another disk or a mount of another machine; <data directory>/backups unless set',
    }),
  ),
  backupAdapter: Type.Unsafe<Adapter>({
    type: 'string',
    enum: adapters,
    env: 'COMMONHOLD_BACKUP_ADAPTER',
    default: 'own',
    description:
      'What makes backups: own (this program), archiver (archive_command of the server), pgbackrest, managed (who runs the server), off',
  }),
  backupPlaced: Type.Unsafe<'own' | 'managed'>({
    type: 'string',
    enum: ['own', 'managed'],
    env: 'COMMONHOLD_BACKUP_PLACED',
    default: 'own',
    description:
      'What backs up other servers on which workspaces have databases of their own: own (this program, as the main one), managed (who runs them)',
  }),
  backupRetentionDays: Type.Integer({
    env: 'COMMONHOLD_BACKUP_RETENTION_DAYS',
    minimum: 1,
    maximum: 3650,
    default: 30,
    description: 'How many days back the database can be recovered',
  }),
  backupPostgres: Type.Optional(
    Type.String({
      env: 'COMMONHOLD_BACKUP_POSTGRES',
      description:
        'An installation of PostgreSQL (the directory above bin) for restore drills of a server whose major version is not the embedded one',
    }),
  ),
  pgbackrestStanza: Type.Optional(
    Type.String({
      env: 'COMMONHOLD_PGBACKREST_STANZA',
      pattern: '^[A-Za-z0-9._-]+$',
      description: 'The stanza that pgBackRest is asked about; all of them unless set',
    }),
  ),
}

/** The settings as a command has them that runs without a database. */
export type BackupSettings = Readonly<Record<string, unknown>>

export const adapterOf = (settings: BackupSettings): Adapter => (settings.backupAdapter as Adapter | undefined) ?? 'own'
/** Whether this program backs up the servers of databases that workspaces have of their own. */
export const coversPlaced = (settings: BackupSettings): boolean => settings.backupPlaced !== 'managed'
export const retentionDaysOf = (settings: BackupSettings): number => Number(settings.backupRetentionDays ?? 30)
export const installationOf = (settings: BackupSettings): string | undefined =>
  settings.backupPostgres as string | undefined

export function shelfOf(settings: BackupSettings, keyring: Keyring): Shelf {
  const folder =
    (settings.backupDir as string | undefined) ?? join(String(settings.dataDir ?? '.commonhold'), 'backups')
  return { folder: resolve(folder), keyring }
}

export const shelfOfApp = (app: App): Shelf => shelfOf(app.config, app.keyring)
