import type { EventEmitter } from 'node:events'
import { type Configuration, interactionPolicy, Provider } from 'oidc-provider'
import type { App } from '#platform/app.ts'
import { fetchPublic } from '#platform/http'
import { storeOf } from './adapter.ts'
import { identityScopes, tryAddress } from './clients.ts'
import { findAccount } from './issuer-accounts.ts'
import { compareSecret, ownMetadata, rememberClients } from './issuer-clients.ts'
import { askLogout, renderError, showLogout } from './issuer-pages.ts'
import { type Issuer, issuerAddress } from './issuers.ts'
import { defaultResource, getResourceServer } from './resources.ts'
import { accessTokenSeconds } from './scopes.ts'
import type { KeySet } from './signing-keys.ts'

const minutes = 60
const days = 24 * 3600

/** Makes the provider of one issuer. What belongs to a request it asks `currentRequest` for, so that there is little in it. */
export function createProvider(app: App, issuer: Issuer, { keys }: KeySet): Provider {
  const provider = new Provider(issuerAddress(app, issuer), configurationOf(app, issuer, keys))
  // Behind whatever proxy: where we are is configured, and the request says nothing of it (`issuers.ts`).
  provider.proxy = true
  Object.assign(provider.Client.prototype, {
    compareClientSecret: compareSecret,
    // Told by a job that tries again, when the session has ended in whatever way (`logouts.ts`).
    backchannelLogout: async () => {},
  })
  rememberClients(provider)
  const report = (error: unknown) => app.log.error({ err: error, issuer: issuer.slug }, 'an issuer failed')
  provider.on('server_error', (_context, error) => report(error))
  // What its framework says beside; without a listener it would write to the console.
  const framework: EventEmitter = provider
  framework.on('error', report)
  return provider
}

function configurationOf(app: App, { slug }: Issuer, keys: KeySet['keys']): Configuration {
  const path = `/t/${slug}`
  const kept = { httpOnly: true, sameSite: 'lax' } as const
  return {
    adapter: storeOf,
    jwks: { keys: keys as NonNullable<Configuration['jwks']>['keys'] },
    cookies: {
      names: { session: 'commonhold_issuer', interaction: 'commonhold_interaction', resume: 'commonhold_resume' },
      long: { ...kept, path },
      short: kept,
    },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    enabledJWA: {
      clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      idTokenSigningAlgValues: ['RS256', 'ES256'],
    },
    // OAuth 2.1: nothing but codes, always with PKCE (RFC 9700 2.1.1); a client that can keep a secret is no better off
    // when its code is put into somebody else's answer.
    responseTypes: ['code'],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    scopes: [...identityScopes],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username', 'updated_at'],
      email: ['email', 'email_verified'],
    },
    extraClientMetadata: { properties: ownMetadata },
    features: {
      devInteractions: { enabled: false },
      // The API takes tokens as they are, so that one which is bound to a key would promise more than is kept.
      dPoP: { enabled: false },
      claimsParameter: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        deviceInfo: ({ ip, headers }) => ({ ip, ua: headers['user-agent']?.slice(0, 500) ?? '' }),
      },
      introspection: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      pushedAuthorizationRequests: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: askLogout, postLogoutSuccessSource: showLogout },
      resourceIndicators: {
        enabled: true,
        defaultResource,
        useGrantedResource: () => true,
        getResourceServerInfo: getResourceServer,
      },
    },
    clientBasedCORS: ({ oidc }, origin, client) => {
      const redirectUris = client.redirectUris ?? []
      // While somebody tries it, the console's own page asks in its place.
      if (redirectUris.includes(tryAddress(app)) && origin === new URL(app.publicUrl).origin) return true
      const mayAsk = oidc.route === 'userinfo' || client.tokenEndpointAuthMethod === 'none'
      return mayAsk && redirectUris.some(uri => URL.parse(uri)?.origin === origin && origin !== 'null')
    },
    interactions: {
      policy: interactionPolicy.base(),
      url: (_context, { uid }) => `${app.publicUrl}/oauth/consent/${uid}`,
    },
    routes: {
      authorization: '/auth',
      token: '/token',
      pushed_authorization_request: '/par',
      device_authorization: '/device/auth',
      code_verification: '/device',
      introspection: '/introspection',
      revocation: '/revocation',
      userinfo: '/userinfo',
      jwks: '/jwks',
      end_session: '/end-session',
    },
    findAccount: async (context, id) => await findAccount(context, id),
    // What ends with the session is found out with each token (`oauth.living_grants`).
    expiresWithSession: () => false,
    issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: () => true,
    revokeGrantPolicy: ({ oidc }) => !(oidc.route === 'revocation' && oidc.entities.AccessToken),
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 1 * minutes,
      ClientCredentials: accessTokenSeconds,
      DeviceCode: 10 * minutes,
      Grant: 365 * days,
      IdToken: 60 * minutes,
      Interaction: 30 * minutes,
      RefreshToken: 30 * days,
      Session: 30 * days,
    },
    fetch: (input, init) => fetchOutside(app, input, init),
    renderError,
  }
}

/** Keys of clients (jwks_uri) are at addresses that somebody else has chosen. */
async function fetchOutside(app: App, input: unknown, init: RequestInit = {}): Promise<Response> {
  const address = input instanceof Request ? input.url : String(input)
  if (init.method !== undefined && init.method !== 'GET') throw new Error('Issuers only read from outside')
  const { status, body, headers } = await fetchPublic(app, address, { headers: { accept: 'application/json' } })
  const passedOn = ['content-type', 'cache-control', 'expires'].flatMap(name => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value] as [string, string]] : []
  })
  return new Response(new Uint8Array(body), { status, headers: passedOn })
}
