import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Reader, sql } from '#platform/database'
import { nullable, timestamp } from '#platform/http'
import type { Job } from '#platform/jobs'
import { recordMaintenance } from '#platform/operations'
import { errors } from './summary-errors.ts'

/** When the summary was last counted, and whether it is being counted now. */
export const RefreshState = Type.Object({
  refreshedAt: nullable({
    ...timestamp,
    description: 'The end of the last refresh that was done; null before the first',
  }),
  seconds: nullable(Type.Number({ description: 'How long it took' })),
  startedAt: nullable({ ...timestamp, description: 'Of a refresh that is under way' }),
  failure: nullable(Type.String({ description: 'Why the refresh after the last good one has failed' })),
  failedAt: nullable(timestamp),
})
export type RefreshState = Static<typeof RefreshState>

/** Whoever was killed in the middle has no more than this, minutes: the next refresh says so. */
const longest = 30

export async function getRefreshState(tx: Reader): Promise<RefreshState> {
  return await tx.one(sql<RefreshState>`
    select
      done.finished_at as refreshed_at,
      extract(epoch from done.finished_at - done.started_at)::float8 as seconds,
      running.started_at,
      failed.failure,
      failed.finished_at as failed_at
    from (select) as always
    left join lateral (
      select started_at, finished_at
      from contractors.summary_refreshes
      where status = 'done'
      order by started_at desc
      limit 1
    ) as done on true
    left join lateral (
      select started_at
      from contractors.summary_refreshes
      where status = 'running'
        and started_at > now() - ${longest} * interval '1 minute'
      order by started_at desc
      limit 1
    ) as running on true
    left join lateral (
      select failure, finished_at
      from contractors.summary_refreshes
      where status = 'failed'
        and started_at > coalesce(done.started_at, '-infinity')
      order by started_at desc
      limit 1
    ) as failed on true`)
}

/**
 * GG-22: counts the catalogue anew. Readers see the old numbers until the new ones are whole, and never wait. One at a time:
 * refuses with conflict while another one does it. A failure is written down before it is thrown.
 */
export async function refreshSummary(app: Pick<App, 'db'>, requestedBy?: string): Promise<RefreshState> {
  const tx = app.db.unscoped
  const { id } = await tx.one(sql<{ id: string }>`
    insert into contractors.summary_refreshes (requested_by)
    values (${requestedBy ?? null})
    returning id`)
  try {
    const { isDone } = await tx.one(sql<{ isDone: boolean }>`
      select contractors.refresh_profile_summary(${id}) as is_done`)
    if (!isDone) {
      await tx.run(sql`delete from contractors.summary_refreshes where id = ${id}`)
      throw errors.summaryRefreshing()
    }
  } catch (error) {
    // Of what another refresh has taken away nothing is left to be written.
    await tx.run(sql`
      update contractors.summary_refreshes
      set status = 'failed', finished_at = now(), failure = ${failureOf(error)}
      where id = ${id}
        and status = 'running'`)
    throw error
  }
  await tx.run(sql`
    delete from contractors.summary_refreshes
    where started_at < now() - interval '30 days'`)
  return await getRefreshState(tx)
}

const failureOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 1_000)

/** Each hour, and whenever somebody asks for it. */
export const refreshSummaryJob: Job<{ requestedBy?: string }> = {
  name: 'contractors.refresh-summary',
  description: 'Counts the catalogue of contractors for the overview',
  cron: '7 * * * *',
  retryLimit: 2,
  async run({ requestedBy }, app) {
    await recordMaintenance(app, 'contractors.refresh-summary', () => refreshSummary(app, requestedBy))
  },
}
