import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import type { EntryExpressions } from './entry-hashes.ts'

/** An entry as verification sees it. `id` and `tenantId` are 16 bytes as a string, `leaf` is 32, `createdAt` microseconds since 1970. */
export type StreamedEntry = {
  id: string
  tenantId: string
  createdAt: number
  writtenIn: number | null
  leaf: string
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
  const copied = readRecords(
    client,
    `select
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
    where ${condition}`,
  )
  for await (const { bytes, starts } of copied) {
    yield starts.map(at => {
      const isNull = bytes.readInt32BE(at + 54) === -1
      const leafAt = isNull ? at + 62 : at + 70
      const noteAt = leafAt + 36
      const noteLength = bytes.readInt32BE(leafAt + 32)
      const entry: StreamedEntry = {
        id: bytes.toString('latin1', at + 6, at + 22),
        tenantId: bytes.toString('latin1', at + 26, at + 42),
        createdAt: readInteger(bytes, at + 46) + microsecondsTo2000,
        writtenIn: isNull ? null : readInteger(bytes, at + 58),
        leaf: bytes.toString('latin1', leafAt, leafAt + 32),
      }
      if (noteLength > 0) entry.erasure = JSON.parse(bytes.toString('utf8', noteAt, noteAt + noteLength))
      return entry
    })
  }
}

/** A run of seals of one tenant. */
export type StreamedSeal = {
  tenantId: string
  firstPosition: number
  round: number
  entries: number
  leaves: Buffer
  keys: Buffer
}

/** The seals of all rounds after that one, in the order in which they were made. */
export async function* streamSeals(
  client: pg.Client,
  round: number,
  condition: string,
): AsyncGenerator<StreamedSeal[]> {
  const copied = readRecords(
    client,
    `select tenant_id::uuid, first_position::bigint, round::bigint, entries::integer, leaves::bytea, keys::bytea
    from audit.seals
    where round > ${round}
      and ${condition}
    order by round, tenant_id, first_position`,
  )
  for await (const { bytes, starts } of copied) {
    yield starts.map(at => {
      const leavesAt = at + 58
      const keysAt = leavesAt + bytes.readInt32BE(at + 54) + 4
      return {
        tenantId: uuidOf(bytes.toString('latin1', at + 6, at + 22)),
        firstPosition: readInteger(bytes, at + 26),
        round: readInteger(bytes, at + 38),
        entries: bytes.readInt32BE(at + 50),
        leaves: bytes.subarray(leavesAt, keysAt - 4),
        keys: bytes.subarray(keysAt, keysAt + bytes.readInt32BE(keysAt - 4)),
      }
    })
  }
}

/** Rows as PostgreSQL copies them in binary, as many as have come: each has its count of fields, then length and bytes of each. */
async function* readRecords(client: pg.Client, query: string): AsyncGenerator<{ bytes: Buffer; starts: number[] }> {
  const stream = client.query(copyTo(`copy (${query}) to stdout (format binary)`))
  let rest: Buffer = Buffer.alloc(0)
  let begins = headerLength
  for await (const chunk of stream) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer)
    const starts: number[] = []
    let at = begins
    for (let end = recordEnd(bytes, at); end > 0; end = recordEnd(bytes, at)) {
      starts.push(at)
      at = end
    }
    if (at > bytes.length) {
      rest = bytes
      continue
    }
    rest = Buffer.from(bytes.subarray(at))
    begins = 0
    if (starts.length > 0) yield { bytes, starts }
  }
}

const headerLength = 19

/** Where the record that begins there ends; 0 where it has not come whole, or is the mark of the end. */
function recordEnd(bytes: Buffer, start: number): number {
  if (start + 2 > bytes.length) return 0
  let at = start + 2
  for (let fields = bytes.readInt16BE(start); fields > 0; fields--) {
    if (at + 4 > bytes.length) return 0
    at += 4 + Math.max(0, bytes.readInt32BE(at))
  }
  return at > bytes.length || at === start + 2 ? 0 : at
}

/** An int8 as PostgreSQL writes it. */
export const readInteger = (bytes: Buffer, at: number) => bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)

/** From there PostgreSQL counts. */
const microsecondsTo2000 = 946_684_800_000_000

/** The usual text of a UUID, from its 16 bytes. */
export function uuidOf(bytes: string): string {
  const hex = Buffer.from(bytes, 'latin1').toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

export const uuidBytes = (uuid: string): string => Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('latin1')
