import type pg from 'pg'
import { errorTable } from '#platform/errors.ts'
import type { Migration } from './migration-files.ts'

const errors = errorTable('migrations', {
  edited: [
    'conflict',
    '{file} was changed after it was applied. Put it back as it was, and write a new migration instead.',
  ],
  missing: [
    'conflict',
    '{name} is applied in the database, but its files are gone. Bring them back from version control.',
  ],
  outOfOrder: ['conflict', '{name} is not applied, but the later {newest} is. Rename it so that it comes last.'],
})

/** A row of platform.migrations. Between `applying` and `applied` lie only migrations that run without a transaction. */
export type LoggedMigration = {
  name: string
  state: 'applying' | 'applied' | 'reverting'
  upHash: string
  downHash: string | null
  /** The down file of the edition that was applied. */
  downSql: string | null
  statementsDone: number
  doneHash: string | null
  isStatementOpen: boolean
  appliedAt: Date
}

/** Made by the engine itself, before the first migration. `down_sql` lets `db push` undo an edition that was edited since. */
export const logTables = `
create schema if not exists platform authorization commonhold_owner;
create table if not exists platform.migrations (
  name text not null,
  state text not null,
  up_hash text not null,
  down_hash text,
  down_sql text,
  statements_done integer not null default 0,
  done_hash text,
  is_statement_open boolean not null default false,
  applied_at timestamptz not null default now(),
  applied_by text not null default session_user,
  constraint migrations_pkey primary key (name),
  constraint migrations_state_known check (state in ('applying', 'applied', 'reverting'))
);
comment on table platform.migrations is 'What has been done to this database, by the migration engine; states other than applied can be gone on with';
comment on column platform.migrations.up_hash is 'SHA-256 of the .up.sql file in hex';
comment on column platform.migrations.down_hash is 'SHA-256 of the .down.sql file in hex';
comment on column platform.migrations.statements_done is 'How far a migration without a transaction got';
comment on column platform.migrations.done_hash is 'SHA-256 of the statements that are done: they may not change before the rest runs';
comment on column platform.migrations.is_statement_open is 'The statement after those was sent outside a transaction and its end was not seen';
create table if not exists platform.repeatable_migrations (
  name text not null,
  hash text not null,
  applied_at timestamptz not null default now(),
  constraint repeatable_migrations_pkey primary key (name)
);
comment on table platform.repeatable_migrations is 'The edition of each file of db/repeatable that this database has';
create table if not exists platform.migration_lock (
  id boolean not null default true,
  constraint migration_lock_pkey primary key (id),
  constraint migration_lock_one_row check (id)
);
comment on table platform.migration_lock is 'Its one row is locked by whoever migrates, for as long as the transaction lasts';
insert into platform.migration_lock default values on conflict do nothing;
grant select on platform.migrations, platform.repeatable_migrations to commonhold_app, commonhold_readonly;
`

export async function readLog(client: pg.ClientBase): Promise<LoggedMigration[]> {
  const { rows } = await client.query<LoggedMigration>(`
    select name, state, up_hash as "upHash", down_hash as "downHash", down_sql as "downSql", statements_done as "statementsDone",
      done_hash as "doneHash", is_statement_open as "isStatementOpen", applied_at as "appliedAt"
    from platform.migrations
    order by name collate "C"`)
  return rows
}

export async function readRepeatableLog(client: pg.ClientBase): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; hash: string }>(
    'select name, hash from platform.repeatable_migrations',
  )
  return new Map(rows.map(row => [row.name, row.hash]))
}

/** What is amiss with one migration, and what a migrator refuses it with. */
export type MigrationFault = { name: string; state: 'edited' | 'missing' | 'out of order'; error: Error }

/** What is amiss between files and log, in order of name. */
export function faultsOf(files: readonly Migration[], log: readonly LoggedMigration[]): MigrationFault[] {
  return [...appliedFaultsOf(files, log), ...orderFaultsOf(files, log)]
}

export function appliedFaultsOf(files: readonly Migration[], log: readonly LoggedMigration[]): MigrationFault[] {
  const known = new Map(files.map(file => [file.name, file]))
  return log.flatMap(({ name, state, upHash, downHash }): MigrationFault[] => {
    const file = known.get(name)
    if (!file) return [{ name, state: 'missing', error: errors.missing({ name }) }]
    if (state !== 'applied') return []
    const edited = file.up.hash !== upHash ? 'up' : downHash && file.down?.hash !== downHash ? 'down' : undefined
    return edited ? [{ name, state: 'edited', error: errors.edited({ file: `${name}.${edited}.sql` }) }] : []
  })
}

export function orderFaultsOf(files: readonly Migration[], log: readonly LoggedMigration[]): MigrationFault[] {
  const logged = new Set(log.map(row => row.name))
  const newest = log.at(-1)?.name ?? ''
  return files
    .filter(({ name }) => !logged.has(name) && name < newest)
    .map(({ name }) => ({ name, state: 'out of order', error: errors.outOfOrder({ name, newest }) }))
}
