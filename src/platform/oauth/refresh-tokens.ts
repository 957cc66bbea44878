import { type Adapter, errors as protocol } from 'oidc-provider'
import { hashToken } from '#platform/crypto'
import { json, sql } from '#platform/database'
import { detailsOf, resourceOf } from './authorization-codes.ts'
import { revokeFamily, revokeReplayed } from './grant-store.ts'
import { currentRequest, momentOf } from './requests.ts'
import { scopesOf } from './scopes.ts'
import { findToken } from './tokens.ts'

/** MT-21, RFC 9700 4.14: each is good once; of any number of uses at once one wins, and the others end the family. */
export const refreshTokens: Partial<Adapter> = {
  async upsert(id, payload) {
    const { app, scope } = currentRequest()
    const { gty, rotations, iiat } = payload
    const kept = await app.db.scoped(scope).run(sql`
      insert into oauth.oauth_refresh_tokens (
        token_hash, grant_id, oauth_client_id, user_id, scopes, resource, details, expires_at
      )
      select
        ${hashToken(id)}::bytea,
        id,
        oauth_client_id,
        user_id,
        ${scopesOf(payload.scope)}::text[],
        ${resourceOf(payload)}::text,
        ${json({ ...detailsOf(payload), gty, rotations, iiat })}::jsonb,
        ${momentOf(payload.exp as number)}::timestamptz
      from oauth.grants
      where tenant_id = ${scope.tenantId}
        and id = ${payload.grantId}
        and user_id = ${payload.accountId}
        and revoked_at is null
      returning token_hash`)
    if (kept.length === 0) throw new protocol.InvalidGrant('what was allowed has been taken back')
  },

  find: id => findToken('RefreshToken', id),

  async consume(id) {
    const { app, scope } = currentRequest()
    const db = app.db.scoped(scope)
    const used = await db.run(sql`
      update oauth.oauth_refresh_tokens
      set used_at = now()
      where tenant_id = ${scope.tenantId}
        and token_hash = ${hashToken(id)}
        and used_at is null
        and expires_at > now()
      returning grant_id`)
    if (used.length > 0) return
    const { grantId } = await db.one(sql<{ grantId: string }>`
      select grant_id
      from oauth.oauth_refresh_tokens
      where tenant_id = ${scope.tenantId}
        and token_hash = ${hashToken(id)}`)
    await revokeReplayed(grantId)
    throw new protocol.InvalidGrant('refresh token already used')
  },

  /** What goes with it goes with its family. */
  async destroy() {},

  revokeByGrantId: revokeFamily,
}
