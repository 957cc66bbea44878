import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { type Database, type Queryable, sql } from '#platform/database'
import { errors } from './import-errors.ts'
import type { Publication } from './layouts.ts'

/** read = inserted + updated + unchanged + rejected */
export type RowCounts = { read: number; inserted: number; updated: number; unchanged: number; rejected: number }

/** Whether this very file, byte for byte, has been imported from this source to its end. */
export async function isImported(db: Database, file: { path: string; source: string }): Promise<boolean> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file.path), hash)
  const { found } = await db.unscoped.one(sql<{ found: boolean }>`
    select exists (
      select
      from contractors.imports
      where file_hash = ${hash.digest('hex')}
        and source = ${file.source}
        and status = 'done'
        and not is_dry_run
    ) as found`)
  return found
}

/** What a run that has come to its end has done. */
export type RunResult = {
  sha256: string
  rows: RowCounts
  ended: number
  profiles: { inserted: number; updated: number }
  publication: Publication | undefined
  warnings: readonly string[]
}

/** Holds as long as `client` is connected: by it a run whose program has ended is told from one that is at work. */
export async function holdRun(client: pg.Client, id: string): Promise<void> {
  await client.query(`select pg_advisory_lock_shared(hashtext('contractors.imports'), hashtext($1))`, [id])
}

/** Whether somebody is at work on the run of the table `run`. */
export const isHeld = sql<boolean>`exists (
  select
  from pg_locks
  where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database())
    and classid = hashtext('contractors.imports')::oid
    and objid = hashtext(run.id::text)::oid
    and objsubid = 2
)`

/** Notes that an import has begun; committed at once, so that a failed one is seen too. */
export async function beginRun(
  client: pg.Client,
  file: { source: string; name: string; bytes: number },
  options: { now: Date; actor?: string },
): Promise<string> {
  const { rows } = await client.query(
    `insert into contractors.imports (source, file_name, bytes, actor, started_at)
     values ($1, $2, $3, $4, $5)
     returning id`,
    [file.source, file.name, file.bytes, options.actor ?? null, options.now],
  )
  return rows[0].id
}

/** The same for a run that was noted when somebody asked for it. */
export async function takeRun(client: pg.Client, id: string, bytes: number, now: Date): Promise<void> {
  await client.query(
    `update contractors.imports
     set status = 'running', phase = 'reading', bytes = $2, bytes_read = 0, rows_read = 0, started_at = $3
     where id = $1`,
    [id, bytes, now],
  )
}

/** Part of the import's transaction: an import that is done has all of its rows. */
export async function finishRun(client: pg.Client, id: string, result: RunResult, now: Date): Promise<void> {
  const { sha256, rows, ended, profiles, publication, warnings } = result
  await client.query(
    `update contractors.imports
     set status = 'done',
       phase = null,
       file_hash = $2,
       rows_read = $3,
       rows_inserted = $4,
       rows_updated = $5,
       rows_unchanged = $6,
       rows_rejected = $7,
       rows_ended = $8,
       profiles_inserted = $9,
       profiles_updated = $10,
       published_on = $11,
       is_full = $12,
       warnings = $13,
       bytes_read = coalesce(bytes, 0),
       finished_at = greatest($14, clock_timestamp())
     where id = $1`,
    [
      id,
      sha256,
      rows.read,
      rows.inserted,
      rows.updated,
      rows.unchanged,
      rows.rejected,
      ended,
      profiles.inserted,
      profiles.updated,
      publication?.on ?? null,
      publication?.isFull ?? false,
      warnings,
      now,
    ],
  )
}

/** On a connection of its own: that of the import may be lost. */
export async function failRun(db: Database, id: string, error: unknown): Promise<void> {
  const client = await db.connect()
  try {
    await client.query(
      `update contractors.imports
       set status = 'failed', phase = null, failure = $2, finished_at = clock_timestamp()
       where id = $1`,
      [id, error instanceof Error ? error.message : String(error)],
    )
  } finally {
    await client.end()
  }
}

/** Runs whose program has ended for good: the job of an operator's file begins again within minutes, others never do. */
export async function failInterruptedRuns(tx: Queryable): Promise<void> {
  await tx.run(sql`
    update contractors.imports as run
    set status = 'failed', phase = null, failure = ${errors.importInterrupted().message}, finished_at = now()
    where run.status = 'running'
      and run.started_at < now() - interval '1 hour'
      and not ${isHeld}
  `)
}
