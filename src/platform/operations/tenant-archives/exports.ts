import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import pg from 'pg'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { columnList, connectSide, quoted, type Side, statementsOf } from '#platform/database'
import { listTravellers, openDocumentSigner, type Traveller } from '#platform/identity'
import { findPortableTenant, type PortableTenant } from '#platform/tenancy'
import { type ArchiveWriter, createArchive } from './containers.ts'
import { accountsTable, type Contents, type PortableTable, readContents } from './contents.ts'
import { errors } from './errors.ts'
import { type SharedRow, signatureType, type TenantManifest } from './manifests.ts'
import { linesOf, type Parts, readLines, writeParts } from './parts.ts'

export type ExportOptions = {
  path: string
  passphrase?: string | undefined
  /** Who stands in the tenant's log. */
  actor: string
  actorId?: string
  /** Told of each table that is written, of how many there are, and of the rows until then. */
  onTable?: (done: number, total: number, rows: number) => void
  progress?: (line: string) => void
  signal?: AbortSignal
}

export type TenantExport = {
  path: string
  tenant: TenantManifest['tenant']
  rows: number
  tables: Record<string, number>
}

/** Where a tenant's rows are: one snapshot of the main database, and one of its own where it has one. */
type Sources = { main: Side; placed: Side | undefined; placedSchemas: ReadonlySet<string> }

/**
 * Writes all that belongs to a tenant into one file, as `docs/tenant-archives.md` says. Nothing of it is changed or held up. The
 * file has its name when it is whole and the tenant's log tells of it.
 */
export async function exportTenant(app: App, slug: string, options: ExportOptions): Promise<TenantExport> {
  const { path, passphrase, actor, actorId, progress = () => {} } = options
  if (!app.administration) throw errors.unable()
  if (existsSync(path)) throw errors.outInTheWay({ path })
  const signer = await openDocumentSigner(app)
  const main = await openSnapshot(app.administration.admin)
  let placed: Side | undefined
  let archive: ArchiveWriter | undefined
  try {
    const tenant = await findPortableTenant(statementsOf(main), slug)
    if (!tenant) throw errors.tenantUnknown({ slug })
    if (tenant.isBeingRemoved) throw errors.tenantGoing({ slug })
    if (tenant.isMoving) throw errors.tenantMoving({ slug })
    if (tenant.databaseId !== null) placed = await openPlaced(app, tenant.databaseId)
    archive = await createArchive(`${path}.part`, passphrase)
    const sources = { main, placed, placedSchemas: placedSchemasOf(app) }
    const manifest = await writeContents(app, archive, sources, tenant, options)
    const content = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)
    await archive.add('manifest.json', content)
    const sha256 = createHash('sha256').update(content).digest('hex')
    const signed = signer.sign(
      { tenantId: tenant.id, exportedAt: manifest.exportedAt, manifest: sha256 },
      signatureType,
    )
    await archive.add('manifest.jws', Buffer.from(signed))
    await archive.finish()
    archive = undefined
    const tables = Object.fromEntries(manifest.tables.map(({ table, rows }) => [table, rows]))
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
    await app.db.transaction(
      { tenantId: tenant.id, system: true, userName: actor, ...(actorId && { userId: actorId }) },
      tx =>
        recordEvent(tx, {
          action: 'tenants.exported',
          resource: 'tenancy.tenants',
          resourceId: tenant.id,
          details: { rows, manifest: sha256, isSealed: passphrase !== undefined },
        }),
    )
    await rename(`${path}.part`, path)
    progress(`${rows} rows are in ${path}`)
    return { path, tenant: manifest.tenant, rows, tables }
  } catch (error) {
    await archive?.abandon()
    await rm(`${path}.part`, { force: true })
    throw error
  } finally {
    await Promise.all([main.end().catch(() => {}), placed?.end().catch(() => {})])
  }
}

async function writeContents(
  app: App,
  archive: ArchiveWriter,
  sources: Sources,
  tenant: PortableTenant,
  { progress = () => {}, onTable = () => {}, signal }: ExportOptions,
): Promise<TenantManifest> {
  const { main } = sources
  const contents = await readContents(main, app)
  const write = async (path: string, lines: Parameters<typeof writeParts>[2]): Promise<Parts> =>
    await writeParts(archive, path, lines, rows => {
      signal?.throwIfAborted()
      progress(`${path}: ${rows} rows`)
    })
  const accountIds = await readReferred(sources, contents.tables, accountsTable, tenant.id)
  const accounts = await write(
    'accounts',
    linesInPortions(accountIds, ids => readAccounts(main, tenant.id, ids)),
  )
  const shared: TenantManifest['shared'] = []
  for (const [table, keys] of Object.entries(contents.naturalKeys)) {
    const ids = await readReferred(sources, contents.tables, table, tenant.id)
    const columns = [...new Set(keys.flat())]
    const parts = await write(
      `shared/${table}`,
      linesInPortions(ids, some => readShared(main, table, columns, some)),
    )
    shared.push({ table, columns, ...parts })
  }
  const tables: TenantManifest['tables'] = []
  for (const table of contents.tables) {
    const { name, carried, types } = table
    const parts = await write(`tables/${name}`, readLines(sourceOf(sources, name), rowsQuery(table, tenant.id)))
    const columns = carried.map(column => ({ name: column, type: types[column] ?? '' }))
    tables.push({ table: name, columns, ...parts })
    const rows = tables.reduce((sum, each) => sum + each.rows, 0)
    onTable(tables.length, contents.tables.length, rows)
  }
  const log = await write('log', readLog(sources, tenant.id))
  return {
    format: 'commonhold-tenant',
    version: 1,
    exportedAt: app.clock.now().toISOString(),
    installation: app.publicUrl,
    schemaVersion: await readSchemaVersion(main),
    tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name, status: tenant.status },
    accounts,
    shared,
    tables,
    log,
    stays: await countStaying(sources, contents, tenant.id),
    withheld: contents.tables.flatMap(({ name, withheld }) =>
      Object.entries(withheld).map(([column, { reason }]) => ({ column: `${name}.${column}`, reason })),
    ),
  }
}

/** In the order of their keys, so that two exports of the same rows are the same. */
function rowsQuery({ name, owner, carried, key }: PortableTable, tenantId: string): string {
  return `
    select to_jsonb(picked)
    from ${quoted(name)} as t
    cross join lateral (select ${columnList(carried, 't')}) as picked
    where t.${quoted(owner)} = ${pg.escapeLiteral(tenantId)}
    order by ${columnList(key, 't')}`
}

/** What was imported with the tenant, then what was written here, and in a database of its own. */
async function* readLog({ main, placed }: Sources, tenantId: string): AsyncGenerator<Buffer> {
  const id = pg.escapeLiteral(tenantId)
  const written = `
    select to_jsonb(entry) - 'tenant_id' - 'written_in'
    from ${quoted('audit.audit_logs')} as entry
    where tenant_id = ${id}
    order by created_at, id`
  const imported = `
    select entry || jsonb_build_object('id', id, 'created_at', created_at)
    from operations.imported_logs
    where tenant_id = ${id}
    order by created_at, id`
  yield* readLines(main, imported)
  yield* readLines(main, written)
  if (placed) yield* readLines(placed, written)
}

/** The ids in all columns that lead to that table. */
async function readReferred(
  sources: Sources,
  tables: readonly PortableTable[],
  to: string,
  tenantId: string,
): Promise<string[]> {
  const ids = new Set<string>()
  for (const { name, owner, carried, spaces } of tables) {
    for (const column of carried.filter(each => spaces[each] === to)) {
      const { rows } = await sourceOf(sources, name).query<{ id: string }>(
        `select distinct ${quoted(column)}::text as id
        from ${quoted(name)}
        where ${quoted(owner)} = $1 and ${quoted(column)} is not null`,
        [tenantId],
      )
      for (const { id } of rows) ids.add(id)
    }
  }
  return [...ids].toSorted()
}

async function readAccounts(main: Side, tenantId: string, ids: readonly string[]): Promise<Traveller[]> {
  const travellers = await listTravellers(statementsOf(main), ids)
  const { rows } = await main.query<{ id: string; formerIds: string[] }>(
    `select user_id as id, array_agg(former_id order by former_id) as "formerIds"
    from operations.imported_people
    where tenant_id = $1 and user_id = any ($2::uuid[])
    group by user_id`,
    [tenantId, ids],
  )
  const formerIds = new Map(rows.map(row => [row.id, row.formerIds]))
  return travellers.map(each => ({
    ...each,
    ...(formerIds.has(each.id) && { formerIds: formerIds.get(each.id) ?? [] }),
  }))
}

async function readShared(
  main: Side,
  table: string,
  columns: readonly string[],
  ids: readonly string[],
): Promise<SharedRow[]> {
  const key = columns.map(column => `${pg.escapeLiteral(column)}, t.${quoted(column)}::text`)
  const { rows } = await main.query<SharedRow>(
    `select t.id::text as id, jsonb_build_object(${key.join(', ')}) as key
    from ${quoted(table)} as t
    where t.id = any ($1::uuid[])
    order by t.id`,
    [ids],
  )
  return rows
}

async function* linesInPortions<Row>(
  ids: readonly string[],
  read: (ids: readonly string[]) => Promise<Row[]>,
): AsyncGenerator<Buffer> {
  for (let from = 0; from < ids.length; from += 1_000) yield* linesOf(await read(ids.slice(from, from + 1_000)))
}

async function countStaying(sources: Sources, { stays }: Contents, tenantId: string): Promise<TenantManifest['stays']> {
  const counted: TenantManifest['stays'] = []
  for (const { table, reason } of stays) {
    const { rows } = await sourceOf(sources, table).query<{ count: string }>(
      `select count(*) as count from ${quoted(table)} where tenant_id = $1`,
      [tenantId],
    )
    counted.push({ table, rows: Number(rows[0]?.count ?? 0), reason })
  }
  return counted
}

export async function readSchemaVersion(side: Side): Promise<string> {
  const { rows } = await side.query<{ name: string }>('select name from platform.migrations order by name desc limit 1')
  return rows[0]?.name ?? ''
}

const sourceOf = ({ main, placed, placedSchemas }: Sources, table: string): Side =>
  placed && placedSchemas.has(table.split('.')[0] ?? '') ? placed : main

export function placedSchemasOf({ modules }: Pick<App, 'modules'>): ReadonlySet<string> {
  return new Set(modules.flatMap(({ placement, schema }) => (placement === 'tenant' && schema ? [schema] : [])))
}

async function openPlaced(app: App, databaseId: string): Promise<Side> {
  if (!app.placements) throw new Error('There are no placements')
  return await openSnapshot(await app.placements.adminOf(databaseId))
}

async function openSnapshot(admin: pg.ClientConfig): Promise<Side> {
  const side = await connectSide({ ...admin, application_name: 'commonhold tenant archive' })
  await side.query('begin isolation level repeatable read read only')
  return side
}
