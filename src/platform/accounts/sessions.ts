import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, type Scope, sql } from '#platform/database'
import {
  accessTokenSeconds,
  getProfile,
  identityErrors,
  revokeSession,
  rotateRefreshToken,
  setActiveTenant,
} from '#platform/identity'
import { describeSignIn, type SignedIn } from './admissions.ts'
import { accountsOf } from './principals.ts'
import { listTenantsOf, requireTenant, type TenantOfUser } from './tenants-of-users.ts'

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
