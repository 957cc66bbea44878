import { type Statements, sql } from '#platform/database'
import { type Session, sessionColumns } from './connections.ts'
import { withoutValues } from './statements.ts'

/** A session that others wait for, or that waits itself, with those that wait for it. */
export type LockNode = Session & {
  /** What it waits for, and in which mode: `tenancy.tenants (RowExclusiveLock)`; null for who only holds. */
  wants: string | null
  waitedSeconds: number | null
  /** Sessions that it keeps waiting; who is waited for by several stands below the first. */
  blocked: LockNode[]
}

type Waiting = Session & { wants: string | null; waitedSeconds: number | null; blockers: number[] }

/** GG-23: who blocks whom, as trees: the roots wait for nobody (or, in a deadlock that is not found yet, for each other). */
export async function readLockTree(tx: Statements): Promise<LockNode[]> {
  const sessions = await tx.run(sql<Waiting>`
    with
      waiting as (
        select pid, pg_blocking_pids(pid) as blockers
        from pg_stat_activity
        where wait_event_type = 'Lock'
      ),
      concerned as (
        select pid from waiting
        union
        select unnest(blockers) from waiting
      )
    select
      ${sessionColumns},
      coalesce(waiting.blockers, '{}') as blockers,
      wanted.wants,
      case when waiting.pid is not null
        then extract(epoch from clock_timestamp() - coalesce(wanted.waitstart, activity.query_start))::float8 end as waited_seconds
    from concerned
    join pg_stat_activity activity using (pid)
    left join waiting using (pid)
    left join lateral (
      select
        format('%s (%s)', coalesce(l.relation::regclass::text, l.locktype), l.mode) as wants,
        l.waitstart
      from pg_locks l
      where l.pid = activity.pid
        and not l.granted
      limit 1
    ) as wanted on true
    order by activity.pid`)
  return growTree(sessions.map(session => ({ ...session, query: withoutValues(session.query) })))
}

/** Each session once, below the first that blocks it. */
export function growTree(sessions: readonly Waiting[]): LockNode[] {
  const nodes = new Map(
    sessions.map(({ blockers: _, ...session }) => [session.pid, { ...session, blocked: [] } as LockNode]),
  )
  const placed = new Set<number>()
  const place = (pid: number): LockNode => {
    placed.add(pid)
    const node = nodes.get(pid) as LockNode
    for (const { pid: other, blockers } of sessions)
      if (blockers.includes(pid) && !placed.has(other)) node.blocked.push(place(other))
    return node
  }
  const roots = sessions.filter(({ blockers }) => !blockers.some(pid => nodes.has(pid)))
  const trees = roots.map(({ pid }) => place(pid))
  // Who waits in a circle is below nobody.
  for (const { pid } of sessions) if (!placed.has(pid)) trees.push(place(pid))
  return trees
}

export type Blocked = { pid: number; seconds: number; by: string; wants: string }

/** Sessions that wait for a lock longer than `seconds`. */
export async function listBlocked(tx: Statements, seconds: number): Promise<Blocked[]> {
  return await tx.run(sql<Blocked>`
    select
      a.pid,
      extract(epoch from clock_timestamp() - coalesce(l.waitstart, a.query_start))::float8 as seconds,
      array_to_string(pg_blocking_pids(a.pid), ', ') as by,
      coalesce(l.relation::regclass::text, l.locktype) as wants
    from pg_stat_activity a
    join lateral (select * from pg_locks where pid = a.pid and not granted limit 1) as l on true
    where a.wait_event_type = 'Lock'
      and clock_timestamp() - coalesce(l.waitstart, a.query_start) > ${seconds} * interval '1 second'
    order by 2 desc`)
}
