import { Buffer } from 'node:buffer'
import type { Queryable, Reader } from '#platform/database'
import { cellOf } from '#platform/files'
import { type AuditFilters, type AuditText, listAuditTexts } from './audit-logs.ts'
import { recordEvent } from './events.ts'

export const exportFormats = ['csv', 'jsonl'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** How a file of each is named to who fetches it. */
export const mediaTypes: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/jsonl; charset=utf-8',
}

const columns = [
  'id',
  'createdAt',
  'userId',
  'userName',
  'action',
  'resource',
  'resourceId',
  'changes',
  'details',
  'ipAddress',
  'userAgent',
  'requestId',
  'erased',
] as const satisfies readonly (keyof AuditText)[]

/**
 * GG-19: the entries as a file, newest first, a batch at a time. That they go out is an entry itself, written before the
 * first of them goes, so that nothing goes out without it. `places` as for `listAuditLogs`; `tx` is where it is written.
 */
export async function* exportAuditLogs(
  tx: Queryable,
  places: Reader | readonly Reader[],
  filters: AuditFilters,
  format: ExportFormat,
): AsyncGenerator<{ bytes: Buffer; entries: number }> {
  let isRecorded = false
  for await (const entries of pagesOf(places, filters)) {
    if (!isRecorded) {
      const details = { format, ...filters }
      await recordEvent(tx, { action: 'audit.logs.exported', resource: 'audit.audit_logs', details })
      isRecorded = true
      if (format === 'csv') yield { bytes: Buffer.from(`${columns.join(',')}\r\n`), entries: 0 }
    }
    const text = entries.map(format === 'csv' ? recordOf : lineOf).join('')
    if (text !== '') yield { bytes: Buffer.from(text), entries: entries.length }
  }
}

/** Newest first. What is written meanwhile, as that of the export itself, is newer than the first page, and left out. */
async function* pagesOf(places: Reader | readonly Reader[], filters: AuditFilters): AsyncGenerator<AuditText[]> {
  let cursor: string | undefined
  do {
    const page = await listAuditTexts(places, filters, { limit: 1_000, ...(cursor !== undefined && { cursor }) })
    yield page.items
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}

const recordOf = (entry: AuditText) => `${columns.map(column => cellOf(entry[column] ?? '')).join(',')}\r\n`

/** `changes` and `details` go in as PostgreSQL writes them: read and written again, great numbers would be others. */
function lineOf(entry: AuditText): string {
  const values = columns.map(column => {
    const value = entry[column]
    const isJson = column === 'changes' || column === 'details'
    return `${JSON.stringify(column)}:${isJson ? (value ?? 'null') : JSON.stringify(value)}`
  })
  return `{${values.join(',')}}\n`
}
