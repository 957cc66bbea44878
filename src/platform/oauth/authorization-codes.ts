import { type Adapter, type AdapterPayload, errors as protocol } from 'oidc-provider'
import { hashToken } from '#platform/crypto'
import { json, sql } from '#platform/database'
import { type GrantBeside, rememberGrant, revokeFamily, revokeReplayed } from './grant-store.ts'
import { currentRequest, epoch, momentOf } from './requests.ts'
import { scopesOf } from './scopes.ts'

type CodeRow = GrantBeside & {
  redirectUri: string
  scopes: string[]
  resource: string | null
  codeChallenge: string
  nonce: string | null
  details: Details
  createdAt: Date
  expiresAt: Date
  usedAt: Date | null
}

/** What the ID token of a code, device or refresh token says of the sign-in. */
export type Details = Pick<AdapterPayload, 'acr' | 'amr' | 'authTime' | 'claims' | 'sid' | 'sessionUid'>

export const detailsOf = ({ acr, amr, authTime, claims, sid, sessionUid }: AdapterPayload): Details => ({
  ...(acr !== undefined && { acr }),
  ...(amr !== undefined && { amr }),
  ...(authTime !== undefined && { authTime }),
  ...(claims !== undefined && { claims }),
  ...(sid !== undefined && { sid }),
  ...(sessionUid !== undefined && { sessionUid }),
})

/** There is one resource server, so that a token is for it, or for userinfo alone. */
export const resourceOf = ({ resource }: AdapterPayload): string | null =>
  (Array.isArray(resource) ? resource[0] : resource) ?? null

/** RFC 6749 4.1: good once. */
export const authorizationCodes: Partial<Adapter> = {
  async upsert(id, payload) {
    const { app, scope } = currentRequest()
    const { sid } = payload
    const kept = await app.db.scoped(scope).run(sql`
      with
        allowed as (
          select id, oauth_client_id, user_id
          from oauth.living_grants
          where tenant_id = ${scope.tenantId}
            and id = ${payload.grantId}
        ),
        named as (
          update oauth.grants as told
          set logout_sid = ${sid ?? null}
          from allowed
          where told.tenant_id = ${scope.tenantId}
            and told.id = allowed.id
            and told.logout_sid is distinct from ${sid ?? null}::text
            and ${sid ?? null}::text is not null
        )
      insert into oauth.oauth_authorization_codes (
        code_hash, grant_id, oauth_client_id, user_id, redirect_uri, scopes, resource, code_challenge, nonce, details, expires_at
      )
      select
        ${hashToken(id)}::bytea,
        id,
        oauth_client_id,
        user_id,
        ${payload.redirectUri},
        ${scopesOf(payload.scope)}::text[],
        ${resourceOf(payload)}::text,
        ${payload.codeChallenge},
        ${payload.nonce ?? null}::text,
        ${json(detailsOf(payload))}::jsonb,
        ${momentOf(payload.exp as number)}::timestamptz
      from allowed
      returning code_hash`)
    if (kept.length === 0) throw new protocol.AccessDenied('what was allowed has been taken back')
  },

  async find(id) {
    const { app, scope } = currentRequest()
    const row = await app.db
      .reads(scope)
      .maybe(sql<CodeRow>`select * from oauth.find_code(${scope.tenantId}, ${hashToken(id)})`)
    if (!row) return undefined
    rememberGrant(row)
    return {
      ...row.details,
      jti: id,
      kind: 'AuthorizationCode',
      accountId: row.userId,
      clientId: row.clientId,
      grantId: row.grantId,
      redirectUri: row.redirectUri,
      scope: row.scopes.join(' '),
      ...(row.resource !== null && { resource: row.resource }),
      ...(row.nonce !== null && { nonce: row.nonce }),
      codeChallenge: row.codeChallenge,
      codeChallengeMethod: 'S256',
      iat: epoch(row.createdAt),
      exp: epoch(row.expiresAt),
      ...(row.usedAt && { consumed: epoch(row.usedAt) }),
    }
  },

  async consume(id) {
    const { app, scope } = currentRequest()
    const db = app.db.scoped(scope)
    const used = await db.run(sql`
      update oauth.oauth_authorization_codes
      set used_at = now()
      where tenant_id = ${scope.tenantId}
        and code_hash = ${hashToken(id)}
        and used_at is null
        and expires_at > now()
      returning grant_id`)
    if (used.length > 0) return
    const { grantId } = await db.one(sql<{ grantId: string }>`
      select grant_id
      from oauth.oauth_authorization_codes
      where tenant_id = ${scope.tenantId}
        and code_hash = ${hashToken(id)}`)
    await revokeReplayed(grantId)
    throw new protocol.InvalidGrant('authorization code already consumed')
  },

  revokeByGrantId: revokeFamily,
}
