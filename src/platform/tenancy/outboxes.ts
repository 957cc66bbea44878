import { type App, mainApp } from '#platform/app.ts'
import { Database, type Queryable, sql } from '#platform/database'
import { type Job, relayOutbox } from '#platform/jobs'

const system = { system: true } as const

/** Databases looked at in one round, and at a time. */
const most = 40
const parallel = 4

/** After so long another worker looks at a database that one has begun with, s. */
const lease = 15

/**
 * MT-17: takes over what was put into the outboxes of the databases that are noted. One that is away is tried again, after
 * two seconds to a minute. Returns how many jobs are in the queue now.
 */
export async function relayOutboxes(given: App): Promise<number> {
  const app = mainApp(given)
  const tx = app.db.scoped(system)
  const noted = await tx.run(sql<Noted>`
    update tenancy.noted_outboxes
    set next_at = now() + ${lease} * interval '1 second'
    where database_id in (
      select database_id
      from tenancy.noted_outboxes
      where next_at <= now()
      order by next_at
      limit ${most}
      for update skip locked
    )
    returning database_id, noted_at::text as noted_at, failures`)
  let relayed = 0
  const take = async () => {
    for (let next = noted.shift(); next; next = noted.shift()) relayed += await relay(app, next)
  }
  await Promise.all(Array.from({ length: parallel }, take))
  if (relayed > 0) app.log.info({ relayed }, 'work of tenants with a database of their own taken over')
  return relayed
}

type Noted = { databaseId: string; notedAt: string; failures: number }

async function relay(app: App, { databaseId, notedAt, failures }: Noted): Promise<number> {
  const tx = app.db.scoped(system)
  try {
    const relayed =
      (await app.placed?.within(databaseId, it => relayOutbox(app.db, it.scoped(system), databaseId))) ?? 0
    await tx.run(sql`
      with gone as (
        delete from tenancy.noted_outboxes
        where database_id = ${databaseId}
          and noted_at = ${notedAt}::timestamptz
      )
      update tenancy.noted_outboxes
      set next_at = now(), failures = 0, last_error = null
      where database_id = ${databaseId}
        and noted_at <> ${notedAt}::timestamptz`)
    return relayed
  } catch (err) {
    const reason = (err as Error).message.slice(0, 1_000)
    app.log.warn({ err, databaseId }, 'an outbox cannot be reached, to be tried again')
    await tx.run(sql`
      update tenancy.noted_outboxes
      set failures = failures + 1, last_error = ${reason},
        next_at = now() + ${Math.min(60, 2 ** Math.min(failures + 1, 6))} * interval '1 second'
      where database_id = ${databaseId}`)
    return 0
  }
}

/** Has the outbox of a database looked at soon. `db` is the main one. */
export async function noteOutbox(db: Database, databaseId: string): Promise<void> {
  await db.scoped(system).run(sql`
    insert into tenancy.noted_outboxes (database_id)
    values (${databaseId})
    on conflict (database_id) do update
    set noted_at = clock_timestamp(), next_at = case noted_outboxes.failures when 0 then now() else noted_outboxes.next_at end`)
}

/** Whoever was killed between his commit and his note has left work unnoted. */
export const lookAtOutboxes: Job = {
  name: 'tenancy.look-at-outboxes',
  description: 'Looks for work in databases of tenants of which nobody has told',
  cron: '*/5 * * * *',
  async run(_data, given) {
    const app = mainApp(given)
    await relayOutbox(app.db, app.db.scoped(system), null)
    const found = await app.placements?.askAll(async admin => {
      const db = new Database({ login: admin, poolSize: 1, readLanes: 0 })
      try {
        return await db.scoped(system).one(sql<{ has: boolean }>`select exists (select from jobs.outbox) as has`)
      } finally {
        await db.close()
      }
    })
    for (const { id, answer } of found ?? []) if (answer?.has) await noteOutbox(app.db, id)
  },
}

/** Databases of tenants whose outbox could not be taken over again and again, with why and since when work waits there. */
export async function listFailingOutboxes(
  tx: Queryable,
): Promise<{ name: string; seconds: number; lastError: string }[]> {
  return await tx.run(sql<{ name: string; seconds: number; lastError: string }>`
    select
      d.name,
      extract(epoch from now() - o.noted_at)::float8 as seconds,
      coalesce(o.last_error, 'unknown') as last_error
    from tenancy.noted_outboxes as o
    join tenancy.databases as d on d.id = o.database_id
    where o.failures >= 5
    order by d.name`)
}
