import type { Adapter, AdapterPayload, Client, Provider } from 'oidc-provider'
import { type Queryable, sql } from '#platform/database'
import { believe } from './believed.ts'
import { holdsSecret, type LivingSecret, livingSecrets } from './client-secrets.ts'
import { identityScopes, isNamed, type KnownClient, takesSecrets, tryAddress } from './clients.ts'
import { currentRequest, knownInRequest } from './requests.ts'

/** What oidc-provider keeps of a client beside its own words. */
export const ownMetadata = ['row_id', 'allowed_scopes']

/** A client as the issuer sees it at this moment: one that was switched off is not there. */
export const issuerClients: Partial<Adapter> = {
  async find(id) {
    return (await findAsking(id))?.metadata
  },
}

/**
 * While a client is believed it is one object: oidc-provider would write it down and hash it at each request, to find the
 * one that it made of it before.
 */
export function rememberClients({ Client }: Provider): void {
  const made = new WeakMap<Asking, Client>()
  const find = Client.find.bind(Client)
  const findOnce = async (id: unknown) => {
    const asking = typeof id === 'string' && !id.includes('\0') ? await findAsking(id) : undefined
    const known = asking && made.get(asking)
    if (known) return known
    const client = await find(id as string)
    if (asking && client) made.set(asking, client)
    return client
  }
  Object.assign(Client, { find: findOnce })
}

/** The client that the request names; undefined for one that was switched off. */
export function findAsking(id: string): Promise<Asking | undefined> {
  const { app, scope, believes } = currentRequest()
  const key = `client ${scope.tenantId} ${id}`
  return knownInRequest(key, () => (believes ? believe(app, key, () => findActive(id), endOf) : findActive(id)))
}

/** The same as it is at this moment, for whoever would be refused for what was believed. */
export function findAskingAfresh(id: string): Promise<Asking | undefined> {
  return currentRequest().believes ? findActive(id) : findAsking(id)
}

async function findActive(id: string): Promise<Asking | undefined> {
  const { app, scope } = currentRequest()
  const client = await findShowing(app.db.reads(scope), id)
  return client?.isActive ? { ...client, metadata: metadataOf(client) } : undefined
}

/** When the first of what it shows itself by, or is, ends by itself. */
function endOf({ secrets, triedUntil, service }: Showing): Date | null {
  const moments = [...secrets.map(({ expiresAt }) => expiresAt), triedUntil, service?.holdsUntil ?? null]
  const ends = moments.flatMap(moment => (moment === null ? [] : [new Date(moment).getTime()]))
  const next = Math.min(...ends.filter(moment => moment > Date.now()))
  return Number.isFinite(next) ? new Date(next) : null
}

type Showing = Omit<
  KnownClient,
  'createdByName' | 'createdAt' | 'updatedAt' | 'description' | 'serviceAccountId' | 'isOfPlatform'
> & {
  secrets: LivingSecret[]
  /** As whom it acts for itself now. */
  service: { securityPolicy: string; holdsUntil: string | null } | null
}

/** With it in oidc-provider's words. */
export type Asking = Showing & { metadata: AdapterPayload }

/** As `findClient`, with what an issuer has to know of it, and by what it may show itself. */
export function findShowing(tx: Queryable, clientId: string): Promise<Showing | undefined> {
  return tx.maybe(sql<Showing>`
    select
      client.id,
      client.client_id,
      client.type,
      client.name,
      client.website,
      client.redirect_uris,
      client.post_logout_redirect_uris,
      client.grant_types,
      client.scopes,
      client.token_endpoint_auth_method,
      client.jwks,
      client.jwks_uri,
      client.backchannel_logout_uri,
      client.require_pushed_authorization_requests,
      client.is_active,
      client.tried_until,
      ${livingSecrets} as secrets,
      (
        select json_build_object('securityPolicy', service.security_policy::text, 'holdsUntil', service.holds_until)
        from oauth.living_services as service
        where service.tenant_id = client.tenant_id
          and service.oauth_client_id = client.id
          and client.grant_types @> '{client_credentials}'
      ) as service
    from oauth.oauth_clients as client
    where ${isNamed(tx, clientId)}`)
}

function metadataOf(client: Showing): AdapterPayload {
  const { app } = currentRequest()
  const isTried = client.triedUntil !== null && client.triedUntil > app.clock.now()
  const redirectUris = [...client.redirectUris, ...(isTried ? [tryAddress(app)] : [])]
  const identity = identityScopes.filter(scope => client.scopes.includes(scope))
  const hasCode = client.grantTypes.includes('authorization_code')
  const metadata = {
    client_id: client.clientId,
    client_name: client.name,
    // What is compared is a hash (`holdsSecret`); nothing is ever signed or encrypted with it.
    ...(takesSecrets(client) && { client_secret: 'kept as a hash' }),
    // RFC 8252: at the own machine the port is free, for what runs there.
    application_type: redirectUris.every(uri => uri.startsWith('https:')) ? 'web' : 'native',
    redirect_uris: redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    grant_types: client.grantTypes,
    response_types: hasCode ? ['code'] : [],
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    ...(client.jwks && { jwks: client.jwks }),
    ...(client.jwksUri && { jwks_uri: client.jwksUri }),
    ...(client.website && { client_uri: client.website }),
    ...(client.backchannelLogoutUri && {
      backchannel_logout_uri: client.backchannelLogoutUri,
      backchannel_logout_session_required: true,
    }),
    ...(identity.length > 0 && { scope: identity.join(' ') }),
    require_pushed_authorization_requests: client.requirePushedAuthorizationRequests,
    row_id: client.id,
    allowed_scopes: client.scopes,
  }
  return metadata as AdapterPayload
}

/** Whether the secret is the client's, for oidc-provider's `compareClientSecret`. */
export async function compareSecret(this: object, secret: string): Promise<boolean> {
  const { app, scope, believes } = currentRequest()
  const { clientId } = this as { clientId: string }
  const isHeldBy = async (client: Asking | undefined) =>
    client !== undefined && (await holdsSecret(app.db.scoped(scope), client.secrets, secret))
  if (await isHeldBy(await findAsking(clientId))) return true
  // It may have got another one a moment ago.
  return believes && (await isHeldBy(await findAskingAfresh(clientId)))
}
