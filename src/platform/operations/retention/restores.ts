import type pg from 'pg'
import { type App, mainApp } from '#platform/app.ts'
import { type Statements, sql, statementsOf } from '#platform/database'
import { listErasedSince } from '#platform/identity'
import { asAdministrator } from '../administration.ts'
import { errors } from '../errors.ts'
import { type ArchiveManifest, getArchive, readArchive } from './archives.ts'
import { listDeclared } from './declarations.ts'
import { archivedOf, digestOf, takeOwnership } from './partitions.ts'
import { type ArchiveShelf, archiveShelfOfApp } from './settings.ts'

export type RestoredArchive = { id: string; table: string; rows: number; isPartition: boolean }

export type RestoreWish = {
  /** `schema.table`, the partition's name with `_restored` unless told. */
  into?: string
  isBack?: boolean
  /** Also where it tells of people who were erased since. Only beside. */
  withErased?: boolean
  onRows?: OnRows
}

/** Told how many rows of how many are in. */
export type OnRows = (rows: number, total: number) => void | Promise<void>

/**
 * Brings the rows of an archive into a table beside (`into`, or the partition's name with `_restored`), which nobody but
 * its owner reads, or back to where they were. One transaction: all rows, equal to those that were archived, or none.
 * Refuses where the table has rows already, and where people could be read again who were erased since
 * (`operations.archive_tells_of_erased`).
 */
export async function restoreArchive(
  given: App,
  id: string,
  { into, isBack = false, withErased = false, onRows }: RestoreWish = {},
): Promise<RestoredArchive> {
  const app = mainApp(given)
  const shelf = archiveShelfOfApp(app)
  const manifest = getArchive(shelf, id)
  const declared = listDeclared(app).find(({ table, archiving }) => archiving && table === manifest.table)
  const comeBack = (client: pg.Client) => declared?.archiving?.comeBack(client, archivedOf(manifest))
  const requireForgotten = async (there: Statements) => {
    if (!isBack && withErased) return
    const accounts = await listErasedSince(app.db.scoped({ system: true }), manifest.writtenAt)
    const others = await declared?.archiving?.listErasedSince(there, manifest.writtenAt)
    await requireNone(shelf, manifest, accounts.union(others ?? new Set()))
  }
  const work = (tx: Statements, client: pg.Client) =>
    restore(tx, client, { shelf, manifest, into, isBack, onRows, requireForgotten, comeBack })
  if (manifest.database === null)
    return await asAdministrator(
      app,
      async (tx, _isAdministrator, client) => {
        if (!client) throw errors.retentionUnable()
        return await work(tx, client)
      },
      { statementTimeout: 0, lockTimeout: 5_000 },
    )
  const found = (await app.placements?.list())?.find(({ name }) => name === manifest.database)
  if (!found || !app.placements) throw errors.archiveElsewhere({ database: manifest.database })
  return await app.placements.asAdministrator(found.id, client => work(statementsOf(client), client))
}

/** Refuses where it tells of one of them: by their ids, which stay in what tells of them. */
async function requireNone(shelf: ArchiveShelf, manifest: ArchiveManifest, erased: ReadonlySet<string>): Promise<void> {
  if (erased.size === 0) return
  const found = new Set<string>()
  for await (const lines of readArchive(shelf, manifest)) {
    for (const line of lines) for (const [id] of line.matchAll(uuids)) if (erased.has(id)) found.add(id)
  }
  if (found.size > 0) throw errors.archiveTellsOfErased({ id: manifest.id, people: found.size })
}

const uuids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

type Wish = {
  shelf: ArchiveShelf
  manifest: ArchiveManifest
  into: string | undefined
  isBack: boolean
  onRows: OnRows | undefined
  /** Asks the database of which the archive is, and the main one about accounts. */
  requireForgotten(there: Statements): Promise<void>
  comeBack(client: pg.Client): Promise<void> | undefined
}

async function restore(tx: Statements, client: pg.Client, wish: Wish): Promise<RestoredArchive> {
  const { shelf, manifest, into, isBack, onRows, requireForgotten, comeBack } = wish
  const { owner } = await tx.one(sql<{ owner: string }>`
    select relowner::regrole::text as owner
    from pg_class
    where oid = to_regclass(${manifest.table})`)
  await takeOwnership({ client }, owner)
  await requireForgotten(tx)
  await client.query('begin')
  try {
    const table = isBack ? await makePartition(tx, client, manifest) : await makeTable(client, manifest, into)
    await requireColumns(tx, table, manifest)
    // Rows of all tenants, as they were: the lock that this takes keeps everybody else out until the end.
    const isForced = isBack && (await isolatesOwner(tx, table))
    if (isForced) await client.query(`alter table ${table} no force row level security`)
    if (isBack) await client.query(`alter table ${table} disable trigger user`)
    const columns = manifest.columns
      .filter(({ isGenerated }) => !isGenerated)
      .map(({ name }) => client.escapeIdentifier(name))
      .join(', ')
    let rows = 0
    for await (const lines of readArchive(shelf, manifest)) {
      await client.query(
        `insert into ${table} (${columns})
         select ${columns}
         from unnest($1::text[]) as line (content)
         cross join lateral json_populate_record(null::${table}, line.content::json)`,
        [lines],
      )
      rows += lines.length
      await onRows?.(rows, manifest.rows)
    }
    if (isBack) {
      await client.query(`alter table ${table} enable trigger user`)
      await comeBack(client)
    }
    if (isForced) await client.query(`alter table ${table} force row level security`)
    const found = await digestOf(tx, table)
    if (found.rows !== manifest.rows || found.digest !== manifest.digest)
      throw errors.archiveFaulty({ id: manifest.id, reason: 'The rows came out otherwise than they were' })
    if (!isBack) await isolateBeside(tx, client, { table, of: manifest.table })
    await client.query('commit')
    return { id: manifest.id, table, rows, isPartition: isBack }
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

async function makePartition(tx: Statements, client: pg.Client, manifest: ArchiveManifest): Promise<string> {
  const { table, partition, from } = manifest
  await client.query('select platform.make_month_partitions($1::regclass, $2::timestamptz, 0)', [table, from])
  const { rows } = await tx.one(sql<{ rows: number }>`select count(*)::bigint as rows from only ${sql.raw(partition)}`)
  if (rows > 0) throw errors.archiveInTheWay({ table: partition })
  return partition
}

/** On a table beside: it is found again by it. */
export const restoredComment = (id: string): string => `Archive ${id}, restored: drop it when it is of no more use`

async function makeTable(client: pg.Client, manifest: ArchiveManifest, into: string | undefined): Promise<string> {
  const name = into ?? `${manifest.partition.replaceAll('"', '')}_restored`
  const parts = name.split('.')
  if (parts.length !== 2) throw errors.archiveTargetUnfit({ table: name })
  const table = parts.map(part => client.escapeIdentifier(part)).join('.')
  const { rows } = await client.query('select to_regclass($1) is not null as found', [table])
  if (rows[0]?.found) throw errors.archiveInTheWay({ table: name })
  const columns = manifest.columns.map(({ name: column, type }) => `${client.escapeIdentifier(column)} ${type}`)
  await client.query(`create table ${table} (${columns.join(', ')})`).catch(error => {
    // No such schema, or not one of the program's.
    if (!/^(3F000|42501)$/.test(error.code ?? '')) throw error
    throw errors.archiveTargetRefused({ table: name, reason: error.message }, error)
  })
  const comment = client.escapeLiteral(restoredComment(manifest.id))
  await client.query(`comment on table ${table} is ${comment}`)
  return table
}

/** As the table itself is: the server does not start with rows of tenants that are kept apart by less. */
async function isolateBeside(tx: Statements, client: pg.Client, { table, of }: { table: string; of: string }) {
  const { key, hasTenant } = await tx.one(sql<{ key: string | null; hasTenant: boolean }>`
    select
      (select pg_get_constraintdef(oid) from pg_constraint where conrelid = to_regclass(${of}) and contype = 'p') as key,
      exists (
        select from pg_attribute where attrelid = to_regclass(${table}) and attname = 'tenant_id' and not attisdropped
      ) as has_tenant`)
  if (key !== null) await client.query(`alter table ${table} add ${key}`)
  if (hasTenant) await client.query('select platform.isolate($1::regclass)', [table])
  else await client.query(`alter table ${table} enable row level security, force row level security`)
  // Nobody is granted anything: for verifying the log, and for who looks at it by hand.
  await client.query(`create policy owner_reads on ${table} for select to current_user using (true)`)
}

async function isolatesOwner(tx: Statements, table: string): Promise<boolean> {
  const { isForced } = await tx.one(sql<{ isForced: boolean }>`
    select relforcerowsecurity as is_forced
    from pg_class
    where oid = to_regclass(${table})`)
  return isForced
}

async function requireColumns(tx: Statements, table: string, manifest: ArchiveManifest): Promise<void> {
  const there = await tx.run(sql<{ name: string }>`
    select attname::text as name
    from pg_attribute
    where attrelid = to_regclass(${table})
      and attnum > 0
      and not attisdropped`)
  const missing = manifest.columns.filter(({ name }) => !there.some(column => column.name === name))
  if (missing.length > 0)
    throw errors.archiveTargetOther({ table, columns: missing.map(({ name }) => name).join(', ') })
}
