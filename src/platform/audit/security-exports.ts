import { Buffer } from 'node:buffer'
import type { Queryable } from '#platform/database'
import { cellOf } from '#platform/files'
import { recordEvent } from './events.ts'
import type { ExportFormat } from './exports.ts'
import type { SecurityFilters } from './security-events.ts'

type Event = Readonly<Record<string, unknown>>

/** What is read, page for page, and the columns of CSV. */
type Source = {
  columns: readonly string[]
  read(page: { limit: number; cursor: string | undefined }): Promise<{
    items: readonly Event[]
    nextCursor: string | null
  }>
}

/**
 * MT-22: security events as a file, newest first, a batch at a time. That they go out is an event itself, written by `tx`
 * before the first of them goes.
 */
export async function* exportSecurityEvents(
  tx: Queryable,
  { columns, read }: Source,
  filters: SecurityFilters,
  format: ExportFormat,
): AsyncGenerator<{ bytes: Buffer }> {
  const recordOf = (event: Event) => `${columns.map(column => cellOf(textOf(event[column]))).join(',')}\r\n`
  let cursor: string | undefined
  do {
    const page = await read({ limit: 1_000, cursor })
    if (cursor === undefined) {
      const details = { format, ...filters }
      await recordEvent(tx, { action: 'audit.logs.exported', resource: 'audit.security_audit_logs', details })
      if (format === 'csv') yield { bytes: Buffer.from(`${columns.join(',')}\r\n`) }
    }
    const text = page.items.map(format === 'csv' ? recordOf : lineOf).join('')
    if (text !== '') yield { bytes: Buffer.from(text) }
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}

const lineOf = (event: Event) => `${JSON.stringify(event)}\n`

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')
}
