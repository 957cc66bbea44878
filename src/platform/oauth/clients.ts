import { randomBytes } from 'node:crypto'
import { type Static, Type } from 'typebox'
import {
  accessErrors,
  getServiceMembership,
  grantViolations,
  requireHeld,
  requireMemberWithin,
  scopePattern,
} from '#platform/access'
import type { App } from '#platform/app.ts'
import { noTenant } from '#platform/audit'
import { json, onViolation, type Queryable, sql } from '#platform/database'
import type { Thrower } from '#platform/errors.ts'
import {
  cutPage,
  dateTime,
  type IfMatch,
  nullable,
  oneOf,
  readCursor,
  requireMatch,
  timestamp,
  uuid,
} from '#platform/http'
import { clientErrors as errors } from './client-errors.ts'

/** The most of a tenant. */
const mostClients = 200

export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
export const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials', deviceGrant] as const
export const authMethods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const
/** Scopes that are no permissions. */
export const identityScopes = ['openid', 'profile', 'email', 'offline_access'] as const

const addresses = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 2000 }), { maxItems: 20, uniqueItems: true, description })
const address = nullable(Type.String({ maxLength: 2000, pattern: '^https://' }))

const settings = {
  name: Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' }),
  description: nullable(Type.String({ maxLength: 500 })),
  website: address,
  redirectUris: addresses('Where people are sent back; compared letter by letter, at the own machine without the port'),
  postLogoutRedirectUris: addresses('Where people may be sent after they signed out'),
  grantTypes: Type.Array(oneOf(grantTypes), { minItems: 1, uniqueItems: true }),
  scopes: Type.Array(Type.String({ pattern: scopePattern, maxLength: 200 }), {
    maxItems: 200,
    uniqueItems: true,
    description: `What it may ask for at most: ${identityScopes.join(', ')}, and permissions or families of them`,
  }),
  tokenEndpointAuthMethod: oneOf(authMethods),
  jwks: nullable(Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown()), { maxItems: 10 }) })),
  jwksUri: address,
  serviceAccountId: Type.Unsafe<string | null>({
    ...nullable(uuid),
    description: 'As whom it acts by client_credentials',
  }),
  backchannelLogoutUri: address,
  requirePushedAuthorizationRequests: Type.Boolean(),
}
const { name, grantTypes: grants, scopes, ...optional } = settings

const clientTypes = ['confidential', 'public'] as const

/** What a client is made with. */
export const NewClientFields = Type.Object({
  type: oneOf(clientTypes, { description: 'confidential: it can keep a secret. public: it runs in its user’s hands' }),
  name,
  grantTypes: grants,
  scopes,
  ...Type.Partial(Type.Object(optional)).properties,
})
export type NewClientFields = Static<typeof NewClientFields>

/** What of a client can be changed. Its type cannot: make another one. */
export const ClientChange = Type.Partial(Type.Object({ ...settings, isActive: Type.Boolean() }))
export type ClientChange = Static<typeof ClientChange>

export const Client = Type.Object({
  id: uuid,
  clientId: Type.String({ description: 'By which it names itself' }),
  isOfPlatform: Type.Boolean({ description: 'Known to every tenant; made by the operators of the installation' }),
  type: oneOf(clientTypes),
  ...settings,
  isActive: Type.Boolean(),
  createdByName: nullable(Type.String()),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Client = Static<typeof Client>

export const ListedClient = Type.Object({
  ...Client.properties,
  lastUsedAt: Type.Unsafe<Date | null>({
    ...nullable(timestamp),
    description: 'When it last got a token, to the minute',
  }),
})
export type ListedClient = Static<typeof ListedClient>

/** As the server knows it. */
export type KnownClient = Client & { triedUntil: Date | null }

const columns = sql`
  client.id,
  client.client_id,
  client.tenant_id = oauth.of_platform() as is_of_platform,
  client.type,
  client.name,
  client.description,
  client.website,
  client.redirect_uris,
  client.post_logout_redirect_uris,
  client.grant_types,
  client.scopes,
  client.token_endpoint_auth_method,
  client.jwks,
  client.jwks_uri,
  client.service_account_id,
  client.backchannel_logout_uri,
  client.require_pushed_authorization_requests,
  client.is_active,
  access.name_of(client.created_by) as created_by_name,
  client.created_at,
  client.updated_at`

/**
 * The client that names itself so at the issuer of the scope's tenant: that tenant's own, or one of the installation.
 * Undefined for others, and without a tenant; whether it is active is for the caller to see.
 */
export function findClient(tx: Queryable, clientId: string): Promise<KnownClient | undefined> {
  return tx.maybe(sql<KnownClient>`
    select ${columns}, client.tried_until
    from oauth.oauth_clients as client
    where ${isNamed(tx, clientId)}`)
}

/** The condition for that, of a `client`. */
export const isNamed = (tx: Queryable, clientId: string) => sql`
  client.tenant_id in (${tx.scope.tenantId ?? null}::uuid, oauth.of_platform())
    and ${tx.scope.tenantId ?? null}::uuid is not null
    and client.client_id = ${clientId}`

/** Notes that a client got a token, at most once a minute. Of the installation's in the system scope only. */
export async function touchClient(tx: Queryable, id: string): Promise<void> {
  await tx.run(sql`
    update oauth.oauth_clients
    set last_used_at = now()
    where tenant_id in (${tx.scope.tenantId ?? null}::uuid, oauth.of_platform())
      and id = ${id}
      and (last_used_at is null or last_used_at < now() - interval '1 minute')`)
}

/** Whose clients are spoken of: those of the scope's tenant, or without one those of the installation. */
export const ownerOf = (tx: Queryable): string => tx.scope.tenantId ?? noTenant

/** Those of the scope's owner, the newest first. */
export async function listClients(
  tx: Queryable,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: ListedClient[]; nextCursor: string | null }> {
  const last = readCursor(page.cursor, 'oauth clients', Type.Tuple([dateTime, uuid]))
  const rows = await tx.run(sql<ListedClient & { moment: string }>`
    select
      ${columns},
      client.last_used_at,
      to_char(client.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
    from oauth.oauth_clients as client
    where client.tenant_id = ${ownerOf(tx)}
      ${last ? sql`and (client.created_at, client.id) < (${last[0]}::timestamptz, ${last[1]}::uuid)` : sql``}
    order by client.created_at desc, client.id desc
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, 'oauth clients', row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...client }) => client), nextCursor }
}

/** Of the scope's owner; refuses with `oauth.client_not_found`. */
export async function getClient(tx: Queryable, id: string, lock = sql``): Promise<Client> {
  const found = await tx.maybe(sql<Client>`
    select ${columns}
    from oauth.oauth_clients as client
    where client.tenant_id = ${ownerOf(tx)}
      and client.id = ${id}
    ${lock}`)
  if (!found) throw errors.clientNotFound({ id })
  return found
}

/** In a transaction. Who makes it holds all that it may ask for, and all that it may do by itself. */
export async function createClient(tx: Queryable, wanted: NewClientFields): Promise<Client> {
  const client = { ...defaultsFor(wanted.type), ...wanted }
  await requireFit(tx, wanted.type, client)
  await requireReach(tx, client)
  // One after another: of two at once both would find room for the last one.
  await tx.run(sql`select pg_advisory_xact_lock(hashtext('oauth.clients'), hashtext(${ownerOf(tx)}))`)
  const { count } = await tx.one(sql<{ count: number }>`
    select count(*) as count
    from oauth.oauth_clients
    where tenant_id = ${ownerOf(tx)}`)
  if (count >= mostClients) throw errors.clientsTooMany({ most: mostClients })
  const { id } = await onViolation(
    tx.one(sql<{ id: string }>`
      insert into oauth.oauth_clients (
        tenant_id, client_id, type, name, description, website, redirect_uris, post_logout_redirect_uris, grant_types,
        scopes, token_endpoint_auth_method, jwks, jwks_uri, service_account_id, backchannel_logout_uri,
        require_pushed_authorization_requests, created_by
      )
      values (
        ${ownerOf(tx)},
        ${createClientId(ownerOf(tx))},
        ${wanted.type},
        ${client.name.trim()},
        ${client.description},
        ${client.website},
        ${client.redirectUris},
        ${client.postLogoutRedirectUris},
        ${client.grantTypes},
        ${client.scopes},
        ${client.tokenEndpointAuthMethod},
        ${client.jwks === null ? null : json(client.jwks)},
        ${client.jwksUri},
        ${client.serviceAccountId},
        ${client.backchannelLogoutUri},
        ${client.requirePushedAuthorizationRequests},
        ${tx.scope.userId ?? null}
      )
      returning id`),
    violations,
  )
  return await getClient(tx, id)
}

type Settings = Omit<ClientChange, 'isActive'>

const defaultsFor = (type: Client['type']) => ({
  description: null,
  website: null,
  redirectUris: [],
  postLogoutRedirectUris: [],
  tokenEndpointAuthMethod: type === 'public' ? ('none' as const) : ('client_secret_basic' as const),
  jwks: null,
  jwksUri: null,
  serviceAccountId: null,
  backchannelLogoutUri: null,
  requirePushedAuthorizationRequests: false,
})

/** The prefix says whose it is: no tenant's client can stand in for one of the installation. */
function createClientId(owner: string): string {
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'
  let id = owner === noTenant ? 'platform_' : 'app_'
  while (id.length < (owner === noTenant ? 33 : 28)) {
    for (const byte of randomBytes(32)) {
      // What lies beyond the last whole round of letters would make some of them more likely.
      if (byte < letters.length * 4 && id.length < (owner === noTenant ? 33 : 28)) id += letters[byte % letters.length]
    }
  }
  return id
}

/**
 * In a transaction. Wants what the client may ask for before and after; only to stop it wants nothing: that waits for
 * nobody. A client that shows itself by a key from now on has no secrets any more.
 */
export async function changeClient(tx: Queryable, id: string, change: ClientChange, ifMatch: IfMatch): Promise<Client> {
  const old = await getClient(tx, id, sql`for update of client`)
  requireMatch(ifMatch, old)
  const next = { ...old, ...change }
  const { isActive, ...others } = change
  if (Object.keys(others).length > 0 || (isActive && !old.isActive)) {
    await requireFit(tx, old.type, next)
    await requireReach(tx, old, next)
  }
  if (!takesSecrets(next)) {
    await tx.run(sql`
      delete from oauth.client_secrets
      where tenant_id = ${ownerOf(tx)}
        and client_id = ${id}`)
  }
  await onViolation(
    tx.run(sql`
      update oauth.oauth_clients
      set
        name = ${next.name.trim()},
        description = ${next.description},
        website = ${next.website},
        redirect_uris = ${next.redirectUris},
        post_logout_redirect_uris = ${next.postLogoutRedirectUris},
        grant_types = ${next.grantTypes},
        scopes = ${next.scopes},
        token_endpoint_auth_method = ${next.tokenEndpointAuthMethod},
        jwks = ${next.jwks === null ? null : json(next.jwks)},
        jwks_uri = ${next.jwksUri},
        service_account_id = ${next.serviceAccountId},
        backchannel_logout_uri = ${next.backchannelLogoutUri},
        require_pushed_authorization_requests = ${next.requirePushedAuthorizationRequests},
        is_active = ${next.isActive}
      where tenant_id = ${ownerOf(tx)}
        and id = ${id}`),
    violations,
  )
  return await getClient(tx, id)
}

/** All that it was allowed and all its tokens go with it. In a transaction. */
export async function deleteClient(tx: Queryable, id: string): Promise<void> {
  await requireReach(tx, await getClient(tx, id, sql`for update of client`))
  await onViolation(
    tx.run(sql`
      delete from oauth.oauth_clients
      where tenant_id = ${ownerOf(tx)}
        and id = ${id}`),
    violations,
  )
}

export const takesSecrets = ({ tokenEndpointAuthMethod }: Pick<Client, 'tokenEndpointAuthMethod'>) =>
  tokenEndpointAuthMethod.startsWith('client_secret_')

/**
 * Refuses with `access.grant_exceeded` unless the scope's user, and the credential of his request, holds all that these
 * clients may ask for or do by themselves (ADR 0015): who redirects a client, or has its secret, has what it gets. The
 * installation's are made by operators, and give nobody more than he has.
 */
export async function requireReach(
  tx: Queryable,
  ...clients: readonly Pick<Client, 'scopes' | 'serviceAccountId'>[]
): Promise<void> {
  const { tenantId, userId, system } = tx.scope
  // At the command line there is no account: who may start the program may do everything anyway (ADR 0012).
  if (tenantId === undefined || (system && userId === undefined)) return
  const scopes = clients.flatMap(client => client.scopes)
  const { permissions } = await tx.one(sql<{ permissions: string[] }>`
    select oauth.permissions_in(${scopes}) as permissions`)
  await requireHeld(tx, { permissions })
  for (const id of new Set(clients.map(client => client.serviceAccountId))) {
    if (id === null) continue
    const { membershipId } = await getServiceMembership(tx, id)
    await requireMemberWithin(tx, membershipId)
  }
}

/** Signs that do not show, or turn the text round: who is asked whether it may act for him has to see what it is called. */
const unseen = /[\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

/** Names what is wrong where the database would only say that something is. */
async function requireFit(tx: Queryable, type: Client['type'], client: Required<Settings>): Promise<void> {
  const { uri, unknownScopes } = await tx.one(sql<{ uri: string | null; unknownScopes: string[] }>`
    select
      (
        select uri
        from unnest(${[...client.redirectUris, ...client.postLogoutRedirectUris]}::text[]) as uri
        where not oauth.are_redirect_uris(array[uri], ${type})
        limit 1
      ) as uri,
      array(
        select scope
        from unnest(${client.scopes}::text[]) as scope
        where scope <> all (${[...identityScopes]}::text[])
          and cardinality(oauth.permissions_in(array[scope])) = 0
      ) as unknown_scopes`)
  if (unseen.test(client.name)) throw errors.nameUnseen()
  if (uri !== null) throw errors.redirectUriInvalid({ uri })
  if (unknownScopes.length > 0) throw accessErrors.scopeUnknown({ scopes: unknownScopes.join(', ') })
  if (client.grantTypes.includes('client_credentials') && client.serviceAccountId === null && tx.scope.tenantId) {
    throw errors.serviceAccountNeeded()
  }
}

export const violations: Readonly<Record<string, Thrower>> = {
  ...grantViolations,
  oauth_clients_redirect_uris_shape: (_, cause) => errors.redirectUriInvalid({ uri: 'one of these addresses' }, cause),
  oauth_clients_post_logout_redirect_uris_shape: (_, cause) =>
    errors.redirectUriInvalid({ uri: 'one of these addresses' }, cause),
  oauth_clients_grant_types_fit: errors.grantTypesUnfit,
  oauth_clients_code_has_redirect: errors.grantTypesUnfit,
  oauth_clients_platform_acts_for_people: errors.grantTypesUnfit,
  oauth_clients_service_account_where_used: errors.grantTypesUnfit,
  oauth_clients_public_has_no_secret: errors.authMethodUnfit,
  oauth_clients_keys_where_used: errors.authMethodUnfit,
  oauth_clients_jwks_public: errors.keysInvalid,
  oauth_clients_jwks_uri_shape: errors.keysInvalid,
  oauth_clients_name_shown: errors.nameUnseen,
  oauth_clients_website_shape: errors.addressInvalid,
  oauth_clients_backchannel_logout_uri_shape: errors.addressInvalid,
}

/** The console's own page to which codes may go while somebody tries a client. */
export const tryAddress = ({ publicUrl }: Pick<App, 'publicUrl'>) => `${publicUrl}/oauth/try`

/** Opens a client for a try from the console for ten minutes. In a transaction. */
export async function openTry(tx: Queryable, id: string): Promise<Date> {
  const client = await getClient(tx, id, sql`for update of client`)
  await requireReach(tx, client)
  if (!client.isActive) throw errors.clientOff()
  if (!client.grantTypes.includes('authorization_code')) throw errors.tryImpossible()
  const { until } = await tx.one(sql<{ until: Date }>`
    update oauth.oauth_clients
    set tried_until = now() + interval '10 minutes'
    where tenant_id = ${ownerOf(tx)}
      and id = ${id}
    returning tried_until as until`)
  return until
}
