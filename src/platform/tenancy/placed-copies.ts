import type { Side } from '#platform/database'

/**
 * Whether a database, reached past row security, is one that a tenant has of its own, or a copy of it (MT-17). Not so another
 * database, where all rows would seem to have been made since, nor the main one, which names the place.
 */
export async function isPlacedDataOf(copy: Side, tenantId: string): Promise<boolean> {
  const there = await copy.query(`select from pg_class where oid = to_regclass('tenancy.placements')`)
  if (there.rowCount === 0) return false
  const { rowCount } = await copy.query(
    `select
    from tenancy.tenants
    where id = $1
      and not exists (select from tenancy.placements where tenant_id = $1)`,
    [tenantId],
  )
  return rowCount === 1
}
