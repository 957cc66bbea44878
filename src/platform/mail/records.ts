import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import { openContent } from './contents.ts'
import { errors } from './errors.ts'

/** A message as operators see it. */
export type MailMessage = {
  id: string
  name: string
  recipient: string
  userId: string | null
  status: 'queued' | 'sent' | 'failed' | 'kept' | 'dropped'
  attempts: number
  lastError: string | null
  createdAt: Date
  sentAt: Date | null
}

const columns = sql`id, name, recipient, user_id, status, attempts, last_error, created_at, sent_at`

/** The last messages, newest first. */
export async function listMessages(app: App, limit: number): Promise<MailMessage[]> {
  return await app.db.reads({ system: true }).run(sql<MailMessage>`
    select ${columns}
    from mail.messages
    order by created_at desc, id desc
    limit ${limit}`)
}

/** One message; subject and text are there as long as it is queued or kept. */
export async function getMessage(app: App, id: string): Promise<MailMessage & { subject?: string; text?: string }> {
  const row = /^[0-9a-f-]{36}$/i.test(id) ? await findMessage(app, id) : undefined
  if (!row) throw errors.messageNotFound({ id })
  const { content, ...message } = row
  if (content === null) return message
  const { subject, text } = openContent(app, { id: row.id, content })
  return { ...message, subject, text }
}

async function findMessage(app: App, id: string) {
  return await app.db.reads({ system: true }).maybe(sql<MailMessage & { content: string | null }>`
    select ${columns}, content
    from mail.messages
    where id = ${id}`)
}
