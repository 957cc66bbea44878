import type { AdapterPayload } from 'oidc-provider'
import { hashToken } from '#platform/crypto'
import { sql } from '#platform/database'
import type { Details } from './authorization-codes.ts'
import { believe } from './believed.ts'
import { currentRoute } from './current-route.ts'
import { type GrantBeside, rememberGrant } from './grant-store.ts'
import { currentRequest, epoch, knownInRequest } from './requests.ts'

type Kind = 'AccessToken' | 'ClientCredentials' | 'RefreshToken'

type TokenRow = Omit<GrantBeside, 'grantId' | 'userId'> & {
  kind: Kind
  grantId: string | null
  userId: string | null
  scopes: string[]
  resource: string | null
  details: Details & Pick<AdapterPayload, 'gty' | 'rotations' | 'iiat'>
  createdAt: Date
  expiresAt: Date
  usedAt: Date | null
  holdsUntil: Date
}

/** A token of this kind that works now, or a refresh token that did before it was used. */
export async function findToken(kind: Kind, id: string): Promise<AdapterPayload | undefined> {
  const row = await (kind === 'RefreshToken' ? findRefreshToken(id) : findAccessToken(id))
  if (row?.kind !== kind) return undefined
  const { grantId, userId } = row
  if (grantId !== null && userId !== null) rememberGrant({ ...row, grantId, userId })
  return {
    ...row.details,
    jti: id,
    kind,
    ...(userId !== null && { accountId: userId }),
    ...(grantId !== null && { grantId }),
    clientId: row.clientId,
    scope: row.scopes.join(' '),
    ...(row.resource !== null && (kind === 'RefreshToken' ? { resource: row.resource } : { aud: row.resource })),
    ...(kind !== 'RefreshToken' && { format: 'opaque' }),
    iat: epoch(row.createdAt),
    exp: epoch(row.expiresAt),
    ...(row.usedAt && { consumed: epoch(row.usedAt) }),
  }
}

function findAccessToken(id: string): Promise<TokenRow | undefined> {
  const { app, scope, believes } = currentRequest()
  const hash = hashToken(id)
  const key = `access token ${scope.tenantId} ${hash.toString('base64')}`
  const read = () =>
    app.db.reads(scope).maybe(sql<TokenRow>`select * from oauth.find_access_token(${scope.tenantId}, ${hash})`)
  return knownInRequest(key, () => (believes ? believe(app, key, read, row => row.holdsUntil) : read()))
}

/** It is good once, so that nothing about it is ever believed. Who introspects or revokes a token asks for each kind. */
async function findRefreshToken(id: string): Promise<TokenRow | undefined> {
  const { app, scope } = currentRequest()
  if (currentRoute() !== 'token' && (await findAccessToken(id))) return undefined
  const hash = hashToken(id)
  return await app.db
    .reads(scope)
    .maybe(sql<TokenRow>`select * from oauth.find_refresh_token(${scope.tenantId}, ${hash})`)
}
