import { Buffer } from 'node:buffer'
import type { Queryable } from '#platform/database'
import { cellOf } from '#platform/files'
import { recordEvent } from './events.ts'
import type { ExportFormat } from './exports.ts'
import { listSecurityEvents, SecurityEvent, type SecurityFilters } from './security-events.ts'

const columns = Object.keys(SecurityEvent.properties) as (keyof SecurityEvent)[]

/**
 * MT-22: security events as a file, newest first, a batch at a time. That they go out is an event itself, written before
 * the first of them goes. `places` and `tenantId` as for `listSecurityEvents`; `tx` is where it is written.
 */
export async function* exportSecurityEvents(
  tx: Queryable,
  places: readonly Queryable[],
  tenantId: string | null,
  filters: SecurityFilters,
  format: ExportFormat,
): AsyncGenerator<{ bytes: Buffer }> {
  let cursor: string | undefined
  do {
    const page = await listSecurityEvents(places, tenantId, filters, { limit: 1_000, cursor })
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

const lineOf = (event: SecurityEvent) => `${JSON.stringify(event)}\n`
const recordOf = (event: SecurityEvent) => `${columns.map(column => cellOf(textOf(event[column]))).join(',')}\r\n`

function textOf(value: SecurityEvent[keyof SecurityEvent]): string {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')
}
