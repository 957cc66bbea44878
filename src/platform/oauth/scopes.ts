import { covers } from '#platform/access'
import type { App } from '#platform/app.ts'
import { identityScopes } from './clients.ts'

/** For whom tokens with permissions are: the API of this installation (RFC 8707). */
export const apiOf = ({ publicUrl }: Pick<App, 'publicUrl'>): string => `${publicUrl}/api/v1`

/** How long an access token is good, in seconds. */
export const accessTokenSeconds = 3600

const identity: ReadonlySet<string> = new Set(identityScopes)
export const isIdentityScope = (scope: string): boolean => identity.has(scope)

/** Those that are permissions, or families of them. */
export const permissionScopes = (scopes: readonly string[]): string[] => scopes.filter(scope => !isIdentityScope(scope))

/** OpenID Connect 5.4: of what nobody keeps here. Whoever asks for them with the others is not refused for it. */
const passedOver: ReadonlySet<string> = new Set(['', 'address', 'phone'])

/** The scopes of a request or token. */
export const scopesOf = (text: unknown): string[] =>
  typeof text === 'string' ? [...new Set(text.split(' ').filter(scope => !passedOver.has(scope)))] : []

/** What may be asked for by who was registered with these scopes. */
export const isWithin = (registered: readonly string[], scope: string): boolean =>
  isIdentityScope(scope)
    ? registered.includes(scope)
    : registered.some(own => !isIdentityScope(own) && (own === scope || coversScope(own, scope)))

/** A family covers what is in it, and smaller families. */
const coversScope = (own: string, scope: string): boolean =>
  covers(own, scope.endsWith('.*') ? scope.slice(0, -1) : scope) && scope !== '*'
