import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import type { Job } from '#platform/jobs'
import { recordMaintenance } from '#platform/operations'

/** So many are found and counted one by one as fast. */
const fewestProfiles = 10_000
/** Up to so many changes cost a search next to nothing. */
const fewestChanges = 500

/**
 * GG-06: makes the bits anew in which searches count, when they are worth it: at once where there are none, hourly after many
 * changes, daily after any. Searches use the old ones meanwhile.
 */
export async function refreshSearchBits(app: Pick<App, 'db'>): Promise<boolean> {
  const { isDone } = await app.db.unscoped.one(sql<{ isDone: boolean }>`
    select contractors.refresh_search_bits() as is_done`)
  return isDone
}

export const refreshSearchBitsJob: Job = {
  name: 'contractors.refresh-search-bits',
  description: 'Makes the bits anew in which searches without words count contractors, when many have changed',
  cron: '*/5 * * * *',
  async run(_data, app) {
    if (await isRefreshDue(app))
      await recordMaintenance(app, 'contractors.refresh-search-bits', () => refreshSearchBits(app))
  },
}

export async function isRefreshDue(app: Pick<App, 'db'>): Promise<boolean> {
  const due = await app.db.unscoped.one(sql<{ isDue: boolean }>`
    select
      exists (select from contractors.contractor_profiles offset ${fewestProfiles - 1} limit 1)
      and not exists (
        select
        from contractors.search_snapshot as snapshot
        where snapshot.revision = coalesce((select revision from contractors.catalogue_state), 0)
          or snapshot.made_at > now() - interval '1 hour'
          or snapshot.made_at > now() - interval '1 day'
            and not exists (
              select
              from contractors.search_changes
              where revision > snapshot.revision
              offset ${fewestChanges - 1}
              limit 1
            )
            and not exists (
              select
              from contractors.contractor_profiles
              where created_at = any(array(
                select distinct unnest(created_at_of_new)
                from contractors.catalogue_revisions
                where number > snapshot.revision
              ))
              offset ${fewestChanges - 1}
              limit 1
            )
      ) as is_due`)
  return due.isDue
}
