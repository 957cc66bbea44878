import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import type { Queryable, Scope } from '#platform/database'
import type { DomainError } from '#platform/errors.ts'
import { linkTo } from '#platform/mail'
import { replaceBackupCodes } from './backup-codes.ts'
import { errors } from './errors.ts'
import { backupCodesReplacedMail, twoFactorEnabledMail, twoFactorRemovedMail } from './mails.ts'
import { tellOwner } from './owners.ts'
import { announceRevocation } from './revocations.ts'
import { addAuthenticationMethod, revokeSessionsOf } from './sessions.ts'
import {
  type CodeOutcome,
  confirmTwoFactor,
  type FactorSecret,
  findTwoFactor,
  lockSecret,
  removeTwoFactor,
} from './two-factors.ts'

/**
 * Turns two-factor sign-in on by a first code and returns the backup codes. The user's other sessions end: whoever opened
 * one with the password alone would stay inside of what is to keep him out. Refuses a wrong code (`identity.code_wrong`,
 * `identity.too_many_codes`).
 */
export async function turnOnTwoFactor(
  app: App,
  scope: Scope,
  user: { userId: string; sessionId: string; code: string },
): Promise<string[]> {
  const { userId, sessionId, code } = user
  const done = await app.db.transaction({ ...scope, system: true }, async tx => {
    const outcome = await confirmTwoFactor(app, tx, userId, code)
    // Returned, not thrown: the wrong code has to stay counted.
    if (outcome !== 'accepted') return { refusal: await refusalOf(app, tx, userId, outcome) }
    const codes = await replaceBackupCodes(app, tx, await lockFactor(tx, userId))
    // He has just shown it: a tenant that wants a second factor of each session has it.
    await addAuthenticationMethod(tx, sessionId, 'totp')
    const endedSessions = await revokeSessionsOf(tx, userId, 'two-factor sign-in turned on', sessionId)
    await recordChange(tx, userId, 'two_factor_enabled', { endedSessions })
    await tellOwner(app, tx, userId, twoFactorEnabledMail, { link: linkTo(app, '/account/security') })
    return { codes }
  })
  if ('refusal' in done) throw done.refusal
  announceRevocation(app)
  return done.codes
}

/** Turns two-factor sign-in off, or ends a set-up; refuses where there is neither (`identity.two_factor_off`). */
export async function turnOffTwoFactor(app: App, scope: Scope, userId: string): Promise<void> {
  await app.db.transaction({ ...scope, system: true }, async tx => {
    if (!(await lockSecret(tx, userId))) throw errors.twoFactorOff()
    if (!(await removeTwoFactor(tx, userId))) return
    await recordChange(tx, userId, 'two_factor_removed')
    await tellOwner(app, tx, userId, twoFactorRemovedMail, { link: linkTo(app, '/account/security') })
  })
  announceRevocation(app)
}

/** Makes new backup codes; none of the old ones works any more. */
export async function renewBackupCodes(app: App, scope: Scope, userId: string): Promise<string[]> {
  return await app.db.transaction({ ...scope, system: true }, async tx => {
    const codes = await replaceBackupCodes(app, tx, await lockFactor(tx, userId))
    await recordChange(tx, userId, 'backup_codes_replaced')
    await tellOwner(app, tx, userId, backupCodesReplacedMail, { link: linkTo(app, '/account/security') })
    return codes
  })
}

async function lockFactor(tx: Queryable, userId: string): Promise<FactorSecret> {
  const factor = await lockSecret(tx, userId)
  if (!factor?.isVerified) throw errors.twoFactorOff()
  return factor
}

async function recordChange(tx: Queryable, userId: string, action: string, details?: Record<string, unknown>) {
  await recordEvent(tx, { action, resource: 'identity.two_factors', resourceId: userId, ...(details && { details }) })
}

/** What to throw, after the commit, for a code that was not accepted. */
export async function refusalOf(
  app: App,
  tx: Queryable,
  userId: string,
  outcome: Exclude<CodeOutcome, 'accepted'>,
): Promise<DomainError> {
  if (outcome === 'wrong') return errors.codeWrong()
  const restingUntil = (await findTwoFactor(tx, userId))?.restingUntil?.getTime() ?? 0
  const retryAfter = Math.max(1, Math.ceil((restingUntil - app.clock.now().getTime()) / 1000))
  const minutes = Math.ceil(retryAfter / 60)
  return errors.tooManyCodes({ retryAfter, wait: minutes === 1 ? 'a minute' : `${minutes} minutes` })
}
