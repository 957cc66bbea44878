import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import type { EntryExpressions } from './entry-hashes.ts'

/** An entry as verification sees it. `id` is 16 bytes as a string, `createdAt` microseconds since 1970. */
export type StreamedEntry = {
  id: string
  tenantId: string
  createdAt: number
  writtenIn: number | null
  leaf: Buffer
  /** Of an entry that is not whole any more: what is noted of that, and the hash of what is left of its content. */
  erasure?: { erased: Erased; rest: string }
}

/** A part that is gone: the hash that was sealed, and the erasure that it went with. */
type ErasedPart = { in: string; hash: string; columns?: string[] }

/** audit_logs.erased: what was taken out of an entry. */
export type Erased = {
  /** Who did it from where. */
  person?: ErasedPart
  /** Values of personal columns. */
  values?: ErasedPart
  /** What was sealed as one text: `rest` is the hash of what is left, `was` the erasures before. */
  content?: ErasedPart & { rest: string; was: { in: string; rest: string }[] }
}

/** The entries in the order in which they lie on the disk, about that of their writing, a few hundred at a time. */
export async function* streamEntries(
  client: pg.Client,
  condition: string,
  { leaf, content }: EntryExpressions,
): AsyncGenerator<StreamedEntry[]> {
  const stream = client.query(
    copyTo(`copy (
      select
        entry.id,
        entry.tenant_id,
        entry.created_at,
        entry.written_in,
        ${leaf},
        case
          when entry.erased is not null
            then pg_catalog.convert_to(pg_catalog.json_build_object(
              'erased', entry.erased,
              'rest', pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${content}, 'UTF8')), 'hex')
            )::text, 'UTF8')
        end
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
    // 106 bytes, 98 where written_in is null, and what is noted of an erasure; the end is a field count of -1.
    while (at + 98 <= bytes.length && bytes.readInt16BE(at) > 0) {
      const isNull = bytes.readInt32BE(at + 54) === -1
      const leafAt = isNull ? at + 62 : at + 70
      const noteAt = leafAt + 36
      if (noteAt > bytes.length) break
      const noteLength = bytes.readInt32BE(leafAt + 32)
      const end = noteAt + Math.max(0, noteLength)
      if (end > bytes.length) break
      entries.push({
        id: bytes.toString('latin1', at + 6, at + 22),
        tenantId: bytes.toString('latin1', at + 26, at + 42),
        createdAt: Number(bytes.readBigInt64BE(at + 46)) + microsecondsTo2000,
        writtenIn: isNull ? null : Number(bytes.readBigInt64BE(at + 58)),
        leaf: bytes.subarray(leafAt, leafAt + 32),
        ...(noteLength > 0 && { erasure: JSON.parse(bytes.toString('utf8', noteAt, end)) }),
      })
      at = end
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
