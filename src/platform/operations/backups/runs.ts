import type { App } from '#platform/app.ts'
import { json, type Queryable, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'

export type RunKind = 'full' | 'incremental' | 'verify' | 'drill' | 'expire'

/** Something that was done about backups. */
export type Run = {
  id: string
  kind: RunKind
  state: 'running' | 'done' | 'failed'
  backupId: string | null
  requestedBy: string | null
  startedAt: Date
  finishedAt: Date | null
  result: Record<string, unknown> | null
  failure: string | null
}

/** What a run came to; `faults` make it a failed one. */
export type Outcome = { backupId?: string; result: Record<string, unknown>; failure?: string }

/** Does the work and keeps a record of it, of a failure too. */
export async function recordRun<T extends Outcome>(
  app: App,
  { kind, requestedBy }: { kind: RunKind; requestedBy?: string | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const tx = app.db.scoped({ system: true })
  await closeForgotten(tx)
  const { id } = await tx.one(sql<{ id: string }>`
    insert into operations.backup_runs (kind, requested_by)
    values (${kind}, ${requestedBy ?? null})
    returning id`)
  try {
    const outcome = await work()
    await finish(tx, id, outcome)
    return outcome
  } catch (error) {
    const failure = error instanceof DomainError ? error.message : `Unforeseen: ${(error as Error).message}`
    // The database may be what failed; then the next run closes this one.
    await finish(tx, id, { result: {}, failure }).catch(err => app.log.warn({ err }, 'A failed run was not recorded'))
    throw error
  }
}

/** The latest first. */
export async function listRuns(
  tx: Queryable,
  { limit = 50, kinds }: { limit?: number; kinds?: RunKind[] } = {},
): Promise<Run[]> {
  return await tx.run(sql<Run>`
    select id, kind, state, backup_id, requested_by, started_at, finished_at, result, failure
    from operations.backup_runs
    where ${kinds ?? null}::text[] is null or kind = any(${kinds ?? null})
    order by started_at desc, id
    limit ${limit}`)
}

export async function removeOldRuns(tx: Queryable): Promise<void> {
  await tx.run(sql`
    delete from operations.backup_runs
    where started_at < now() - interval '400 days'`)
}

async function finish(tx: Queryable, id: string, { backupId, result, failure }: Outcome): Promise<void> {
  await tx.run(sql`
    update operations.backup_runs
    set
      state = ${failure === undefined ? 'done' : 'failed'},
      backup_id = ${backupId ?? null},
      finished_at = clock_timestamp(),
      result = ${json(result)},
      failure = ${failure ?? null}
    where id = ${id}`)
}

/** Its program was killed: none takes that long. */
async function closeForgotten(tx: Queryable): Promise<void> {
  await tx.run(sql`
    update operations.backup_runs
    set
      state = 'failed',
      finished_at = clock_timestamp(),
      failure = 'The program ended before it was done; what was unfinished is removed.'
    where state = 'running'
      and started_at < now() - interval '6 hours'`)
}
