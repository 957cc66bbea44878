import { type Statements, sql } from '#platform/database'

/** From here on the database has enough to do. */
const busy = { sessions: 12, transactionSeconds: 15 * 60, lagBytes: 512 * 2 ** 20 }

/** Why maintenance had better wait; undefined while the database is quiet enough. */
export async function findBusiness(tx: Statements): Promise<string | undefined> {
  const row = await tx.one(sql<{ sessions: number; seconds: number | null; lag: number | null }>`
    select
      (
        select count(*)
        from pg_stat_activity
        where backend_type = 'client backend'
          and state = 'active'
          and application_name not like 'commonhold operations%'
          and pid <> pg_backend_pid()
      )::integer as sessions,
      (
        select max(extract(epoch from clock_timestamp() - xact_start))
        from pg_stat_activity
        where backend_type = 'client backend'
          and datname = current_database()
          and pid <> pg_backend_pid()
      )::float8 as seconds,
      (
        select max(pg_wal_lsn_diff(sent_lsn, replay_lsn))
        from pg_stat_replication
      )::bigint as lag`)
  if (row.sessions >= busy.sessions) return `${row.sessions} sessions are at work`
  if ((row.seconds ?? 0) >= busy.transactionSeconds)
    return `a transaction is open for ${Math.round((row.seconds ?? 0) / 60)} minutes`
  if ((row.lag ?? 0) >= busy.lagBytes) return `a replica is ${Math.round((row.lag ?? 0) / 2 ** 20)} MB behind`
  return undefined
}
