import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg, { type ClientConfig } from 'pg'
import type { App } from '#platform/app.ts'
import {
  connectSide,
  migrateDatabase,
  readMigrationStatus,
  type Side,
  stopLeftovers,
  takeLock,
} from '#platform/database'
import { errors } from './errors.ts'
import type { Omissions } from './omissions.ts'
import type { Target } from './plans.ts'
import { type RecoveredServer, type RecoveryOptions, recoverAside } from './recoveries.ts'
import { ownArchive } from './schedule.ts'
import { installationOf, shelfOfApp } from './settings.ts'

export type AsideOptions = Pick<RecoveryOptions, 'onProgress' | 'log'> & {
  target: Target
  omissions?: Omissions | undefined
  /** Of which server; that of the main database unless told. */
  systemIdentifier?: string
}

/**
 * Recovers a copy of the server beside it, in the data directory, hands it to `work`, and removes it. What killed programs
 * left of theirs is removed first.
 */
export async function withAside<T>(
  app: App,
  { target, onProgress, omissions, systemIdentifier, log = () => {} }: AsideOptions,
  work: (copy: RecoveredServer) => Promise<T>,
): Promise<T> {
  if (!app.administration) throw errors.administrationMissing()
  const { dataDirectory } = app.administration
  await removeLeftovers(dataDirectory, log)
  const archive = systemIdentifier === undefined ? await ownArchive(app) : { ...shelfOfApp(app), systemIdentifier }
  const into = join(dataDirectory, `aside-${app.clock.now().toISOString().replace(/[-:.]/g, '')}-${process.pid}`)
  const lock = takeLock(`${into}.lock`)
  if (!('release' in lock)) throw errors.targetOccupied({ directory: into })
  const installation = installationOf(app.config)
  try {
    const copy = await recoverAside({
      ...{ shelf: archive, systemIdentifier: archive.systemIdentifier, target, into, durable: false, log },
      ...(installation !== undefined && { installation }),
      ...(onProgress && { onProgress }),
      ...(omissions && { omissions, database: app.administration.admin.database ?? 'postgres' }),
    })
    return await work(copy).finally(() => copy.stop())
  } finally {
    rmSync(into, { recursive: true, force: true })
    lock.release()
  }
}

type PastOptions = {
  migrate: boolean
  log?: ((line: string) => void) | undefined
  /** The way in to the database of now, of whose schema the copy is to be. */
  now?: ClientConfig | undefined
}

/**
 * Connects to the copy's database of that name, brought forward to the schema that the database has now: rows are only
 * carried between tables that are the same. Refuses a copy that is ahead of this program.
 */
export async function openPast(
  copy: RecoveredServer,
  database: string | undefined,
  { migrate, log, now }: PastOptions,
): Promise<Side> {
  const admin = copy.adminConfig(database)
  if (migrate) {
    const { migrations, faults } = await readMigrationStatus({ admin })
    if (faults[0] !== undefined) throw errors.copyAhead({ reason: faults[0] })
    const pending = migrations.filter(({ state }) => state === 'pending').length
    if (pending > 0) {
      if (now) await requireMigrated(now)
      log?.(`The copy is ${pending} migrations behind and is brought forward`)
      await migrateDatabase({ admin, ...(log && { log }) })
    }
  }
  return await connectSide({ ...admin, application_name: 'commonhold restore' })
}

/** The copy becomes what this program's migrations make: the database has to be that already. */
async function requireMigrated(now: ClientConfig): Promise<void> {
  const { migrations } = await readMigrationStatus({ admin: now })
  const pending = migrations.filter(({ state }) => state === 'pending').length
  if (pending > 0) throw errors.databaseBehind({ pending })
}

/** Connects past row security to the database itself. */
export async function openPresent(app: App): Promise<Side> {
  if (!app.administration) throw errors.administrationMissing()
  return await connectToWrite(app.administration.admin)
}

/** Connects past row security to where rows of then are compared with those of now, each several times: in memory, as far as they fit. */
export async function connectToWrite(admin: ClientConfig): Promise<Side> {
  const side = await connectSide({ ...admin, application_name: 'commonhold restore' })
  await side.query(`set temp_buffers = '128MB'; set work_mem = '64MB'`)
  return side
}

/** A sentence for what PostgreSQL refused while rows were written. */
export function explainRefusal(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error
  const { code = '', constraint, table, schema } = error
  if (/^23/.test(code))
    return errors.rowsRefused({ table: `${schema}.${table}`, constraint, reason: error.detail }, error)
  if (code === '55P03') return errors.tableBusy({ table: table ? `${schema}.${table}` : 'a table' }, error)
  return error
}

async function removeLeftovers(dataDirectory: string, log: (line: string) => void): Promise<void> {
  const names = readdirSync(dataDirectory).filter(name => /^aside-[\dTZ]+-\d+$/.test(name))
  for (const name of names) {
    const path = join(dataDirectory, name)
    const lock = takeLock(`${path}.lock`)
    if (!('release' in lock)) continue
    await stopLeftovers({ directory: join(path, 'postgres') }, log)
    rmSync(path, { recursive: true, force: true })
    lock.release()
  }
}
