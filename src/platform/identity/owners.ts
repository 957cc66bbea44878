import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { type MailDefinition, sendMail } from '#platform/mail'
import { announceAccountEvent } from './account-events.ts'

/** Whom to write to about an account, by the name that he goes by. Needs the system scope. */
export function getOwner(tx: Queryable, userId: string): Promise<{ email: string; name: string }> {
  return tx.one(sql<{ email: string; name: string }>`
    select email, coalesce(full_name, email) as name
    from identity.users
    where id = ${userId}`)
}

/** Sends a mail to the owner of an account, with his name (see `sendMail`), and tells those who listen to such events. */
export async function tellOwner<Values extends { name: string }>(
  app: App,
  tx: Queryable,
  userId: string,
  mail: MailDefinition<Values>,
  values: Omit<Values, 'name'>,
): Promise<void> {
  const { email, name } = await getOwner(tx, userId)
  const filled = { ...values, name } as Values
  await sendMail(app, tx, { to: email, userId, mail, values: filled })
  await announceAccountEvent(app, tx, userId, mail, filled)
}
