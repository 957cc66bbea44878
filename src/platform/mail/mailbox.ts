import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import { sql } from '#platform/database'
import { cutPage, dateTime, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { openContent } from './contents.ts'
import { errors } from './errors.ts'
import { isLoopbackAddress, isLoopbackHost } from './loopback.ts'
import { hasSmtp, isLocal } from './settings.ts'

export const KeptMail = Type.Object({
  id: uuid,
  name: Type.String({ description: 'Which mail it is: `identity.reset_password`' }),
  to: Type.String(),
  subject: Type.String(),
  createdAt: timestamp,
})
export type KeptMail = Static<typeof KeptMail>

export const KeptMailContent = Type.Object({
  ...KeptMail.properties,
  text: Type.String(),
  html: Type.String(),
  link: nullable(Type.String({ description: 'Where its button leads' })),
})
export type KeptMailContent = Static<typeof KeptMailContent>

/** Whether the console shows the mails that are kept, to who is on this computer: in development, without SMTP_URL. */
export function hasMailbox(app: App): boolean {
  return !hasSmtp(app) && isLocal(app)
}

type Asking = { scope: Scope; headers: Readonly<Record<string, string | string[] | undefined>> }

/**
 * The mailbox is open without a session, for one needs its links to get one: whoever reads it can become anybody here.
 * So it answers only somebody on this very computer, and to everybody else as if it were not there:
 * - in development only, that is, where no mail server is set and people are told to come to localhost;
 * - to connections from loopback addresses, for the program may listen on others too;
 * - to requests for a loopback name: a page of elsewhere whose name is made to lead here (DNS rebinding) asks for its own;
 * - and to none that came through a proxy, which lends its loopback address to the whole world. Proxies give themselves
 *   away by the headers they add; nginx adds none by default, but closes connections, which no browser asks for.
 */
export function requireMailbox(app: App, { scope, headers }: Asking): void {
  const isFromHere = isLoopbackAddress(scope.ipAddress ?? '')
  const host = typeof headers.host === 'string' ? headers.host.replace(/:\d+$/, '') : ''
  if (hasMailbox(app) && isFromHere && isLoopbackHost(host) && !isProxied(headers)) return
  throw errors.mailboxClosed()
}

function isProxied(headers: Asking['headers']): boolean {
  const tells = /^(x-forwarded-.*|forwarded|via|x-real-ip|x-client-ip|true-client-ip|cf-connecting-ip|x-original-.*)$/
  return Object.keys(headers).some(name => tells.test(name)) || /close/i.test(String(headers.connection ?? ''))
}

/** The kept mails, newest first. `q` is a part of the address or of the mail's name. */
export async function listKeptMails(
  app: App,
  filters: { q?: string | undefined },
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: KeptMail[]; nextCursor: string | null }> {
  const q = filters.q?.trim()
  const list = JSON.stringify(['mailbox', q])
  const last = readCursor(page.cursor, list, Type.Tuple([dateTime, uuid]))
  const conditions = [
    sql`status = 'kept'`,
    q && sql`position(lower(${q}) in lower(recipient || ' ' || name)) > 0`,
    last && sql`(created_at, id) < (${last[0]}::timestamptz, ${last[1]}::uuid)`,
  ].filter(condition => condition !== undefined && condition !== '')
  const rows = await app.db.reads({ system: true }).run(sql<KeptRow & { moment: string }>`
    select
      id,
      name,
      recipient,
      content,
      created_at,
      to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
    from mail.messages
    where ${sql.join(conditions, sql` and `)}
    order by created_at desc, id desc
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.id])
  return { items: items.map(row => describe(app, row)), nextCursor }
}

export async function getKeptMail(app: App, id: string): Promise<KeptMailContent> {
  const row = await app.db.reads({ system: true }).maybe(sql<KeptRow>`
    select
      id,
      name,
      recipient,
      content,
      created_at
    from mail.messages
    where id = ${id}
      and status = 'kept'`)
  if (!row) throw errors.messageNotFound({ id })
  return describe(app, row)
}

type KeptRow = { id: string; name: string; recipient: string; content: string; createdAt: Date }

function describe(app: App, row: KeptRow): KeptMailContent {
  const { subject, text, html, link = null } = openContent(app, row)
  return { id: row.id, name: row.name, to: row.recipient, subject, createdAt: row.createdAt, text, html, link }
}
