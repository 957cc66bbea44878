import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { type Database, sql } from '#platform/database'

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
    ) as found`)
  return found
}

/** Notes that an import has begun; committed at once, so that a failed one is seen too. */
export async function beginRun(
  client: pg.Client,
  source: string,
  path: string,
  options: { now: Date; actor?: string },
): Promise<string> {
  const { rows } = await client.query(
    `insert into contractors.imports (source, file_name, actor, started_at)
     values ($1, $2, $3, $4)
     returning id`,
    [source, basename(path), options.actor ?? null, options.now],
  )
  return rows[0].id
}

/** Part of the import's transaction: an import that is done has all of its rows. */
export async function finishRun(client: pg.Client, id: string, sha256: string, rows: RowCounts, now: Date) {
  await client.query(
    `update contractors.imports
     set status = 'done',
       file_hash = $2,
       rows_read = $3,
       rows_inserted = $4,
       rows_updated = $5,
       rows_unchanged = $6,
       rows_rejected = $7,
       finished_at = greatest($8, clock_timestamp())
     where id = $1`,
    [id, sha256, rows.read, rows.inserted, rows.updated, rows.unchanged, rows.rejected, now],
  )
}

/** On a connection of its own: that of the import may be lost. */
export async function failRun(db: Database, id: string, error: unknown): Promise<void> {
  const client = await db.connect()
  try {
    await client.query(
      `update contractors.imports
       set status = 'failed', failure = $2, finished_at = clock_timestamp()
       where id = $1`,
      [id, error instanceof Error ? error.message : String(error)],
    )
  } finally {
    await client.end()
  }
}
