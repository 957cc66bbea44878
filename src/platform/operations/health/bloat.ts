import { type Statements, sql } from '#platform/database'
import { sizeOf, userNamespaces } from './namespaces.ts'

export type Bloat = {
  name: string
  /** Of an index. */
  table: string | null
  bytes: number
  /** What it would hold tightly packed, by the statistics: an estimate, within a tenth or two. */
  neededBytes: number
  wastedBytes: number
  /** Of its size, 0 to 1. */
  wasted: number
}

/**
 * Tables that are larger than their rows want, the worst first. From the widths that ANALYZE has seen: those never analysed
 * are not there, nor those with columns that it knows nothing of. Needs rights to read the statistics.
 */
export async function listTableBloat(tx: Statements, leastBytes = 8 * 2 ** 20, limit = 100): Promise<Bloat[]> {
  return await tx.run(sql<Bloat>`
    with
      widths as (
        select
          c.oid,
          c.reltuples,
          c.relpages,
          coalesce((regexp_match(c.reloptions::text, 'fillfactor=(\\d+)'))[1]::integer, 100) as fill,
          -- header and null bitmap, then the values, each row at a multiple of eight
          24 + case when bool_or(s.null_frac > 0) then (count(*) + 7) / 8 else 0 end
            + sum((1 - s.null_frac) * s.avg_width) as width
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        join pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname and not s.inherited
        where c.relkind in ('r', 'm')
          and c.reltuples > 0
          and c.relnamespace in (${userNamespaces})
        group by c.oid, c.reltuples, c.relpages, c.reloptions
        having count(*) = (select count(*) from pg_attribute x where x.attrelid = c.oid and x.attnum > 0 and not x.attisdropped)
      ),
      estimates as (
        select
          oid,
          ${sizeOf('pg_relation_size', 'widths.oid')} as bytes,
          (ceil(reltuples * (ceil(width / 8) * 8 + 4) / ((8192 - 24) * fill / 100.0)) * 8192)::bigint as needed_bytes
        from widths
      )
    select
      oid::regclass::text as name,
      null as table,
      bytes,
      least(needed_bytes, bytes) as needed_bytes,
      greatest(bytes - needed_bytes, 0) as wasted_bytes,
      (greatest(bytes - needed_bytes, 0)::float8 / nullif(bytes, 0)) as wasted
    from estimates
    where bytes >= ${leastBytes}
    order by wasted_bytes desc, 1
    limit ${limit}`)
}

/** The same of B-tree indexes on columns (not on expressions). A random insert order leaves a third empty by itself. */
export async function listIndexBloat(tx: Statements, leastBytes = 8 * 2 ** 20, limit = 100): Promise<Bloat[]> {
  return await tx.run(sql<Bloat>`
    with
      -- First by size: the statistics of a few columns instead of those of all.
      sized as materialized (
        select
          i.indexrelid as oid,
          i.indrelid,
          i.indkey,
          i.indnatts,
          c.reltuples,
          c.reloptions,
          ${sizeOf('pg_relation_size', 'i.indexrelid')} as bytes
        from pg_index i
        join pg_class c on c.oid = i.indexrelid and c.relkind = 'i'
        join pg_am am on am.oid = c.relam and am.amname = 'btree'
        where i.indexprs is null
          and i.indisvalid
          and c.reltuples > 0
          and c.relnamespace in (${userNamespaces})
      ),
      estimates as (
        select
          i.oid,
          i.indrelid,
          i.bytes,
          (
            ceil(i.reltuples * (ceil((8 + sum((1 - s.null_frac) * s.avg_width)) / 8) * 8 + 4) / ((8192 - 40)
              * coalesce((regexp_match(i.reloptions::text, 'fillfactor=(\\d+)'))[1]::integer, 90) / 100.0))
            * 8192 * 1.01 + 8192
          )::bigint as needed_bytes
        from sized i
        join pg_class t on t.oid = i.indrelid
        join pg_namespace n on n.oid = t.relnamespace
        cross join lateral unnest(i.indkey) as key(number)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = key.number
        join pg_stats s on s.schemaname = n.nspname and s.tablename = t.relname and s.attname = a.attname and not s.inherited
        where i.bytes >= ${leastBytes}
        group by i.oid, i.indrelid, i.bytes, i.reltuples, i.reloptions, i.indnatts
        having count(*) = i.indnatts
          -- Equal values stand once with many rows: nothing here knows how often.
          and not (i.indnatts = 1 and bool_or(s.n_distinct between 0 and 1000000))
      )
    select
      oid::regclass::text as name,
      indrelid::regclass::text as table,
      bytes,
      least(needed_bytes, bytes) as needed_bytes,
      greatest(bytes - needed_bytes, 0) as wasted_bytes,
      (greatest(bytes - needed_bytes, 0)::float8 / nullif(bytes, 0)) as wasted
    from estimates
    order by wasted_bytes desc, 1
    limit ${limit}`)
}
