import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'

/**
 * MT-12: whether work may be done for tenants: `held` while they are suspended or wait for their deletion, missing where
 * there is none such (any more).
 */
export async function listStandings(
  app: App,
  tenantIds: readonly string[],
): Promise<ReadonlyMap<string, 'active' | 'held'>> {
  const rows = await app.db.scoped({ system: true }).run(sql<{ id: string; isActive: boolean }>`
    select id, is_active
    from tenancy.tenants
    where id = any (${tenantIds}::uuid[])`)
  return new Map(rows.map(({ id, isActive }) => [id, isActive ? 'active' : 'held']))
}
