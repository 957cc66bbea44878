import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import type { Queryable, Scope } from '#platform/database'
import { nullable, timestamp } from '#platform/http'
import {
  announceRevocation,
  consumePasswordReset,
  describeOccasion,
  distrustDevices,
  endRest,
  findAccount,
  findPasswordHolder,
  findPasswordReset,
  hashNewPassword,
  listPasswordHashes,
  normaliseEmail,
  type PasswordHolder,
  PasswordRules,
  replacePassword,
  revokeSessionsOf,
  sendPasswordReset,
  withdrawOneTimeTokens,
} from '#platform/identity'
import { enqueue, type Job } from '#platform/jobs'
import { linkTo, sendMail } from '#platform/mail'
import { notify } from '#platform/notifications'
import { errors } from './errors.ts'
import { passwordChangedMail } from './mails.ts'
import { provesPassword, refuseRest, type SessionOfUser } from './password-proofs.ts'
import { expiryOf, findPasswordRulesOf } from './password-rules.ts'

/** One's own password, as far as it may be told. */
export const PasswordState = Type.Object({
  isSet: Type.Boolean({ description: 'False for who comes in by passkey or a linked sign-in only' }),
  changedAt: nullable(timestamp),
  expiresAt: nullable(timestamp),
  rules: PasswordRules,
})
export type PasswordState = Static<typeof PasswordState>

export async function getPasswordState(app: App, scope: Scope, userId: string): Promise<PasswordState> {
  const system = app.db.reads({ ...scope, system: true })
  const [holder, rules] = await Promise.all([findPasswordHolder(system, userId), findPasswordRulesOf(system, userId)])
  const changedAt = holder?.passwordSetAt ?? null
  return { isSet: changedAt !== null, changedAt, expiresAt: changedAt && expiryOf(changedAt, rules), rules }
}

/**
 * Sets another password in a session, which goes on while all others end. The current password is asked for and wrong
 * ones are counted like those at sign-in; where there is none, the caller has seen to it that the sign-in is fresh.
 */
export async function changeOwnPassword(
  app: App,
  scope: Scope,
  change: { userId: string; sessionId: string; currentPassword: string | undefined; newPassword: string },
): Promise<void> {
  const { userId, sessionId, currentPassword, newPassword } = change
  const system = app.db.scoped({ ...scope, system: true })
  const holder = await findHolder(system, userId)
  const session = { id: sessionId, userId }
  if (holder.passwordHash !== null) await requireCurrentPassword(app, scope, session, currentPassword ?? '')
  const passwordHash = await hashFor(system, holder, newPassword, 'newPassword')
  await app.db.transaction({ ...scope, system: true }, async tx => {
    await putPassword(app, tx, holder, passwordHash, false)
    // Hashing has taken its time: guesses that came at once with this one have been counted by now.
    await refuseRest(tx, session)
    await endRest(tx, userId)
    await revokeSessionsOf(tx, userId, 'password changed', sessionId)
    await withdrawOneTimeTokens(tx, 'sign_in_step', userId)
  })
  announceRevocation(app)
}

/**
 * Sets a new password for a user who has just shown the expired one, before he gets a session; all others end, and so do
 * other sign-ins that are under way with the old one. `take` uses his step up, in the same transaction.
 */
export async function setExpiredPassword<T>(
  app: App,
  client: Scope,
  { userId, newPassword }: { userId: string; newPassword: string },
  take: (tx: Queryable) => Promise<T>,
): Promise<T> {
  const scope = { ...client, system: true, userId }
  const system = app.db.scoped(scope)
  const holder = await findHolder(system, userId)
  const passwordHash = await hashFor(system, holder, newPassword, 'newPassword')
  const taken = await app.db.transaction({ ...scope, userName: holder.fullName ?? holder.email }, async tx => {
    await putPassword(app, tx, holder, passwordHash, false)
    await revokeSessionsOf(tx, userId, 'password changed')
    const taken = await take(tx)
    await withdrawOneTimeTokens(tx, 'sign_in_step', userId)
    return taken
  })
  announceRevocation(app)
  return taken
}

/** MT-04: looks an address up and sends it a link, if it is that of an active account. */
export const sendPasswordResetJob: Job<{ email: string }> = {
  name: 'accounts.send-password-reset',
  description: 'MT-04: sends a link for a new password to an address, if it has an account',
  async run({ email }, app) {
    await app.db.transaction({ system: true }, async tx => {
      const account = await findAccount(tx, email)
      if (!account) return
      if (!(await sendPasswordReset(app, tx, { userId: account.id, askedBy: 'owner' }))) return
      await recordEvent(tx, { action: 'ask_password_reset', resource: 'identity.users', resourceId: account.id })
    })
  },
}

/**
 * Asks for a link for a new password. Nothing is looked up here: a job does it, so that neither answer nor time tell
 * whether the address has an account.
 */
export async function askPasswordReset(app: App, client: Scope, email: string): Promise<void> {
  await enqueue(app.db.scoped({ ...client, system: true }), sendPasswordResetJob, { email: normaliseEmail(email) })
}

/** Whose password a link sets, and by which rules; refuses a link that sets none. */
export async function describePasswordReset(
  app: App,
  client: Scope,
  token: string,
): Promise<{ email: string; rules: PasswordRules }> {
  const system = app.db.scoped({ ...client, system: true })
  const holder = await findPasswordReset(system, token)
  if (!holder) throw errors.resetLinkInvalid()
  return { email: holder.email, rules: await findPasswordRulesOf(system, holder.userId) }
}

/**
 * MT-04: sets a new password by a link, once. All sessions end, no device is trusted any more, and the account no longer
 * rests; the address is confirmed, for the link came there. A password that the rules refuse leaves the link usable.
 */
export async function resetPassword(
  app: App,
  client: Scope,
  reset: { token: string; password: string },
): Promise<void> {
  const system = app.db.scoped({ ...client, system: true })
  const holder = await findPasswordReset(system, reset.token)
  if (!holder) throw errors.resetLinkInvalid()
  const { userId } = holder
  const passwordHash = await hashFor(system, holder, reset.password, 'password')
  const scope = { ...client, system: true, userId, userName: holder.fullName ?? holder.email }
  await app.db.transaction(scope, async tx => {
    if (!(await consumePasswordReset(tx, reset.token, holder))) throw errors.resetLinkInvalid()
    await putPassword(app, tx, holder, passwordHash, true)
    await revokeSessionsOf(tx, userId, 'password reset')
    await distrustDevices(tx, userId)
    await endRest(tx, userId)
    await withdrawOneTimeTokens(tx, 'sign_in_step', userId)
  })
  announceRevocation(app)
}

async function findHolder(tx: Queryable, userId: string): Promise<PasswordHolder> {
  const holder = await findPasswordHolder(tx, userId)
  if (!holder?.isActive) throw errors.sessionEnded()
  return holder
}

async function requireCurrentPassword(
  app: App,
  scope: Scope,
  session: SessionOfUser,
  currentPassword: string,
): Promise<void> {
  if (await provesPassword(app, scope, session, currentPassword)) return
  const event = { action: 'change_password_failed', resource: 'identity.users', resourceId: session.userId }
  await recordEvent(app.db.scoped({ ...scope, system: true }), event)
  const refusal = errors.currentPasswordWrong()
  const fault = { in: 'body', pointer: '/currentPassword', message: refusal.message }
  throw errors.currentPasswordWrong({ errors: [fault] })
}

async function hashFor(tx: Queryable, holder: PasswordHolder, password: string, field: string): Promise<string> {
  const [rules, previousHashes] = await Promise.all([
    findPasswordRulesOf(tx, holder.userId),
    listPasswordHashes(tx, holder.userId),
  ])
  const { email, fullName } = holder
  return await hashNewPassword(password, rules, { email, fullName, previousHashes, field })
}

/** The new password in the place of the one that was looked at; links for another one are void, and the owner is told. */
async function putPassword(
  app: App,
  tx: Queryable,
  holder: PasswordHolder,
  passwordHash: string,
  isReset: boolean,
): Promise<void> {
  const { userId, email, fullName, timezone, passwordId } = holder
  if (!(await replacePassword(tx, userId, passwordHash, passwordId))) throw errors.passwordChangedMeanwhile()
  await withdrawOneTimeTokens(tx, 'reset_password', userId)
  await recordEvent(tx, {
    action: isReset ? 'reset_password' : 'change_password',
    resource: 'identity.users',
    resourceId: userId,
  })
  await notify(app, tx, {
    userId,
    tenantId: null,
    kind: 'accounts.password_changed',
    title: 'Your password was changed',
    message: isReset ? 'By the link of a mail. Other devices were signed out.' : '',
    link: '/account/security',
  })
  const { ipAddress, userAgent } = tx.scope
  await sendMail(app, tx, {
    to: email,
    userId,
    mail: passwordChangedMail,
    values: {
      name: fullName ?? email,
      isReset,
      facts: await describeOccasion(app, { moment: app.clock.now(), timezone, ipAddress, userAgent }),
      link: linkTo(app, '/forgot-password'),
    },
  })
}
