import { type Queryable, sql } from '#platform/database'

/** GG-19: tracked tables whose changes are not logged as they should be, a sentence each. */
export async function findTrackingFaults(tx: Queryable): Promise<string[]> {
  const rows = await tx.run(sql<{ fault: string }>`select audit.tracking_faults() as fault`)
  return rows.map(({ fault }) => fault)
}

/** The columns whose values the log leaves out because they are secrets: `schema.table.column`. */
export async function listRedactedColumns(tx: Queryable): Promise<string[]> {
  const rows = await tx.run(sql<{ name: string }>`
    select table_name || '.' || unnest(redacted) as name
    from audit.tracked_tables`)
  return rows.map(({ name }) => name)
}
