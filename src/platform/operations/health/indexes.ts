import { type Statements, sql } from '#platform/database'
import { shutRelations, sizeOf, userNamespaces } from './namespaces.ts'

export type IndexState = {
  name: string
  table: string
  definition: string
  bytes: number
  scans: number
  lastScanAt: Date | null
  isUnique: boolean
  isPrimary: boolean
  isValid: boolean
  /** It holds up a constraint, so that it is needed whether anybody reads by it or not. */
  isConstraint: boolean
}

/** GG-23: every index with its use since the statistics began, the largest first. Of a partitioned one its parts are added up. */
export async function listIndexes(tx: Statements, limit = 2_000): Promise<{ since: Date | null; items: IndexState[] }> {
  const { since } = await tx.one(sql<{ since: Date | null }>`
    select coalesce(stats_reset, pg_postmaster_start_time()) as since
    from pg_stat_database
    where datname = current_database()`)
  const hasLastScan = await hasColumn(tx, 'pg_stat_all_indexes', 'last_idx_scan')
  const items = await tx.run(sql<IndexState>`
    with indexes as (
      select
        coalesce((select relid from pg_partition_ancestors(i.indexrelid) with ordinality as up(relid, level) order by level desc limit 1), i.indexrelid)
          as root,
        ${sizeOf('pg_relation_size', 'i.indexrelid')} as bytes,
        coalesce(s.idx_scan, 0) as scans,
        ${hasLastScan ? sql`s.last_idx_scan` : sql`null::timestamptz`} as last_scan_at,
        i.indisvalid
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      left join pg_stat_all_indexes s on s.indexrelid = i.indexrelid
      where c.relnamespace in (${userNamespaces})
    )
    select
      x.root::regclass::text as name,
      i.indrelid::regclass::text as table,
      -- to print it the server opens the table
      case when i.indrelid in (${shutRelations}) then '' else pg_get_indexdef(x.root) end as definition,
      x.bytes,
      x.scans,
      x.last_scan_at,
      i.indisunique as is_unique,
      i.indisprimary as is_primary,
      x.is_valid,
      exists (select from pg_constraint where conindid = x.root) as is_constraint
    from (
      select
        root,
        sum(bytes)::bigint as bytes,
        sum(scans)::bigint as scans,
        max(last_scan_at) as last_scan_at,
        bool_and(indisvalid) as is_valid
      from indexes
      group by root
    ) as x
    join pg_index i on i.indexrelid = x.root
    order by x.bytes desc, 1
    limit ${limit}`)
  return { since, items }
}

export type InvalidIndex = { name: string; table: string; bytes: number; isLeftover: boolean }

/** Indexes that an interrupted build has left: they cost at each write and answer nothing. `isLeftover`: of a REINDEX CONCURRENTLY. */
export async function listInvalidIndexes(tx: Statements): Promise<InvalidIndex[]> {
  return await tx.run(sql<InvalidIndex>`
    select
      c.oid::regclass::text as name,
      i.indrelid::regclass::text as table,
      ${sizeOf('pg_relation_size', 'c.oid')} as bytes,
      c.relname ~ '_cc(new|old)[0-9]*$' as is_leftover
    from pg_index i
    join pg_class c on c.oid = i.indexrelid and c.relkind = 'i'
    where not i.indisvalid
      and c.relnamespace in (${userNamespaces})
      -- one that is being built just now
      and not exists (select from pg_stat_progress_create_index p where p.index_relid = c.oid)
    order by 1`)
}

export type DuplicateIndex = { name: string; table: string; sameAs: string; bytes: number; isCovered: boolean }

/**
 * Indexes of the same columns, order, operators and predicate as another one, and (`isCovered`) those that are the
 * beginning of another one's columns. Of a pair the one that no constraint needs.
 */
export async function listDuplicateIndexes(tx: Statements): Promise<DuplicateIndex[]> {
  return await tx.run(sql<DuplicateIndex>`
    with indexes as (
      select
        i.*,
        c.relname,
        c.relam,
        regexp_split_to_array(i.indkey::text, ' ') as columns,
        regexp_split_to_array(i.indclass::text, ' ') as classes,
        regexp_split_to_array(i.indcollation::text, ' ') as collations,
        regexp_split_to_array(i.indoption::text, ' ') as options,
        coalesce(pg_get_expr(i.indexprs, i.indrelid), '') as expressions,
        coalesce(pg_get_expr(i.indpred, i.indrelid), '') as predicate,
        exists (select from pg_constraint where conindid = i.indexrelid) as is_constraint
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      where c.relnamespace in (${userNamespaces})
        and i.indisvalid
        and not c.relispartition
    )
    select
      a.indexrelid::regclass::text as name,
      a.indrelid::regclass::text as table,
      b.indexrelid::regclass::text as same_as,
      (select sum(${sizeOf('pg_relation_size', 'relid')}) from (
        select relid from pg_partition_tree(a.indexrelid) union select a.indexrelid
      ) as parts)::bigint as bytes,
      a.indnatts < b.indnatts as is_covered
    from indexes a
    join indexes b
      on b.indrelid = a.indrelid
      and b.indexrelid <> a.indexrelid
      and b.relam = a.relam
      and b.predicate = a.predicate
    where not a.is_constraint
      and not a.indisunique
      and (
        (
          b.columns = a.columns
          and b.classes = a.classes
          and b.collations = a.collations
          and b.options = a.options
          and b.expressions = a.expressions
          and b.indnkeyatts = a.indnkeyatts
          and (b.is_constraint or b.indisunique or b.indexrelid < a.indexrelid)
        )
        or (
          (select amname from pg_am where oid = a.relam) = 'btree'
          and a.expressions = ''
          and b.expressions = ''
          and a.indnatts = a.indnkeyatts
          and a.indnkeyatts < b.indnkeyatts
          and b.columns[1:a.indnkeyatts] = a.columns
          and b.classes[1:a.indnkeyatts] = a.classes
          and b.collations[1:a.indnkeyatts] = a.collations
          and b.options[1:a.indnkeyatts] = a.options
        )
      )
    order by 1, 3`)
}

export type UnindexedKey = { table: string; name: string; columns: string; refersTo: string }

/** VS-15: foreign keys without an index that begins with their columns: a delete there reads this table whole. */
export async function listUnindexedKeys(tx: Statements): Promise<UnindexedKey[]> {
  return await tx.run(sql<UnindexedKey>`
    select
      f.conrelid::regclass::text as table,
      f.conname as name,
      (
        select string_agg(quote_ident(a.attname), ', ' order by key.place)
        from unnest(f.conkey) with ordinality as key(number, place)
        join pg_attribute a on a.attrelid = f.conrelid and a.attnum = key.number
      ) as columns,
      f.confrelid::regclass::text as refers_to
    from pg_constraint f
    join pg_class c on c.oid = f.conrelid
    where f.contype = 'f'
      and f.conparentid = 0
      and c.relnamespace in (${userNamespaces})
      -- the queue's tables are its library's, and their keys never change
      and c.relnamespace <> coalesce(to_regnamespace('jobs')::oid, 0)
      and not exists (
        select
        from pg_index i
        where i.indrelid = f.conrelid
          and i.indisvalid
          and (
            i.indpred is null
            -- only rows without a value are left out
            or pg_get_expr(i.indpred, i.indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$'
          )
          and (
            -- int2vector counts from 0; the order among the key's own columns does not matter
            (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey
            -- or some of its columns find one row at most
            or (i.indisunique and i.indexprs is null and f.conkey @> (i.indkey::int2[])[0:i.indnkeyatts - 1])
          )
      )
    order by 1, 2`)
}

async function hasColumn(tx: Statements, relation: string, column: string): Promise<boolean> {
  const { has } = await tx.one(sql<{ has: boolean }>`
    select exists (
      select
      from pg_attribute
      where attrelid = to_regclass(${`pg_catalog.${relation}`})
        and attname = ${column}
    ) as has`)
  return has
}
