import type { ClientConfig } from 'pg'
import type { App } from '#platform/app.ts'
import { connectSide, readTenantTables, referredValues, type Side } from '#platform/database'
import { isPlacedDataOf, nameOf, placementErrors } from '#platform/tenancy'
import type { AsideOptions, withAside } from './asides.ts'
import { connectToWrite, openPast } from './asides.ts'
import { readServer } from './base-backups.ts'
import { errors } from './errors.ts'
import type { RecoveredServer } from './recoveries.ts'
import { hasBackup } from './schedule.ts'
import { shelfOfApp } from './settings.ts'

/** A database beside the main one, in which tenants have their application data (MT-17), and the server that it is on. */
export type TenantPlace = { id: string; name: string; admin: ClientConfig; systemIdentifier: string }

/** Undefined for the main database. Refuses while it is away: nothing can be told of it, or brought back into it. */
export async function findTenantPlace(app: App, databaseId: string | null): Promise<TenantPlace | undefined> {
  if (databaseId === null) return undefined
  if (!app.placements) throw errors.administrationMissing()
  const admin = { ...(await app.placements.adminOf(databaseId)), connectionTimeoutMillis: 5_000 }
  const name = nameOf(admin)
  const { systemIdentifier } = await readServer(admin).catch(error => {
    throw placementErrors.databaseAway({ name, reason: (error as Error).message }, error)
  })
  return { id: databaseId, name, admin, systemIdentifier }
}

/** Connects past row security to where a tenant's application data are. */
export async function openPlace({ admin }: TenantPlace): Promise<Side> {
  return await connectToWrite(admin)
}

export type PastPlaceOptions = Pick<AsideOptions, 'target' | 'log' | 'onProgress'> & {
  slug: string
  tenantId: string
  aside: typeof withAside
  /** The database of then as something else has recovered it, where this program has no backup of its server. */
  placedCopy?: string
  migrate: boolean
}

/**
 * Hands `work` the application data of then: from the copy of the main server where the database lay on it too, else from
 * one that is recovered of its own server. Refuses where there is no backup of that server here.
 */
export async function withPastPlace<T>(
  app: App,
  { slug, tenantId, aside, placedCopy, migrate, ...options }: PastPlaceOptions,
  place: TenantPlace,
  copy: RecoveredServer,
  work: (past: Side) => Promise<T>,
): Promise<T> {
  const reading = async (past: Side) => await work(past).finally(() => past.end())
  if (placedCopy !== undefined && app.placements) {
    const admin = app.placements.read(placedCopy)
    return await reading(await connectCopy(admin, { slug, tenantId }))
  }
  const open = async (from: RecoveredServer) =>
    await reading(await openPast(from, place.admin.database, { migrate, log: options.log, now: place.admin }))
  const { systemIdentifier, name: database } = place
  if (systemIdentifier === copy.recovery.systemIdentifier) return await open(copy)
  if (!('at' in options.target || 'latest' in options.target)) throw errors.backupOfMain({ slug, database })
  if (!hasBackup({ ...shelfOfApp(app), systemIdentifier })) throw errors.placeUnprotected({ slug, database })
  options.log?.(`${database} is on a server of its own: its copy is recovered too`)
  return await aside(app, { ...options, systemIdentifier }, open)
}

/** Brings the shared rows that the tenant's rows of then lead to, as `main` sees them, into its own database. */
export async function bringReferred(
  { placements }: App,
  { id }: TenantPlace,
  { main, past, tenantId }: { main: Side; past: Side; tenantId: string },
): Promise<void> {
  if (!placements) return
  const { tables } = await readTenantTables(past, placements.mirrors.schemas)
  await placements.bringAs(main, id, tenantId, await referredValues(past, tables, tenantId))
}

async function connectCopy(admin: ClientConfig, tenant: { slug: string; tenantId: string }): Promise<Side> {
  const copy = await connectSide({ ...admin, application_name: 'commonhold restore' }).catch(error => {
    throw placementErrors.databaseAway({ name: nameOf(admin), reason: (error as Error).message }, error)
  })
  if (await isPlacedDataOf(copy, tenant.tenantId)) return copy
  await copy.end()
  throw errors.placedCopyForeign({ slug: tenant.slug, name: nameOf(admin) })
}
