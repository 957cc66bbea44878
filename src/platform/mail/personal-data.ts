import { type Queryable, sql } from '#platform/database'

/** Whose mails: the account's, and those to its addresses, also before there was an account. */
export type Person = { userId: string; emails: readonly string[] }

export type MailRecord = {
  name: string
  recipient: string
  status: 'queued' | 'sent' | 'failed' | 'kept' | 'dropped'
  createdAt: Date
  sentAt: Date | null
}

/** The mails of the last 30 days to a person, oldest first, for the export of his data: which, not what they said. Erased with him: `identity.erase_traces`. */
export async function listMailsOf(tx: Queryable, { userId, emails }: Person): Promise<MailRecord[]> {
  return await tx.run(sql<MailRecord>`
    select
      name,
      recipient,
      status,
      created_at,
      sent_at
    from mail.messages
    where user_id = ${userId}
      or lower(recipient) = any(${emails.map(email => email.toLowerCase())})
    order by created_at, id`)
}
