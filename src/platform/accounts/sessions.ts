import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Scope, sql } from '#platform/database'
import type { SessionPrincipal } from '#platform/http'
import {
  accessTokenSeconds,
  endReplayedSession,
  identityErrors,
  revokeSession,
  rotateRefreshToken,
  setActiveTenant,
} from '#platform/identity'
import { describeSignIn, type SignedIn } from './admissions.ts'
import { accountsOf } from './principals.ts'
import { listTenantsOf, requireTenant, type TenantOfUser, tenantsAlong, withinReach } from './tenants-of-users.ts'

/**
 * Exchanges a refresh token for the next pair (PE-05), in the tenant asked for, else the session's own. What the tenant's
 * policy refuses is refused before the token is used up: in another one it may still be good.
 */
export async function refresh(app: App, client: Scope, token: string, asked?: string): Promise<SignedIn> {
  const system = { ...client, system: true }
  const principal = await accountsOf(app).principals.findByRefreshToken(token, asked, client)
  const beside = sql<{ tenants: TenantOfUser[] }>`${tenantsAlong(sql`token.user_id`)} as tenants`
  const session = await rotateRefreshToken(app.db.scoped({ system: true }), token, beside)
  if (session) {
    const { tenants, sessionId, refreshToken } = session
    const open = tenants.find(({ id, isActive }) => id === principal?.tenantId && isActive)
    return await describeSignIn(
      app,
      session,
      withinReach(tenants, principal?.provider),
      open?.id,
      sessionId,
      refreshToken,
    )
  }
  const endedSessionId = await app.db.transaction(system, async tx => {
    const resourceId = await endReplayedSession(tx, token)
    const event = { action: 'refresh_token_replayed', resource: 'identity.user_sessions' }
    if (resourceId !== undefined) await recordEvent(tx, { ...event, resourceId })
    return resourceId
  })
  if (endedSessionId !== undefined) {
    // The transaction that ended the session is committed: only now may the caller hear of it.
    accountsOf(app).principals.forgetAll()
    app.log.warn({ sessionId: endedSessionId }, 'A used refresh token came again: its session is ended')
  }
  throw identityErrors.refreshRefused()
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
  { sessionId, userId, provider }: SessionPrincipal,
  asked: string,
): Promise<{ accessToken: string; expiresIn: number; tenants: TenantOfUser[]; tenantId: string }> {
  const tenants = await listTenantsOf(app.db.scoped({ ...scope, system: true }), userId)
  const tenantId = requireTenant(tenants, asked)
  await accountsOf(app).principals.requireTenant(sessionId, tenantId, scope)
  await app.db.transaction({ ...scope, system: true, tenantId }, async tx => {
    await setActiveTenant(tx, sessionId, tenantId)
    await recordEvent(tx, { action: 'switch_tenant', resource: 'identity.user_sessions', resourceId: sessionId })
  })
  const { tokens, principals } = accountsOf(app)
  principals.forgetAll()
  const accessToken = await tokens.sign({ userId, sessionId, tenantId })
  return { accessToken, expiresIn: accessTokenSeconds, tenants: withinReach(tenants, provider), tenantId }
}
