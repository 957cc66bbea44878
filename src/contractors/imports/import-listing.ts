import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, date, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { errors } from './import-errors.ts'
import { isHeld } from './import-runs.ts'
import { findSource } from './sources.ts'

export const importStatuses = ['queued', 'running', 'done', 'failed'] as const

/** A run of an import, from the command line or from the console. */
export const Import = Type.Object({
  id: uuid,
  source: Type.String(),
  sourceTitle: Type.String(),
  fileName: Type.String(),
  fileId: nullable(uuid),
  status: oneOf(importStatuses, {
    description: 'A run whose process was killed stays `running` for up to two hours: it has brought nothing',
  }),
  isInterrupted: Type.Boolean({ description: 'It is `running`, and no program is at work on it' }),
  phase: nullable(oneOf(['reading', 'merging'])),
  isDryRun: Type.Boolean(),
  isFull: Type.Boolean({ description: 'The file had all records of its source' }),
  publishedOn: nullable(date),
  bytes: nullable(Type.Integer()),
  bytesRead: Type.Integer(),
  rows: Type.Object({
    read: Type.Integer({ description: 'inserted + updated + unchanged + rejected' }),
    inserted: Type.Integer(),
    updated: Type.Integer(),
    unchanged: Type.Integer(),
    rejected: Type.Integer(),
  }),
  ended: Type.Integer({ description: 'Registrations that a full file no longer has' }),
  profiles: Type.Object({ inserted: Type.Integer(), updated: Type.Integer() }),
  warnings: Type.Array(Type.String()),
  failure: nullable(Type.String()),
  actor: nullable(Type.String({ description: 'Who started it' })),
  userId: nullable(uuid),
  keptRejects: Type.Integer({
    description: 'Rejected rows that can be fetched; those of the command line are in its file',
  }),
  startedAt: timestamp,
  finishedAt: nullable(timestamp),
})
export type Import = Static<typeof Import>

export type ImportFilters = {
  source?: string
  status?: (typeof importStatuses)[number]
  limit: number
  cursor?: string
}

/** The latest first. */
export async function listImports(tx: Queryable, { source, status, limit, cursor }: ImportFilters) {
  const name = source === undefined ? undefined : (findSource(source)?.name ?? source)
  const fingerprint = JSON.stringify(['imports', name, status])
  const after = readCursor(cursor, fingerprint, place)
  const rows = await tx.run<Row>(sql`
    select ${columns}
    from contractors.imports as run
    where ${name === undefined ? sql`true` : sql`run.source = ${name}`}
      and ${status === undefined ? sql`true` : sql`run.status = ${status}`}
      and ${after ? sql`(run.started_at, run.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)` : sql`true`}
    order by run.started_at desc, run.id desc
    limit ${limit + 1}
  `)
  const page = cutPage(rows, limit, fingerprint, row => [row.startedAt.toISOString(), row.id])
  return { ...page, items: page.items.map(asImport) }
}

export async function getImport(tx: Queryable, id: string): Promise<Import> {
  const row = await tx.maybe<Row>(sql`
    select ${columns}
    from contractors.imports as run
    where run.id = ${id}
  `)
  if (!row) throw errors.importNotFound({ id })
  return asImport(row)
}

/** Refused rows as CSV: line, column, reason, row. A cell that a spreadsheet would take for a formula gets an apostrophe. */
export async function writeRejects(tx: Queryable, id: string): Promise<string> {
  await getImport(tx, id)
  const rows = await tx.run<{ line: number; columnName: string; reason: string; raw: string }>(sql`
    select line, column_name, reason, raw
    from contractors.import_rejects
    where import_id = ${id}
    order by line
  `)
  const lines = rows.map(({ line, columnName, reason, raw }) =>
    [String(line), columnName, reason, raw].map(cell).join(','),
  )
  return `${['line,column,reason,raw', ...lines].join('\r\n')}\r\n`
}

const cell = (text: string) => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

type Row = Omit<Import, 'rows' | 'profiles' | 'sourceTitle' | 'ended'> & {
  rowsRead: number
  rowsInserted: number
  rowsUpdated: number
  rowsUnchanged: number
  rowsRejected: number
  rowsEnded: number
  profilesInserted: number
  profilesUpdated: number
}

// The moment as the cursor needs it: started_at has milliseconds only, as a Date has.
const columns = sql`
  run.id, run.source, run.file_name, run.file_id, run.status, run.status = 'running' and not ${isHeld} as is_interrupted, run.phase, run.is_dry_run, run.is_full, run.published_on,
  run.bytes, run.bytes_read, run.rows_read, run.rows_inserted, run.rows_updated, run.rows_unchanged, run.rows_rejected,
  run.rows_ended, run.profiles_inserted, run.profiles_updated, run.warnings, run.failure, run.actor, run.user_id,
  (select count(*) from contractors.import_rejects as reject where reject.import_id = run.id)::integer as kept_rejects,
  run.started_at, run.finished_at
`

function asImport(row: Row): Import {
  const { rowsRead, rowsInserted, rowsUpdated, rowsUnchanged, rowsRejected, rowsEnded, ...rest } = row
  const { profilesInserted, profilesUpdated, ...run } = rest
  return {
    ...run,
    sourceTitle: findSource(run.source)?.title ?? run.source,
    rows: {
      read: rowsRead,
      inserted: rowsInserted,
      updated: rowsUpdated,
      unchanged: rowsUnchanged,
      rejected: rowsRejected,
    },
    ended: rowsEnded,
    profiles: { inserted: profilesInserted, updated: profilesUpdated },
  }
}

const place = Type.Tuple([Type.String({ format: 'date-time' }), uuid])
