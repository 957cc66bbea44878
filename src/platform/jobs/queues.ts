import { json, type Queryable, sql } from '#platform/database'
import { longestPause } from './crons.ts'
import type { Job } from './job.ts'

/** Where pg-boss has its tables. */
export const schema = 'jobs'

/** A job that is silent for this long, its worker's heart having stopped, is given to another one. */
const heartbeatSeconds = 30

/** How a job's queue treats its jobs: pg-boss' options. */
export function queueOptionsOf(job: Job) {
  return {
    // Of a recurring job there is one at a time over all servers: a tick while it is at work or waiting is dropped.
    policy: job.cron === undefined ? 'standard' : 'exclusive',
    retryLimit: job.retryLimit ?? 5,
    retryDelay: 5,
    retryBackoff: true,
    retryDelayMax: 3600,
    heartbeatSeconds,
    expireInSeconds: 4 * 3600,
    retentionSeconds: 14 * 24 * 3600,
    // That work has not come is told after two pauses: until then its last time has to be known.
    deleteAfterSeconds: Math.max(7 * 24 * 3600, 3 * (job.cron === undefined ? 0 : longestPause(job.cron))),
  }
}

/**
 * Puts work into the queue through `tx`: in a transaction the job exists if, and only if, that commits; a worker on any
 * server takes it up within two seconds. `data` is JSON: ids, not rows. `startAfter` delays it, in seconds.
 * In a tenant's own database it goes into the outbox there, and is in the queue some seconds after the commit.
 * Returns the job's id, or undefined where a recurring job is queued or at work already.
 */
export async function enqueue<Data extends object>(
  tx: Queryable,
  job: Job<Data>,
  data: Data,
  options: { startAfter?: number } = {},
): Promise<string | undefined> {
  if (await tx.usesOutbox?.()) return await putOut(tx, job as Job, data, options.startAfter ?? 0)
  const inserted = await insert(tx, job.name, data, options.startAfter ?? 0)
  if (inserted.isKnown) return inserted.id ?? undefined
  // No worker has ever run with this job. Made once; the queue of another transaction at the same time will do.
  await tx.run(sql`select jobs.create_queue(${job.name}, ${json(queueOptionsOf(job as Job))})`)
  return (await insert(tx, job.name, data, options.startAfter ?? 0)).id ?? undefined
}

async function putOut(tx: Queryable, job: Job, data: object, startAfter: number): Promise<string> {
  const { id } = await tx.one(sql<{ id: string }>`
    insert into jobs.outbox (name, queue_options, data, start_after)
    values (
      ${job.name},
      ${json(queueOptionsOf(job))},
      ${json(data)},
      now() + ${startAfter} * interval '1 second'
    )
    returning id`)
  return id
}

async function insert(tx: Queryable, name: string, data: object, startAfter: number) {
  return await tx.one(sql<{ id: string | null; isKnown: boolean }>`
    with
      known as (
        select *
        from jobs.queue
        where name = ${name}
      ),
      made as (
        insert into jobs.job (
          name, data, policy, start_after, keep_until, expire_seconds, deletion_seconds, heartbeat_seconds,
          retry_limit, retry_delay, retry_backoff, retry_delay_max
        )
        select
          name,
          ${json(data)},
          policy,
          now() + ${startAfter} * interval '1 second',
          now() + (${startAfter} + retention_seconds) * interval '1 second',
          expire_seconds,
          deletion_seconds,
          heartbeat_seconds,
          retry_limit,
          retry_delay,
          retry_backoff,
          retry_delay_max
        from known
        on conflict do nothing
        returning id
      )
    select
      (select id from made) as id,
      exists (select from known) as is_known`)
}
