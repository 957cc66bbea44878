import pg from 'pg'
import { errorTable } from '#platform/errors.ts'
import { connectAs } from './migrator.ts'

const errors = errorTable('studio', {
  noTable: ['not_found', 'There is no table or view {table}; without a name, db studio lists them.'],
})

type Row = Record<string, unknown>

/** All tables and views with the planner's estimate of their rows and their size on disk. */
export async function listTables(admin: pg.ClientConfig): Promise<Row[]> {
  return await reading(admin, async client => {
    const { rows } = await client.query(`
      select format('%I.%I', n.nspname, c.relname) as "table",
        case when c.relkind in ('r', 'p', 'm') then (
          select sum(greatest(part.reltuples, 0))::bigint
          from pg_partition_tree(c.oid) tree
          right join pg_class part on part.oid = coalesce(tree.relid, c.oid)
          where part.oid = c.oid or part.oid = tree.relid
        ) end as "rows (estimate)",
        pg_size_pretty((
          select sum(pg_total_relation_size(coalesce(tree.relid, c.oid)))
          from (select c.oid) self
          left join pg_partition_tree(c.oid) tree on true
        )) as size,
        coalesce(obj_description(c.oid, 'pg_class'), '') as comment
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
        and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      order by n.nspname, c.relname`)
    return rows
  })
}

/** Rows of one table or view as they are stored; with `tenantId` those that row security gives in that tenant's scope. */
export async function showRows(
  admin: pg.ClientConfig,
  { table, tenantId, limit }: { table: string; tenantId?: string; limit: number },
): Promise<Row[]> {
  return await reading(admin, async client => {
    const { rows } = await client
      .query<{ name: string | null }>('select to_regclass($1)::text as name', [table])
      .catch(error => {
        if (error instanceof pg.DatabaseError) return { rows: [] }
        throw error
      })
    const name = rows[0]?.name
    if (!name) throw errors.noTable({ table })
    if (tenantId !== undefined) {
      await client.query('set local role commonhold_owner')
      await client.query(`select set_config('app.tenant_id', $1, true)`, [tenantId])
    }
    return (await client.query(`select * from ${name} limit $1`, [limit])).rows
  })
}

async function reading<T>(admin: pg.ClientConfig, read: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connectAs(admin)
  try {
    await client.query('begin read only')
    return await read(client)
  } finally {
    await client.end()
  }
}
