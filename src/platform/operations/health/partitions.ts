import { type Statements, sql } from '#platform/database'

export type PartitionHorizon = {
  table: string
  /** Rows of a later time are refused. */
  madeUntil: Date | null
  isShort: boolean
  partitions: number
}

/** GG-15: until when each table that is partitioned by month can take rows. */
export async function listPartitionHorizons(tx: Statements): Promise<PartitionHorizon[]> {
  return await tx.run(sql<PartitionHorizon>`
    select
      table_name as table,
      made_until,
      is_short,
      (select count(*) from pg_inherits where inhparent = to_regclass(table_name))::integer as partitions
    from platform.month_partition_horizons
    order by made_until nulls first, table_name`)
}
