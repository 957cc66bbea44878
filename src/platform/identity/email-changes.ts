import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { createToken, hashToken } from '#platform/crypto'
import { onViolation, type Queryable, sql } from '#platform/database'
import { nullable, timestamp } from '#platform/http'
import { linkTo, sendMail } from '#platform/mail'
import { announceAccountEvent } from './account-events.ts'
import { linkHours } from './email-verifications.ts'
import { errors } from './errors.ts'
import { addressInUseMail, confirmNewEmailMail, confirmOldEmailMail, emailChangedMail } from './mails.ts'
import { withdrawOneTimeTokens } from './one-time-tokens.ts'
import { revokeSessionsOf } from './sessions.ts'

/** A user's address, and the one that he wants to have. */
export const EmailState = Type.Object(
  {
    email: Type.String(),
    isVerified: Type.Boolean({ description: 'Whether he has shown that mail to it reaches him' }),
    change: nullable(
      Type.Object({
        email: Type.String(),
        isConfirmedByOld: Type.Boolean({ description: 'The link in the mail to the present address was used' }),
        isConfirmedByNew: Type.Boolean({ description: 'The link in the mail to the new address was used' }),
        askedAt: timestamp,
        expiresAt: timestamp,
      }),
    ),
  },
  { title: 'EmailState' },
)
export type EmailState = Static<typeof EmailState>

export async function getEmailState(tx: Queryable, userId: string): Promise<EmailState> {
  const { email, isVerified, ...change } = await tx.one(sql<
    { email: string; isVerified: boolean } & { [Key in keyof Change]: Change[Key] | null }
  >`
    select
      account.email,
      account.is_email_verified as is_verified,
      change.new_email,
      change.old_confirmed_at,
      change.new_confirmed_at,
      change.created_at,
      change.expires_at
    from identity.users as account
    left join identity.email_changes as change
      on change.user_id = account.id
      and change.old_email = account.email
      and change.expires_at > now()
    where account.id = ${userId}`)
  if (change.newEmail === null || change.createdAt === null || change.expiresAt === null)
    return { email, isVerified, change: null }
  return {
    email,
    isVerified,
    change: {
      email: change.newEmail,
      isConfirmedByOld: change.oldConfirmedAt !== null,
      isConfirmedByNew: change.newConfirmedAt !== null,
      askedAt: change.createdAt,
      expiresAt: change.expiresAt,
    },
  }
}

type Change = {
  newEmail: string
  oldConfirmedAt: Date | null
  newConfirmedAt: Date | null
  createdAt: Date
  expiresAt: Date
}

/**
 * Asks both addresses whether the account may have the new one; an earlier question is withdrawn. Whether the new one has
 * an account is not told here: who reads its mail learns it. `email` is in its one form. Needs the system scope.
 */
export async function askForEmailChange(
  app: App,
  tx: Queryable,
  wanted: { userId: string; sessionId: string; email: string },
): Promise<void> {
  const { userId, sessionId, email } = wanted
  const account = await tx.one(sql<{ email: string; name: string }>`
    select email, coalesce(full_name, email) as name
    from identity.users
    where id = ${userId}
    for no key update`)
  if (account.email === email) throw errors.emailUnchanged()
  const [oldToken, newToken] = [createToken(), createToken()]
  await tx.run(sql`
    insert into identity.email_changes (
      user_id, session_id, old_email, new_email, old_token_hash, new_token_hash, expires_at
    )
    values (
      ${userId},
      ${sessionId},
      ${account.email},
      ${email},
      ${hashToken(oldToken)},
      ${hashToken(newToken)},
      now() + ${linkHours} * interval '1 hour'
    )
    on conflict (user_id) do update
    set
      session_id = excluded.session_id,
      old_email = excluded.old_email,
      new_email = excluded.new_email,
      old_token_hash = excluded.old_token_hash,
      new_token_hash = excluded.new_token_hash,
      old_confirmed_at = null,
      new_confirmed_at = null,
      created_at = now(),
      expires_at = excluded.expires_at`)
  const { isTaken } = await tx.one(sql<{ isTaken: boolean }>`
    select exists (select from identity.users where email = ${email} and deleted_at is null) as is_taken`)
  const { name } = account
  const link = (token: string) => linkTo(app, '/confirm-email', token)
  await sendMail(app, tx, {
    to: account.email,
    userId,
    mail: confirmOldEmailMail,
    values: { name, email, link: link(oldToken), hours: linkHours },
  })
  // To a stranger the mail names nobody: the address may be a slip of the pen.
  if (isTaken) await sendMail(app, tx, { to: email, mail: addressInUseMail, values: { link: linkTo(app, '/sign-in') } })
  else
    await sendMail(app, tx, {
      to: email,
      mail: confirmNewEmailMail,
      values: { link: link(newToken), hours: linkHours },
    })
  await recordEvent(tx, { action: 'ask_email_change', resource: 'identity.users', resourceId: userId })
}

/** Takes the question back: its links stop working. Needs the system scope. */
export async function withdrawEmailChange(tx: Queryable, userId: string): Promise<void> {
  const withdrawn = await tx.maybe(sql`delete from identity.email_changes where user_id = ${userId} returning user_id`)
  if (withdrawn)
    await recordEvent(tx, { action: 'withdraw_email_change', resource: 'identity.users', resourceId: userId })
}

export type ConfirmedChange = { userId: string; email: string; isDone: boolean; waitsFor: 'old' | 'new' | null }

/**
 * Takes one of the two addresses' word for a change; with the second it takes place: other sessions end, and what was
 * sent to the old address opens nothing any more. Undefined when the token is none. Needs the system scope.
 */
export async function confirmEmailChange(app: App, tx: Queryable, token: string): Promise<ConfirmedChange | undefined> {
  const tokenHash = hashToken(token)
  const change = await tx.maybe(sql<PendingChange>`
    update identity.email_changes as change
    set
      old_confirmed_at = case when old_token_hash = ${tokenHash} then coalesce(old_confirmed_at, now()) else old_confirmed_at end,
      new_confirmed_at = case when new_token_hash = ${tokenHash} then coalesce(new_confirmed_at, now()) else new_confirmed_at end
    from identity.users as account
    where ${tokenHash} in (change.old_token_hash, change.new_token_hash)
      and change.expires_at > now()
      and account.id = change.user_id
      and account.email = change.old_email
      and account.is_active
    returning
      change.user_id,
      change.session_id,
      change.old_email,
      change.new_email,
      change.old_confirmed_at,
      change.new_confirmed_at,
      coalesce(account.full_name, account.email) as name,
      account.full_name`)
  if (!change) return undefined
  const { userId, newEmail: email } = change
  const waitsFor = change.oldConfirmedAt === null ? 'old' : change.newConfirmedAt === null ? 'new' : null
  if (waitsFor === null) await takePlace(app, tx, change)
  return { userId, email, isDone: waitsFor === null, waitsFor }
}

type PendingChange = {
  userId: string
  sessionId: string | null
  oldEmail: string
  newEmail: string
  oldConfirmedAt: Date | null
  newConfirmedAt: Date | null
  name: string
}

async function takePlace(app: App, tx: Queryable, change: PendingChange): Promise<void> {
  const { userId, sessionId, oldEmail, newEmail, name } = change
  await onViolation(
    tx.run(sql`
      update identity.users
      set
        email = ${newEmail},
        email_verified_at = now()
      where id = ${userId}`),
    { users_email_unique: () => errors.emailTakenMeanwhile({ email: newEmail }) },
  )
  await tx.run(sql`delete from identity.email_changes where user_id = ${userId}`)
  await withdrawOneTimeTokens(tx, 'reset_password', userId)
  await withdrawOneTimeTokens(tx, 'verify_email', userId)
  await revokeSessionsOf(tx, userId, 'e-mail address changed', sessionId ?? undefined)
  await sendMail(app, tx, { to: oldEmail, userId, mail: emailChangedMail, values: { name, email: newEmail } })
  await announceAccountEvent(app, tx, userId, emailChangedMail, { name, email: newEmail })
  await recordEvent(tx, { action: 'change_email', resource: 'identity.users', resourceId: userId })
}

/** Changes that nobody can confirm any more. Needs the system scope. */
export async function removeLapsedEmailChanges(tx: Queryable): Promise<number> {
  const removed = await tx.run(sql`delete from identity.email_changes where expires_at < now() returning user_id`)
  return removed.length
}
