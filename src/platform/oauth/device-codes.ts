import { type Adapter, type AdapterPayload, errors as protocol } from 'oidc-provider'
import { hashToken } from '#platform/crypto'
import { json, sql } from '#platform/database'
import { detailsOf, resourceOf } from './authorization-codes.ts'
import { type GrantBeside, rememberGrant, revokeFamily, revokeReplayed } from './grant-store.ts'
import { currentRequest, epoch, momentOf } from './requests.ts'
import { scopesOf } from './scopes.ts'

type DeviceRow = Partial<GrantBeside> & {
  details: AdapterPayload
  scopes: string[]
  resource: string | null
  deniedAt: Date | null
  isDecided: boolean
  createdAt: Date
  expiresAt: Date
  usedAt: Date | null
}

/** RFC 8628: what the device keeps and asks with, until somebody has decided. */
export const deviceCodes: Partial<Adapter> = {
  async upsert(id, payload) {
    const { app, scope } = currentRequest()
    const { clientId, params, deviceInfo, userCode } = payload
    await app.db.scoped(scope).run(sql`
      insert into oauth.device_codes (
        code_hash, user_code_hash, oauth_client_id, scopes, resource, details, expires_at
      )
      select
        ${hashToken(id)}::bytea,
        ${hashToken(userCode as string)}::bytea,
        id,
        ${scopesOf(params?.scope)}::text[],
        ${resourceOf((params ?? {}) as AdapterPayload)}::text,
        ${json({ clientId, params, deviceInfo })}::jsonb,
        ${momentOf(payload.exp as number)}::timestamptz
      from oauth.oauth_clients
      where tenant_id in (${scope.tenantId}, oauth.of_platform())
        and client_id = ${clientId}
        and is_active`)
  },

  async find(id) {
    const { app, scope } = currentRequest()
    const row = await app.db.reads(scope).maybe(sql<DeviceRow>`
      select
        device.details,
        device.scopes,
        device.resource,
        device.denied_at,
        device.grant_id is not null as is_decided,
        device.created_at,
        device.expires_at,
        device.used_at,
        allowed.client_id,
        allowed.id as grant_id,
        allowed.user_id,
        allowed.scopes as grant_scopes,
        allowed.refused_scopes as grant_refused_scopes,
        allowed.claims as grant_claims,
        allowed.created_at as grant_created_at,
        allowed.expires_at as grant_expires_at
      from oauth.device_codes as device
      left join oauth.living_grants as allowed
        on allowed.tenant_id = device.tenant_id and allowed.id = device.grant_id
      where device.tenant_id = ${scope.tenantId}
        and device.code_hash = ${hashToken(id)}`)
    // What was allowed and taken back since is as if nobody knew the code.
    if (!row || (row.isDecided && !row.grantId)) return undefined
    if (row.grantId) rememberGrant(row as GrantBeside)
    const { clientId, params, deviceInfo, ...details } = row.details
    return {
      ...detailsOf(details),
      jti: id,
      kind: 'DeviceCode',
      ...(clientId !== undefined && { clientId }),
      ...(params && { params }),
      ...(deviceInfo && { deviceInfo }),
      ...(row.grantId && { accountId: row.userId, grantId: row.grantId, scope: row.scopes.join(' ') }),
      ...(row.resource !== null && { resource: row.resource }),
      ...(row.deniedAt && { error: 'access_denied', errorDescription: 'the person did not allow it' }),
      iat: epoch(row.createdAt),
      exp: epoch(row.expiresAt),
      ...(row.usedAt && { consumed: epoch(row.usedAt) }),
    }
  },

  async consume(id) {
    const { app, scope } = currentRequest()
    const db = app.db.scoped(scope)
    const used = await db.run(sql`
      update oauth.device_codes
      set used_at = now()
      where tenant_id = ${scope.tenantId}
        and code_hash = ${hashToken(id)}
        and used_at is null
        and expires_at > now()
      returning code_hash`)
    if (used.length > 0) return
    const { grantId } = await db.one(sql<{ grantId: string | null }>`
      select grant_id
      from oauth.device_codes
      where tenant_id = ${scope.tenantId}
        and code_hash = ${hashToken(id)}`)
    if (grantId !== null) await revokeReplayed(grantId)
    throw new protocol.InvalidGrant('device code already consumed')
  },

  revokeByGrantId: revokeFamily,
}
