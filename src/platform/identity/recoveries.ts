import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { onViolation, type Queryable, sql } from '#platform/database'
import { linkTo, sendMail } from '#platform/mail'
import { errors } from './errors.ts'
import { twoFactorResetMail } from './mails.ts'
import { sendPasswordReset } from './password-resets.ts'
import { removeTwoFactor } from './two-factors.ts'
import { endAccess } from './user-statuses.ts'

/**
 * MT-05: for somebody who has lost his second factor: takes away authenticator app, backup codes and remembered devices,
 * with `alsoPasskeys` his passkeys, ends his sessions and tells him by mail. Whoever did this to a stranger would still
 * need the password. Refuses to take the last way in. Needs the system scope; call `announceRevocation` after the commit.
 */
export async function resetTwoFactor(
  app: App,
  tx: Queryable,
  reset: { userId: string; reason: string; alsoPasskeys: boolean },
): Promise<void> {
  const { userId, reason, alsoPasskeys } = reset
  const person = await tx.maybe(sql<{ email: string; name: string }>`
    select email, coalesce(full_name, email) as name
    from identity.users
    where id = ${userId}
      and deleted_at is null
    for no key update`)
  if (!person) throw errors.userNotFound({ id: userId })
  if (userId === tx.scope.userId) throw errors.statusOfOneself()
  await removeTwoFactor(tx, userId)
  if (alsoPasskeys) {
    await onViolation(tx.run(sql`delete from identity.authenticators where user_id = ${userId}`), {
      users_keep_way_in: errors.lastWayIn,
    })
  }
  await endAccess(tx, userId, 'second factor reset')
  await recordEvent(tx, {
    action: 'reset_two_factor',
    resource: 'identity.users',
    resourceId: userId,
    details: { reason, alsoPasskeys },
  })
  await sendMail(app, tx, {
    to: person.email,
    userId,
    mail: twoFactorResetMail,
    values: { name: person.name, alsoPasskeys, link: linkTo(app, '/sign-in') },
  })
}

/** MT-04: sends somebody a link for a new password, as an operator. Refuses where the account is not active. */
export async function sendOperatorsReset(app: App, tx: Queryable, userId: string): Promise<void> {
  if (!(await sendPasswordReset(app, tx, { userId, askedBy: 'operator' }))) throw errors.accountNotActive()
  await recordEvent(tx, { action: 'send_password_reset', resource: 'identity.users', resourceId: userId })
}
