import type { Static } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import type { Scope } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import {
  type Account,
  type AuthenticationMethod,
  codeRefusalOf,
  countFailedLogin,
  findGuessed,
  finishPasskeySignIn,
  needsRehash,
  normaliseEmail,
  type PasskeySignInAnswer,
  recordLogin,
  rehashPassword,
  useBackupCode,
  useTotpCode,
  verifyPasswordOf,
} from '#platform/identity'
import { type Admission, admitUser, type Client, getStep, takeStep } from './admissions.ts'
import { errors } from './errors.ts'
import { setExpiredPassword } from './password-changes.ts'

/**
 * Signs in with a password, or says what is still wanted. The answer is the same for an unknown address, a wrong password
 * and an account that rests after wrong ones (MT-03); a network address that guesses on is told to wait.
 */
export async function signIn(
  app: App,
  client: Client,
  credentials: { email: string; password: string; tenantId?: string | undefined },
): Promise<Admission> {
  const system = app.db.scoped({ ...client.scope, system: true })
  const email = normaliseEmail(credentials.email)
  const { ipAddress } = client.scope
  const guess = { email, deviceToken: client.deviceToken, ipAddress }
  const { account, knownDeviceId, rests } = await findGuessed(app.db.reads({ system: true }), guess)
  const counter = { userId: account?.id, deviceId: knownDeviceId, ipAddress }
  if (rests.address > 0) throw errors.tooManyFailures({ retryAfter: rests.address })
  const matches = await verifyPasswordOf(app, email, account?.passwordHash ?? undefined, credentials.password)
  if (!account || !matches || !account.isActive || rests.account) {
    await noteFailure(app, client.scope, account, counter, reasonOf(account, matches))
    throw errors.credentialsWrong()
  }
  if (needsRehash(account.passwordHash as string)) {
    await rehashPassword(system, account.id, account.passwordHash as string, credentials.password)
  }
  return await admitUser(app, client, {
    userId: account.id,
    methods: ['password'],
    askedTenantId: credentials.tenantId,
    knownDeviceId,
    passwordVersion: account.passwordVersion,
  })
}

type PasskeyAnswer = Static<typeof PasskeySignInAnswer>

/** Signs in with a passkey and nothing else: it knows its user (MT-06). */
export async function signInWithPasskey(
  app: App,
  client: Client,
  given: { challengeToken: string; answer: PasskeyAnswer; tenantId?: string | undefined },
): Promise<Admission> {
  // Without a transaction: the challenge is used up, whatever comes of it.
  const { userId } = await finishPasskeySignIn(app, app.db.scoped({ ...client.scope, system: true }), given)
  return await admitUser(app, client, { userId, methods: ['passkey'], askedTenantId: given.tenantId })
}

/** What is shown for the second factor: a code of the authenticator app, a backup code, or a passkey. */
export type SecondFactor = { code: string } | { backupCode: string } | { challengeToken: string; answer: PasskeyAnswer }

/** Takes the step of the second factor. A wrong code leaves the step open; how many are wrong is limited (MT-05). */
export async function signInWithSecondFactor(
  app: App,
  client: Client,
  given: { stepToken: string | undefined; factor: SecondFactor; rememberDevice?: boolean | undefined },
): Promise<Admission> {
  const system = app.db.scoped({ ...client.scope, system: true })
  const { proof } = await getStep(system, given.stepToken, 'second_factor_required')
  const { userId } = proof
  const method = await consumeSecondFactor(app, { ...client.scope, userId }, userId, given.factor).catch(
    async refusal => {
      // A fault of ours is no wrong factor, and would stand in the history as somebody's attempt.
      if (!(refusal instanceof DomainError)) throw refusal
      await recordLogin(app, system, { userId, status: 'failed', failureReason: 'wrong second factor' })
      throw refusal
    },
  )
  const taken = await takeStep(system, given.stepToken as string)
  const methods = [...taken.methods, method]
  return await admitUser(app, client, { ...taken, methods, rememberDevice: given.rememberDevice === true })
}

/** Checks a second factor and uses it up; refuses a wrong one, or one too many. */
export async function consumeSecondFactor(
  app: App,
  scope: Scope,
  userId: string,
  factor: SecondFactor,
): Promise<AuthenticationMethod> {
  if ('answer' in factor) {
    await finishPasskeySignIn(app, app.db.scoped({ ...scope, system: true }), { ...factor, userId })
    return 'passkey'
  }
  const { method, refusal } = await app.db.transaction({ ...scope, system: true }, async tx => {
    const [method, outcome] =
      'code' in factor
        ? (['totp', await useTotpCode(app, tx, userId, factor.code)] as const)
        : (['backup_code', await useBackupCode(app, tx, userId, factor.backupCode)] as const)
    const refusal = outcome === 'accepted' ? undefined : await codeRefusalOf(app, tx, userId, outcome)
    return { method, refusal }
  })
  // Thrown after the commit: a wrong code has been counted.
  if (refusal) throw refusal
  return method
}

/** Takes the step of a password that has expired: sets a new one, and signs in with it. */
export async function signInWithNewPassword(
  app: App,
  client: Client,
  given: { stepToken: string | undefined; newPassword: string },
): Promise<Admission> {
  const system = app.db.scoped({ ...client.scope, system: true })
  const { proof } = await getStep(system, given.stepToken, 'new_password_required')
  const wanted = { userId: proof.userId, newPassword: given.newPassword }
  const taken = await setExpiredPassword(app, client.scope, wanted, tx => takeStep(tx, given.stepToken as string))
  // The proof was of the password that has expired; this one has just been set.
  return await admitUser(app, client, { ...taken, passwordVersion: undefined })
}

// The same statements whether or not there is such an account, and whatever keeps it out: their time would tell.
async function noteFailure(
  app: App,
  client: Scope,
  account: Account | undefined,
  counter: Parameters<typeof countFailedLogin>[1],
  failureReason: string,
): Promise<void> {
  const scope = { ...client, system: true, userId: account?.id, userName: account?.email }
  const userId = account?.id ?? crypto.randomUUID()
  await app.db.transaction(scope, async tx => {
    await countFailedLogin(tx, counter)
    await recordLogin(app, tx, { userId, status: 'failed', failureReason, methods: ['password'] })
    await recordEvent(tx, {
      action: 'sign_in_failed',
      resource: 'identity.users',
      ...(account && { resourceId: account.id }),
      details: { reason: failureReason },
    })
  })
}

function reasonOf(account: Account | undefined, matches: boolean): string {
  if (!account) return 'unknown address'
  if (!account.isActive) return 'account not active'
  return matches ? 'account rests after wrong passwords' : 'wrong password'
}
