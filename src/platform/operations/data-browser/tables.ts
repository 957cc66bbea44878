import type { App } from '#platform/app.ts'
import { listRedactedColumns } from '#platform/audit'
import { plainComment, sql } from '#platform/database'

export type BrowsedColumn = {
  name: string
  type: string
  comment: string | null
  isRequired: boolean
  isKey: boolean
  /** Its values are secrets: neither shown nor compared with anything. */
  isRedacted: boolean
}

export type BrowsedTable = {
  /** `schema.table`. */
  name: string
  schema: string
  comment: string | null
  /** Whether each row belongs to a tenant; else row security alone says what is seen in a tenant's scope. */
  hasTenant: boolean
  /** Whether it is in a tenant's own database where the tenant has one. */
  isPlaced: boolean
  columns: BrowsedColumn[]
  references: { columns: string[]; table: string; referred: string[] }[]
}

/** What is a secret by its name, beside what the audit log redacts and what modules have declared as encrypted. */
const secretName = /(^|_)(hash|digest|secret|secrets|password|token|tokens|encrypted|private_key|sealed|verifier)($|_)/

/** All tables of the modules, as the catalog of the main database has them. Partitions are left to their tables. */
export async function listBrowsedTables(app: App): Promise<BrowsedTable[]> {
  const tx = app.db.scoped({ system: true })
  const rows = await tx.run(sql<Omit<BrowsedTable, 'isPlaced'>>`
    select
      n.nspname || '.' || c.relname as name,
      n.nspname as schema,
      obj_description(c.oid, 'pg_class') as comment,
      exists (
        select from pg_attribute where attrelid = c.oid and attname = 'tenant_id' and not attisdropped
      ) as has_tenant,
      (
        select jsonb_agg(
          jsonb_build_object(
            'name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod),
            'comment', col_description(c.oid, a.attnum),
            'isRequired', a.attnotnull,
            'isKey', a.attnum = any(coalesce(k.conkey, '{}'))
          )
          order by a.attnum
        )
        from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      ) as columns,
      coalesce(
        (
          select jsonb_agg(
            jsonb_build_object(
              'table', tn.nspname || '.' || tc.relname,
              'columns', (
                select jsonb_agg(attname order by place)
                from unnest(f.conkey) with ordinality as key (number, place)
                join pg_attribute on attrelid = f.conrelid and attnum = key.number
              ),
              'referred', (
                select jsonb_agg(attname order by place)
                from unnest(f.confkey) with ordinality as key (number, place)
                join pg_attribute on attrelid = f.confrelid and attnum = key.number
              )
            )
            order by f.conname
          )
          from pg_constraint as f
          join pg_class as tc on tc.oid = f.confrelid
          join pg_namespace as tn on tn.oid = tc.relnamespace
          where f.conrelid = c.oid and f.contype = 'f' and f.conparentid = 0
        ),
        '[]'
      ) as references
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    left join pg_constraint as k on k.conrelid = c.oid and k.contype = 'p'
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and n.nspname = any(${schemasOf(app)})
    order by n.nspname, c.relname`)
  const placed = new Set(
    app.modules.flatMap(({ placement, schema }) => (placement === 'tenant' && schema ? [schema] : [])),
  )
  const secrets = new Set([
    ...(await listRedactedColumns(tx)),
    ...app.modules.flatMap(({ encrypted = [] }) => encrypted.map(({ table, column }) => `${table}.${column}`)),
  ])
  return rows.map(({ columns, ...table }) => ({
    ...table,
    comment: plainComment(table.comment),
    isPlaced: placed.has(table.schema) && table.hasTenant,
    columns: columns.map(column => ({
      ...column,
      comment: plainComment(column.comment),
      isRedacted:
        secrets.has(`${table.name}.${column.name}`) || secretName.test(column.name) || column.type === 'bytea',
    })),
  }))
}

/** The schemas of the modules, with the platform's that no module has. */
function schemasOf({ modules }: App): string[] {
  return [...new Set([...modules.flatMap(({ schema }) => schema ?? []), 'jobs'])]
}
