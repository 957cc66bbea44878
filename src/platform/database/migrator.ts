import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { DomainError, errorTable } from '#platform/errors.ts'
import { logTables } from './migration-log.ts'

const errors = errorTable('migrations', {
  unreachable: ['unavailable', 'The database does not answer: {reason}'],
  locked: [
    'unavailable',
    '{name} did not get its locks within {timeout} ms, {attempts} times{holders}. Nothing of it is done; end what holds them, or try again later.',
  ],
  notAllowed: [
    'forbidden',
    '{login} may not migrate the database {database} ({reason}). A database administrator has to run db/roles.sql in it, and then: grant commonhold_owner to "{login}"',
  ],
})

/** Where `db/` lies: the folder of roles.sql, migrations and what is generated from them. */
export const databaseFolder = fileURLToPath(new URL('../../../db/', import.meta.url))

export type MigratorOptions = {
  /** A login that is an administrator, or a member of commonhold_owner once db/roles.sql has run. */
  admin: pg.ClientConfig
  /** Idempotent SQL run before all else; `db/roles.sql` by default. */
  rolesFile?: string
  /** Receives one line for each step and for each wait. */
  log?: (line: string) => void
  /** How long (ms) a statement may wait for a lock, behind which everybody else queues, and how often that is tried. */
  locks?: Partial<Locks>
}

type Locks = { timeout: number; attempts: number; firstPause: number }

export type Migrator = {
  client: pg.Client
  connect: () => Promise<pg.Client>
  log: (line: string) => void
  locks: Locks
}

/** Connects, makes roles and log tables where they are missing, and gives `work` what it needs to migrate. */
export async function asMigrator<T>(options: MigratorOptions, work: (migrator: Migrator) => Promise<T>): Promise<T> {
  const client = await connectAs(options.admin)
  const migrator: Migrator = {
    client,
    connect: () => connectAs(options.admin),
    log: options.log ?? (() => {}),
    locks: { timeout: 3000, attempts: 8, firstPause: 500, ...options.locks },
  }
  client.on('notice', notice => {
    const isStrayRollback = notice.code === '25P01'
    if (notice.severity === 'WARNING' && !isStrayRollback) migrator.log(`PostgreSQL warns: ${notice.message}`)
  })
  try {
    await prepareRoles(client, options.rolesFile ?? join(databaseFolder, 'roles.sql'))
    await prepareLog(client)
    return await work(migrator)
  } catch (error) {
    throw isLostConnection(error) ? errors.unreachable({ reason: (error as Error).message }, error) : error
  } finally {
    await client.end().catch(() => {})
  }
}

/** As an administrator but without changing anything: for what only looks. */
export async function connectAs(admin: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client({ application_name: 'commonhold migrate', ...admin })
  // A connection that breaks while nothing is asked of it fails the next query; without a listener it ends the process.
  client.on('error', () => {})
  await client.connect().catch(error => {
    throw errors.unreachable({ reason: (error as Error).message || String(error) }, error)
  })
  return client
}

/**
 * Runs `work` in one transaction as commonhold_owner while no other migrator runs, and again, after a growing pause, when
 * it did not get a lock: whoever waits for a lock on a table makes everybody behind him wait too.
 */
export async function inMigration<T>(migrator: Migrator, name: string, work: () => Promise<T>): Promise<T> {
  return await withLockRetries(migrator, name, async () => {
    await beginAsOwner(migrator.client)
    await takeMigrationLock(migrator, migrator.client)
    return await work()
  })
}

/** One statement's transaction of a migration that runs without one of its own; the lock is held by `holdingLock`. */
export async function inStep<T>(migrator: Migrator, name: string, work: () => Promise<T>): Promise<T> {
  return await withLockRetries(migrator, name, async () => {
    await beginAsOwner(migrator.client)
    return await work()
  })
}

/**
 * Keeps other migrators out while `work` sends statements that no transaction may hold: a second connection holds the
 * lock in a transaction without a snapshot, which CREATE INDEX CONCURRENTLY does not wait for.
 */
export async function holdingLock<T>(migrator: Migrator, work: () => Promise<T>): Promise<T> {
  const holder = await migrator.connect()
  try {
    await beginAsOwner(holder)
    await watchingLocks(migrator, holder, () => takeMigrationLock(migrator, holder))
    await migrator.client.query(`${settings(false)}; set role commonhold_owner`)
    return await work()
  } finally {
    await migrator.client.query('reset role; reset all').catch(() => {})
    await holder.end().catch(() => {})
  }
}

/** Says who is waited for, once a second while `work` waits for a lock; gives the last ones seen to a failing `work`. */
export async function watchingLocks<T>(migrator: Migrator, client: pg.Client, work: () => Promise<T>): Promise<T> {
  const watched = (client as pg.Client & { processID: number }).processID
  const stop = new AbortController()
  let holders = ''
  const watch = async () => {
    const pause = Math.min(1000, migrator.locks.timeout / 2)
    await sleep(pause, undefined, { signal: stop.signal })
    const watcher = await migrator.connect()
    try {
      while (!stop.signal.aborted) {
        const { rows } = await watcher.query<{ text: string }>(blockers, [watched])
        const seen = rows.map(row => row.text).join(', ')
        if (seen && seen !== holders) migrator.log(`waits for ${seen}`)
        holders = seen || holders
        await sleep(pause, undefined, { signal: stop.signal })
      }
    } finally {
      await watcher.end().catch(() => {})
    }
  }
  // Watching only informs: without it, or when it fails, the wait is the same.
  const watching = watch().catch(() => {})
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && holders) lockHolders.set(error, holders)
    throw error
  } finally {
    stop.abort()
    await watching
  }
}

const lockHolders = new WeakMap<Error, string>()

const blockers = `
  select format('process %s (%s%s, %s%s)', a.pid, a.usename, ' by ' || nullif(a.application_name, ''), a.state,
    ' since ' || extract(epoch from now() - a.xact_start)::int || ' s: ' || left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80)) as text
  from unnest(pg_blocking_pids($1)) blocker(pid)
  join pg_stat_activity a using (pid)
  order by a.pid`

async function withLockRetries<T>(migrator: Migrator, name: string, work: () => Promise<T>): Promise<T> {
  const { timeout, attempts, firstPause } = migrator.locks
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await watchingLocks(migrator, migrator.client, work)
      const { command } = await migrator.client.query('commit')
      if (command !== 'COMMIT') throw new Error(`${name}: the transaction was rolled back by the server`)
      return result
    } catch (error) {
      await migrator.client.query('rollback').catch(() => {})
      if (!isLockConflict(error)) throw error
      const held = lockHolders.get(error as Error)
      const holders = held ? `; they were held by ${held}` : ''
      if (attempt === attempts) throw errors.locked({ name, timeout, attempts, holders }, error)
      const pause = Math.round(Math.min(8000, firstPause * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2))
      migrator.log(`${name} did not get its locks${holders}; tries again in ${pause} ms`)
      await sleep(pause)
    }
  }
}

async function beginAsOwner(client: pg.Client): Promise<void> {
  await client.query(`begin; ${settings(true)}; set local role commonhold_owner`)
}

/** Not an advisory lock: poolers hand its session to others, and CockroachDB's are stubs that always succeed. */
async function takeMigrationLock(migrator: Migrator, client: pg.Client): Promise<void> {
  await client.query('select from platform.migration_lock for update')
  await client.query(`set local lock_timeout = ${migrator.locks.timeout}`)
}

function settings(isLocal: boolean): string {
  const set = isLocal ? 'set local' : 'set'
  return [
    `${set} search_path = public`,
    `${set} statement_timeout = 0`,
    `${set} lock_timeout = 0`,
    `${set} idle_in_transaction_session_timeout = 0`,
    `${set} client_min_messages = warning`,
    // A migrator that was killed must not leave its statement running; some systems cannot watch the connection.
    `do $$ begin perform set_config('client_connection_check_interval', '1s', ${isLocal}); exception when others then null; end $$`,
  ].join('; ')
}

async function prepareRoles(client: pg.Client, rolesFile: string): Promise<void> {
  const roles = await readFile(rolesFile, 'utf8')
  try {
    await repeatOnRace(client, () => client.query(roles))
  } catch (error) {
    if (!isForbidden(error) || !(await hasRoles(client))) throw await notAllowed(client, error)
  }
}

async function hasRoles(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ ready: boolean }>(`
    select count(*) = 4 and coalesce(bool_and(
      rolname <> 'commonhold_owner' or has_database_privilege(rolname, current_database(), 'create')
    ), false) as ready
    from pg_roles
    where rolname in ('commonhold_owner', 'commonhold_app', 'commonhold_readonly', 'commonhold_guest')`)
  return rows[0]?.ready === true
}

async function prepareLog(client: pg.Client): Promise<void> {
  await becomeOwner(client)
  const { rows } = await client.query(`select to_regclass('platform.repeatable_migrations') is not null as exists`)
  if (rows[0]?.exists) return
  await repeatOnRace(client, async () => {
    await client.query('begin; set local role commonhold_owner; set local client_min_messages = warning')
    await client.query(logTables)
    await client.query('commit')
  }).catch(async error => {
    throw await notAllowed(client, error)
  })
}

/** From PostgreSQL 16 on, who makes a role may grant it but is not its member in every respect. */
async function becomeOwner(client: pg.Client): Promise<void> {
  const attempt = () => client.query('begin; set local role commonhold_owner; rollback')
  await attempt().catch(async () => {
    await client.query('rollback')
    await repeatOnRace(client, async () => {
      await client.query('grant commonhold_owner to current_user')
      await attempt()
    }).catch(async error => {
      throw await notAllowed(client, error)
    })
  })
}

async function notAllowed(client: pg.Client, error: unknown): Promise<unknown> {
  if (!isForbidden(error)) return error
  await client.query('rollback').catch(() => {})
  const { rows } = await client.query('select current_user as login, current_database() as database')
  return errors.notAllowed({ ...rows[0], reason: (error as Error).message }, error)
}

/** Objects of the whole server (roles, the database's own rights) are changed by migrators of other databases too. */
async function repeatOnRace(client: pg.Client, work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work()
      return
    } catch (error) {
      await client.query('rollback').catch(() => {})
      if (!isRace(error) || attempt === 30) throw error
      await sleep(20 + Math.random() * 50 * attempt)
    }
  }
}

function isRace(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false
  return (
    ['23505', '42P06', '42P07', '42710', '40P01'].includes(error.code ?? '') || /tuple concurrently/.test(error.message)
  )
}

function isForbidden(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '42501'
}

function isLockConflict(error: unknown): boolean {
  const cause = error instanceof DomainError ? error.cause : error
  return cause instanceof pg.DatabaseError && ['55P03', '40P01', '40001'].includes(cause.code ?? '')
}

function isLostConnection(error: unknown): boolean {
  if (error instanceof DomainError) return false
  if (error instanceof pg.DatabaseError) return /^(57P0|08)/.test(error.code ?? '')
  return error instanceof Error && /Connection terminated|not queryable|ECONNRESET|EPIPE/.test(error.message)
}
