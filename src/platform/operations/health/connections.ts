import { type Statements, sql } from '#platform/database'
import { withoutValues } from './statements.ts'

export type Connections = {
  /** Of the whole server; those of superusers apart. */
  limit: number
  used: number
  /** By program, login, database and state: `active`, `idle`, `idle in transaction`… */
  groups: {
    application: string
    login: string
    database: string
    state: string
    count: number
    longestSeconds: number
  }[]
  /** The oldest first. */
  longest: Session[]
}

export type Session = {
  pid: number
  application: string
  login: string
  database: string
  state: string
  waitsFor: string | null
  transactionSeconds: number | null
  querySeconds: number | null
  query: string
}

export const sessionColumns = sql`
  pid,
  application_name as application,
  coalesce(usename, '') as login,
  coalesce(datname, '') as database,
  coalesce(state, '') as state,
  nullif(concat_ws(': ', wait_event_type, wait_event), '') as waits_for,
  extract(epoch from clock_timestamp() - xact_start)::float8 as transaction_seconds,
  case when state = 'active' then extract(epoch from clock_timestamp() - query_start)::float8 end as query_seconds,
  left(query, 4000) as query`

/** GG-23: who is connected, against how many may be. */
export async function readConnections(tx: Statements): Promise<Connections> {
  const { limit, used } = await countConnections(tx)
  const groups = await tx.run(sql<Connections['groups'][number]>`
    select
      application_name as application,
      coalesce(usename, '') as login,
      coalesce(datname, '') as database,
      coalesce(state, 'hidden') as state,
      count(*)::integer as count,
      coalesce(max(extract(epoch from clock_timestamp() - state_change)), 0)::float8 as longest_seconds
    from pg_stat_activity
    where backend_type = 'client backend'
    group by 1, 2, 3, 4
    order by count(*) desc, 1, 2, 3, 4`)
  const longest = await listTransactions(tx, 20)
  return { limit, used, groups, longest }
}

export async function countConnections(
  tx: Statements,
): Promise<{ limit: number; used: number; byState: Record<string, number> }> {
  const row = await tx.one(sql<{ limit: number; used: number; byState: Record<string, number> | null }>`
    select
      current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer as limit,
      sum(count)::integer as used,
      jsonb_object_agg(state, count) as by_state
    from (
      select coalesce(state, 'hidden') as state, count(*)::integer as count
      from pg_stat_activity
      where backend_type = 'client backend'
      group by 1
    ) as states`)
  return { ...row, byState: row.byState ?? {} }
}

/** Transactions that are open, the oldest first: they keep rows from being cleared away, and locks from others. */
export async function listTransactions(tx: Statements, limit = 20): Promise<Session[]> {
  const sessions = await tx.run(sql<Session>`
    select ${sessionColumns}
    from pg_stat_activity
    where xact_start is not null
      and backend_type = 'client backend'
      and pid <> pg_backend_pid()
    order by xact_start, pid
    limit ${limit}`)
  return sessions.map(session => ({ ...session, query: withoutValues(session.query) }))
}

export type OldestTransaction = { pid: number | null; seconds: number; what: string }

/** The oldest transaction of the server, one that was prepared and forgotten too; undefined where there is none. */
export async function findOldestTransaction(tx: Statements): Promise<OldestTransaction | undefined> {
  return await tx.maybe(sql<OldestTransaction>`
    select pid, seconds::float8 as seconds, what
    from (
      select pid, extract(epoch from clock_timestamp() - xact_start) as seconds,
        format('%s of %s (%s)', coalesce(nullif(application_name, ''), 'a program'), usename, state) as what
      from pg_stat_activity
      where xact_start is not null
        and backend_type = 'client backend'
        and pid <> pg_backend_pid()
      union all
      select null, extract(epoch from clock_timestamp() - prepared), format('the prepared transaction %s', gid)
      from pg_prepared_xacts
    ) as open
    order by seconds desc
    limit 1`)
}
