import type pg from 'pg'

/** What the database does to a row whose key leads to a row that goes. */
export type OnDelete = 'refuse' | 'remove' | 'empty'

/** A foreign key, and the columns that it empties where it does. */
export type ShapeReference = {
  columns: string[]
  table: string
  referred: string[]
  onDelete: OnDelete
  emptied: string[]
}

/** A table as the catalog has it: what a copy of its rows has to know. */
export type TableShape = {
  /** `schema.table`, unquoted. */
  name: string
  schema: string
  key: string[]
  /** What can be written: all but generated columns. */
  columns: string[]
  types: Readonly<Record<string, string>>
  required: string[]
  defaults: Readonly<Record<string, string>>
  hasTenant: boolean
  /** Of a table of months: the column with the moment. */
  monthColumn: string | null
  /** What makes the triggers that log its changes, with % for the table; none where they are not logged. */
  trackers: string[]
  /** Other triggers that would have run. */
  triggers: string[]
  /** What makes each of its triggers, with % for the table. */
  definitions: Readonly<Record<string, string>>
  references: ShapeReference[]
}

/** Every table, partitions aside, by its name. */
export async function readShapes(client: pg.ClientBase): Promise<Map<string, TableShape>> {
  const { rows } = await client.query<TableShape>(described)
  return new Map(rows.map(shape => [shape.name, shape]))
}

/** Tables of `wanted` such that one comes after those that its keys lead to, as far as they are among them. */
export function parentsFirst(wanted: readonly TableShape[]): TableShape[] {
  const placed: TableShape[] = []
  const place = (shape: TableShape, path: readonly string[]) => {
    if (placed.includes(shape) || path.includes(shape.name)) return
    for (const { table } of shape.references) {
      const parent = wanted.find(({ name }) => name === table)
      if (parent) place(parent, [...path, shape.name])
    }
    placed.push(shape)
  }
  for (const shape of wanted) place(shape, [])
  return placed
}

/** What differs between a table then and now, column by column, a few words each. */
export function shapeDifferences(then: TableShape, now: TableShape): string[] {
  const added = now.columns.filter(column => !then.columns.includes(column)).map(column => `${column} is new`)
  const gone = then.columns.filter(column => !now.columns.includes(column)).map(column => `${column} is gone`)
  const changed = then.columns
    .filter(column => now.columns.includes(column) && then.types[column] !== now.types[column])
    .map(column => `${column} was ${then.types[column]} and is ${now.types[column]}`)
  const key = then.key.join() === now.key.join() ? [] : [`the key was (${then.key}) and is (${now.key})`]
  return [...added, ...gone, ...changed, ...key]
}

const described = `
  select
    n.nspname || '.' || c.relname as name,
    n.nspname as schema,
    exists (
      select from pg_attribute as a
      where a.attrelid = c.oid and a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype and not a.attisdropped
    ) as "hasTenant",
    (
      select a.attname
      from pg_partitioned_table as p
      join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
      where p.partrelid = c.oid and p.partstrat = 'r'
    ) as "monthColumn",
    (
      select coalesce(array_agg(a.attname::text order by part.position), '{}')
      from pg_index as i
      cross join unnest(i.indkey::smallint[]) with ordinality as part (number, position)
      join pg_attribute as a on a.attrelid = c.oid and a.attnum = part.number
      where i.indrelid = c.oid and i.indisprimary
    ) as key,
    described.columns,
    described.types,
    described.required,
    described.defaults,
    triggered.trackers,
    triggered.definitions,
    (
      select coalesce(array_agg(t.tgname::text order by t.tgname), '{}')
      from pg_trigger as t
      where t.tgrelid = c.oid and not t.tgisinternal and t.tgname !~ '^(audit|note_move)_' and t.tgenabled = 'O'
    ) as triggers,
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
            ),
            'onDelete', case k.confdeltype when 'c' then 'remove' when 'n' then 'empty' when 'd' then 'empty' else 'refuse' end,
            'emptied', (
              select coalesce(jsonb_agg(a.attname order by a.attnum), '[]')
              from pg_attribute as a
              where a.attrelid = k.conrelid
                and a.attnum = any (coalesce(k.confdelsetcols, k.conkey))
                and k.confdeltype in ('n', 'd')
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
  cross join lateral (
    select
      coalesce(array_agg(a.attname::text order by a.attnum), '{}') as columns,
      coalesce(jsonb_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)), '{}') as types,
      coalesce(array_agg(a.attname::text) filter (where a.attnotnull), '{}') as required,
      coalesce(
        jsonb_object_agg(a.attname, pg_get_expr(d.adbin, d.adrelid)) filter (where d.adbin is not null),
        '{}'
      ) as defaults
    from pg_attribute as a
    left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  ) as described
  cross join lateral (
    select
      coalesce(
        array_agg(definition order by name) filter (where name in ('audit_insert', 'audit_update', 'audit_delete')),
        '{}'
      ) as trackers,
      coalesce(jsonb_object_agg(name, definition), '{}') as definitions
    from (
      select
        t.tgname as name,
        overlay(
          definition placing '%'
          from position(' ON ' in definition) + 4
          for length(format('%I.%I', n.nspname, c.relname))
        ) as definition
      from pg_trigger as t
      cross join pg_get_triggerdef(t.oid) as definition
      where t.tgrelid = c.oid and not t.tgisinternal
    ) as each_trigger
  ) as triggered
  where c.relkind in ('r', 'p')
    and c.relpersistence <> 't'
    and not c.relispartition
    and n.nspname !~ '^pg_|^information_schema$'
  order by 1`
