import { randomUUID } from 'node:crypto'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type AuditEvent, eventRecord, recordEvent } from '#platform/audit'
import { type Queryable, type Scope, sql } from '#platform/database'
import { nullable, oneOf } from '#platform/http'
import {
  type AuthenticationMethod,
  accessTokenSeconds,
  announceRevocation,
  consumeOneTimeToken,
  countLogin,
  findOneTimeToken,
  issueOneTimeToken,
  isTrustedDevice,
  type NewSession,
  type OneTimeToken,
  openSession,
  openSessionOnKnownDevice,
  PasswordRules,
  recogniseDevice,
  recordLogin,
  replaceSession,
  revokeSessions,
  type SessionProvider,
  sendNewDeviceMail,
  trustDevice,
  User,
} from '#platform/identity'
import { errors } from './errors.ts'
import { findPasswordRulesOf } from './password-rules.ts'
import { accountsOf, displaced } from './principals.ts'
import { chooseTenant, TenantOfUser, tenantsAlong, withinReach } from './tenants-of-users.ts'

/** Who asks to come in: his request, the cookie by which a device is known again, and that of a session in his browser. */
export type Client = { scope: Scope; deviceToken: string | undefined; sessionToken?: string | undefined }

/** What a successful sign-in hands out. */
export const SignedIn = Type.Object({
  accessToken: Type.String({ description: 'Send it as `Authorization: Bearer …`' }),
  refreshToken: Type.String({ description: 'Works once; each refresh answers the next one' }),
  expiresIn: Type.Integer({ description: 'Life of the access token in seconds' }),
  user: User,
  tenants: Type.Array(TenantOfUser),
  tenantId: nullable(Type.String({ format: 'uuid', description: 'The tenant that the access token works in' })),
})
export type SignedIn = Static<typeof SignedIn>

/** What is still wanted before somebody is signed in. */
export const SignInStep = Type.Object({
  status: oneOf(['second_factor_required', 'new_password_required']),
  methods: Type.Array(oneOf(['totp', 'backup_code', 'passkey']), { description: 'By which the step can be taken' }),
  mayRememberDevice: Type.Boolean({ description: 'Whether this device may be spared the second factor from now on' }),
  email: Type.String(),
  rules: nullable(PasswordRules),
})
export type SignInStep = Static<typeof SignInStep>

export type Admission =
  | { signedIn: SignedIn; session: NewSession; deviceToken: string }
  | { step: SignInStep; stepToken: string }

/** How somebody has shown who he is, so far. */
export type Proof = {
  userId: string
  methods: readonly AuthenticationMethod[]
  /** The tenant's identity provider that says so; he works in that tenant then. */
  provider?: SessionProvider | undefined
  /** The tenant that he asks to work in. */
  askedTenantId?: string | undefined
  /** The device of his cookie, where he has signed in on it before: it rests by itself. */
  knownDeviceId?: string | undefined
  /** Which of the account's passwords was shown: after a change of it the proof is none. */
  passwordVersion?: number | undefined
  /** Asks that this device needs no second factor from now on. */
  rememberDevice?: boolean
}

/** The life of a step of a sign-in, and of its cookie, in minutes. */
export const stepMinutes = 10
/** How long a device is spared the second factor, in days. */
const trustDays = 30

/**
 * Opens a session for who has shown who he is, or says what is still wanted: a second factor where he has one and this
 * device is not trusted, whichever way he came (Google too); a new password where his has expired. A passkey that verified
 * its user is both factors.
 */
export async function admitUser(app: App, client: Client, proof: Proof): Promise<Admission> {
  const system = app.db.scoped({ ...client.scope, system: true })
  const candidate = await findCandidate(app.db.reads({ system: true }), proof.userId)
  if (!candidate?.isActive) {
    await recordLogin(app, system, { ...proof, status: 'failed', failureReason: 'account not active' })
    throw errors.credentialsWrong()
  }
  const tenantId = chooseTenant(candidate.tenants, proof.askedTenantId)
  const methods = await withTrust(system, client, candidate, proof)
  if (candidate.hasTotp && !methods.some(method => secondFactors.has(method))) {
    return await askFor('second_factor_required', system, candidate, { ...proof, methods })
  }
  if (candidate.passwordHasExpired && methods.includes('password')) {
    return await askFor('new_password_required', system, candidate, { ...proof, methods })
  }
  return await admit(app, client, candidate, tenantId, { ...proof, methods })
}

const secondFactors = new Set<AuthenticationMethod>([
  'totp',
  'backup_code',
  'passkey',
  'trusted_device',
  'provider_second_factor',
])

type Candidate = User & {
  isActive: boolean
  hasTotp: boolean
  hasPasskeys: boolean
  mayRememberDevice: boolean
  passwordHasExpired: boolean
  tenants: TenantOfUser[]
}

/** Needs the system scope. */
export function findCandidate(tx: Queryable, userId: string): Promise<Candidate | undefined> {
  return tx.maybe(sql<Candidate>`
    select candidate.*, ${tenantsAlong(sql`candidate.id`)} as tenants
    from accounts.find_candidate(${userId}) as candidate`)
}

async function withTrust(
  tx: Queryable,
  { deviceToken }: Client,
  { id, hasTotp, mayRememberDevice }: Candidate,
  { methods }: Proof,
): Promise<readonly AuthenticationMethod[]> {
  if (!hasTotp || !mayRememberDevice || deviceToken === undefined) return methods
  if (methods.some(method => secondFactors.has(method))) return methods
  return (await isTrustedDevice(tx, id, deviceToken)) ? [...methods, 'trusted_device'] : methods
}

async function admit(
  app: App,
  client: Client,
  user: Candidate,
  tenantId: string | undefined,
  proof: Proof,
): Promise<Admission> {
  const scope = { ...client.scope, system: true, userId: user.id, userName: user.fullName ?? user.email, tenantId }
  const { session, deviceToken } =
    (await openOnKnownDevice(app, scope, client, proof)) ?? (await openOnAnyDevice(app, scope, client, user, proof))
  await endDisplacedSessions(app, scope, client, { userId: user.id, sessionId: session.id })
  const tenants = withinReach(user.tenants, proof.provider)
  const signedIn = await describeSignIn(app, user, tenants, tenantId, session.id, session.refreshToken)
  return { signedIn, session, deviceToken }
}

/**
 * MT-14: ends what the new session takes the place of: the one that this browser had, and those that none of the user's
 * tenants lets act any more. After the commit of the new one, so that of many at once none is counted too little.
 */
async function endDisplacedSessions(
  app: App,
  scope: Scope,
  { sessionToken }: Client,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<void> {
  const system = app.db.scoped(scope)
  const isReplaced =
    sessionToken !== undefined && (await replaceSession(system, { userId, cookieToken: sessionToken, by: sessionId }))
  const surplus = await app.db.reads({ system: true }).run(sql<{ sessionId: string }>`
    select session_id from accounts.list_surplus_sessions(${userId})`)
  const ids = surplus.map(({ sessionId }) => sessionId)
  const revoked = ids.length > 0 ? await revokeSessions(system, ids, displaced) : 0
  if (isReplaced || revoked > 0) announceRevocation(app)
}

type Opened = { session: NewSession; deviceToken: string }

// The rest after wrong passwords is no matter for who came without one: nobody can guess a passkey.
const mayRest = ({ methods }: Proof) => methods.includes('password')

/** By far the most sign-ins: one statement instead of nine is what lets a server take as many as it can hash. */
async function openOnKnownDevice(
  app: App,
  scope: Scope,
  { deviceToken }: Client,
  proof: Proof,
): Promise<Opened | undefined> {
  const { userId, methods, provider, rememberDevice, passwordVersion } = proof
  if (deviceToken === undefined || rememberDevice) return undefined
  const id = randomUUID()
  const session = await openSessionOnKnownDevice(app, app.db.scoped(scope), {
    id,
    userId,
    tenantId: scope.tenantId,
    methods,
    provider,
    deviceToken,
    mayRest: mayRest(proof),
    passwordVersion,
    beside: eventRecord(signInEvent(id, methods)),
  })
  return session && { session, deviceToken }
}

async function openOnAnyDevice(app: App, scope: Scope, client: Client, user: Candidate, proof: Proof): Promise<Opened> {
  const { userId, methods, provider, knownDeviceId: deviceId, passwordVersion } = proof
  return await app.db.transaction(scope, async tx => {
    if (!(await countLogin(tx, { userId, deviceId, mayRest: mayRest(proof), passwordVersion }))) {
      throw errors.credentialsWrong()
    }
    const device = await recogniseDevice(tx, { userId, deviceToken: client.deviceToken })
    const session = await openSession(tx, { userId, tenantId: scope.tenantId, methods, provider, deviceId: device.id })
    if (proof.rememberDevice && user.mayRememberDevice) await trustDevice(tx, device.id, trustDays)
    await recordLogin(app, tx, { userId, status: 'success', methods, sessionId: session.id })
    await recordEvent(tx, signInEvent(session.id, methods))
    if (device.isNew && !device.isFirst) await sendNewDeviceMail(app, tx, { userId, deviceId: device.id })
    return { session, deviceToken: device.token }
  })
}

const signInEvent = (sessionId: string, methods: readonly AuthenticationMethod[]): AuditEvent => ({
  action: 'sign_in',
  resource: 'identity.user_sessions',
  resourceId: sessionId,
  details: { methods },
})

/** Signs the access token of a session and puts together what the caller gets. */
export async function describeSignIn(
  app: App,
  user: User,
  tenants: TenantOfUser[],
  tenantId: string | undefined,
  sessionId: string,
  refreshToken: string,
): Promise<SignedIn> {
  const accessToken = await accountsOf(app).tokens.sign({ userId: user.id, sessionId, tenantId })
  const { id, email, fullName, username } = user
  return {
    accessToken,
    refreshToken,
    expiresIn: accessTokenSeconds,
    user: { id, email, fullName, username },
    tenants,
    tenantId: tenantId ?? null,
  }
}

/** What a step's token carries to the next request; the token itself is with the caller. */
type StepDetails = Omit<Proof, 'userId'> & { needs: SignInStep['status'] }

async function askFor(
  needs: SignInStep['status'],
  tx: Queryable,
  user: Candidate,
  { userId, ...proof }: Proof,
): Promise<Admission> {
  const details: StepDetails = { ...proof, needs }
  const stepToken = await issueOneTimeToken(tx, { purpose: 'sign_in_step', userId, minutes: stepMinutes, details })
  return { step: await describeStep(tx, needs, user), stepToken }
}

async function describeStep(tx: Queryable, status: SignInStep['status'], user: Candidate): Promise<SignInStep> {
  const { id, hasPasskeys, mayRememberDevice, email } = user
  if (status === 'new_password_required') {
    return { status, methods: [], mayRememberDevice, email, rules: await findPasswordRulesOf(tx, id) }
  }
  const methods: SignInStep['methods'] = hasPasskeys ? ['totp', 'passkey', 'backup_code'] : ['totp', 'backup_code']
  return { status, methods, mayRememberDevice, email, rules: null }
}

/** The step that a token stands for, with the proof so far; refuses one that has ended. */
export async function getStep(
  tx: Queryable,
  token: string | undefined,
  needs?: SignInStep['status'],
): Promise<{ step: SignInStep; proof: Proof }> {
  const found = token === undefined ? undefined : await findOneTimeToken<StepDetails>(tx, 'sign_in_step', token)
  if (!found?.userId || (needs !== undefined && found.details.needs !== needs)) throw errors.stepEnded()
  const user = await findCandidate(tx, found.userId)
  if (!user?.isActive) throw errors.stepEnded()
  return { step: await describeStep(tx, found.details.needs, user), proof: proofOf(found) }
}

/** Uses a step up; of two that take it at once one goes on. */
export async function takeStep(tx: Queryable, token: string): Promise<Proof> {
  const taken = await consumeOneTimeToken<StepDetails>(tx, 'sign_in_step', token)
  if (!taken) throw errors.stepEnded()
  return proofOf(taken)
}

function proofOf({ userId, details }: OneTimeToken<StepDetails>): Proof {
  const { needs: _, ...proof } = details
  return { ...proof, userId: userId as string }
}
