import type { App } from '#platform/app.ts'
import { sql, uuidPattern } from '#platform/database'

/**
 * Whether work may be done for tenants: `held` while they are suspended or wait for their deletion, missing where there is
 * no such tenant any more. Jobs stand below tenancy, and are told by whoever starts the worker.
 */
export type Standings = (tenantIds: readonly string[]) => Promise<ReadonlyMap<string, 'active' | 'held'>>

/** The tenant that a job is for, by its data. */
export function tenantOf(data: object): string | undefined {
  const { tenantId } = data as { tenantId?: unknown }
  return typeof tenantId === 'string' && uuidPattern.test(tenantId) ? tenantId : undefined
}

/**
 * Takes a job that is at work out of the queue, which would drop it after two weeks, and keeps it until its tenant is
 * active again: one statement, so that it is in one of the two places whoever is killed.
 */
export async function parkJob(app: App, tenantId: string, { name, id }: { name: string; id: string }): Promise<void> {
  await app.db.scoped(system).run(sql`
    with taken as (
      delete from jobs.job
      where name = ${name}
        and id = ${id}
      returning *
    )
    insert into jobs.parked_jobs (
      tenant_id, id, name, data, priority, retry_count, singleton_key, start_after, created_at
    )
    select ${tenantId}, id, name, data, priority, retry_count, singleton_key, start_after, created_on
    from taken
    on conflict (tenant_id, id) do nothing`)
}

/** A job for a tenant that is no more. */
export async function dropJob(app: App, { name, id }: { name: string; id: string }): Promise<void> {
  await app.db.scoped(system).run(sql`
    delete from jobs.job
    where name = ${name}
      and id = ${id}`)
}

/**
 * Puts the jobs of tenants that are active again back into the queue, as they were, and drops those of tenants that are no
 * more. Asked every few seconds and not when a status changes: a job that is parked at that very moment comes back too.
 */
export async function settleParkedJobs(app: App, standings: Standings): Promise<{ resumed: number; dropped: number }> {
  const tx = app.db.scoped(system)
  const parked = await tx.run(sql<{ tenantId: string }>`
    select distinct tenant_id
    from jobs.parked_jobs`)
  if (parked.length === 0) return { resumed: 0, dropped: 0 }
  const ids = parked.map(({ tenantId }) => tenantId)
  const known = await standings(ids)
  const active = ids.filter(id => known.get(id) === 'active')
  const gone = ids.filter(id => !known.has(id))
  const { resumed } = await tx.one(sql<{ resumed: number }>`
    with
      back as (
        delete from jobs.parked_jobs
        where tenant_id = any (${active}::uuid[])
          and name in (select name from jobs.queue)
        returning *
      ),
      queued as (
        insert into jobs.job (
          id, name, data, priority, retry_count, singleton_key, start_after, created_on, keep_until, policy,
          expire_seconds, deletion_seconds, heartbeat_seconds, retry_limit, retry_delay, retry_backoff, retry_delay_max
        )
        select
          back.id,
          back.name,
          back.data,
          back.priority,
          back.retry_count,
          back.singleton_key,
          back.start_after,
          back.created_at,
          greatest(now(), back.start_after) + queue.retention_seconds * interval '1 second',
          queue.policy,
          queue.expire_seconds,
          queue.deletion_seconds,
          queue.heartbeat_seconds,
          queue.retry_limit,
          queue.retry_delay,
          queue.retry_backoff,
          queue.retry_delay_max
        from back
        join jobs.queue as queue
          on queue.name = back.name
        on conflict do nothing
        returning 1
      )
    select count(*)::integer as resumed
    from queued`)
  const dropped = await tx.run(sql`
    delete from jobs.parked_jobs
    where tenant_id = any (${gone}::uuid[])
    returning id`)
  return { resumed, dropped: dropped.length }
}

const system = { system: true }
