import { Secret, TOTP } from 'otpauth'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'
import { linkTo } from '#platform/mail'
import { distrustDevices } from './devices.ts'
import { errors } from './errors.ts'
import { guessedCodesMail } from './mails.ts'
import { tellOwner } from './owners.ts'

/** A set-up that is not confirmed by then counts for nothing. */
const setUpMinutes = 30

/** `too_many`: nothing is looked at for a while, from the fifth wrong code on 1 minute, doubling up to 15. */
export type CodeOutcome = 'accepted' | 'wrong' | 'too_many'

/** The authenticator app of a user. One that is not verified is being set up, and protects nothing yet. */
export type TwoFactor = {
  isVerified: boolean
  setupStartedAt: Date
  verifiedAt: Date | null
  lastVerifiedAt: Date | null
  /** Codes are refused until then, right ones too. */
  restingUntil: Date | null
  backupCodesLeft: number
  backupCodesMadeAt: Date | null
}

/** Needs the system scope. */
export function findTwoFactor(tx: Queryable, userId: string): Promise<TwoFactor | undefined> {
  return tx.maybe(sql<TwoFactor>`
    select
      factor.verified_at is not null as is_verified,
      factor.setup_started_at,
      factor.verified_at,
      factor.last_verified_at,
      factor.resting_until,
      codes.left as backup_codes_left,
      codes.made_at as backup_codes_made_at
    from identity.two_factors as factor
    cross join lateral (
      select count(*) filter (where used_at is null)::integer as left, min(created_at) as made_at
      from identity.backup_codes
      where user_id = factor.user_id
    ) as codes
    where factor.user_id = ${userId}`)
}

/** What an authenticator app needs: the URI for its camera, and the secret of 160 bits in it (base32) for its keyboard. */
export type SetUp = { secret: string; uri: string; expiresAt: Date }

/**
 * Starts a set-up, in the place of one that was never finished. Refuses where the user has an app already
 * (`identity.two_factor_on`). Needs the system scope.
 */
export async function startTwoFactor(app: App, tx: Queryable, user: { id: string; email: string }): Promise<SetUp> {
  const now = app.clock.now()
  const secret = new Secret({ size: 20 })
  const started = await tx.run(sql`
    insert into identity.two_factors as factor (user_id, secret_encrypted, setup_started_at)
    values (${user.id}, ${sealSecret(app, user.id, secret.base32)}, ${now})
    on conflict (user_id) do update
    set
      secret_encrypted = excluded.secret_encrypted,
      setup_started_at = excluded.setup_started_at,
      last_time_step = null,
      verification_attempts = 0,
      resting_until = null
    where factor.verified_at is null
    returning user_id`)
  if (started.length === 0) throw errors.twoFactorOn()
  return {
    secret: secret.base32,
    uri: new TOTP({ issuer: 'Commonhold', label: user.email, secret }).toString(),
    expiresAt: new Date(now.getTime() + setUpMinutes * 60_000),
  }
}

/**
 * Confirms a set-up by a first code, which turns it on. Refuses where none is going on (`identity.two_factor_not_started`)
 * or it is on (`identity.two_factor_on`). Commit whatever it answers: wrong codes are counted. Needs the system scope.
 */
export async function confirmTwoFactor(app: App, tx: Queryable, userId: string, code: string): Promise<CodeOutcome> {
  const factor = await findSecret(tx, userId)
  if (factor?.isVerified) throw errors.twoFactorOn()
  const oldest = app.clock.now().getTime() - setUpMinutes * 60_000
  if (!factor || factor.setupStartedAt.getTime() <= oldest) throw errors.twoFactorNotStarted()
  return await tryCode(app, tx, factor, code)
}

/**
 * Uses a code of the user's authenticator app up (RFC 6238: six digits, 30 seconds, one step to either side). Of any
 * number of uses at once one is accepted; used before, it is `wrong`. So is every code of a user without an app. Commit
 * whatever it answers: wrong codes are counted, and at the fifth the owner gets a mail. Needs the system scope.
 */
export async function useTotpCode(app: App, tx: Queryable, userId: string, code: string): Promise<CodeOutcome> {
  const factor = await findSecret(tx, userId)
  return factor?.isVerified ? await tryCode(app, tx, factor, code) : 'wrong'
}

/** Takes the app and its backup codes away, and the trust in devices that it gave. False where it was not turned on. */
export async function removeTwoFactor(tx: Queryable, userId: string): Promise<boolean> {
  const removed = await tx.maybe(sql<{ wasVerified: boolean }>`
    delete from identity.two_factors
    where user_id = ${userId}
    returning verified_at is not null as was_verified`)
  await tx.run(sql`delete from identity.backup_codes where user_id = ${userId}`)
  await distrustDevices(tx, userId)
  return removed?.wasVerified ?? false
}

/** Forgets the secrets of set-ups that nobody finished. */
export async function removeAbandonedSetUps(app: App, tx: Queryable): Promise<number> {
  const removed = await tx.run(sql`
    delete from identity.two_factors
    where verified_at is null
      and setup_started_at < ${app.clock.now()}::timestamptz - ${setUpMinutes} * interval '1 minute'
    returning user_id`)
  return removed.length
}

/** A user's row as codes are compared with it. */
export type FactorSecret = {
  userId: string
  secretEncrypted: string
  isVerified: boolean
  setupStartedAt: Date
  restingUntil: Date | null
}

export function findSecret(tx: Queryable, userId: string): Promise<FactorSecret | undefined> {
  return tx.maybe(selectSecret(userId))
}

/** The same, and nobody changes it until `tx` ends. */
export function lockSecret(tx: Queryable, userId: string): Promise<FactorSecret | undefined> {
  return tx.maybe(sql<FactorSecret>`${selectSecret(userId)} for no key update`)
}

function selectSecret(userId: string) {
  return sql<FactorSecret>`
    select user_id, secret_encrypted, verified_at is not null as is_verified, setup_started_at, resting_until
    from identity.two_factors
    where user_id = ${userId}`
}

/** Refuses what was altered, or copied from another user's row (`crypto.field_altered`). */
export function openSecret(app: App, { userId, secretEncrypted }: FactorSecret): Secret {
  return Secret.fromBase32(app.keyring.decrypt(secretEncrypted, contextOf(userId)))
}

export function isResting({ restingUntil }: Pick<FactorSecret, 'restingUntil'>, now: Date): boolean {
  return restingUntil !== null && restingUntil > now
}

/** Wrong codes before nothing is looked at for a while. */
const tolerated = 5

/** What comes during a rest is not counted, so that going on does not keep the owner out for longer. */
export async function countWrongCode(app: App, tx: Queryable, userId: string): Promise<'wrong' | 'too_many'> {
  const now = app.clock.now()
  const counted = await tx.maybe(sql<{ attempts: number; isVerified: boolean }>`
    update identity.two_factors
    set
      verification_attempts = verification_attempts + 1,
      last_failed_attempt_at = ${now},
      resting_until = case
        when verification_attempts + 1 >= ${tolerated}
          then ${now}::timestamptz
            + least(interval '15 minutes', interval '1 minute' * 2 ^ least(verification_attempts + 1 - ${tolerated}, 10))
      end
    where user_id = ${userId}
      and (resting_until is null or resting_until <= ${now})
    returning verification_attempts as attempts, verified_at is not null as is_verified`)
  if (counted && counted.attempts < tolerated) return 'wrong'
  if (counted) {
    await recordEvent(tx, {
      action: 'two_factor_limit_reached',
      resource: 'identity.two_factors',
      resourceId: userId,
      details: { wrongCodes: counted.attempts },
    })
  }
  // Once for a series: whoever guesses codes has the password already, and that is what the owner must hear.
  if (counted?.isVerified && counted.attempts === tolerated) {
    await tellOwner(app, tx, userId, guessedCodesMail, { link: linkTo(app, '/forgot-password') })
  }
  return 'too_many'
}

/** What was typed or pasted, `123 456` too. Digits of other scripts are none: only what an app shows is a code. */
export function readTotpCode(text: string): string | undefined {
  if (text.length > 64) return undefined
  const code = text.replace(/\s/g, '')
  return /^[0-9]{6}$/.test(code) ? code : undefined
}

/** The time step that a code belongs to, of the present one and its neighbours. */
export function findStep(secret: Secret, code: string, now: Date): number | undefined {
  const timestamp = now.getTime()
  const delta = TOTP.validate({ token: code, secret, digits: 6, period: 30, timestamp, window: 1 })
  return delta === null ? undefined : TOTP.counter({ period: 30, timestamp }) + delta
}

async function tryCode(app: App, tx: Queryable, factor: FactorSecret, text: string): Promise<CodeOutcome> {
  const { userId, secretEncrypted } = factor
  const now = app.clock.now()
  if (isResting(factor, now)) return 'too_many'
  const secret = openSecret(app, factor)
  const code = readTotpCode(text)
  const step = code === undefined ? undefined : findStep(secret, code, now)
  if (step === undefined) return await countWrongCode(app, tx, userId)
  const sealed = app.keyring.isStale(secretEncrypted) ? sealSecret(app, userId, secret.base32) : secretEncrypted
  // It compares and sets: a step counts once, of many guesses at once the right one does not slip past the limit, and a
  // secret that has been replaced meanwhile opens nothing.
  const accepted = await tx.run(sql`
    update identity.two_factors
    set
      secret_encrypted = ${sealed},
      verified_at = coalesce(verified_at, ${now}),
      last_verified_at = ${now},
      last_time_step = ${step},
      verification_attempts = 0,
      resting_until = null
    where user_id = ${userId}
      and secret_encrypted = ${secretEncrypted}
      and (last_time_step is null or last_time_step < ${step})
      and (resting_until is null or resting_until <= ${now})
    returning user_id`)
  // Right, but used before: no guess, and not counted as one, or an impatient double click would end in a rest.
  return accepted.length === 1 ? 'accepted' : 'wrong'
}

function sealSecret(app: App, userId: string, base32: string): string {
  return app.keyring.encrypt(base32, contextOf(userId))
}

function contextOf(userId: string): string {
  return `identity.two_factors.secret:${userId}`
}
