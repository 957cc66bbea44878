import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { errorTable } from '#platform/errors.ts'
import {
  type Migration,
  type MigrationFile,
  type Repeatable,
  readMigrations,
  readRepeatables,
} from './migration-files.ts'
import { faultsOf, logTables, readLog, readRepeatableLog } from './migration-log.ts'
import { lineAt } from './statements.ts'

const errors = errorTable('migrations', {
  unknown: ['not_found', 'There is no migration {name}.'],
  failed: ['conflict', '{place}: {reason}'],
  unreachable: ['unavailable', 'The database does not answer: {reason}'],
  notAllowed: [
    'forbidden',
    '{login} may not migrate this database: {reason}. Have an administrator run db/roles.sql in it, and then: grant commonhold_owner to "{login}"',
  ],
})

export type MigrationOptions = {
  /** A login that is an administrator, or a member of commonhold_owner once db/roles.sql has run. */
  admin: pg.ClientConfig
  /** Folder of the migrations; `db/migrations` by default. */
  directory?: string
  /** Folder of the repeatable migrations; `repeatable` beside `directory` by default. */
  repeatableDirectory?: string
  /** Idempotent SQL run before all else; `db/roles.sql` by default. */
  rolesFile?: string
  /** The last migration to apply, by its name or the beginning of it. */
  to?: string
  /** Receives one line for each step and for each wait. */
  log?: (line: string) => void
}

const database = fileURLToPath(new URL('../../../db/', import.meta.url))

/**
 * GG-14: makes the roles, applies the migrations that are pending, in order, and the repeatable ones that changed.
 * Any number of callers may do so at once: each migration is applied by one of them. Refuses, before anything is done,
 * when an applied file was edited, is missing, or a pending one is older than an applied one.
 */
export async function migrateDatabase(options: MigrationOptions): Promise<{ applied: string[] }> {
  const { directory, repeatableDirectory } = foldersOf(options)
  const migrations = await readMigrations(directory)
  const repeatables = await readRepeatables(repeatableDirectory)
  const last = options.to === undefined ? undefined : findMigration(migrations, options.to)
  return await asMigrator(options, async migrator => {
    const log = await readLog(migrator.client)
    const [fault] = faultsOf(migrations, log)
    if (fault) throw fault
    const done = new Set(log.filter(row => row.state === 'applied').map(row => row.name))
    const applied: string[] = []
    for (const migration of migrations) {
      if (last && migration.name > last.name) return { applied }
      if (!done.has(migration.name) && (await applyMigration(migrator, migration))) applied.push(migration.name)
    }
    await applyRepeatables(migrator, repeatables)
    return { applied }
  })
}

function foldersOf(options: MigrationOptions) {
  const directory = options.directory ?? join(database, 'migrations')
  return { directory, repeatableDirectory: options.repeatableDirectory ?? join(dirname(directory), 'repeatable') }
}

function findMigration(migrations: readonly Migration[], name: string): Migration {
  const found =
    migrations.find(migration => migration.name === name) ?? migrations.find(({ name: full }) => full.startsWith(name))
  if (!found) throw errors.unknown({ name })
  return found
}

type Migrator = { client: pg.Client; log: (line: string) => void }

async function asMigrator<T>(options: MigrationOptions, work: (migrator: Migrator) => Promise<T>): Promise<T> {
  const log = options.log ?? (() => {})
  const client = new pg.Client({ application_name: 'commonhold migrate', ...options.admin })
  client.on('error', () => {})
  await client.connect().catch(error => {
    throw errors.unreachable({ reason: (error as Error).message }, error)
  })
  try {
    const roles = await readFile(options.rolesFile ?? join(database, 'roles.sql'), 'utf8')
    await repeatOnRace(client, async () => {
      await client.query(roles)
      await client.query('begin; set local role commonhold_owner; set local client_min_messages = warning')
      await client.query(logTables)
      await client.query('commit')
    })
    return await work({ client, log })
  } finally {
    await client.end().catch(() => {})
  }
}

async function applyMigration({ client, log }: Migrator, migration: Migration): Promise<boolean> {
  const started = performance.now()
  await client.query('begin')
  try {
    await client.query('set local role commonhold_owner; set local search_path = public')
    await client.query('select from platform.migration_lock for update')
    const { rowCount } = await client.query('select from platform.migrations where name = $1', [migration.name])
    if (rowCount) {
      await client.query('rollback')
      return false
    }
    await client.query(migration.up.sql).catch(error => {
      throw failureOf(migration.up, error)
    })
    await client.query(
      `insert into platform.migrations (name, state, up_hash, down_hash, down_sql) values ($1, 'applied', $2, $3, $4)`,
      [migration.name, migration.up.hash, migration.down?.hash, migration.down?.sql],
    )
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
  log(`${migration.name} applied in ${Math.round(performance.now() - started)} ms`)
  return true
}

async function applyRepeatables({ client, log }: Migrator, repeatables: readonly Repeatable[]): Promise<void> {
  const known = await readRepeatableLog(client)
  if (repeatables.every(({ name, hash }) => known.get(name) === hash)) return
  await client.query('begin')
  try {
    await client.query('set local role commonhold_owner; set local search_path = public')
    await client.query('select from platform.migration_lock for update')
    const now = await readRepeatableLog(client)
    for (const repeatable of repeatables.filter(({ name, hash }) => now.get(name) !== hash)) {
      await client.query(repeatable.sql).catch(error => {
        throw failureOf({ file: `${repeatable.name}.sql`, sql: repeatable.sql }, error)
      })
      await client.query(
        `insert into platform.repeatable_migrations (name, hash) values ($1, $2)
        on conflict (name) do update set hash = excluded.hash, applied_at = now()`,
        [repeatable.name, repeatable.hash],
      )
      log(`${repeatable.name} replaced`)
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

function failureOf(file: Pick<MigrationFile, 'file' | 'sql'>, error: unknown): Error {
  if (!(error instanceof pg.DatabaseError)) return error as Error
  const line = error.position ? `, line ${lineAt(file.sql, Number(error.position))}` : ''
  return errors.failed({ place: `${file.file}${line}`, reason: error.message, code: error.code }, error)
}

/** Objects of the whole server (roles, the database's own rights) are changed by migrators of other databases too. */
async function repeatOnRace(client: pg.Client, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      await client.query('rollback').catch(() => {})
      const isRace =
        error instanceof pg.DatabaseError &&
        (['23505', '42P06', '42P07', '42710', '40P01'].includes(error.code ?? '') ||
          /tuple concurrently/.test(error.message))
      if (!isRace || attempt === 30) throw error
      await sleep(20 + Math.random() * 50 * attempt)
    }
  }
}
