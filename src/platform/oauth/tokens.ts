import type { AdapterPayload } from 'oidc-provider'
import { hashToken } from '#platform/crypto'
import { sql } from '#platform/database'
import type { Details } from './authorization-codes.ts'
import { currentRoute } from './current-route.ts'
import { type GrantBeside, rememberGrant } from './grant-store.ts'
import { type Member, rememberMember } from './members.ts'
import { currentRequest, epoch, knownInRequest } from './requests.ts'

type Kind = 'AccessToken' | 'ClientCredentials' | 'RefreshToken'

type TokenRow = Partial<Omit<Member, 'email' | 'userId'>> & { email?: string | null } & Omit<
    GrantBeside,
    'grantId' | 'userId'
  > & {
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
    app.db
      .reads(scope)
      .maybe(sql<TokenRow>`${isOfSomebody() ? withMember(scope.tenantId, hash) : alone(scope.tenantId, hash)}`),
  )
  if (row?.kind !== kind) return undefined
  const { grantId, userId } = row
  if (userId !== null && row.email !== undefined)
    rememberMember(userId, row.email === null ? undefined : (row as Member))
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

const alone = (tenantId: string, hash: Buffer) => sql`select * from oauth.find_token(${tenantId}, ${hash})`

/** With the person whom oidc-provider asks for next. */
const withMember = (tenantId: string, hash: Buffer) => sql`
  select
    token.*,
    member.email,
    member.is_email_verified,
    member.full_name,
    member.username,
    member.updated_at,
    member.tenant_name,
    member.security_policy,
    member.second_factor_required_since,
    member.roles,
    member.joined_at,
    member.has_second_factor,
    member.grace_began_at,
    member.grace_logins
  from oauth.find_token(${tenantId}, ${hash}) as token
  left join oauth.find_member(${tenantId}, token.user_id) as member on true`

/** Where a token speaks for somebody, whether he may still is asked. */
const isOfSomebody = (): boolean => ['userinfo', 'token'].includes(currentRoute() ?? '')
