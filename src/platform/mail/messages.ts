import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { enqueue, type Job } from '#platform/jobs'
import { checkAddress, inboxOf } from './addresses.ts'
import { type Content, sealContent } from './contents.ts'
import { deliverMail } from './delivery.ts'
import { renderMail } from './layout.ts'
import { composeMail, type MailDefinition } from './mails.ts'
import { hasSmtp } from './settings.ts'

/** An hour's mails to one inbox, beyond which they are dropped. */
const mostOfOneName = 5
const mostOfAll = 20
const mostByAnybody = 15

/**
 * Sends a mail if, and only if, `tx` commits, wherever that is: a job delivers it, for about a day. `tx` needs the system scope. `userId`
 * is whose account it is about, so that it is found when that person's data are exported or erased.
 *
 * An inbox gets no more than 5 mails of one kind and 20 of all in an hour, and 15 of those that anybody can cause; what is
 * more is dropped and logged. Whether it was sent is for the caller (in a tenant's own database it is not known yet): whoever asked for it must not learn it. Refuses what
 * is not one address.
 */
export async function sendMail<Values extends object>(
  app: App,
  tx: Queryable,
  sending: { to: string; toName?: string; userId?: string | undefined; mail: MailDefinition<Values>; values: Values },
): Promise<boolean> {
  const { mail, toName, userId } = sending
  const recipient = checkAddress(sending.to)
  const id = crypto.randomUUID()
  const content: Content = {
    ...renderMail(app, composeMail(app, mail, sending.values)),
    ...(toName !== undefined && { recipientName: toName }),
  }
  const message: NewMessage = {
    id,
    name: mail.name,
    recipient,
    userId,
    content: sealContent(app, id, content),
    status: hasSmtp(app) ? 'queued' : 'kept',
    byAnybody: mail.byAnybody ?? false,
  }
  if (await tx.usesOutbox?.()) {
    if (!tx.scope.system) throw new Error('Mails are sent by the platform: the scope is not the system’s')
    await enqueue(tx, sendPutOutMail, {
      messageId: id,
      sealed: app.keyring.encrypt(JSON.stringify(message), contextOf(id)),
    })
    return true
  }
  return await send(app, tx, message)
}

async function send(app: App, tx: Queryable, message: NewMessage): Promise<boolean> {
  const { id, name } = message
  const { status } = await insertMessage(tx, message)
  if (status === 'queued') await enqueue(tx, deliverMail, { messageId: id })
  if (status === 'dropped') app.log.warn({ mail: name, messageId: id }, 'mail dropped, its recipient gets too many')
  return status !== 'dropped'
}

/** MT-17: of what was sent in a tenant's own database, where mails neither wait nor are counted. */
export const sendPutOutMail: Job<{ messageId: string; sealed: string }> = {
  name: 'mail.send-put-out',
  description: 'Sends a mail that was sent in a database of tenants',
  async run({ messageId, sealed }, app) {
    const message: NewMessage = JSON.parse(app.keyring.decrypt(sealed, contextOf(messageId)))
    await app.db.transaction({ system: true }, async tx => {
      const [known] = await tx.run(sql`
        select id
        from mail.messages
        where id = ${messageId}`)
      if (!known) await send(app, tx, message)
    })
  },
}

const contextOf = (id: string) => `mail.put_out:${id}`

type NewMessage = {
  id: string
  name: string
  recipient: string
  userId: string | undefined
  content: string
  status: 'queued' | 'kept'
  byAnybody: boolean
}

// The inbox's row for all mails is counted first: it serialises all who send there, so that they cannot wait for each
// other crosswise, and each sees what the one before has counted.
async function insertMessage(tx: Queryable, message: NewMessage) {
  const inbox = inboxOf(message.recipient)
  const all = message.byAnybody ? '* by anybody' : '*'
  const most = message.byAnybody ? mostByAnybody : mostOfAll
  return await tx.one(sql<{ status: 'queued' | 'kept' | 'dropped' }>`
    with
      counted as (
        insert into mail.quotas (inbox, name, messages)
        values
          (${inbox}, ${all}, 1),
          (${inbox}, ${message.name}, 1)
        on conflict (inbox, name) do update
        set
          messages = case
            when quotas.began_at <= now() - interval '1 hour' then 1
            else quotas.messages + 1
          end,
          began_at = case
            when quotas.began_at <= now() - interval '1 hour' then now()
            else quotas.began_at
          end
        returning messages > case name when ${all} then ${most}::integer else ${mostOfOneName}::integer end as is_over
      ),
      decided as (
        select bool_or(is_over) as is_dropped
        from counted
      )
    insert into mail.messages (id, name, recipient, user_id, content, status)
    select
      ${message.id}::uuid,
      ${message.name},
      ${message.recipient},
      ${message.userId ?? null}::uuid,
      case when not is_dropped then ${message.content} end,
      case when is_dropped then 'dropped' else ${message.status} end
    from decided
    returning status`)
}
