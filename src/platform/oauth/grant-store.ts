import type { Adapter, AdapterPayload } from 'oidc-provider'
import { sql } from '#platform/database'
import { announceRevocation } from '#platform/identity'
import { currentRoute, isAboutAccessToken } from './current-route.ts'
import { revokeGrant } from './grants.ts'
import { currentRequest, epoch, knownInRequest } from './requests.ts'
import { apiOf, isIdentityScope } from './scopes.ts'

/** A grant as it comes beside a code or token. */
export type GrantBeside = {
  clientId: string
  grantId: string
  userId: string
  grantScopes: string[]
  grantRefusedScopes: string[]
  grantClaims: string[]
  grantCreatedAt: Date
  grantExpiresAt: Date
}

/** What oidc-provider asks for next is known by then. */
export function rememberGrant(row: GrantBeside): void {
  currentRequest().known.set(`grant ${row.grantId}`, Promise.resolve(payloadOf(row)))
}

function payloadOf(row: GrantBeside): AdapterPayload {
  const api = apiOf(currentRequest().app)
  const [claims, refused] = [row.grantClaims, row.grantRefusedScopes]
  const ofIdentity = (scopes: readonly string[]) => scopes.filter(isIdentityScope).join(' ')
  const ofApi = (scopes: readonly string[]) => scopes.filter(scope => !isIdentityScope(scope)).join(' ')
  const payload = {
    jti: row.grantId,
    kind: 'Grant',
    accountId: row.userId,
    clientId: row.clientId,
    iat: epoch(row.grantCreatedAt),
    exp: epoch(row.grantExpiresAt),
    openid: { scope: ofIdentity(row.grantScopes), ...(claims.length > 0 && { claims }) },
    resources: { [api]: ofApi(row.grantScopes) },
    ...(refused.length > 0 && {
      rejected: { openid: { scope: ofIdentity(refused) }, resources: { [api]: ofApi(refused) } },
    }),
  }
  return payload as AdapterPayload
}

async function findGrant(id: string): Promise<AdapterPayload | undefined> {
  const { app, scope } = currentRequest()
  const row = await app.db.reads(scope).maybe(sql<GrantBeside>`
    select
      client_id,
      id as grant_id,
      user_id,
      scopes as grant_scopes,
      refused_scopes as grant_refused_scopes,
      claims as grant_claims,
      created_at as grant_created_at,
      expires_at as grant_expires_at
    from oauth.living_grants
    where tenant_id = ${scope.tenantId}
      and id = ${id}`)
  return row && payloadOf(row)
}

/**
 * Ends the family that oidc-provider names. At the token endpoint it does so for one reason: a code or refresh token came
 * twice. Who gives an access token back goes on with the rest.
 */
export async function revokeFamily(grantId: string): Promise<void> {
  const { app, scope } = currentRequest()
  const route = currentRoute()
  if (route === 'token') return await revokeReplayed(grantId)
  if (route !== 'revocation' || isAboutAccessToken()) return
  await revokeGrant(app.db.scoped(scope), grantId, 'client')
  announceRevocation(app)
}

/** RFC 9700 4.14.2: somebody else has it, and nobody knows who was first. */
export async function revokeReplayed(grantId: string): Promise<void> {
  const { app, scope } = currentRequest()
  const userId = await knownUserOf(grantId)
  await revokeGrant(app.db.scoped({ ...scope, ...(userId !== undefined && { userId }) }), grantId, 'replay')
  announceRevocation(app)
}

async function knownUserOf(grantId: string): Promise<string | undefined> {
  const payload = (await currentRequest().known.get(`grant ${grantId}`)) as AdapterPayload | undefined
  return payload?.accountId
}

/** Grants are made by people's answers, not by oidc-provider. */
export const grantStore: Partial<Adapter> = {
  find: id => knownInRequest(`grant ${id}`, () => findGrant(id)),
  destroy: revokeFamily,
}
