import { type Statements, sql } from '#platform/database'

/** Counts the rows anew that triggers count, for a tenant whose rows were written past those. As an administrator. */
export async function recountRows(tx: Statements, tenantId: string): Promise<void> {
  const counted = await tx.run(sql<{ table: string; metric: string }>`
    select tgrelid::regclass::text as table, encode(tgargs, 'escape') as metric
    from pg_trigger
    where tgfoid = 'usage.count_changed_rows'::regproc
      and tgname = 'count_inserted'`)
  for (const { table, metric } of counted) {
    const name = metric.replace(/\\000.*$/s, '')
    await tx.run(sql`select usage.recount_rows(${tenantId}, ${name}, ${table}::regclass)`)
  }
}

/** The same for a tenant that came in from elsewhere with its plan and its limits, which hold from then on. */
export async function countTenantAnew(tx: Statements, tenantId: string): Promise<void> {
  await recountRows(tx, tenantId)
  await tx.run(sql`select usage.apply_quotas(array[${tenantId}]::uuid[])`)
}
