import { type Statements, sql } from '#platform/database'
import { sizeOf, userNamespaces } from './namespaces.ts'

export type RelationSize = {
  /** `schema.table`; partitions are counted with their table. */
  name: string
  /** With indexes and what is stored beside the rows. */
  bytes: number
  tableBytes: number
  indexBytes: number
  /** As the server estimates them. */
  rows: number
  deadRows: number
  partitions: number
  lastVacuumAt: Date | null
  lastAnalyzeAt: Date | null
  /** Bytes more than at the snapshot of a week (a month) ago; null where there is none. */
  grownInWeek: number | null
  grownInMonth: number | null
}

/** GG-23: tables by size, the largest first, with what they have grown by since the snapshots. */
export async function listTableSizes(tx: Statements, limit = 1_000): Promise<RelationSize[]> {
  return await tx.run(sql<RelationSize>`
    with
      parts as (
        select
          coalesce((select relid from pg_partition_ancestors(c.oid) with ordinality as up(relid, level) order by level desc limit 1), c.oid)
            as root,
          c.*
        from pg_class c
        where c.relkind in ('r', 'p', 'm')
          and c.relnamespace in (${userNamespaces})
      ),
      sizes as (
        select
          root,
          root::regclass::text as name,
          sum(${sizeOf('pg_total_relation_size', 'p.oid')})::bigint as bytes,
          sum(${sizeOf('pg_table_size', 'p.oid')})::bigint as table_bytes,
          sum(${sizeOf('pg_indexes_size', 'p.oid')})::bigint as index_bytes,
          -- -1 where nobody has counted yet
          sum(case when p.relkind = 'p' then 0 when p.reltuples >= 0 then p.reltuples else coalesce(s.n_live_tup, 0) end)::bigint
            as rows,
          coalesce(sum(s.n_dead_tup), 0)::bigint as dead_rows,
          (count(*) - 1)::integer as partitions,
          max(greatest(s.last_vacuum, s.last_autovacuum)) as last_vacuum_at,
          max(greatest(s.last_analyze, s.last_autoanalyze)) as last_analyze_at
        from parts p
        left join pg_stat_all_tables s on s.relid = p.oid
        group by root
      )
    select
      name,
      bytes,
      table_bytes,
      index_bytes,
      rows,
      dead_rows,
      partitions,
      last_vacuum_at,
      last_analyze_at,
      bytes - week.total_bytes as grown_in_week,
      bytes - month.total_bytes as grown_in_month
    from sizes
    left join lateral (
      select total_bytes
      from operations.relation_sizes as taken
      where taken.relation_name = sizes.name
        and taken.taken_on <= current_date - 7
      order by taken_on desc
      limit 1
    ) as week on true
    left join lateral (
      select total_bytes
      from operations.relation_sizes as taken
      where taken.relation_name = sizes.name
        and taken.taken_on <= current_date - 30
      order by taken_on desc
      limit 1
    ) as month on true
    order by bytes desc, name
    limit ${limit}`)
}

/** What stands for the whole database among the names of relations. */
const wholeDatabase = '*'

/** Days for which snapshots are kept: a year, and what it is compared with. */
export const snapshotDays = 400

/**
 * Writes down how large the database, its tables and indexes are today; another time on the same day replaces it.
 * `sizes` sees all relations, `own` writes. Returns how many there are.
 */
export async function takeSizeSnapshot(sizes: Statements, own: Statements): Promise<number> {
  const rows = await sizes.run(sql<{ name: string; kind: string; bytes: number; rows: number | null }>`
    select ${wholeDatabase} as name, 'database' as kind, pg_database_size(current_database()) as bytes, null::bigint as rows
    union all
    select
      root::regclass::text,
      'table',
      sum(${sizeOf('pg_total_relation_size', 'c.oid')})::bigint,
      sum(case when c.relkind = 'p' then 0 else greatest(c.reltuples, 0) end)::bigint
    from pg_class c
    cross join lateral (
      select coalesce(
        (select relid from pg_partition_ancestors(c.oid) with ordinality as up(relid, level) order by level desc limit 1),
        c.oid
      ) as root
    ) as top
    where c.relkind in ('r', 'p', 'm')
      and c.relnamespace in (${userNamespaces})
    group by root
    union all
    select c.oid::regclass::text, 'index', ${sizeOf('pg_relation_size', 'c.oid')}, null
    from pg_class c
    where c.relkind = 'i'
      and not c.relispartition
      and c.relnamespace in (${userNamespaces})`)
  await own.run(sql`
    insert into operations.relation_sizes (taken_on, relation_name, kind, total_bytes, estimated_rows)
    select current_date, *
    from unnest(
      ${rows.map(row => row.name)}::text[],
      ${rows.map(row => row.kind)}::text[],
      ${rows.map(row => row.bytes)}::bigint[],
      ${rows.map(row => row.rows)}::bigint[]
    )
    on conflict (relation_name, taken_on) do update
    set total_bytes = excluded.total_bytes, estimated_rows = excluded.estimated_rows`)
  await own.run(sql`
    delete from operations.relation_sizes
    where taken_on < current_date - ${snapshotDays}::integer`)
  return rows.length
}

export type SizePoint = { day: string; bytes: number; rows: number | null }

/** The size of a table, an index or, without a name, of the whole database, day by day. */
export async function listSizeHistory(own: Statements, name: string | undefined, days: number): Promise<SizePoint[]> {
  return await own.run(sql<SizePoint>`
    select taken_on as day, total_bytes as bytes, estimated_rows as rows
    from operations.relation_sizes
    where relation_name = ${name ?? wholeDatabase}
      and taken_on > current_date - ${days}::integer
    order by taken_on`)
}

export async function readDatabaseSize(tx: Statements): Promise<number> {
  const { bytes } = await tx.one(sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`)
  return bytes
}
