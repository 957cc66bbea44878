import type pg from 'pg'
import { errorTable } from '#platform/errors.ts'
import type { Migration } from './migration-files.ts'

export const errors = errorTable('migrations', {
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
    select name, state, up_hash as "upHash", down_hash as "downHash", statements_done as "statementsDone",
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

/** What is amiss between files and log, each with the file's name; the first is what a migrator refuses with. */
export function faultsOf(files: readonly Migration[], log: readonly LoggedMigration[]): Error[] {
  const known = new Map(files.map(file => [file.name, file]))
  const logged = new Set(log.map(row => row.name))
  const newest = log.at(-1)?.name ?? ''
  const faults: Error[] = []
  for (const row of log) {
    const file = known.get(row.name)
    if (!file) faults.push(errors.missing({ name: row.name }))
    else if (row.state === 'applied') {
      if (file.up.hash !== row.upHash) faults.push(errors.edited({ file: file.up.file }))
      if (row.downHash && file.down?.hash !== row.downHash) {
        faults.push(errors.edited({ file: file.down?.file ?? `${row.name}.down.sql` }))
      }
    }
  }
  for (const { name } of files) {
    if (!logged.has(name) && name < newest) faults.push(errors.outOfOrder({ name, newest }))
  }
  return faults
}
