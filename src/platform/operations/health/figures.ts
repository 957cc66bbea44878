import { type Statements, sql } from '#platform/database'

/** What the server has done since its statistics began, in numbers. */
export type Figures = {
  since: Date | null
  /** Of the blocks that were asked for, those that were in its memory, 0 to 1; null while too few were. */
  cacheHit: number | null
  commits: number
  rollbacks: number
  deadlocks: number
  temporaryBytes: number
  checkpoints: { timed: number; requested: number }
  walBytes: number
}

export async function readFigures(tx: Statements): Promise<Figures> {
  const { hasCheckpointer } = await tx.one(sql<{ hasCheckpointer: boolean }>`
    select to_regclass('pg_catalog.pg_stat_checkpointer') is not null as has_checkpointer`)
  const checkpoints = hasCheckpointer
    ? sql`select num_timed as timed, num_requested as requested from pg_stat_checkpointer`
    : sql`select checkpoints_timed as timed, checkpoints_req as requested from pg_stat_bgwriter`
  const row = await tx.one(sql<Omit<Figures, 'checkpoints'> & { timed: number; requested: number }>`
    select
      coalesce(d.stats_reset, pg_postmaster_start_time()) as since,
      case when d.blks_hit + d.blks_read > 10000 then d.blks_hit::float8 / (d.blks_hit + d.blks_read) end as cache_hit,
      d.xact_commit as commits,
      d.xact_rollback as rollbacks,
      d.deadlocks,
      d.temp_bytes as temporary_bytes,
      (select wal_bytes from pg_stat_wal)::bigint as wal_bytes,
      c.timed,
      c.requested
    from pg_stat_database d
    cross join (${checkpoints}) as c
    where d.datname = current_database()`)
  const { timed, requested, ...rest } = row
  return { ...rest, checkpoints: { timed, requested } }
}
