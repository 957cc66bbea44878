import type { Adapter, AdapterPayload } from 'oidc-provider'
import { holdsSecret } from './client-secrets.ts'
import { findClient, identityScopes, type KnownClient, takesSecrets, tryAddress } from './clients.ts'
import { currentRequest, knownInRequest } from './requests.ts'

/** What oidc-provider keeps of a client beside its own words. */
export const ownMetadata = ['row_id', 'allowed_scopes']

/** A client as the issuer sees it at this moment: one that was switched off is not there. */
export const issuerClients: Partial<Adapter> = {
  async find(id) {
    const { app, scope } = currentRequest()
    const client = await knownInRequest(`client ${id}`, () => findClient(app.db.reads(scope), id))
    return client?.isActive ? metadataOf(client) : undefined
  },
}

function metadataOf(client: KnownClient): AdapterPayload {
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
export function compareSecret(this: object, secret: string): Promise<boolean> {
  const { app, scope } = currentRequest()
  return holdsSecret(app.db.scoped(scope), { id: (this as { row_id: string }).row_id }, secret)
}
