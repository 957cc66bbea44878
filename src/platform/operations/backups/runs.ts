import type { App } from '#platform/app.ts'
import { json, type Queryable, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'

export type RunKind = 'full' | 'incremental' | 'verify' | 'drill' | 'expire' | 'restore'

/** How far a run is. */
export type RunProgress = {
  /** What it does just now, where it does several things. */
  step?: string
  bytes?: number
  expectedBytes?: number
  files?: number
}

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
  /** Of a running one, with when that was written down. */
  progress: (RunProgress & { at: string }) | null
}

/** What a run came to; `faults` make it a failed one. */
export type Outcome = { backupId?: string; result: Record<string, unknown>; failure?: string }

/** What a run is about, and who asked for it: on record from its beginning on, however it ends. */
export type Asked = {
  kind: RunKind
  requestedBy?: string | undefined
  /** By which one knows the server, where it is not the main one. */
  database?: string | undefined
}

/** Does the work and keeps a record of it, of a failure too. */
export async function recordRun<T extends Outcome>(
  app: App,
  { kind, requestedBy, database }: Asked,
  work: (runId: string, note: (progress: RunProgress) => void) => Promise<T>,
): Promise<T> {
  const tx = app.db.scoped({ system: true })
  await closeForgotten(tx)
  const { id } = await tx.one(sql<{ id: string }>`
    insert into operations.backup_runs (kind, requested_by, result)
    values (${kind}, ${requestedBy ?? null}, ${database === undefined ? null : json({ database })})
    returning id`)
  const pulse = new Pulse(tx, id)
  try {
    const outcome = await work(id, progress => pulse.note(progress))
    await pulse.end()
    await finish(tx, id, outcome)
    return outcome
  } catch (error) {
    await pulse.end()
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
  await closeForgotten(tx)
  return await tx.run(sql<Run>`
    select id, kind, state, backup_id, requested_by, started_at, finished_at, result, failure, progress
    from operations.backup_runs
    where ${kinds ?? null}::text[] is null or kind = any(${kinds ?? null})
    order by started_at desc, id
    limit ${limit}`)
}

/** The last of these kinds that has ended, well or not, however long ago: of the main server, or of the one with that database. */
export async function findLastEnded(tx: Queryable, kinds: RunKind[], database?: string): Promise<Run | undefined> {
  return await tx.maybe(sql<Run>`
    select id, kind, state, backup_id, requested_by, started_at, finished_at, result, failure, progress
    from operations.backup_runs
    where kind = any(${kinds})
      and state <> 'running'
      and result ->> 'database' is not distinct from ${database ?? null}::text
    order by started_at desc, id
    limit 1`)
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
      result = coalesce(result, '{}') || ${json(result)},
      failure = ${failure ?? null}
    where id = ${id}`)
}

/** Writes down each second how far a run is, and each half minute that its program is there. */
class Pulse {
  private readonly tx: Queryable
  private readonly id: string
  private readonly beat: NodeJS.Timeout
  private progress: RunProgress = {}
  private writing: Promise<unknown> = Promise.resolve()
  private writtenAt = Number.NEGATIVE_INFINITY

  constructor(tx: Queryable, id: string) {
    this.tx = tx
    this.id = id
    this.beat = setInterval(() => this.write(), 30_000)
    this.beat.unref()
  }

  note(progress: RunProgress): void {
    const isNewStep = progress.step !== this.progress.step
    this.progress = progress
    if (isNewStep || performance.now() - this.writtenAt >= 1_000) this.write()
  }

  async end(): Promise<void> {
    clearInterval(this.beat)
    await this.writing
  }

  private write(): void {
    this.writtenAt = performance.now()
    const progress = json({ ...this.progress, at: new Date().toISOString() })
    // The work goes on where this cannot be told.
    this.writing = this.writing.then(() =>
      this.tx
        .run(sql`
          update operations.backup_runs
          set progress = ${progress}
          where id = ${this.id}
            and state = 'running'`)
        .catch(() => {}),
    )
  }
}

/** Its program was killed: it is silent, or none takes that long. */
async function closeForgotten(tx: Queryable): Promise<void> {
  await tx.run(sql`
    update operations.backup_runs
    set
      state = 'failed',
      finished_at = clock_timestamp(),
      failure = 'The program ended before it was done; what was unfinished is removed.'
    where state = 'running'
      and (
        started_at < now() - interval '6 hours'
        or (progress ->> 'at')::timestamptz < now() - interval '3 minutes'
      )`)
}
