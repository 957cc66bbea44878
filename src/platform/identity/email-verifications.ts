import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'
import { linkTo, sendMail } from '#platform/mail'
import { errors } from './errors.ts'
import { verifyEmailMail } from './mails.ts'
import { consumeOneTimeToken, issueOneTimeToken, withdrawOneTimeTokens } from './one-time-tokens.ts'

/** How long the links of `/confirm-email` work. */
export const linkHours = 24

/**
 * Sends a link by which a user shows that mail to his address reaches him; an earlier one stops working. Refuses where
 * that is shown already. Needs the system scope.
 */
export async function sendVerification(app: App, tx: Queryable, userId: string): Promise<void> {
  const account = await tx.one(sql<{ email: string; name: string; isEmailVerified: boolean }>`
    select email, coalesce(full_name, email) as name, is_email_verified
    from identity.users
    where id = ${userId}
    for no key update`)
  if (account.isEmailVerified) throw errors.emailVerifiedAlready()
  await withdrawOneTimeTokens(tx, 'verify_email', userId)
  const details = { email: account.email }
  const token = await issueOneTimeToken(tx, { purpose: 'verify_email', userId, minutes: linkHours * 60, details })
  await sendMail(app, tx, {
    to: account.email,
    userId,
    mail: verifyEmailMail,
    values: { name: account.name, link: linkTo(app, '/confirm-email', token), hours: linkHours },
  })
}

/**
 * Uses such a link up and returns the address that is verified now; undefined when the token is none. It is bound to the
 * address that it was sent to: whoever has another one since has not shown anything. Needs the system scope.
 */
export async function useVerification(tx: Queryable, token: string): Promise<string | undefined> {
  const used = await consumeOneTimeToken<{ email: string }>(tx, 'verify_email', token)
  if (!used) return undefined
  const { email } = used.details
  const verified = await tx.maybe(sql`
    update identity.users
    set email_verified_at = coalesce(email_verified_at, now())
    where id = ${used.userId}
      and email = ${email}
      and deleted_at is null
    returning id`)
  if (!verified) throw errors.emailLinkInvalid()
  await recordEvent(tx, { action: 'verify_email', resource: 'identity.users', resourceId: used.userId as string })
  return email
}
