import { type Database, json, type Queryable, sql } from '#platform/database'

const portion = 500

const system = { system: true }

/**
 * MT-17: takes work over from the outbox of a database without workers (`there`, in the system scope) into the queue of
 * the main one, each row once: whoever is killed between the two is followed by somebody who finds what he has taken over
 * and only removes it there. `databaseId` is null for rows that were put into the main database's own outbox.
 * Returns how many rows were taken over; the outbox was empty then.
 */
export async function relayOutbox(main: Database, there: Queryable, databaseId: string | null): Promise<number> {
  let relayed = 0
  for (;;) {
    const rows = await there.run(sql<OutboxRow>`
      select tenant_id, id, name, queue_options, data, start_after, created_at
      from jobs.outbox
      order by id
      limit ${portion}`)
    if (rows.length > 0) {
      relayed += await main.transaction(system, tx => takeOver(tx, rows, databaseId))
      await there.run(sql`
        delete from jobs.outbox
        where (tenant_id, id) in (
          select *
          from unnest(${rows.map(({ tenantId }) => tenantId)}::uuid[], ${rows.map(({ id }) => id)}::uuid[])
        )`)
    }
    if (rows.length < portion) break
  }
  // Nobody has read the outbox an hour ago and writes what he read only now.
  await main.scoped(system).run(sql`
    delete from jobs.relayed_jobs
    where database_id is not distinct from ${databaseId}::uuid
      and relayed_at < now() - interval '1 hour'`)
  return relayed
}

type OutboxRow = {
  tenantId: string
  id: string
  name: string
  queueOptions: object
  data: object
  startAfter: Date
  createdAt: Date
}

async function takeOver(tx: Queryable, rows: readonly OutboxRow[], databaseId: string | null): Promise<number> {
  const options = new Map(rows.map(({ name, queueOptions }) => [name, queueOptions]))
  const known = await tx.run(sql<{ name: string }>`
    select name
    from jobs.queue
    where name = any (${[...options.keys()]}::text[])`)
  for (const { name } of known) options.delete(name)
  for (const [name, queueOptions] of options)
    await tx.run(sql`select jobs.create_queue(${name}, ${json(queueOptions)})`)
  const described = rows.map(({ id, name, data, startAfter, createdAt }) => ({
    id,
    name,
    data,
    start_after: startAfter,
    created_at: createdAt,
  }))
  const { relayed } = await tx.one(sql<{ relayed: number }>`
    with
      offered as (
        select *
        from jsonb_to_recordset(${json(described)}) as offered (
          id uuid, name text, data jsonb, start_after timestamptz, created_at timestamptz
        )
      ),
      taken as (
        insert into jobs.relayed_jobs (id, database_id)
        select id, ${databaseId}::uuid
        from offered
        order by id
        on conflict (id) do nothing
        returning id
      ),
      queued as (
        insert into jobs.job (
          id, name, data, start_after, created_on, keep_until, policy, expire_seconds, deletion_seconds,
          heartbeat_seconds, retry_limit, retry_delay, retry_backoff, retry_delay_max
        )
        select
          offered.id,
          offered.name,
          offered.data,
          offered.start_after,
          offered.created_at,
          greatest(now(), offered.start_after) + queue.retention_seconds * interval '1 second',
          queue.policy,
          queue.expire_seconds,
          queue.deletion_seconds,
          queue.heartbeat_seconds,
          queue.retry_limit,
          queue.retry_delay,
          queue.retry_backoff,
          queue.retry_delay_max
        from taken
        join offered using (id)
        join jobs.queue as queue
          on queue.name = offered.name
        on conflict do nothing
      )
    select count(*)::integer as relayed
    from taken`)
  return relayed
}
