import { dirname, join } from 'node:path'
import type pg from 'pg'
import { errorTable } from '#platform/errors.ts'
import { type Migration, parseMigration, readMigrations, readRepeatables } from './migration-files.ts'
import {
  appliedFaultsOf,
  faultsOf,
  type LoggedMigration,
  orderFaultsOf,
  readLog,
  readRepeatableLog,
} from './migration-log.ts'
import { migrationProgress } from './migration-progress.ts'
import { applyMigration, applyRepeatables, type Interrupted, revertMigration } from './migration-runs.ts'
import { asMigrator, connectAs, databaseFolder, type Migrator, type MigratorOptions } from './migrator.ts'

const errors = errorTable('migrations', {
  unknown: ['not_found', 'There is no migration {name}.'],
  noWayBack: ['conflict', '{name} has no .down.sql file: nothing is known that undoes it.'],
  landed: [
    'conflict',
    '{name} was changed, is missing or comes too late, and {landed} is committed already. Write a new migration, or start afresh with db reset.',
  ],
})

export type MigrationOptions = MigratorOptions & {
  /** Folder of the migrations; `db/migrations` by default. */
  directory?: string
  /** Folder of the repeatable migrations; `repeatable` beside `directory` by default. */
  repeatableDirectory?: string
  /** The last migration to apply, or to keep, by its name or the beginning of it; to undo everything: `0`. */
  to?: string
  /** For a statement outside a transaction that a crash interrupted, when only a person can tell whether it was done. */
  interrupted?: Interrupted
  /** Does not tell each of many migrations. */
  isBrief?: boolean
}

/**
 * GG-14: makes the roles, applies the migrations that are pending, in order, and the repeatable ones that changed.
 * Any number of callers may do so at once: each migration is applied by one of them. Refuses, before anything is done,
 * when an applied file was edited, is missing, or a pending one is older than an applied one.
 */
export async function migrateDatabase(options: MigrationOptions): Promise<{ applied: string[]; replaced: string[] }> {
  const { migrations, repeatables } = await readFiles(options)
  const last = options.to === undefined ? undefined : findMigration(migrations, options.to)
  return await asMigrator(options, async migrator => {
    const log = await readLog(migrator.client)
    throwFirst(faultsOf(migrations, log))
    const done = new Set(log.filter(row => row.state === 'applied').map(row => row.name))
    const wanted = last ? migrations.slice(0, migrations.indexOf(last) + 1) : migrations
    const pending = wanted.filter(({ name }) => !done.has(name))
    const progress = migrationProgress(migrator.log, pending.length, options.isBrief)
    const applied: string[] = []
    for (const migration of pending) {
      const started = performance.now()
      if (!(await applyMigration(migrator, migration, options.interrupted))) continue
      applied.push(migration.name)
      progress.done(migration, performance.now() - started)
    }
    progress.end()
    if (wanted.length < migrations.length) return { applied, replaced: [] }
    return { applied, replaced: await applyRepeatables(migrator, repeatables) }
  })
}

/** The names that `revertMigrations` would undo, the newest first: one step without `to`. */
export async function planRevert(options: MigrationOptions): Promise<string[]> {
  const { migrations } = await readFiles(options)
  return await looking(options, async client => toRevert(migrations, await readLogIfAny(client), options.to))
}

/** Undoes migrations, the newest first: one step, or all that come after `to`. Refuses like `migrateDatabase`. */
export async function revertMigrations(options: MigrationOptions): Promise<{ reverted: string[] }> {
  const { migrations } = await readFiles(options)
  return await asMigrator(options, async migrator => {
    const log = await readLog(migrator.client)
    throwFirst(appliedFaultsOf(migrations, log))
    const names = toRevert(migrations, log, options.to)
    const reverted: string[] = []
    for (const name of names) {
      const down = migrations.find(migration => migration.name === name)?.down
      if (!down) throw errors.noWayBack({ name })
      if (await revertMigration(migrator, name, down, options.interrupted)) reverted.push(name)
    }
    return { reverted }
  })
}

/**
 * For development: brings the database to the files as they are now, edited ones too. What is not committed yet
 * (`isLanded` says no) and was edited, removed or overtaken is undone, by the down file of the edition that was applied,
 * together with what came after it, and applied anew. Their data is lost. Refuses when that would touch a landed one.
 */
export async function pushMigrations(
  options: MigrationOptions & { isLanded: (name: string) => boolean },
): Promise<{ reverted: string[]; applied: string[]; replaced: string[] }> {
  const { migrations } = await readFiles(options)
  const reverted = await asMigrator(options, async migrator => {
    const log = await readLog(migrator.client)
    const amiss = [...appliedFaultsOf(migrations, log), ...orderFaultsOf(migrations, log)]
      .map(fault => fault.name)
      .sort()[0]
    if (amiss === undefined) return []
    const affected = log.filter(row => row.name >= amiss).reverse()
    const landed = affected.find(row => options.isLanded(row.name))
    if (landed) throw errors.landed({ name: amiss, landed: landed.name })
    return await revertLogged(migrator, affected)
  })
  return { reverted, ...(await migrateDatabase(options)) }
}

/** What is applied, what is pending and what is amiss; changes nothing, not even on an empty database. */
export async function readMigrationStatus(options: MigrationOptions): Promise<MigrationStatus> {
  const { migrations, repeatables } = await readFiles(options)
  return await looking(options, async client => {
    const log = await readLogIfAny(client)
    const faults = faultsOf(migrations, log)
    const logged = new Map(log.map(row => [row.name, row]))
    const names = [...new Set([...migrations.map(migration => migration.name), ...logged.keys()])].sort()
    const replaced = log.length > 0 ? await readRepeatableLog(client) : new Map<string, string>()
    return {
      migrations: names.map(name => ({
        name,
        state: faults.find(fault => fault.name === name)?.state ?? logged.get(name)?.state ?? 'pending',
        appliedAt: logged.get(name)?.appliedAt ?? null,
      })),
      repeatables: repeatables.map(({ name, hash }) => ({
        name,
        state: replaced.get(name) === hash ? ('applied' as const) : ('pending' as const),
      })),
      faults: faults.map(fault => fault.error.message),
    }
  })
}

export type MigrationStatus = {
  migrations: {
    name: string
    state: LoggedMigration['state'] | 'pending' | 'edited' | 'missing' | 'out of order'
    appliedAt: Date | null
  }[]
  repeatables: { name: string; state: 'applied' | 'pending' }[]
  /** One sentence for each edited, missing or late file; migrating is refused while there are any. */
  faults: string[]
}

async function readFiles(options: MigrationOptions) {
  const directory = options.directory ?? join(databaseFolder, 'migrations')
  return {
    migrations: await readMigrations(directory),
    repeatables: await readRepeatables(options.repeatableDirectory ?? join(dirname(directory), 'repeatable')),
  }
}

function findMigration(migrations: readonly Migration[], name: string): Migration {
  const found =
    migrations.find(migration => migration.name === name) ??
    migrations.findLast(({ name: full }) => full.startsWith(name))
  if (!found) throw errors.unknown({ name })
  return found
}

function toRevert(migrations: readonly Migration[], log: readonly LoggedMigration[], to: string | undefined): string[] {
  const newestFirst = log.map(row => row.name).reverse()
  if (to === undefined) return newestFirst.slice(0, 1)
  const keep = to === '0' ? '' : findMigration(migrations, to).name
  return newestFirst.filter(name => name > keep)
}

async function revertLogged(migrator: Migrator, rows: readonly LoggedMigration[]) {
  const reverted: string[] = []
  for (const { name, downSql } of rows) {
    if (downSql === null) throw errors.noWayBack({ name })
    if (await revertMigration(migrator, name, parseMigration(`${name}.down.sql`, downSql))) reverted.push(name)
  }
  return reverted
}

async function looking<T>(options: MigrationOptions, look: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connectAs(options.admin)
  try {
    return await look(client)
  } finally {
    await client.end()
  }
}

async function readLogIfAny(client: pg.Client): Promise<LoggedMigration[]> {
  const { rows } = await client.query(`select to_regclass('platform.repeatable_migrations') is not null as exists`)
  return rows[0]?.exists ? await readLog(client) : []
}

function throwFirst(faults: readonly { error: Error }[]): void {
  const [first] = faults
  if (first) throw first.error
}
