import { type KoaContextWithOIDC, errors as protocol, type ResourceServer } from 'oidc-provider'
import { currentRequest } from './requests.ts'
import { accessTokenSeconds, apiOf, isIdentityScope, isWithin, scopesOf } from './scopes.ts'

/** Whoever asks for permissions asks the API, whether he says so or not; a program that says nothing gets all it may. */
export async function defaultResource(
  { oidc }: KoaContextWithOIDC,
  client: object,
  oneOf?: readonly string[],
): Promise<string | undefined> {
  const { app } = currentRequest()
  if (oneOf) return oneOf.length > 0 ? apiOf(app) : undefined
  const params = oidc.params as Record<string, unknown>
  if (params.grant_type === 'client_credentials' && params.scope === undefined) {
    params.scope = registeredOf(client)
      .filter(scope => !isIdentityScope(scope))
      .join(' ')
  }
  return scopesOf(params.scope).every(isIdentityScope) ? undefined : apiOf(app)
}

/** RFC 8707 2: there is one resource server, and in it what the client may ask for of what this request or its grant names. */
export async function getResourceServer(
  { oidc }: KoaContextWithOIDC,
  resource: string,
  client: object,
): Promise<ResourceServer> {
  const { app } = currentRequest()
  if (resource !== apiOf(app)) throw new protocol.InvalidTarget()
  const registered = registeredOf(client)
  const asked = scopesOf(oidc.params?.scope).filter(scope => !isIdentityScope(scope))
  const beyond = asked.filter(scope => !isWithin(registered, scope))
  if (beyond.length > 0) throw new protocol.InvalidScope('requested scope is not allowed', beyond.join(' '))
  const { AuthorizationCode: code, RefreshToken: refresh, DeviceCode: device } = oidc.entities
  const granted = [code, refresh, device].flatMap(source => scopesOf(source?.scope))
  const scope = [...asked, ...granted].filter(each => !isIdentityScope(each) && isWithin(registered, each))
  return {
    scope: [...new Set(scope)].join(' '),
    audience: resource,
    accessTokenFormat: 'opaque',
    accessTokenTTL: accessTokenSeconds,
  }
}

const registeredOf = (client: object): readonly string[] =>
  (client as { allowed_scopes?: string[] }).allowed_scopes ?? []
