import type { AdapterPayload } from 'oidc-provider'
import { hashToken } from '#platform/crypto'
import { sql } from '#platform/database'
import type { Details } from './authorization-codes.ts'
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
}

/**
 * A token of this kind that works now, or a refresh token that did before it was used. Who introspects or revokes one asks
 * for each kind: all of them are looked up at once.
 */
export async function findToken(kind: Kind, id: string): Promise<AdapterPayload | undefined> {
  const { app, scope } = currentRequest()
  const hash = hashToken(id)
  const row = await knownInRequest(`token ${hash.toString('base64')}`, () =>
    app.db.reads(scope).maybe(sql<TokenRow>`select * from oauth.find_token(${scope.tenantId}, ${hash})`),
  )
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
