import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Logger } from 'pino'
import { recordPermissions } from '#platform/access'
import { accountsOf } from '#platform/accounts'
import type { App } from '#platform/app.ts'
import { checkpointFolderOf, declareSecurityEvents, type Sealing, startSealing } from '#platform/audit'
import { systemClock } from '#platform/clock.ts'
import { Keyring } from '#platform/crypto'
import { Database, type Scope, statementsOf } from '#platform/database'
import { DomainError, errorTable } from '#platform/errors.ts'
import { KeptAnswers } from '#platform/http'
import { checkpointSigners, repeatErasures } from '#platform/identity'
import { startWorker, type Worker } from '#platform/jobs'
import type { Module } from '#platform/module.ts'
import { listStandings, relayOutboxes } from '#platform/tenancy'
import { flushUsage } from '#platform/usage'
import { migrateDatabase } from '../platform/database/migrate.ts'
import { startReception } from '../platform/operations/backups/reception.ts'
import { prepareStatementStatistics } from '../platform/operations/health/statements.ts'
import {
  findPassword,
  loginNameOf,
  passwordOf,
  scramVerifierOf,
  withAnyKey,
} from '../platform/operations/key-rotation/program-logins.ts'
import { announceProgram } from '../platform/operations/key-rotation/programs.ts'
import type { Settings } from './config.ts'
import type { DatabaseServer } from './database.ts'
import { modules as allModules } from './modules.ts'
import { openReplicas } from './replicas.ts'
import { openTenantDatabases } from './tenant-databases.ts'

const errors = errorTable('program', {
  appLoginRefused: ['unavailable', 'DATABASE_APP_URL cannot be used: {reason}.'],
  keysForeign: [
    'unavailable',
    'The encryption keys are not those with which this database was written ({reason}) Bring them back: the file `keys` of the data directory, or COMMONHOLD_KEYS.',
  ],
  loginRefused: [
    'unavailable',
    'The login {user} of DATABASE_URL may not create roles, so that the program has no login of its own. ' +
      'Create one that is a member of commonhold_app and give it as DATABASE_APP_URL.',
  ],
})

/** The installation's keys: from COMMONHOLD_KEYS, else from a file of the data directory, made at the first start. */
export function openKeyring(settings: Settings): Keyring {
  if (settings.keys !== undefined) return Keyring.parse(settings.keys)
  const file = join(settings.dataDir, 'keys')
  try {
    const keyring = Keyring.parse(readFileSync(file, 'utf8').trim())
    // Copied back from a backup it may have become readable for others.
    chmodSync(file, 0o600)
    return keyring
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 })
  try {
    // Exclusive: of two programs that start at once, one makes the key and the other reads it.
    writeFileSync(file, Keyring.generate('k1'), { mode: 0o600, flag: 'wx' })
    chmodSync(file, 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return Keyring.parse(readFileSync(file, 'utf8').trim())
}

/** Brings a database up to date: roles, migrations, the modules' permissions. Returns what was applied. */
export async function upgradeDatabase(
  admin: pg.ClientConfig,
  modules: readonly Module[],
  log: (line: string) => void = () => {},
  { isVerbose = false }: { isVerbose?: boolean } = {},
): Promise<string[]> {
  const { applied } = await migrateDatabase({ admin, log, isBrief: !isVerbose })
  await recordDeclarations(admin, modules)
  await prepareStatistics(admin)
  return applied
}

/** Writes what the modules declare (their permissions) into a migrated database, as its owner. */
export async function recordDeclarations(admin: pg.ClientConfig, modules: readonly Module[]): Promise<void> {
  const owner = new pg.Client(admin)
  await owner.connect()
  try {
    await owner.query('begin')
    await owner.query('set local role commonhold_owner')
    // First: after months of rest there is no partition for the audit entries of what follows.
    await owner.query('select platform.ensure_month_partitions()')
    await recordPermissions(owner, modules)
    await owner.query('commit')
  } finally {
    await owner.end()
  }
}

/** GG-23: slow statements can be seen where the server counts them. */
async function prepareStatistics(admin: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(admin)
  await client.connect()
  try {
    await prepareStatementStatistics(statementsOf(client))
  } finally {
    await client.end()
  }
}

/**
 * The program's own login for a database: a member of commonhold_app and nothing else, its password derived from a key of
 * the installation, so that all servers of it share it. Where the password of any of our keys opens, that one is used:
 * `keys rotate` alone moves it to the newest, when all servers have that. Else it is made, or given its password anew.
 */
export async function openLogin(admin: pg.ClientConfig, keyring: Keyring): Promise<pg.ClientConfig> {
  const login = { ...admin, user: loginNameOf(admin.database), password: passwordOf(keyring, admin.database) }
  if (await findPassword(login, keyring)) return withAnyKey(login, keyring)
  const client = new pg.Client(admin)
  await client.connect()
  try {
    await requireNewestKey(client, keyring)
    const name = client.escapeIdentifier(login.user)
    const database = admin.database ?? 'postgres'
    const verifier = client.escapeLiteral(scramVerifierOf(login.password))
    const { rows } = await client.query('select from pg_roles where rolname = $1', [login.user])
    // The last tenth is left to people who look after the server, and to backups.
    const { rows: limits } = await client.query(`
      select greatest(10, floor(0.9 * (
        current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
      )))::integer as most`)
    await client.query(
      `${rows.length > 0 ? 'alter' : 'create'} role ${name} login password ${verifier} connection limit ${limits[0].most}`,
    )
    await client.query(`grant commonhold_app to ${name}`)
    await client.query(`grant connect on database ${client.escapeIdentifier(database)} to ${name}`)
  } catch (cause) {
    if (cause instanceof pg.DatabaseError && cause.code === '42501')
      throw errors.loginRefused({ user: admin.user }, cause)
    throw cause
  } finally {
    await client.end()
  }
  return withAnyKey(login, keyring)
}

/** A program without the key that the others write with would else give the login a password that shuts them out. */
async function requireNewestKey(client: pg.Client, keyring: Keyring): Promise<void> {
  const { rows: known } = await client.query(`select to_regclass('identity.signing_keys') is not null as it`)
  if (!known[0]?.it) return
  const { rows } = await client.query<{ id: string }>(`
    select distinct split_part(private_key_encrypted, '.', 2) as id
    from identity.signing_keys`)
  const missing = rows.find(({ id }) => !keyring.keyIds.includes(id))
  if (missing) throw errors.keysForeign({ reason: `It was written with key ${missing.id}, which is not among them.` })
}

/** Refuses a login of DATABASE_APP_URL that is elsewhere than `admin`, or is no member of commonhold_app. */
export async function requireAppLogin(login: pg.ClientConfig, admin: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(login)
  try {
    await client.connect()
    const { rows } = await client.query(`
      select
        current_database() as database,
        pg_has_role(current_user, to_regrole('commonhold_app')::oid, 'member') as is_member`)
    const { database, is_member: isMember } = rows[0]
    if (!isMember) throw errors.appLoginRefused({ reason: `${login.user} is no member of commonhold_app` })
    if (admin.database !== undefined && database !== admin.database) {
      throw errors.appLoginRefused({ reason: `it names the database ${database}, DATABASE_URL ${admin.database}` })
    }
  } catch (error) {
    if (error instanceof DomainError) throw error
    throw errors.appLoginRefused({ reason: (error as Error).message }, error)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Opens what the database keeps encrypted, so that wrong keys stop the start and not each sign-in. */
export async function requireKeys(app: App): Promise<void> {
  await accountsOf(app)
    .tokens.open()
    .catch(error => {
      if (!(error instanceof DomainError)) throw error
      throw errors.keysForeign({ reason: error.message }, error)
    })
}

/** What handlers, jobs and commands are given, for one database. The caller closes `db`. */
export function createApp(parts: {
  settings: Settings
  login: pg.ClientConfig
  keyring: Keyring
  log: Logger
  database?: DatabaseServer
  /** All of the program, unless told. */
  modules?: readonly Module[]
}): App {
  const { settings, login, keyring, log, database, modules = allModules } = parts
  declareSecurityEvents(modules)
  const { keptAnswersMegabytes: megabytes } = settings as { keptAnswersMegabytes?: number }
  const kept = megabytes ? new KeptAnswers(megabytes * 1_000_000) : undefined
  const onWritten = (scope: Scope) => {
    replicas?.noteWritten(scope)
    kept?.noteWritten(scope)
  }
  const db = new Database({
    login: { ...login, statement_timeout: 60_000, idle_in_transaction_session_timeout: 60_000 },
    poolSize: settings.databasePoolSize,
    onError: error => log.warn({ err: error }, 'A database connection was lost'),
    ...((kept || settings.databaseReplicaUrls) && { onWritten }),
  })
  const replicas = openReplicas(db, parts)
  const publicUrl = settings.publicUrl ?? `http://localhost:${settings.port}`
  const elsewhere = openTenantDatabases(db, { ...parts, ...(kept && { onWritten: scope => kept.noteWritten(scope) }) })
  const { dataDir: dataDirectory } = settings
  const administration = database && { admin: database.admin, isEmbedded: database.isEmbedded, dataDirectory }
  const app: App = {
    db,
    ...elsewhere,
    ...(replicas && { replicas }),
    ...(kept && { kept }),
    ...(administration && { administration }),
    clock: systemClock,
    keyring,
    log,
    config: settings,
    publicUrl,
    modules,
  }
  // What fails is in the log, and nothing can be done about it any more.
  db.beforeClose(() => flushUsage(app).catch(() => {}))
  return app
}

/** Seals the audit log of the main database and of those that tenants have, beside the jobs. */
export function startSealingLog(app: App): Sealing {
  const { auditCheckpointUrl: url, auditCheckpointSeconds } = app.config as {
    auditCheckpointUrl?: string
    auditCheckpointSeconds?: number
  }
  const { placed, placements } = app
  return startSealing({
    app,
    signers: checkpointSigners(app),
    folder: checkpointFolderOf(app),
    url,
    checkpointSeconds: auditCheckpointSeconds ?? 10,
    others:
      placed && placements
        ? async () => (await placements.list()).map(({ id }) => ({ id, within: work => placed.within(id, work) }))
        : undefined,
  })
}

/** Runs the jobs of all modules in this program, those of tenants as these stand, and receives WAL beside them. */
export async function startJobs(app: App, connection: pg.ClientConfig): Promise<Worker> {
  const announced = await announceProgram(app)
  const worker = await startWorker({
    app,
    connection,
    modules: allModules,
    standings: ids => listStandings(app, ids),
    relay: () => relayOutboxes(app),
  })
  const reception = startReception(app)
  // A database that was restored does not know who was erased since.
  void repeatErasures(app).catch(err =>
    app.log.error({ err }, 'Who was erased before a restore could not be erased again'),
  )
  return {
    async stop() {
      await Promise.all([worker.stop(), reception.stop()])
      await announced.end()
    },
  }
}
