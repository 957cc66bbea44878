import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, type Scope, sql } from '#platform/database'
import { nullable, uuid } from '#platform/http'
import {
  type Account,
  accessTokenSeconds,
  countFailedLogin,
  countLogin,
  findAccount,
  getProfile,
  identityErrors,
  type NewSession,
  normaliseEmail,
  openSession,
  revokeSession,
  rotateRefreshToken,
  setActiveTenant,
  User,
  verifyPassword,
} from '#platform/identity'
import { errors } from './errors.ts'
import { accountsOf } from './principals.ts'

/** A tenant with what the user is in it. */
export const TenantOfUser = Type.Object({
  id: uuid,
  name: Type.String(),
  slug: Type.String(),
  roles: Type.Array(Type.String()),
  isDefault: Type.Boolean(),
  isActive: Type.Boolean({ description: 'False while suspended or waiting for deletion' }),
})
export type TenantOfUser = Static<typeof TenantOfUser>

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

/** Signs in with a password. The answer is the same for an unknown address, a wrong password and a locked account. */
export async function signIn(
  app: App,
  client: Scope,
  credentials: { email: string; password: string; tenantId?: string | undefined },
): Promise<{ signedIn: SignedIn; session: NewSession }> {
  const system = app.db.scoped({ ...client, system: true })
  const account = await findAccount(system, normaliseEmail(credentials.email))
  const matches = await verifyPassword(account?.passwordHash ?? undefined, credentials.password)
  if (!account || !matches || !account.isActive || account.isLocked) {
    await noteFailure(app, client, account)
    throw errors.credentialsWrong()
  }
  const tenants = await listTenantsOf(system, account.id)
  const tenantId = chooseTenant(tenants, credentials.tenantId)
  const scope = { ...client, system: true, userId: account.id, userName: account.fullName ?? account.email, tenantId }
  const session = await app.db.transaction(scope, async tx => {
    if (!(await countLogin(tx, account.id))) throw errors.credentialsWrong()
    const opened = await openSession(tx, { userId: account.id, tenantId })
    await recordEvent(tx, { action: 'sign_in', resource: 'identity.user_sessions', resourceId: opened.id })
    return opened
  })
  return { signedIn: await describeSignIn(app, account, tenants, tenantId, session.id, session.refreshToken), session }
}

/** Exchanges a refresh token for the next pair (PE-05). */
export async function refresh(app: App, client: Scope, token: string): Promise<SignedIn> {
  const outcome = await app.db.transaction({ ...client, system: true }, async tx => {
    const rotated = await rotateRefreshToken(tx, token)
    if ('replayedSessionId' in rotated) return rotated
    // Read here: until this commits, others who use the same token wait, and cannot end the session before the answer.
    const { userId, tenantId, tenantStatus } = await getSessionPlace(tx, rotated.sessionId)
    const tenants = await listTenantsOf(tx, userId)
    const openTenantId = tenantStatus === 'suspended' ? undefined : (tenantId ?? undefined)
    return { ...rotated, user: await getProfile(tx, userId), tenants, tenantId: openTenantId }
  })
  if ('replayedSessionId' in outcome) {
    // The transaction that ended the session is committed: only now may the caller hear of it.
    accountsOf(app).principals.forgetAll()
    app.log.warn({ sessionId: outcome.replayedSessionId }, 'A used refresh token came again: its session is ended')
    throw identityErrors.refreshRefused()
  }
  const { user, tenants, tenantId, sessionId, refreshToken } = outcome
  return await describeSignIn(app, user, tenants, tenantId, sessionId, refreshToken)
}

type SessionPlace = { userId: string; tenantId: string | null; tenantStatus: string | null }

async function getSessionPlace(tx: Queryable, sessionId: string): Promise<SessionPlace> {
  const place = await tx.maybe(sql<SessionPlace>`
    select user_id, tenant_id, tenant_status from accounts.find_principal(${sessionId}, null, null)`)
  if (!place) throw identityErrors.refreshRefused()
  return place
}

/** Ends the session; its cookie, access and refresh tokens stop working at once. */
export async function signOut(app: App, scope: Scope, sessionId: string): Promise<void> {
  await app.db.transaction({ ...scope, system: true }, async tx => {
    await revokeSession(tx, sessionId, 'signed out')
    await recordEvent(tx, { action: 'sign_out', resource: 'identity.user_sessions', resourceId: sessionId })
  })
  accountsOf(app).principals.forgetAll()
}

/** Lets the session work in another of the user's tenants; the old access token keeps naming the old one. */
export async function switchTenant(
  app: App,
  scope: Scope,
  session: { id: string; userId: string },
  asked: string,
): Promise<{ accessToken: string; expiresIn: number; tenants: TenantOfUser[]; tenantId: string }> {
  const tenants = await listTenantsOf(app.db.scoped({ ...scope, system: true }), session.userId)
  const tenantId = requireTenant(tenants, asked)
  await app.db.transaction({ ...scope, system: true, tenantId }, async tx => {
    await setActiveTenant(tx, session.id, tenantId)
    await recordEvent(tx, { action: 'switch_tenant', resource: 'identity.user_sessions', resourceId: session.id })
  })
  const { tokens, principals } = accountsOf(app)
  principals.forgetAll()
  const accessToken = await tokens.sign({ userId: session.userId, sessionId: session.id, tenantId })
  return { accessToken, expiresIn: accessTokenSeconds, tenants, tenantId }
}

/** A user's memberships in date, the default first. Needs the system scope: they lie in several tenants. */
export function listTenantsOf(tx: Queryable, userId: string): Promise<TenantOfUser[]> {
  return tx.run(sql<TenantOfUser>`
    select tenant_id as id, name, slug, roles, is_default, is_active from accounts.find_memberships(${userId})`)
}

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

/** The tenant asked for, else the default, else the first that is active; undefined when there is none. */
function chooseTenant(tenants: TenantOfUser[], asked: string | undefined): string | undefined {
  if (asked !== undefined) return requireTenant(tenants, asked)
  return (tenants.find(tenant => tenant.isDefault && tenant.isActive) ?? tenants.find(tenant => tenant.isActive))?.id
}

function requireTenant(tenants: TenantOfUser[], asked: string): string {
  const tenant = tenants.find(({ id }) => id === asked.toLowerCase())
  if (!tenant) throw errors.notAMember()
  if (!tenant.isActive) throw errors.tenantSuspended()
  return tenant.id
}

// The same statements whether or not there is such an account, and whatever keeps it out: their time would tell.
async function noteFailure(app: App, client: Scope, account: Account | undefined): Promise<void> {
  const scope = { ...client, system: true, userId: account?.id, userName: account?.email }
  await app.db.transaction(scope, async tx => {
    await countFailedLogin(tx, { userId: account?.id, deviceId: undefined, ipAddress: client.ipAddress })
    await recordEvent(tx, {
      action: 'sign_in_failed',
      resource: 'identity.users',
      ...(account && { resourceId: account.id }),
      details: { reason: reasonOf(account) },
    })
  })
}

function reasonOf(account: Account | undefined): string {
  if (!account) return 'unknown address'
  if (!account.isActive) return 'account not active'
  return account.isLocked ? 'account locked' : 'wrong password'
}
