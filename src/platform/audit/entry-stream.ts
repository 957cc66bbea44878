import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'

/**
 * The leaf of an entry, as audit.entry_leaf computes it, written out: whoever can replace that function cannot make
 * altered entries look right. `entry` is the name of the table in the query.
 */
export const contentExpression = `pg_catalog.json_build_array(
  entry.tenant_id,
  entry.id,
  pg_catalog.to_char(entry.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  entry.user_id,
  entry.action,
  entry.resource,
  entry.resource_id,
  entry.changes,
  entry.details,
  entry.request_id
)::text`
export const personExpression =
  'pg_catalog.json_build_array(entry.user_name, entry.ip_address::text, entry.user_agent)::text'
const leafExpression = `pg_catalog.sha256(
  '\\x00'::bytea
  || pg_catalog.sha256(pg_catalog.convert_to(${contentExpression}, 'UTF8'))
  || pg_catalog.sha256(pg_catalog.convert_to(${personExpression}, 'UTF8'))
)`

/** An entry as verification sees it. `id` is 16 bytes as a string, `createdAt` microseconds since 1970. */
export type StreamedEntry = {
  id: string
  tenantId: string
  createdAt: number
  writtenIn: number | null
  leaf: Buffer
}

/** The entries in the order in which they lie on the disk, about that of their writing, a few hundred at a time. */
export async function* streamEntries(client: pg.Client, condition: string): AsyncGenerator<StreamedEntry[]> {
  const stream = client.query(
    copyTo(`copy (
      select entry.id, entry.tenant_id, entry.created_at, entry.written_in, ${leafExpression}
      from audit.audit_logs as entry
      where ${condition}
    ) to stdout (format binary)`),
  )
  let rest: Buffer = Buffer.alloc(0)
  let hasHeader = false
  for await (const chunk of stream) {
    let bytes = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer)
    if (!hasHeader) {
      if (bytes.length < 19) {
        rest = bytes
        continue
      }
      bytes = bytes.subarray(19)
      hasHeader = true
    }
    const entries: StreamedEntry[] = []
    let at = 0
    // 102 bytes, 94 where written_in is null; the end is a field count of -1.
    while (at + 94 <= bytes.length && bytes.readInt16BE(at) > 0) {
      const isNull = bytes.readInt32BE(at + 54) === -1
      const leafAt = isNull ? at + 62 : at + 70
      if (leafAt + 32 > bytes.length) break
      entries.push({
        id: bytes.toString('latin1', at + 6, at + 22),
        tenantId: bytes.toString('latin1', at + 26, at + 42),
        createdAt: Number(bytes.readBigInt64BE(at + 46)) + microsecondsTo2000,
        writtenIn: isNull ? null : Number(bytes.readBigInt64BE(at + 58)),
        leaf: bytes.subarray(leafAt, leafAt + 32),
      })
      at = leafAt + 32
    }
    rest = Buffer.from(bytes.subarray(at))
    if (entries.length > 0) yield entries
  }
}

/** From there PostgreSQL counts. */
const microsecondsTo2000 = 946_684_800_000_000

/** The usual text of a UUID, from its 16 bytes. */
export function uuidOf(bytes: string): string {
  const hex = Buffer.from(bytes, 'latin1').toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

export const uuidBytes = (uuid: string): string => Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('latin1')
