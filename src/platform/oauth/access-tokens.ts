import { type Adapter, type AdapterPayload, errors as protocol } from 'oidc-provider'
import { hashToken } from '#platform/crypto'
import { json, sql } from '#platform/database'
import { announceRevocation } from '#platform/identity'
import { compilePolicy } from '#platform/tenancy'
import { detailsOf } from './authorization-codes.ts'
import { noteUse } from './client-uses.ts'
import { revokeFamily } from './grant-store.ts'
import { type Asking, findAsking, findAskingAfresh } from './issuer-clients.ts'
import { currentRequest, momentOf } from './requests.ts'
import { scopesOf } from './scopes.ts'
import { keepServiceToken } from './service-tokens.ts'
import { findToken } from './tokens.ts'

/** Of a user, by a grant. */
export const accessTokens: Partial<Adapter> = {
  async upsert(id, payload) {
    const { app, scope } = currentRequest()
    const kept = await app.db.scoped(scope).maybe(sql<{ clientRowId: string }>`
      insert into oauth.oauth_access_tokens (
        token_hash, grant_id, oauth_client_id, user_id, scopes, resource, details, expires_at
      )
      select
        ${hashToken(id)}::bytea,
        id,
        oauth_client_id,
        user_id,
        ${scopesOf(payload.scope)}::text[],
        ${audienceOf(payload)}::text,
        ${json({ ...detailsOf(payload), gty: payload.gty })}::jsonb,
        ${momentOf(payload.exp as number)}::timestamptz
      from oauth.grants
      where tenant_id = ${scope.tenantId}
        and id = ${payload.grantId}
        and user_id = ${payload.accountId}
        and revoked_at is null
      returning oauth_client_id as client_row_id`)
    if (!kept) throw new protocol.InvalidGrant('what was allowed has been taken back')
    await noteUse(kept.clientRowId)
  },
  find: id => findToken('AccessToken', id),
  destroy: revokeAccessToken,
  revokeByGrantId: revokeFamily,
}

/** Of a program that acts for itself: as a service account, which has to be active (MT-21). */
export const serviceTokens: Partial<Adapter> = {
  async upsert(id, payload) {
    const { app, scope } = currentRequest()
    const clientId = payload.clientId as string
    const client =
      (await findAsking(clientId).then(withService)) ?? (await findAskingAfresh(clientId).then(withService))
    if (!client) throw new protocol.UnauthorizedClient('its service account is not active')
    // MT-16, as for whatever else comes into the tenant.
    if (!compilePolicy(client.service.securityPolicy).addresses.allows(scope.ipAddress)) throw refusedAddress()
    const isKept = await keepServiceToken(app, scope.tenantId, {
      hash: hashToken(id),
      clientRowId: client.id,
      scopes: scopesOf(payload.scope).join(' '),
      resource: audienceOf(payload),
      expiresAt: momentOf(payload.exp as number),
    })
    if (!isKept) throw new protocol.UnauthorizedClient('it is gone')
    await noteUse(client.id, { isService: true })
  },
  find: id => findToken('ClientCredentials', id),
  destroy: revokeAccessToken,
}

const withService = (client: Asking | undefined) =>
  client?.service ? { ...client, service: client.service } : undefined

export const refusedAddress = () => new protocol.AccessDenied('the workspace is not open to this network address')

const audienceOf = ({ aud }: AdapterPayload): string | null => (Array.isArray(aud) ? aud[0] : aud) ?? null

async function revokeAccessToken(id: string): Promise<void> {
  const { app, scope } = currentRequest()
  await app.db.scoped(scope).run(sql`
    update oauth.oauth_access_tokens
    set revoked_at = now()
    where tenant_id = ${scope.tenantId}
      and token_hash = ${hashToken(id)}
      and revoked_at is null
    returning token_hash`)
  announceRevocation(app)
}
