import { type Static, Type } from 'typebox'
import { onViolation, type Queryable, sql } from '#platform/database'
import { cutPage, dateTime, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { groupErrors } from './group-errors.ts'
import { getGroupProvider } from './group-settings.ts'

export const syncCauses = ['person', 'command', 'schedule', 'mapping', 'retry'] as const
export type SyncCause = (typeof syncCauses)[number]

/** AG-05: one time that the roles of a provider's people were brought in line with their groups. */
export const SyncRun = Type.Object({
  id: uuid,
  providerId: uuid,
  cause: oneOf(syncCauses, { description: '`mapping`: group mappings were changed' }),
  retryOf: nullable(uuid),
  status: oneOf(['running', 'succeeded', 'partly', 'failed'], { description: '`partly`: with some people it failed' }),
  startedAt: timestamp,
  endedAt: nullable(timestamp),
  people: Type.Integer({ description: 'Looked at' }),
  given: Type.Integer({ description: 'Roles' }),
  taken: Type.Integer({ description: 'Roles' }),
  proposed: Type.Integer({ description: 'Roles' }),
  unknown: Type.Integer({
    description: 'People of whom the latest answer did not tell the groups: nothing is taken from them',
  }),
  failed: Type.Integer({ description: 'People' }),
  error: nullable(Type.String()),
})
export type SyncRun = Static<typeof SyncRun>

const columns = sql`
  id, provider_id, cause, retry_of, status, started_at, ended_at, people, given, taken, proposed, unknown, failed, error`

/** The runs of a provider, the latest first. */
export async function listSyncRuns(
  tx: Queryable,
  providerId: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: SyncRun[]; nextCursor: string | null }> {
  const list = JSON.stringify(['sync-runs', providerId])
  const last = readCursor(page.cursor, list, Type.Tuple([dateTime, uuid]))
  const rows = await tx.run(sql<SyncRun & { moment: string }>`
    select
      ${columns},
      to_char(started_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
    from federation.sync_runs
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}
      ${last ? sql`and (started_at, id) < (${last[0]}::timestamptz, ${last[1]}::uuid)` : sql``}
    order by started_at desc, id desc
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...run }) => run), nextCursor }
}

/** Refuses with `federation.sync_run_not_found`. */
export async function getSyncRun(tx: Queryable, id: string): Promise<SyncRun> {
  const found = await tx.maybe(sql<SyncRun>`
    select ${columns}
    from federation.sync_runs
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}`)
  if (!found) throw groupErrors.syncRunNotFound({ id })
  return found
}

/** Somebody whose roles a run could not bring in line. */
export const SyncRunError = Type.Object({
  userId: uuid,
  fullName: nullable(Type.String()),
  email: Type.String(),
  code: Type.String(),
  message: Type.String(),
})
export type SyncRunError = Static<typeof SyncRunError>

export async function listSyncRunErrors(
  tx: Queryable,
  runId: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: SyncRunError[]; nextCursor: string | null }> {
  await getSyncRun(tx, runId)
  const list = JSON.stringify(['sync-run-errors', runId])
  const last = readCursor(page.cursor, list, Type.Tuple([Type.String(), uuid]))
  const rows = await tx.run(sql<SyncRunError>`
    select user_id, full_name, email, code, message
    from federation.sync_run_error_details
    where tenant_id = ${tx.scope.tenantId}
      and run_id = ${runId}
      ${last ? sql`and (email, user_id) > (${last[0]}, ${last[1]}::uuid)` : sql``}
    order by email, user_id
    limit ${page.limit + 1}`)
  return cutPage(rows, page.limit, list, row => [row.email, row.userId])
}

/**
 * What a run begins with. Refuses with `federation.sync_running` while another one of the provider is at work, and with
 * `federation.sync_of_inactive`. `tx` is a transaction.
 */
export async function insertSyncRun(
  tx: Queryable,
  { providerId, cause, retryOf = null }: { providerId: string; cause: SyncCause; retryOf?: string | null },
): Promise<SyncRun> {
  const { isActive } = await getGroupProvider(tx, providerId)
  if (!isActive) throw groupErrors.syncOfInactive()
  await tx.run(sql`
    update federation.sync_runs
    set status = 'failed', ended_at = now(), error = 'It broke off: the program that did it has stopped.'
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}
      and status = 'running'
      and seen_at < now() - interval '5 minutes'`)
  return await onViolation(
    tx.one(sql<SyncRun>`
      insert into federation.sync_runs (provider_id, cause, retry_of, started_by)
      values (${providerId}, ${cause}, ${retryOf}, ${tx.scope.userId ?? null})
      returning ${columns}`),
    { sync_runs_one_at_a_time: () => groupErrors.syncRunning() },
  )
}
