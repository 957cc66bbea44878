import { type Queryable, sql } from '#platform/database'
import type { Job } from '#platform/jobs'

/** So many rows in one transaction: its locks are gone within a fraction of a second. */
const batch = 2_000
/** Of one person; older ones go. */
export const mostKept = 1_000

/** Removes what was read 90 days ago, what is a year old, and what a person has beyond 1,000. */
export const removeOldNotifications: Job = {
  name: 'notifications.remove-old',
  description:
    'Removes notifications: read ones after 90 days, others after a year, and all but the newest 1,000 of a person',
  cron: '47 3 * * *',
  async run(_data, app) {
    // Without a transaction around it: each batch commits by itself.
    const tx = app.db.scoped({ system: true })
    const old = await removeInBatches(
      tx,
      sql`select tenant_id, id from notifications.notifications
        where read_at < now() - interval '90 days' or created_at < now() - interval '1 year'`,
    )
    const surplus = await removeInBatches(
      tx,
      sql`select ranked.tenant_id, ranked.id
        from (
          select user_id
          from notifications.notifications
          group by user_id
          having count(*) > ${mostKept}
        ) as many
        cross join lateral (
          select tenant_id, id
          from notifications.notifications as his
          where his.user_id = many.user_id
          order by id desc
          offset ${mostKept}
        ) as ranked`,
    )
    app.log.info({ old, surplus }, 'Old notifications removed')
  },
}

async function removeInBatches(tx: Queryable, ids: ReturnType<typeof sql>): Promise<number> {
  for (let removed = 0; ; ) {
    const { count } = await tx.one(sql<{ count: number }>`
      with
        old as (
          ${ids}
          limit ${batch}
        ),
        removed as (
          delete from notifications.notifications
          where (tenant_id, id) in (select tenant_id, id from old)
          returning 1
        )
      select count(*)::integer as count
      from removed`)
    removed += count
    if (count < batch) return removed
  }
}
