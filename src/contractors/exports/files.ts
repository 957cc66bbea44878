import { Readable } from 'node:stream'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Scope, sql } from '#platform/database'
import { Reply } from '#platform/http'
import { getList } from '../lists/lists.ts'
import { errors } from './export-errors.ts'
import { type Format, mediaTypes } from './file.ts'
import { chunkSize } from './making.ts'
import type { Selection } from './selections.ts'

type Stored = {
  id: string
  format: Format
  title: string
  asked: Selection
  status: string
  attempt: number
  byteCount: number
  createdAt: Date
  isLogged: boolean
}

/**
 * The bytes of a finished export, or the range of them that was asked for (RFC 9110, 14). Who asked for it may no more see
 * the list that it was made from: then it is refused. Each fetch is in the log, but not the parts
 * that follow a beginning within the hour.
 */
export async function openFile(
  app: App,
  scope: Scope,
  id: string,
  asked: { range?: string | undefined; ifRange?: string | undefined; mayRead: (selection: Selection) => void },
): Promise<Reply<Readable>> {
  const tx = app.db.scoped(scope)
  const stored = await tx.maybe(sql<Stored>`
    select
      id, format, title, selection as asked, status, attempt, byte_count, created_at,
      coalesce(downloaded_at > now() - interval '1 hour', false) as is_logged
    from contractors.exports
    where id = ${id}
      and status <> 'failed'
      and (expires_at is null or expires_at > now())`)
  if (!stored) throw errors.exportNotFound({ id })
  if (stored.status !== 'done') throw errors.exportUnfinished()
  asked.mayRead(stored.asked)
  if (stored.asked.listId !== undefined) await getList(tx, stored.asked.listId)

  const size = stored.byteCount
  const etag = `"${id}-${stored.attempt}"`
  const range = asked.ifRange === undefined || asked.ifRange === etag ? readRange(asked.range, size) : undefined
  const headers: Record<string, string> = {
    'content-type': mediaTypes[stored.format],
    'content-disposition': dispositionOf(stored),
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-store',
    etag,
  }
  if (range === 'unsatisfiable') {
    return new Reply(416, Readable.from([]), { headers: { ...headers, 'content-range': `bytes */${size}` } })
  }
  const { from, to } = range ?? { from: 0, to: size - 1 }
  // What goes on with a fetch is not logged again; who left the first byte out was never logged at all.
  if (from === 0 || !stored.isLogged) {
    await app.db.transaction(scope, async tx => {
      await tx.run(sql`update contractors.exports set downloaded_at = now() where id = ${id}`)
      const { format, title } = stored
      await recordEvent(tx, {
        action: 'download',
        resource: 'contractors.exports',
        resourceId: id,
        details: { format, title, bytes: size },
      })
    })
  }
  return new Reply(range ? 206 : 200, Readable.from(bytesOf(app, scope, stored, from, to), { objectMode: false }), {
    headers: {
      ...headers,
      'content-length': String(to - from + 1),
      ...(range && { 'content-range': `bytes ${from}-${to}/${size}` }),
    },
  })
}

/** One range; several, and what is no range, are answered with the whole, as the standard allows. */
function readRange(text: string | undefined, size: number): { from: number; to: number } | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text ?? '') ?? []
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { from: size - length, to: size - 1 }
  }
  const from = Number(first)
  if (last !== '' && Number(last) < from) return undefined
  return from >= size ? 'unsatisfiable' : { from, to: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

/** A chunk at a time. Where the export is deleted meanwhile the connection is cut: what has come is shorter than said. */
async function* bytesOf(app: App, scope: Scope, { id, attempt }: Stored, from: number, to: number) {
  const tx = app.db.scoped(scope)
  for (let position = Math.floor(from / chunkSize); position * chunkSize <= to; position++) {
    const start = position * chunkSize
    const { content } = await tx.one(sql<{ content: Buffer }>`
      select content
      from contractors.export_chunks
      where export_id = ${id}
        and attempt = ${attempt}
        and position = ${position}`)
    yield content.subarray(Math.max(from - start, 0), Math.min(to - start + 1, content.length))
  }
}

/** The name in plain letters, and as it is (RFC 6266). */
function dispositionOf({ title, format, createdAt }: Stored): string {
  const day = createdAt.toISOString().slice(0, 10)
  const plain = title
    .normalize('NFKD')
    .replace(/[^\w]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase()
    .slice(0, 80)
  // Marks of direction would have the end of the name shown elsewhere.
  const whole = `${title.replace(/[\\/:*?"<>|\p{Cc}\p{Bidi_Control}]+/gu, ' ').trim()} ${day}.${format}`
  const encoded = encodeURIComponent(whole.toWellFormed()).replace(/['()*]/g, c => `%${c.charCodeAt(0).toString(16)}`)
  return `attachment; filename="${plain || 'contractors'}-${day}.${format}"; filename*=UTF-8''${encoded}`
}
