import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { type Statements, sql } from '#platform/database'
import { openDocumentSigner } from '#platform/identity'
import type { ArchivedPartition } from '#platform/module.ts'
import { type ArchiveManifest, listArchives, type OnStep, verifyArchive, writeArchive } from './archives.ts'
import { cutoffOf, type Declared, heldOf, type Shape } from './declarations.ts'
import { type Holds, withHolds } from './holds.ts'
import { type ArchiveShelf, archiveShelfOfApp } from './settings.ts'

/** A connection as who owns the tables, and which database it leads to. */
export type OwnerPlace = { client: pg.Client; tx: Statements; database: string | null }

export type Partition = { name: string; parent: string; from: string; to: string }

/** What became of a partition. */
export type PartitionStep = {
  partition: string
  did: 'archived' | 'held' | 'changed' | 'failed'
  rows: number
  archive: string | null
  reason: string | null
}

/** So that the same row is the same text whenever it is asked for. Until the end of the session. */
export async function takeOwnership({ client }: { client: pg.Client }, owner: string): Promise<void> {
  await client.query(`
    set timezone = 'UTC';
    set datestyle = 'ISO, YMD';
    set intervalstyle = 'iso_8601';
    set bytea_output = 'hex';
    set extra_float_digits = 1;
    set idle_in_transaction_session_timeout = 0;
    set statement_timeout = 0;
    select set_config('app.system', 'on', false);
    set role ${owner}`)
}

/** Partitions by range all of whose rows are old enough, the oldest first. Names come from the catalog, quoted by it. */
export async function listDuePartitions(tx: Statements, declared: Declared, now: Date): Promise<Partition[]> {
  return await tx.run(sql<Partition>`
    select part.name, part.parent, part.from, part.to
    from (
      select
        c.oid::regclass::text as name,
        i.inhparent::regclass::text as parent,
        (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\)'))[1] as from,
        (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']+)''\\)'))[1] as to
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
      join pg_partitioned_table p on p.partrelid = i.inhparent
      join pg_attribute a on a.attrelid = i.inhparent and a.attnum = p.partattrs[0]
      where i.inhparent = to_regclass(${declared.table})
        and p.partstrat = 'r'
        and p.partnatts = 1
        and a.attname = ${declared.by}
    ) as part
    where part.to::timestamptz <= ${cutoffOf(now, declared)}
    order by part.to::timestamptz`)
}

/** Rows of due partitions, and of these how many stay because a hold keeps their partition. */
export async function countDuePartitions(
  tx: Statements,
  declared: Declared,
  { shape, holds, now }: { shape: Shape; holds: Holds; now: Date },
): Promise<{ due: number; held: number; partitions: string[] }> {
  const partitions = await listDuePartitions(tx, declared, now)
  let [due, held] = [0, 0]
  for (const { name } of partitions) {
    const count = await tx.one(sql<{ rows: number; isHeld: boolean }>`
      select count(*)::bigint as rows, coalesce(bool_or(${heldOf(shape, holds)}), false) as is_held
      from only ${sql.raw(name)} as t`)
    if (count.isHeld) held += count.rows
    else due += count.rows
  }
  return { due, held, partitions: partitions.map(({ name }) => name) }
}

/**
 * GG-16: writes a partition into an archive, and drops it once the archive was read back and has the same rows as the
 * partition then: whoever is killed at whatever step leaves the partition, or a whole archive, or both. One that is there
 * already and has the same rows is taken.
 */
export async function archivePartition(
  app: App,
  place: OwnerPlace,
  partition: Partition,
  {
    shape,
    declared,
    onStep,
    onRows,
  }: {
    shape: Shape
    declared: Declared
    onStep?: OnStep | undefined
    onRows?: (rows: number) => void | Promise<void>
  },
): Promise<PartitionStep> {
  const shelf = archiveShelfOfApp(app)
  const isHeld = async (holds: Holds) =>
    (
      await place.tx.one(sql<{ isHeld: boolean }>`
        select exists (select from only ${sql.raw(partition.name)} as t where ${heldOf(shape, holds)}) as is_held`)
    ).isHeld
  const step = { partition: partition.name, rows: 0, archive: null, reason: null }
  if (await withHolds(app, isHeld)) return { ...step, did: 'held' }
  const manifest =
    (await findArchiveOf(shelf, place, partition, app.clock.now())) ??
    (await writeArchive(
      shelf,
      {
        table: partition.parent,
        partition: partition.name,
        database: place.database,
        from: new Date(partition.from).toISOString(),
        to: new Date(partition.to).toISOString(),
        columns: await listColumns(place.tx, partition.name),
        schemaVersion: await findSchemaVersion(place.tx),
      },
      readPartition(place, partition.name, declared.by),
      { now: app.clock.now(), onStep, ...(onRows && { onRows }) },
    ))
  const { rows, id: archive } = manifest
  const onDrop = await declared.archiving?.prepareDrop(place.client, archivedOf(manifest), {
    sign: async (document, type) => (await openDocumentSigner(app)).sign(document, type),
    now: app.clock.now(),
  })
  for (let attempt = 1; ; attempt++) {
    try {
      const did = await withHolds(app, async holds =>
        (await isHeld(holds)) ? 'held' : await dropArchived(place, partition, { manifest, onDrop, onStep }),
      )
      return { ...step, did, rows, archive }
    } catch (error) {
      await place.client.query('rollback')
      // Somebody reads or writes the table for longer, or was first with a lock that we wait for.
      const isBusy = ['55P03', '40P01'].includes((error as { code?: string }).code ?? '')
      if (!isBusy || attempt === mostAttempts) throw error
      await sleep(attempt * 200)
    }
  }
}

/** What a module is told of an archive. */
export const archivedOf = ({ id, partition, ...rest }: ArchiveManifest): ArchivedPartition => {
  const { from, to, rows, sha256, fileSha256, writtenAt } = rest
  return { partition, archive: id, from, to, rows, sha256, fileSha256, writtenAt }
}

/** Whoever wants the table waits behind this for no longer. */
const lockTimeout = '1s'
const mostAttempts = 8

async function dropArchived(
  { client, tx }: OwnerPlace,
  { name, parent }: Partition,
  {
    manifest,
    onDrop,
    onStep,
  }: { manifest: ArchiveManifest; onDrop: (() => Promise<void>) | undefined; onStep: OnStep | undefined },
): Promise<'archived' | 'changed'> {
  await client.query('begin')
  await client.query(`set local lock_timeout = '${lockTimeout}'`)
  // From here nobody writes it any more; it can be read until it goes.
  await client.query(`lock table only ${name} in share mode`)
  const { rows, digest } = await digestOf(tx, name)
  if (rows !== manifest.rows || digest !== manifest.digest) {
    await client.query('rollback')
    return 'changed'
  }
  await onDrop?.()
  // Not concurrently: that is impossible in a transaction, and beside a default partition.
  await client.query(`alter table ${parent} detach partition ${name}`)
  // What row security may have hidden from the archive is counted without it.
  await client.query(`alter table ${name} no force row level security`)
  const all = await tx.one(sql<{ rows: number }>`select count(*)::bigint as rows from only ${sql.raw(name)}`)
  if (all.rows !== manifest.rows) throw new Error(`${name} has ${all.rows} rows, and ${manifest.rows} are archived`)
  await onStep?.('detached')
  await client.query(`drop table ${name}`)
  await client.query('commit')
  await onStep?.('dropped')
  return 'archived'
}

/** One that was written before a program died, or that waits for a lock since yesterday. */
async function findArchiveOf(
  shelf: ArchiveShelf,
  { tx, database }: OwnerPlace,
  { name }: Partition,
  now: Date,
): Promise<ArchiveManifest | undefined> {
  const known = listArchives(shelf)
    .items.map(({ manifest }) => manifest)
    .filter(manifest => manifest.partition === name && manifest.database === database)
  if (known.length === 0) return undefined
  const { rows, digest } = await digestOf(tx, name)
  for (const manifest of known.filter(each => each.rows === rows && each.digest === digest).toReversed()) {
    if ((await verifyArchive(shelf, manifest, now)).length === 0) return manifest
  }
  return undefined
}

/** A JSON column may have line breaks between its values, which say nothing. */
export const lineOf = (alias: string): string => `replace(row_to_json(${alias})::text, E'\\n', ' ')`

/** As `LineDigest` has it of the archive's lines. */
export async function digestOf(tx: Statements, table: string): Promise<{ rows: number; digest: string }> {
  return await tx.one(sql<{ rows: number; digest: string }>`
    select
      count(*)::bigint as rows,
      coalesce(
        sum(('x' || left(encode(sha256(convert_to(${sql.raw(lineOf('t'))}, 'UTF8')), 'hex'), 16))::bit(64)::bigint),
        0
      )::text as digest
    from only ${sql.raw(table)} as t`)
}

async function* readPartition({ client, tx }: OwnerPlace, name: string, by: string) {
  await client.query('begin isolation level repeatable read read only')
  try {
    await client.query(`
      declare archive_rows no scroll cursor for
      select ${lineOf('t')} as line, t.${client.escapeIdentifier(by)}::text as at
      from only ${name} as t
      order by t.${client.escapeIdentifier(by)}`)
    for (;;) {
      const rows = await tx.run(sql<{ line: string; at: string }>`fetch 2000 from archive_rows`)
      if (rows.length === 0) return
      yield rows
    }
  } finally {
    await client.query('rollback')
  }
}

async function listColumns(tx: Statements, table: string): Promise<ArchiveManifest['columns']> {
  return await tx.run(sql<ArchiveManifest['columns'][number]>`
    select attname::text as name, format_type(atttypid, atttypmod) as type, attgenerated <> '' as is_generated
    from pg_attribute
    where attrelid = to_regclass(${table})
      and attnum > 0
      and not attisdropped
    order by attnum`)
}

async function findSchemaVersion(tx: Statements): Promise<string | null> {
  const row = await tx.maybe(sql<{ name: string }>`
    select name
    from platform.migrations
    order by name desc
    limit 1`)
  return row?.name ?? null
}
