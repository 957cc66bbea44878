import { type Statements, sql } from '#platform/database'

export type Replication = {
  isReplica: boolean
  standbys: {
    name: string
    address: string | null
    state: string
    isSynchronous: boolean
    /** WAL that it has not played yet. */
    lagBytes: number
    lagSeconds: number | null
  }[]
  slots: ReplicationSlot[]
}

export type ReplicationSlot = {
  name: string
  kind: string
  isActive: boolean
  /** WAL that the server keeps for it: what nobody fetches fills the disk. */
  keptBytes: number | null
  /** `reserved`, `extended`, `unreserved` (soon lost) or `lost`. */
  walStatus: string | null
}

/** GG-23, PE-12: standbys with their lag, and slots with what is kept for them. */
export async function readReplication(tx: Statements): Promise<Replication> {
  const { isReplica } = await tx.one(sql<{ isReplica: boolean }>`select pg_is_in_recovery() as is_replica`)
  const here = isReplica ? sql`pg_last_wal_replay_lsn()` : sql`pg_current_wal_lsn()`
  const standbys = await tx.run(sql<Replication['standbys'][number]>`
    select
      application_name as name,
      client_addr::text as address,
      coalesce(state, 'hidden') as state,
      coalesce(sync_state in ('sync', 'quorum'), false) as is_synchronous,
      coalesce(greatest(pg_wal_lsn_diff(${here}, replay_lsn), 0), 0)::bigint as lag_bytes,
      extract(epoch from replay_lag)::float8 as lag_seconds
    from pg_stat_replication
    order by 1, 2`)
  const slots = await tx.run(sql<ReplicationSlot>`
    select
      slot_name as name,
      slot_type as kind,
      active as is_active,
      greatest(pg_wal_lsn_diff(${here}, restart_lsn), 0)::bigint as kept_bytes,
      wal_status
    from pg_replication_slots
    order by 1`)
  return { isReplica, standbys, slots }
}
