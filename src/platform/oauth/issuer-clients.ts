import type { Adapter, AdapterPayload } from 'oidc-provider'
import { type Queryable, sql } from '#platform/database'
import { holdsSecret, type LivingSecret, livingSecrets } from './client-secrets.ts'
import { identityScopes, isNamed, type KnownClient, takesSecrets, tryAddress } from './clients.ts'
import { currentRequest, knownInRequest } from './requests.ts'

/** What oidc-provider keeps of a client beside its own words. */
export const ownMetadata = ['row_id', 'allowed_scopes']

/** A client as the issuer sees it at this moment: one that was switched off is not there. */
export const issuerClients: Partial<Adapter> = {
  async find(id) {
    const { app, scope } = currentRequest()
    const client = await knownInRequest(`client ${id}`, () => findShowing(app.db.reads(scope), id))
    return client?.isActive ? metadataOf(client) : undefined
  },
}

type Showing = Omit<
  KnownClient,
  'createdByName' | 'createdAt' | 'updatedAt' | 'description' | 'serviceAccountId' | 'isOfPlatform'
> & {
  secrets: LivingSecret[]
}

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
      ${livingSecrets} as secrets
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

/** Whether the secret is the client's, for oidc-provider's `compareClientSecret`: as it was read for this request. */
export async function compareSecret(this: object, secret: string): Promise<boolean> {
  const { app, scope, known } = currentRequest()
  const { clientId } = this as { clientId: string }
  const client = (await known.get(`client ${clientId}`)) as Showing | undefined
  return client !== undefined && (await holdsSecret(app.db.scoped(scope), client.secrets, secret))
}
