import { type Static, Type } from 'typebox'
import { type App, mainApp } from '#platform/app.ts'
import { eventRecord } from '#platform/audit'
import { json, type Queryable, type Scope, sql } from '#platform/database'
import { cutPage, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { getProfile } from '#platform/identity'
import { enqueue } from '#platform/jobs'
import { requireFlow } from '#platform/usage'
import { type Column, chooseColumns } from './columns.ts'
import { errors } from './export-errors.ts'
import { type Format, formats, mostRows } from './file.ts'
import { flow, makeExport, type Options, runExport } from './making.ts'
import { isOwn, openSelection, Selection } from './selections.ts'

/** A file that somebody asked for, and how far it is. */
export const Export = Type.Object({
  id: uuid,
  format: oneOf(formats),
  title: Type.String({ description: 'Of the list, or what was selected' }),
  selection: oneOf(['ids', 'list', 'search']),
  status: oneOf(['waiting', 'running', 'done', 'failed']),
  rowsTotal: nullable(Type.Integer({ description: 'Null while nobody has counted them' })),
  rowsDone: Type.Integer(),
  byteCount: Type.Integer(),
  failure: nullable(Type.String({ description: 'Why it failed' })),
  createdAt: timestamp,
  finishedAt: nullable(timestamp),
  expiresAt: nullable({ ...timestamp, description: 'Until when the file can be fetched' }),
  downloadedAt: nullable(timestamp),
})
export type Export = Static<typeof Export>

/** What is asked for. */
export const ExportRequest = Type.Object({
  format: oneOf(formats),
  selection: Selection,
  columns: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      minItems: 1,
      maxItems: 100,
      uniqueItems: true,
      description: 'Keys of columns in the order of the file; without them those that are shown unless told',
    }),
  ),
  byteOrderMark: Type.Optional(
    Type.Boolean({ description: 'CSV begins with a byte order mark, for Excel. False unless told' }),
  ),
})
export type ExportRequest = Static<typeof ExportRequest>

const mostPdfColumns = 12
/** So many rows are written while one waits; documents take longer. */
const mostAtOnce: Readonly<Record<Format, number>> = { csv: 1_000, xlsx: 1_000, json: 1_000, pdf: 100 }

/** What an export would hold, asked before it is made. */
export async function previewExport(app: App, scope: Scope, selection: Selection) {
  const { title, filters, columns, total } = await openSelection(app, scope, selection)
  const inDocuments = new Set(columnsInDocuments(columns))
  return {
    title,
    filters,
    rows: total,
    columns: columns.map(({ key, label, of, isDefault }) => ({
      key,
      label,
      of,
      isDefault,
      isInDocuments: inDocuments.has(key),
    })),
    limits: { ...mostRows, pdfColumns: mostPdfColumns },
  }
}

/**
 * Asks for a file. A small one is made at once and comes back done; else a job makes it. Refuses what the format cannot
 * hold, what the plan does not allow in a month, and more than one person may have (the database counts: 50, of which 3
 * are being made).
 */
export async function requestExport(app: App, scope: Scope, asked: ExportRequest): Promise<Export> {
  const { tenantId, userId } = scope as { tenantId: string; userId: string }
  await requireFlow(app, tenantId, flow)
  const selected = await openSelection(app, scope, asked.selection)
  const columns = columnsFor(asked, selected.columns)
  const most = mostRows[asked.format]
  if (selected.total === null ? most < 10_000 : selected.total > most) {
    throw errors.exportTooLarge({ most: most.toLocaleString('en-US'), limit: most })
  }
  const { timezone } = await getProfile(mainApp(app).db.reads({ ...scope, tenantId: undefined, system: true }), userId)
  const options: Options = {
    columns: columns.map(({ key }) => key),
    byteOrderMark: asked.byteOrderMark ?? false,
    timeZone: timezone,
    filters: selected.filters,
  }
  const isSmall = selected.total !== null && selected.total <= mostAtOnce[asked.format]
  const id = await app.db.transaction(scope, async tx => {
    const { id } = await tx.one(sql<{ id: string }>`
      insert into contractors.exports (user_id, format, title, selection, options, rows_total)
      values (
        platform.current_user_id(), ${asked.format}, ${selected.title}, ${json(asked.selection)}, ${json(options)},
        ${selected.total}
      )
      returning id`)
    // Whoever makes a small one may be killed before it is done: then the job does it.
    const work = { tenantId, userId, userName: scope.userName, exportId: id }
    await enqueue(tx, makeExport, work, isSmall ? { startAfter: 60 } : {})
    return id
  })
  if (isSmall) {
    try {
      await runExport(app, scope, id)
    } catch (err) {
      app.log.error({ err, exportId: id }, 'a small export was left to the job')
    }
  }
  return await getExport(app.db.scoped(scope), id)
}

function columnsFor({ format, columns: keys }: ExportRequest, known: readonly Column[]): Column[] {
  if (format !== 'pdf') return chooseColumns(known, keys)
  const columns = chooseColumns(known, keys ?? columnsInDocuments(known))
  if (columns.length > mostPdfColumns) throw errors.exportTooWide({ most: mostPdfColumns })
  return columns
}

/** Those that are in a document unless told: as many as fit, the weightiest first, a list's own fields among them. */
export function columnsInDocuments(known: readonly Column[]): string[] {
  const keys = known.map(({ key }) => key)
  const weighty = weightiest.filter(key => keys.includes(key))
  const chosen = new Set(
    [...weighty, ...keys.filter(isOwn), ...fillers].filter(key => keys.includes(key)).slice(0, mostPdfColumns),
  )
  return keys.filter(key => chosen.has(key))
}

const weightiest = [
  'name',
  'uei',
  'familyName',
  'state',
  'totalContractValue',
  'familyContractValue',
  'notes',
  'rating',
  'priority',
]
const fillers = ['naicsDescription', 'cageCode', 'city', 'naicsCode', 'registrationStatus']

/** The user's own, the latest first. What has expired is not among them. */
export async function listExports(tx: Queryable, page: { limit: number; cursor?: string | undefined }) {
  const after = readCursor(page.cursor, 'contractor-exports', place)
  const createdAt = after && sql`${new Date(after[0]).toISOString()}::timestamptz`
  const rows = await tx.run(sql<Export>`
    select ${columnsOfExport}
    from contractors.exports as export
    where ${isKept}
      ${after ? sql`and created_at <= ${createdAt} and (created_at < ${createdAt} or id > ${after[1]})` : sql``}
    order by created_at desc, id
    limit ${page.limit + 1}`)
  return cutPage(rows, page.limit, 'contractor-exports', row => [row.createdAt.getTime(), row.id])
}

const place = Type.Tuple([Type.Integer({ minimum: 0, maximum: 1e14 }), Type.String({ format: 'uuid' })])

export async function getExport(tx: Queryable, id: string): Promise<Export> {
  const found = await tx.maybe(sql<Export>`
    select ${columnsOfExport}
    from contractors.exports as export
    where id = ${id}
      and ${isKept}`)
  if (!found) throw errors.exportNotFound({ id })
  return found
}

/** Cancels what is being made, and removes the file. */
export async function deleteExport(tx: Queryable, id: string): Promise<void> {
  const deleted = await tx.maybe(sql`
    delete from contractors.exports
    where id = ${id}
    returning ${eventRecord({ action: 'delete', resource: 'contractors.exports', resourceId: id })}`)
  if (!deleted) throw errors.exportNotFound({ id })
}

const isKept = sql`(expires_at is null or expires_at > now())`

const columnsOfExport = sql`
  id, format, title,
  case
    when selection ? 'listId' then 'list'
    when selection ? 'search' then 'search'
    else 'ids'
  end as selection,
  status, rows_total, rows_done, byte_count, failure, created_at, finished_at, expires_at, downloaded_at
`
