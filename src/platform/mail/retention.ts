import { type Queryable, sql } from '#platform/database'
import type { Job } from '#platform/jobs'

/** Removes what became of mails 30 days ago, and the counts of past hours. */
export const removeOldMails: Job = {
  name: 'mail.remove-old',
  description: 'Removes mails 30 days after they were written',
  cron: '41 3 * * *',
  async run(_data, app) {
    const removed = await app.db.transaction({ system: true }, async tx => {
      await giveUpForgotten(tx)
      await tx.run(sql`
        delete from mail.quotas
        where began_at < now() - interval '1 day'`)
      return await tx.one(sql<{ messages: number }>`
        with removed as (
          delete from mail.messages
          where created_at < now() - interval '30 days'
          returning id
        )
        select count(*) as messages
        from removed`)
    })
    app.log.info(removed, 'old mails removed')
  },
}

/** Queued, but past the day in which it is tried: its job is gone. The links in it are of no more use. */
async function giveUpForgotten(tx: Queryable): Promise<void> {
  await tx.run(sql`
    update mail.messages
    set
      status = 'failed',
      content = null,
      last_error = coalesce(last_error, 'It was never tried.')
    where status = 'queued'
      and created_at < now() - interval '3 days'`)
}
