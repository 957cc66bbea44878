import { randomInt } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { createToken, hashToken } from '#platform/crypto'
import { onViolation, type Queryable, sql } from '#platform/database'
import { cutPage, dateTime, nullable, type Principal, readCursor, timestamp, uuid } from '#platform/http'
import { findEndOfSession } from '#platform/identity'
import { errors } from './errors.ts'
import { grantViolations } from './grants.ts'
import { keyErrors } from './key-errors.ts'
import { covers, scopePattern } from './scopes.ts'

/** What is shown of a key: never its secret. */
export const ApiKey = Type.Object({
  id: uuid,
  name: Type.String(),
  prefix: Type.String({ description: 'The part of the key that may be known, `chk_` and eight characters' }),
  scopes: Type.Array(Type.String({ examples: ['contractors.lists.read', 'contractors.*'] })),
  owner: Type.Object({ id: uuid, name: Type.String(), isService: Type.Boolean() }),
  createdAt: timestamp,
  createdByName: nullable(Type.String()),
  expiresAt: nullable(timestamp),
  lastUsedAt: Type.Unsafe<Date | null>({ ...nullable(timestamp), description: 'To the minute' }),
  lastUsedAddress: nullable(Type.String()),
  replacedBy: Type.Unsafe<string | null>({
    ...nullable(uuid),
    description: 'The key that took its place at a rotation; both work until this one expires',
  }),
})
export type ApiKey = Static<typeof ApiKey>

/** The key itself, `chk_<prefix>_<secret>`: shown this once. */
export const NewApiKey = Type.Object({
  ...ApiKey.properties,
  key: Type.String({ description: 'Send it as `Authorization: Bearer …`; it is kept as a hash only' }),
})
export type NewApiKey = Static<typeof NewApiKey>

/** What a key is made with. */
export const ApiKeyWish = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  scopes: Type.Array(Type.String({ pattern: scopePattern, maxLength: 200 }), {
    minItems: 1,
    maxItems: 200,
    uniqueItems: true,
    description: 'Permissions, or families of them such as `contractors.*`; `*` for all that its user may',
  }),
  expiresAt: nullable(dateTime),
})
export type ApiKeyWish = Static<typeof ApiKeyWish>

/** How long a person's own key may live, in days. */
export const personalKeyDays = 366
/** How long a key goes on beside the one that replaces it, at most, in hours. */
export const longestOverlapHours = 168

const prefixAlphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'
const keyShape = /^(chk_[A-Za-z0-9]{8})_([A-Za-z0-9_-]{43})$/

/** The two halves of a text that has the form of a key; undefined for every other bearer token. */
export function readApiKey(text: string): { prefix: string; secretHash: Buffer } | undefined {
  const [, prefix, secret] = keyShape.exec(text) ?? []
  return prefix === undefined || secret === undefined ? undefined : { prefix, secretHash: hashToken(secret) }
}

/** Whether a bearer token is meant to be an API key, well-formed or not. */
export const looksLikeApiKey = (text: string) => text.startsWith('chk_')

/** The session in which somebody makes a key for himself. */
type Making = Pick<Principal, 'sessionId' | 'provider'>

/**
 * Makes a key of a member of the scope's tenant. The caller has checked that he may give it what it will be able to do.
 * What somebody makes for himself while an identity provider alone vouches for him, ends with what came through that.
 */
export async function createApiKey(
  tx: Queryable,
  userId: string,
  wish: ApiKeyWish,
  making?: Making,
): Promise<NewApiKey> {
  await requireScopes(tx, wish.scopes)
  if (making?.provider) await requireLasting(tx, making.provider.id, making.sessionId)
  const secret = createToken()
  const prefix = `chk_${Array.from({ length: 8 }, () => prefixAlphabet[randomInt(prefixAlphabet.length)]).join('')}`
  const { id, isPast } = await onViolation(
    tx.one(sql<{ id: string; isPast: boolean }>`
    insert into access.api_keys (user_id, name, prefix, secret_hash, scopes, created_by, expires_at, provider_id)
    values (
      ${userId},
      ${wish.name.trim()},
      ${prefix},
      ${hashToken(secret)},
      ${wish.scopes},
      ${tx.scope.userId},
      ${wish.expiresAt},
      ${making?.provider?.id ?? null}
    )
    returning id, coalesce(expires_at <= now(), false) as is_past`),
    { ...grantViolations, api_keys_user_id_fkey: () => errors.memberUnknown({ id: userId }) },
  )
  if (isPast) throw keyErrors.apiKeyExpiryInvalid({ days: personalKeyDays })
  return { ...(await getApiKey(tx, id)), key: `${prefix}_${secret}` }
}

/** Refuses scopes that cover no declared permission: a typing error would be a key that can do nothing. */
async function requireScopes(tx: Queryable, scopes: readonly string[]): Promise<void> {
  const declared = await tx.run(sql<{ name: string }>`select name from access.permissions where not for_operators`)
  const idle = scopes.filter(scope => !declared.some(({ name }) => covers(scope, name)))
  if (idle.length > 0) throw errors.scopeUnknown({ scopes: idle.join(', ') })
}

type KeyOwner = { userId?: string | undefined; services?: boolean | undefined }

/** Keys of the scope's tenant that have not been revoked, the newest first: of one user, of service accounts, or all. */
export async function listApiKeys(
  tx: Queryable,
  { userId, services }: KeyOwner,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: ApiKey[]; nextCursor: string | null }> {
  const list = JSON.stringify(['api keys', userId, services])
  const last = readCursor(page.cursor, list, Type.Tuple([dateTime, uuid]))
  const rows = await tx.run(sql<ApiKey & { moment: string }>`
    ${selectKeys}
    where key.tenant_id = ${tx.scope.tenantId}
      and key.revoked_at is null
      ${userId === undefined ? sql`` : sql`and key.user_id = ${userId}`}
      ${services === undefined ? sql`` : sql`and (service.id is not null) = ${services}`}
      ${last ? sql`and (key.created_at, key.id) < (${last[0]}::timestamptz, ${last[1]}::uuid)` : sql``}
    order by key.created_at desc, key.id desc
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...key }) => key), nextCursor }
}

/** Refuses a key that is not there, is revoked, or is not of the user where one is named. */
export async function getApiKey(tx: Queryable, id: string, ownerId?: string): Promise<ApiKey> {
  const row = await tx.maybe(sql<ApiKey & { moment: string }>`
    ${selectKeys}
    where key.tenant_id = ${tx.scope.tenantId}
      and key.id = ${id}
      and key.revoked_at is null
      ${ownerId === undefined ? sql`` : sql`and key.user_id = ${ownerId}`}`)
  if (!row) throw keyErrors.apiKeyNotFound({ id })
  const { moment: _, ...key } = row
  return key
}

const selectKeys = sql`
  select
    key.id,
    key.name,
    key.prefix,
    key.scopes,
    jsonb_build_object(
      'id', key.user_id,
      'name', access.name_of(key.user_id),
      'isService', service.id is not null
    ) as owner,
    key.created_at,
    access.name_of(key.created_by) as created_by_name,
    key.expires_at,
    key.last_used_at,
    host(key.last_used_address) as last_used_address,
    key.replaced_by,
    to_char(key.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
  from access.api_keys as key
  left join access.service_accounts as service
    on service.tenant_id = key.tenant_id and service.id = key.user_id`

/**
 * A key in the place of another, which goes on for `overlapHours` so that programs can be changed one after another.
 * Refuses one that has expired or been replaced already. In a transaction.
 */
export async function rotateApiKey(
  tx: Queryable,
  old: ApiKey,
  overlapHours: number,
  making?: Making,
): Promise<NewApiKey> {
  const { name, scopes } = old
  const next = await createApiKey(
    tx,
    old.owner.id,
    { name, scopes, expiresAt: old.expiresAt?.toISOString() ?? null },
    making,
  )
  // Compared and set: of two rotations at once one finds the key replaced.
  const replaced = await tx.run(sql`
    update access.api_keys
    set
      replaced_by = ${next.id},
      expires_at = least(expires_at, now() + ${overlapHours} * interval '1 hour')
    where tenant_id = ${tx.scope.tenantId}
      and id = ${old.id}
      and replaced_by is null
      and revoked_at is null
      and (expires_at is null or expires_at > now())
    returning id`)
  if (replaced.length === 0) throw keyErrors.apiKeyEnded()
  return next
}

/** Ends a key for good. */
export async function revokeApiKey(tx: Queryable, id: string): Promise<void> {
  const revoked = await tx.run(sql`
    update access.api_keys
    set revoked_at = now(), revoked_by = ${tx.scope.userId}
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}
      and revoked_at is null
    returning id`)
  if (revoked.length === 0) throw keyErrors.apiKeyNotFound({ id })
}

/** Those who make a key through a provider, beside each other, and whoever ends what came through it, alone. */
const throughProvider = (providerId: string) =>
  sql`hashtext('access.api_keys through a provider'), hashtext(${providerId})`

/** Refuses where the session has ended since the request began: what ended it has looked for keys already. */
async function requireLasting(tx: Queryable, providerId: string, sessionId: string | undefined): Promise<void> {
  await tx.run(sql`select pg_advisory_xact_lock_shared(${throughProvider(providerId)})`)
  if (sessionId === undefined || (await findEndOfSession(tx, { sessionId })) !== undefined)
    throw keyErrors.signInEnded()
}

/**
 * Ends the keys that people of the scope's tenant made while an identity provider alone vouched for them, of one or of all.
 * Call it after those sessions were ended, in the same transaction.
 */
export async function revokeKeysThrough(
  tx: Queryable,
  { providerId, userId }: { providerId: string; userId?: string | undefined },
): Promise<void> {
  await tx.run(sql`select pg_advisory_xact_lock(${throughProvider(providerId)})`)
  await tx.run(sql`
    update access.api_keys
    set revoked_at = now(), revoked_by = ${tx.scope.userId ?? null}
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}
      and (${userId ?? null}::uuid is null or user_id = ${userId ?? null})
      and revoked_at is null`)
}

/** Notes a use of a key, at most once a minute: `tx` is in its tenant's scope. */
export async function touchApiKey(tx: Queryable, id: string): Promise<void> {
  await tx.run(sql`
    update access.api_keys
    set last_used_at = now(), last_used_address = ${tx.scope.ipAddress ?? null}
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}
      and (last_used_at is null or last_used_at < now() - interval '1 minute')`)
}
