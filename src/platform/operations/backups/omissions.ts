import type { Side } from '#platform/database'
import { errors } from './errors.ts'
import type { Target } from './plans.ts'

/**
 * What a copy has of a file of the backup: all of it; of a table the pages with a row of the tenant, the others empty; the same, but only
 * once the copy has recovered, when its primary key says which they are (`keyed`); its size alone, all empty, until the copy has recovered;
 * or nothing.
 */
export type Portion = 'all' | 'rows' | 'keyed' | 'size' | 'nothing'

/** What a copy does without from which only some tables are read, or of them only the rows of a tenant. */
export type Omissions = {
  portionOf(path: string): Portion
  /** Of whom rows are read. */
  tenantId: string | undefined
  /** Each page has a checksum of its own, which the server looks at. */
  hasChecksums: boolean
}

export type Reading = {
  tables: readonly string[]
  /** Of their tables more is read than is asked for. */
  platform: readonly string[]
  target: Target
  /** Databases that are restored whole. */
  kept?: readonly string[]
  /** Whose rows alone are read of these tables, one after the other where they are not `indexed`. */
  tenant?: { id: string; tables: readonly string[]; indexed: readonly string[] } | undefined
}

/**
 * What a copy from which only these tables are read does not need: other databases, tables that are not read, and indexes that nobody
 * needs. Those of `platform` are whole. Known by the files that relations have now: what has another file by then is restored. Nothing
 * where the copy has to be migrated, which needs all of it.
 */
export async function findOmissions(
  client: Side,
  { tables, platform, target, kept = [], tenant }: Reading,
): Promise<Omissions | undefined> {
  const { rows: about } = await client.query<{ at: Date | null; logsPages: boolean; hasChecksums: boolean }>(
    `select
      max(applied_at) as at,
      current_setting('full_page_writes')::boolean
        and (current_setting('block_size'), current_setting('segment_size')) = ('8192', '1GB') as "logsPages",
      current_setting('data_checksums')::boolean as "hasChecksums"
    from platform.migrations`,
  )
  const { at: migratedAt, logsPages, hasChecksums } = about[0] as (typeof about)[0]
  if (!('latest' in target || ('at' in target && migratedAt && migratedAt < target.at))) return undefined
  // Else a change of a page that was left empty could not be made again; of other sizes nobody knows here where a page is.
  const partly = logsPages ? tenant : undefined
  const { rows } = await client.query<{ path: string; portion: Portion }>(
    `with recursive
      asked as (
        select
          c.oid,
          n.nspname || '.' || c.relname = any ($3) as "isPartly",
          n.nspname || '.' || c.relname = any ($3) and n.nspname || '.' || c.relname <> all ($4) as "isBare"
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname || '.' || c.relname = any ($1)
        union
        select i.inhrelid, asked."isPartly", asked."isBare" from pg_inherits as i join asked on asked.oid = i.inhparent
      ),
      kept as (
        select oid, "isPartly", "isBare" from asked
        union
        select oid, false, false from pg_class where relnamespace::regnamespace::text = any ($2)
      ),
      tables as (
        select oid, "isPartly", "isBare" from kept
        union
        select c.reltoastrelid, false, false from pg_class as c join kept using (oid) where c.reltoastrelid <> 0
      ),
      keyed as (
        -- By a small one his rows are found; else all pages are read, and empty ones take as long as others.
        select i.indexrelid as key, i.indrelid as oid
        from pg_index as i
        join tables on tables.oid = i.indrelid and tables."isPartly"
        where i.indisprimary
          and (select attname from pg_attribute where attrelid = i.indrelid and attnum = i.indkey[0]) = 'tenant_id'
          and 8 * pg_relation_size(i.indexrelid) < pg_relation_size(i.indrelid)
      ),
      needed as (
        select oid
        from tables
        where not "isPartly"
          -- In rows from before the column it does not stand.
          or exists (
            select from pg_attribute where attrelid = oid and attname = 'tenant_id' and atthasmissing
          )
        union
        select i.indexrelid
        from pg_index as i
        join tables on tables.oid = i.indrelid
        where not tables."isBare"
        union
        select key from keyed
      )
    select
      pg_relation_filepath(c.oid) as path,
      case
        when exists (select from keyed where keyed.oid = c.oid) then 'keyed'
        when exists (select from tables where tables.oid = c.oid) then 'rows'
        when pg_relation_size(c.oid) < 1024 * 1024 then 'nothing'
        else 'size'
      end as portion
    from pg_class as c
    where c.oid >= 16384
      and c.relkind in ('r', 'i', 't', 'm')
      and c.reltablespace = 0
      and c.relnamespace <> 'pg_catalog'::regnamespace
      and not exists (select from needed where needed.oid = c.oid)`,
    [tables, platform, partly?.tables ?? [], partly?.indexed ?? []],
  )
  const { rows: others } = await client.query<{ oid: string }>(
    `select oid::text
    from pg_database
    where datname <> current_database()
      and datname <> all ($1)`,
    [kept],
  )
  const portions = new Map(rows.map(({ path, portion }) => [path, portion]))
  const databases = new Set(others.map(({ oid }) => oid))
  const portionOf = (path: string): Portion => {
    // base/<database>/[INCREMENTAL.]<filenode>[_fork][.segment]
    const [, database = '', filenode, fork] =
      /^base\/(\d+)\/(?:INCREMENTAL\.)?(\d+)(_[a-z]+)?(?:\.\d+)?$/.exec(path) ?? []
    if (filenode === undefined) return 'all'
    if (databases.has(database)) return 'nothing'
    const portion = portions.get(`base/${database}/${filenode}`) ?? 'all'
    return isOfRows(portion) && fork !== undefined ? 'all' : portion
  }
  return { portionOf, tenantId: partly?.id, hasChecksums }
}

/** Of a table not all pages, but those that somebody reads. */
export const isOfRows = (portion: Portion): boolean => portion === 'rows' || portion === 'keyed'

/** The same with whole tables. */
export const withWholeTables = (omissions: Omissions): Omissions => ({
  ...omissions,
  tenantId: undefined,
  portionOf(path) {
    const portion = omissions.portionOf(path)
    return isOfRows(portion) ? 'all' : portion
  },
})

/** The same where each page is looked for in the whole table, which is held against the manifest. */
export const withoutKeys = (omissions: Omissions): Omissions => ({
  ...omissions,
  portionOf(path) {
    const portion = omissions.portionOf(path)
    return portion === 'keyed' ? 'rows' : portion
  },
})

/** Refuses to read a table of which something was left out that is asked for; has the copy do without the indexes that it lacks. */
export async function requireRead(past: Side, tables: readonly string[], { portionOf }: Omissions): Promise<void> {
  const { rows } = await past.query<{
    oid: string
    kind: string
    path: string
    name: string | null
    hasTenant: boolean
  }>(
    `with recursive
      asked as (
        select c.oid, n.nspname || '.' || c.relname as name
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname || '.' || c.relname = any ($1)
        union
        select i.inhrelid, asked.name from pg_inherits as i join asked on asked.oid = i.inhparent
      ),
      parts as (
        select oid, name from asked
        union
        select c.reltoastrelid, asked.name from asked join pg_class as c using (oid)
      )
    select
      c.oid::text,
      c.relkind as kind,
      pg_relation_filepath(c.oid) as path,
      parts.name,
      exists (
        select from pg_attribute where attrelid = c.oid and attname = 'tenant_id' and atttypid = 'uuid'::regtype
      ) as "hasTenant"
    from pg_class as c
    left join parts using (oid)
    where c.relkind in ('r', 'i', 't', 'm')`,
    [tables],
  )
  const left = rows.map(row => ({ ...row, portion: portionOf(row.path ?? '') }))
  for (const { name, portion, hasTenant } of left) {
    const isThere = portion === 'all' || (isOfRows(portion) && hasTenant)
    if (name !== null && !isThere) throw errors.copyIncomplete({ table: name })
  }
  const indexes = left.filter(({ kind, portion }) => kind === 'i' && portion !== 'all').map(({ oid }) => oid)
  // As if they were about to be dropped: nobody opens them.
  await past.query('set allow_system_table_mods = on')
  await past.query(
    'update pg_index set indisvalid = false, indisready = false, indislive = false where indexrelid = any ($1::oid[])',
    [indexes],
  )
  await past.query('reset allow_system_table_mods')
}
