import type { Side } from '#platform/database'
import { errors } from './errors.ts'
import type { Target } from './plans.ts'

/** Files of a backup that a copy does without: what is large and not asked for. */
export type Omissions = { isOmitted(path: string): boolean; filenodes: ReadonlySet<string> }

/**
 * What a copy from which only these tables are read does not need: other databases, and tables from 1 MB on with their indexes, those
 * of the platform aside, of which more is read. The planner opens each index of a table, so those of `tables` are needed. Known by the files that relations have now: what has another file by then is restored. Nothing where the
 * copy has to be migrated, which needs all of it. Databases named in `kept` are restored whole.
 */
export async function findOmissions(
  client: Side,
  tables: readonly string[],
  platform: readonly string[],
  target: Target,
  kept: readonly string[] = [],
): Promise<Omissions | undefined> {
  const { rows: migrated } = await client.query<{ at: Date | null }>(
    'select max(applied_at) as at from platform.migrations',
  )
  const migratedAt = migrated[0]?.at
  if (!('latest' in target || ('at' in target && migratedAt && migratedAt < target.at))) return undefined
  const { rows } = await client.query<{ path: string }>(
    `with recursive
      asked as (
        select c.oid
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname || '.' || c.relname = any ($1)
        union
        select i.inhrelid from pg_inherits as i join asked on asked.oid = i.inhparent
      ),
      kept as (
        select oid from asked
        union
        select oid from pg_class where relnamespace::regnamespace::text = any ($2)
      ),
      tables as (
        select oid from kept
        union
        select c.reltoastrelid from pg_class as c join kept using (oid) where c.reltoastrelid <> 0
      ),
      needed as (
        select oid from tables
        union
        select i.indexrelid from pg_index as i join tables on tables.oid = i.indrelid
      )
    select pg_relation_filepath(c.oid) as path
    from pg_class as c
    where c.oid >= 16384
      and c.relkind in ('r', 'i', 't', 'm')
      and c.reltablespace = 0
      and c.relnamespace <> 'pg_catalog'::regnamespace
      and pg_relation_size(c.oid) >= 1024 * 1024
      and not exists (select from needed where needed.oid = c.oid)`,
    [tables, platform],
  )
  const { rows: others } = await client.query<{ oid: string }>(
    `select oid::text
    from pg_database
    where datname <> current_database()
      and datname <> all ($1)`,
    [kept],
  )
  const filenodes = new Set(rows.map(({ path }) => path))
  const databases = new Set(others.map(({ oid }) => oid))
  const isOmitted = (path: string) => {
    // base/<database>/[INCREMENTAL.]<filenode>[_fork][.segment]
    const [, database = '', filenode] = /^base\/(\d+)\/(?:INCREMENTAL\.)?(\d+)(?:_[a-z]+)?(?:\.\d+)?$/.exec(path) ?? []
    return filenode !== undefined && (databases.has(database) || filenodes.has(`base/${database}/${filenode}`))
  }
  return { isOmitted, filenodes }
}

/** Refuses to read a table of which something was left out. */
export async function requireRead(past: Side, tables: readonly string[], { filenodes }: Omissions): Promise<void> {
  const { rows } = await past.query<{ name: string; path: string }>(
    `with recursive asked as (
      select c.oid, n.nspname || '.' || c.relname as name
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
      where n.nspname || '.' || c.relname = any ($1)
      union
      select i.inhrelid, asked.name from pg_inherits as i join asked on asked.oid = i.inhparent
    )
    select asked.name, pg_relation_filepath(part.oid) as path
    from asked
    join pg_class as c using (oid)
    cross join lateral (values (c.oid), (nullif(c.reltoastrelid, 0))) as part (oid)
    where part.oid is not null`,
    [tables],
  )
  const left = rows.find(({ path }) => filenodes.has(path))
  if (left) throw errors.copyIncomplete({ table: left.name })
}
