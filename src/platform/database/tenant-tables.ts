import type pg from 'pg'

/** A key that leads from one table to another, single or composite. */
export type Reference = { columns: string[]; table: string; referred: string[] }

/** A table of the applications whose rows belong to tenants, as the catalog has it. */
export type TenantTable = {
  name: string
  /** Primary key, `tenant_id` first. */
  key: string[]
  /** What can be written: all but generated columns. */
  columns: string[]
  /** By column, those that are generated too. */
  types: Readonly<Record<string, string>>
  /** Columns without which a row cannot be. */
  required: string[]
  /** Columns `generated always as identity`: a copy has to override them. */
  hasIdentity: boolean
  isPartitioned: boolean
  references: Reference[]
}

/** A table outside of those which their keys lead to: its rows are shared by all tenants, or are the platform's. */
export type SharedTable = {
  name: string
  key: string[]
  columns: string[]
  types: Readonly<Record<string, string>>
  /** Columns without which a row cannot be. */
  required: string[]
  hasTenant: boolean
  references: Reference[]
}

/** The tables with tenant_id in these schemas, those that others refer to first, and the shared ones that they refer to. */
export async function readTenantTables(
  client: pg.ClientBase,
  schemas: readonly string[],
): Promise<{ tables: TenantTable[]; shared: SharedTable[] }> {
  const { rows } = await client.query<Described>(described)
  const all = new Map(rows.map(row => [row.name, row]))
  const isOurs = (row: Described) => row.hasTenant && schemas.includes(row.schema)
  const ours = rows.filter(isOurs)
  const tables: TenantTable[] = []
  const place = (row: Described, path: string[]) => {
    if (tables.some(({ name }) => name === row.name) || path.includes(row.name)) return
    for (const { table } of row.references) {
      const parent = all.get(table)
      if (parent && isOurs(parent)) place(parent, [...path, row.name])
    }
    tables.push(row)
  }
  for (const row of ours) place(row, [])
  const shared = new Set(tables.flatMap(({ references }) => references.map(({ table }) => table)))
  // What the platform's own rows of a tenant lead to in turn: a membership to its user.
  for (const name of shared) {
    const row = all.get(name)
    if (row?.hasTenant) for (const { table } of row.references) shared.add(table)
  }
  return { tables, shared: rows.filter(row => shared.has(row.name) && !isOurs(row)) }
}

type Described = TenantTable & SharedTable & { schema: string }

const described = `
  select
    n.nspname as schema,
    n.nspname || '.' || c.relname as name,
    c.relkind = 'p' as "isPartitioned",
    exists (
      select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    ) as "hasTenant",
    exists (
      select from pg_attribute as a where a.attrelid = c.oid and a.attidentity = 'a' and not a.attisdropped
    ) as "hasIdentity",
    (
      select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
      from pg_attribute as a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    ) as columns,
    (
      select jsonb_object_agg(a.attname, format_type(a.atttypid, a.atttypmod))
      from pg_attribute as a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ) as types,
    (
      select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
      from pg_attribute as a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attnotnull
        and not a.atthasdef and a.attidentity = ''
    ) as required,
    (
      select coalesce(array_agg(a.attname::text order by part.position), '{}')
      from pg_index as i
      cross join unnest(i.indkey::smallint[]) with ordinality as part (number, position)
      join pg_attribute as a on a.attrelid = c.oid and a.attnum = part.number
      where i.indrelid = c.oid and i.indisprimary
    ) as key,
    (
      select coalesce(
        jsonb_agg(
          jsonb_build_object(
            'table', parent_schema.nspname || '.' || parent.relname,
            'columns', (
              select jsonb_agg(a.attname order by part.position)
              from unnest(k.conkey) with ordinality as part (number, position)
              join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = part.number
            ),
            'referred', (
              select jsonb_agg(a.attname order by part.position)
              from unnest(k.confkey) with ordinality as part (number, position)
              join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = part.number
            )
          )
          order by k.conname
        ),
        '[]'
      )
      from pg_constraint as k
      join pg_class as parent on parent.oid = k.confrelid
      join pg_namespace as parent_schema on parent_schema.oid = parent.relnamespace
      where k.conrelid = c.oid and k.contype = 'f' and k.conparentid = 0
    ) as "references"
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p')
    and not c.relispartition
    and n.nspname !~ '^pg_|^information_schema$'
  order by 2`

/** `schema.name` and column names come from the catalog; quoted all the same. */
export function quoted(name: string): string {
  return name
    .split('.')
    .map(part => `"${part.replaceAll('"', '""')}"`)
    .join('.')
}

export function columnList(columns: readonly string[], alias = ''): string {
  return columns.map(column => `${alias}${alias && '.'}${quoted(column)}`).join(', ')
}
