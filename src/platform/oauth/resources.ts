import { type KoaContextWithOIDC, errors as protocol, type ResourceServer } from 'oidc-provider'
import { covers } from '#platform/access'
import type { App } from '#platform/app.ts'
import { identityScopes } from './clients.ts'
import { currentRequest } from './requests.ts'

/** For whom tokens with permissions are: the API of this installation (RFC 8707). */
export const apiOf = ({ publicUrl }: Pick<App, 'publicUrl'>): string => `${publicUrl}/api/v1`

/** How long an access token is good, in seconds. */
export const accessTokenSeconds = 3600

const identity: ReadonlySet<string> = new Set(identityScopes)
export const isIdentityScope = (scope: string): boolean => identity.has(scope)

/** Those that are permissions, or families of them. */
export const permissionScopes = (scopes: readonly string[]): string[] => scopes.filter(scope => !isIdentityScope(scope))

/** The scopes of a request or token. */
export const scopesOf = (text: unknown): string[] =>
  typeof text === 'string' ? [...new Set(text.split(' ').filter(scope => scope !== ''))] : []

/** What may be asked for by who was registered with these scopes. */
export const isWithin = (registered: readonly string[], scope: string): boolean =>
  isIdentityScope(scope)
    ? registered.includes(scope)
    : registered.some(own => !isIdentityScope(own) && (own === scope || coversScope(own, scope)))

/** A family covers what is in it, and smaller families. */
const coversScope = (own: string, scope: string): boolean =>
  covers(own, scope.endsWith('.*') ? scope.slice(0, -1) : scope) && scope !== '*'

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
