import { type Queryable, sql } from '#platform/database'

/**
 * GG-15: makes the partitions of this month and three ahead of every table that is partitioned by month, and returns the
 * new ones. Without them writing fails, so the server calls it at its start too: it may have been down for months.
 */
export async function ensureMonthPartitions(tx: Queryable): Promise<string[]> {
  const made = await tx.run(sql<{ name: string }>`select platform.ensure_month_partitions() as name`)
  return made.map(({ name }) => name)
}

/** Tables that can take rows for less than a month from now, with the end: an alarm, the daily job has not run. */
export async function findShortHorizons(tx: Queryable): Promise<{ tableName: string; madeUntil: Date | null }[]> {
  return await tx.run(sql<{ tableName: string; madeUntil: Date | null }>`
    select table_name, made_until
    from platform.month_partition_horizons
    where is_short
    order by table_name`)
}
