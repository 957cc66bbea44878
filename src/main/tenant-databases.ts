import pg from 'pg'
import type { Logger } from 'pino'
import type { App } from '#platform/app.ts'
import type { Keyring } from '#platform/crypto'
import { Database, PlacedDatabase, type Scope, statementsOf } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import { nameOf, Placements, placementErrors } from '#platform/tenancy'
import { recountRows } from '#platform/usage'
import { findIsolationFaults } from '../platform/database/isolation.ts'
import type { Settings } from './config.ts'
import { clientConfigOf } from './database.ts'
import { modules as allModules } from './modules.ts'
import { openLogin, upgradeDatabase } from './program.ts'

/** MT-17: the databases that tenants have beside the main one, opened as they are needed and closed with it. */
export function openTenantDatabases(
  db: Database,
  parts: {
    settings: Settings
    keyring: Keyring
    log: Logger
    modules?: readonly Module[]
    onWritten?: (scope: Scope) => void
  },
): Required<Pick<App, 'placed' | 'placements'>> {
  const { settings, keyring, log, modules = allModules } = parts
  const placements = new Placements({
    main: db,
    keyring,
    reach: {
      read: url => clientConfigOf(url, undefined),
      login: admin => openLogin(admin, keyring),
      recount,
      prepare: (admin, log) => prepareTenantDatabase(admin, keyring, modules, log),
    },
    mirrors: {
      schemas: modules.flatMap(({ placement, schema }) => (placement === 'tenant' && schema ? [schema] : [])),
      columns: Object.assign({}, ...modules.map(({ mirrors }) => mirrors ?? {})),
    },
    poolSize: settings.tenantPoolSize,
    ...(parts.onWritten && { onWritten: parts.onWritten }),
    onError: error => log.warn({ err: error }, 'A connection to a database of tenants was lost'),
  })
  const placed = new PlacedDatabase(db, placements, { most: settings.tenantDatabases })
  return { placed, placements }
}

/**
 * MT-17: brings a database beside the main one to the version of this program, or refuses it: data of tenants is moved
 * past row security and triggers, so its login must be one that may; and it must be nobody's main database.
 */
async function prepareTenantDatabase(
  admin: pg.ClientConfig,
  keyring: Keyring,
  modules: readonly Module[],
  log?: (line: string) => void,
): Promise<string[]> {
  const name = nameOf(admin)
  const client = new pg.Client(admin)
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query(`
      select
        (rolsuper or rolbypassrls) and (rolsuper or has_parameter_privilege('session_replication_role', 'set')) as is_able,
        current_setting('server_version_num')::integer between 150000 and 189999 as is_supported,
        to_regclass('identity.signing_keys') is not null as is_migrated
      from pg_roles
      where rolname = current_user`)
    const [{ is_able: isAble, is_supported: isSupported, is_migrated: isMigrated }] = rows
    const unfit = (reason: string) => placementErrors.databaseUnfit({ name, reason })
    if (!isSupported) throw unfit('its server is not PostgreSQL 15 to 18')
    if (!isAble)
      throw unfit('its login neither is a superuser nor has bypassrls and the right to set session_replication_role')
    if (isMigrated) {
      const { rows: keys } = await client.query('select from identity.signing_keys limit 1')
      if (keys.length > 0) throw unfit('it is the main database of an installation')
    }
  } catch (error) {
    if (error instanceof DomainError) throw error
    throw placementErrors.databaseAway({ name, reason: (error as Error).message }, error)
  } finally {
    await client.end().catch(() => {})
  }
  const applied = await upgradeDatabase(admin, modules, log)
  await closeQueue(admin)
  const db = new Database({ login: await openLogin(admin, keyring), poolSize: 1, readLanes: 0 })
  try {
    const [fault] = await findIsolationFaults(db.unscoped)
    if (fault) throw placementErrors.databaseUnfit({ name, reason: fault })
  } finally {
    await db.close()
  }
  return applied
}

/** No worker looks there: work that is queued in a tenant's own database would never be done. Refused instead, loudly. */
async function closeQueue(admin: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(admin)
  try {
    await client.connect()
    await client.query('revoke insert on jobs.job from commonhold_app')
  } finally {
    await client.end().catch(() => {})
  }
}

/** Counters of rows that were copied past them. */
async function recount(admin: pg.ClientConfig, tenantId: string): Promise<void> {
  const client = new pg.Client(admin)
  client.on('error', () => {})
  try {
    await client.connect()
    await recountRows(statementsOf(client), tenantId)
  } finally {
    await client.end().catch(() => {})
  }
}
