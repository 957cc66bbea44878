import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { enqueue } from '#platform/jobs'
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
 * Sends a mail if, and only if, `tx` commits: a job delivers it, for about a day. `tx` needs the system scope. `userId`
 * is whose account it is about, so that it is found when that person's data are exported or erased.
 *
 * An inbox gets no more than 5 mails of one kind and 20 of all in an hour, and 15 of those that anybody can cause; what is
 * more is dropped and logged. Whether it was sent is for the caller: whoever asked for it must not learn it. Refuses what
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
  const wanted = hasSmtp(app) ? 'queued' : 'kept'
  const { status } = await insertMessage(tx, {
    id,
    name: mail.name,
    recipient,
    userId,
    content: sealContent(app, id, content),
    status: wanted,
    byAnybody: mail.byAnybody ?? false,
  })
  if (status === 'queued') await enqueue(tx, deliverMail, { messageId: id })
  if (status === 'dropped')
    app.log.warn({ mail: mail.name, messageId: id }, 'mail dropped, its recipient gets too many')
  return status !== 'dropped'
}

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
