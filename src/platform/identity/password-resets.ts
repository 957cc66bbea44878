import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { linkTo, sendMail } from '#platform/mail'
import { resetPasswordMail } from './mails.ts'
import { consumeOneTimeToken, findOneTimeToken, issueOneTimeToken, withdrawOneTimeTokens } from './one-time-tokens.ts'
import { findPasswordHolder, lockPasswords, type PasswordHolder } from './passwords.ts'

/** How long a link lasts. */
const minutes = 30

/**
 * MT-04: sends a link with which a user chooses a new password, and makes earlier ones void. False, and nothing is sent,
 * where the account is not active. The user keeps his password until then. In a transaction of the system scope.
 */
export async function sendPasswordReset(
  app: App,
  tx: Queryable,
  reset: { userId: string; askedBy: 'owner' | 'operator' },
): Promise<boolean> {
  const { userId, askedBy } = reset
  const holder = await findPasswordHolder(tx, userId)
  if (!holder?.isActive) return false
  await lockPasswords(tx, userId)
  const token = await issueOneTimeToken(tx, {
    purpose: 'reset_password',
    userId,
    minutes,
    // Another address may be the account's when the link is opened: then it proves nothing about that one.
    details: { email: holder.email },
  })
  const isSent = await sendMail(app, tx, {
    to: holder.email,
    userId,
    mail: resetPasswordMail,
    values: { name: holder.fullName ?? holder.email, link: linkTo(app, '/reset-password', token), minutes, askedBy },
  })
  // A mail too many is dropped: the links before it stay, or whoever asks on and on would leave the owner with none.
  if (isSent) await withdrawOneTimeTokens(tx, 'reset_password', userId, token)
  else await consumeOneTimeToken(tx, 'reset_password', token)
  return true
}

/** Whose new password a link may set now; it stays usable. Needs the system scope. */
export async function findPasswordReset(tx: Queryable, token: string): Promise<PasswordHolder | undefined> {
  const found = await findOneTimeToken<{ email: string }>(tx, 'reset_password', token)
  const holder = found?.userId ? await findPasswordHolder(tx, found.userId) : undefined
  return holder?.isActive && holder.email === found?.details.email ? holder : undefined
}

/**
 * Uses a link up for the holder that `findPasswordReset` told; false where it cannot be used any more. It confirms his
 * address, for there it went. His passwords are locked from here to the end of the transaction. Needs the system scope.
 */
export async function consumePasswordReset(tx: Queryable, token: string, { userId }: PasswordHolder): Promise<boolean> {
  // The account before its token, as whoever withdraws the token with a change of the password: else each may wait for the other.
  await lockPasswords(tx, userId)
  const isStill = await findPasswordReset(tx, token)
  if (isStill?.userId !== userId || !(await consumeOneTimeToken(tx, 'reset_password', token))) return false
  await tx.run(sql`
    update identity.users
    set email_verified_at = now()
    where id = ${userId}
      and email_verified_at is null`)
  return true
}
