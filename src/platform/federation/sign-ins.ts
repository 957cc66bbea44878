import * as openid from 'openid-client'
import type { App } from '#platform/app.ts'
import { createToken, hashToken } from '#platform/crypto'
import type { Queryable } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { freshFor } from '#platform/http'
import { consumeOneTimeToken, findOneTimeToken, issueOneTimeToken, normaliseEmail } from '#platform/identity'
import { openProvider, tolerance } from './discovery.ts'
import { errors } from './errors.ts'
import { type Claims, products } from './products.ts'
import { noteProviderState, readUsableProvider, redirectUriOf, type UsableProvider } from './providers.ts'

/** The cookie that binds a sign-in through a provider to the browser that began it. */
export const providerCookie = '__Host-commonhold-provider'
const minutes = 10

export type Purpose = 'sign_in' | 'link' | 'step_up' | 'test'

/** What a provider has told of a person, verified. `email` is in its one form, undefined where none is told. */
export type ProviderAnswer = {
  provider: UsableProvider
  purpose: Purpose
  /** Who began it, in which session; for `sign_in` undefined. */
  userId: string | undefined
  sessionId: string | undefined
  next: string
  subject: string
  email: string | undefined
  emailVerified: boolean
  username: string | undefined
  name: string | undefined
  /** It says that a second factor was shown there. Whether that counts here is told by the provider's setting. */
  hasSecondFactor: boolean
  authenticatedAt: Date
  claims: Claims
  userInfo: Claims | undefined
}

/** What is remembered of a sign-in that was begun, under the hash of its browser's cookie. */
type Begun = {
  providerId: string
  tenantId: string
  issuer: string
  clientId: string
  purpose: Purpose
  sessionId: string | undefined
  next: string
  stateHash: string
  nonce: string
  /** PKCE's secret, encrypted: with it and the code whoever reads the table could finish. */
  verifier: string
}

const contextOf = (state: string) => `identity.one_time_tokens.verifier:${hashToken(state).toString('base64url')}`

/**
 * Begins a sign-in through a provider: OpenID Connect with code flow, PKCE, nonce and state. Send the browser to `url` and
 * set the cookie. All but `sign_in` need who begins it in which session. Needs the system scope.
 */
export async function startSignIn(
  app: App,
  tx: Queryable,
  begun: {
    tenantId: string
    providerId: string
    purpose: Purpose
    userId?: string
    sessionId?: string
    next?: string | undefined
    email?: string | undefined
  },
): Promise<{ url: string; cookieValue: string; expires: Date }> {
  const { tenantId, providerId, purpose, userId, sessionId } = begun
  const provider = await readUsableProvider(app, tx, tenantId, providerId)
  if (provider.status === 'inactive' && purpose !== 'test') throw errors.providerInactive()
  const configuration = await open(app, provider)
  const state = createToken()
  const nonce = createToken()
  const verifier = openid.randomPKCECodeVerifier()
  const details: Begun = {
    providerId,
    tenantId,
    issuer: provider.issuer,
    clientId: provider.clientId,
    purpose,
    sessionId,
    next: pathOf(app, begun.next),
    stateHash: hashToken(state).toString('base64url'),
    nonce,
    verifier: app.keyring.encrypt(verifier, contextOf(state)),
  }
  const cookieValue = await issueOneTimeToken(tx, { purpose: 'provider_sign_in', userId, minutes, details })
  const product = products[provider.type]
  const url = openid.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUriOf(app, providerId),
    scope: [product.scopes, ...provider.scopes].join(' '),
    state,
    nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(begun.email !== undefined && { login_hint: begun.email }),
    ...(purpose === 'step_up' && { max_age: '0', prompt: product.cannotAskAgain ? 'select_account' : 'login' }),
    ...(purpose === 'link' && product.cannotAskAgain && { prompt: 'select_account' }),
  })
  return { url: url.href, cookieValue, expires: new Date(Date.now() + minutes * 60_000) }
}

/** A provider that cannot be asked says so on its page, and to who signs in only that it cannot be reached. */
async function open(app: App, provider: UsableProvider): Promise<openid.Configuration> {
  try {
    return await openProvider(app, provider)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    await noteProviderState(app, provider.tenantId, provider.id, error.message)
    throw errors.unavailable({}, error)
  }
}

/**
 * Finishes it with the query of the callback. Each works once, in the browser that began it, at the address of the
 * provider with which it was begun (GHSA-x445-f3h2-j279), for 10 minutes. Hand it a Queryable without a transaction: that
 * this one is used up must stand, and no connection waits while the provider is asked. Needs the system scope.
 */
export async function finishSignIn(
  app: App,
  tx: Queryable,
  shown: {
    providerId: string
    cookieValue: string | undefined
    isSession: (sessionId: string, userId: string) => Promise<boolean>
    query: Readonly<Record<string, string | undefined>>
  },
): Promise<ProviderAnswer> {
  const state = shown.query.state ?? ''
  const { userId, details: begun } = await consumeBegun(tx, shown, state)
  if (begun.purpose !== 'sign_in') {
    if (!userId || !begun.sessionId || !(await shown.isSession(begun.sessionId, userId))) throw errors.notBegunHere()
  }
  const provider = await readUsableProvider(app, tx, begun.tenantId, begun.providerId)
  if (provider.status === 'inactive' && begun.purpose !== 'test') throw errors.providerInactive()
  // Where the setting has changed in between: the new client is not to see a code of the old one.
  if (begun.issuer !== provider.issuer || begun.clientId !== provider.clientId) throw errors.refused()
  const configuration = await open(app, provider)
  const callback = new URL(redirectUriOf(app, provider.id))
  for (const [name, value] of Object.entries(shown.query)) if (value) callback.searchParams.set(name, value)
  const tokens = await exchangeCode(app, provider, configuration, callback, begun, state)
  const claims = tokens.claims() as openid.IDToken
  const fault = faultOf(claims, provider)
  if (fault) throw await refuse(app, provider, `an ID token is refused: ${fault}`)
  const userInfo = await askUserInfo(app, provider, configuration, tokens.access_token, claims.sub)
  await noteProviderState(app, provider.tenantId, provider.id, undefined)

  // An address of one answer with the proof of the other would be a proof of nothing.
  const isOfOne = typeof claims.email !== 'string' || claims.email === userInfo?.email
  const told: Claims = { ...(isOfOne && pick(userInfo)), ...claims }
  const authenticatedAt = typeof claims.auth_time === 'number' ? new Date(claims.auth_time * 1000) : new Date()
  if (
    begun.purpose === 'step_up' &&
    (claims.auth_time === undefined || authenticatedAt.getTime() < Date.now() - freshFor)
  ) {
    throw errors.notFresh()
  }
  const email = emailOf(told.email ?? (provider.type === 'azure' ? told.preferred_username : undefined))
  const product = products[provider.type]
  return {
    provider,
    purpose: begun.purpose,
    userId: userId ?? undefined,
    sessionId: begun.sessionId,
    next: begun.next,
    subject: String(claims[product.subject]),
    email,
    emailVerified: email !== undefined && typeof told.email === 'string' && product.isVerified(told, provider),
    username: textOf(told.preferred_username ?? told.nickname),
    name: textOf(told.name),
    hasSecondFactor: hasSecondFactor(claims, provider),
    authenticatedAt,
    claims,
    userInfo,
  }
}

// Looked at before it is used up: a page elsewhere that sends the browser here with a made-up state ends nothing.
async function consumeBegun(
  tx: Queryable,
  { providerId, cookieValue = '' }: { providerId: string; cookieValue: string | undefined },
  state: string,
) {
  const found = await findOneTimeToken<Begun>(tx, 'provider_sign_in', cookieValue)
  const isThis =
    found?.details.stateHash === hashToken(state).toString('base64url') && found.details.providerId === providerId
  if (!isThis) throw errors.notBegunHere()
  const begun = await consumeOneTimeToken<Begun>(tx, 'provider_sign_in', cookieValue)
  if (!begun) throw errors.notBegunHere()
  return begun
}

async function exchangeCode(
  app: App,
  provider: UsableProvider,
  configuration: openid.Configuration,
  callback: URL,
  begun: Begun,
  state: string,
): Promise<Awaited<ReturnType<typeof openid.authorizationCodeGrant>>> {
  try {
    return await openid.authorizationCodeGrant(configuration, callback, {
      expectedState: state,
      expectedNonce: begun.nonce,
      pkceCodeVerifier: app.keyring.decrypt(begun.verifier, contextOf(state)),
      idTokenExpected: true,
    })
  } catch (error) {
    throw await refusalOf(app, provider, error)
  }
}

/** Okta leaves claims out of a token that is "thin": they are there. */
async function askUserInfo(
  app: App,
  provider: UsableProvider,
  configuration: openid.Configuration,
  accessToken: string,
  subject: string,
): Promise<Claims | undefined> {
  if (!configuration.serverMetadata().userinfo_endpoint) return undefined
  try {
    return await openid.fetchUserInfo(configuration, accessToken, subject).catch(forgiven)
  } catch (error) {
    throw await refusalOf(app, provider, error)
  }
}

/** The ID token alone is enough to sign in; but an answer about somebody else is no accident. */
function forgiven(error: unknown): undefined {
  const code = Object(error).code as string | undefined
  if (code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED' || code === 'OAUTH_INVALID_RESPONSE') throw error
  if (error instanceof openid.ClientError || error instanceof openid.ResponseBodyError || error instanceof DomainError)
    return undefined
  if (error instanceof openid.WWWAuthenticateChallengeError) return undefined
  throw error
}

/** Claims that a person is described by; none that says who he is. */
function pick(userInfo: Claims | undefined): Claims {
  const { email, email_verified, name, preferred_username, nickname, hd, xms_edov } = userInfo ?? {}
  return Object.fromEntries(
    Object.entries({ email, email_verified, name, preferred_username, nickname, hd, xms_edov }).filter(
      ([, value]) => value !== undefined,
    ),
  )
}

/** What the library leaves to its caller. */
function faultOf(claims: openid.IDToken, { clientId, type, domain }: UsableProvider): string | undefined {
  if (claims.iat > Date.now() / 1000 + tolerance) return 'it is issued in the future'
  if (claims.azp !== undefined && claims.azp !== clientId) return 'it is issued to another client'
  if (Array.isArray(claims.aud) && claims.aud.length > 1 && claims.azp === undefined) return 'it is for several clients'
  const subject = claims[products[type].subject]
  if (typeof subject !== 'string' || subject.length === 0 || subject.length > 255) {
    return `its subject (${products[type].subject}) is missing or too long`
  }
  if (type === 'azure' && String(claims.tid).toLowerCase() !== domain) return 'it is of another directory (tid)'
  return undefined
}

/** RFC 8176: `mfa`; or a value of `acr` that the administrators have named. */
function hasSecondFactor({ amr, acr }: Claims, { secondFactorAcr }: UsableProvider): boolean {
  if (Array.isArray(amr) && amr.includes('mfa')) return true
  return typeof acr === 'string' && secondFactorAcr.includes(acr)
}

const textOf = (claim: unknown) => (typeof claim === 'string' ? claim.trim().slice(0, 255) || undefined : undefined)

function emailOf(claim: unknown): string | undefined {
  try {
    return typeof claim === 'string' ? normaliseEmail(claim) : undefined
  } catch {
    // Not an address that an account here could have: then there is none.
    return undefined
  }
}

async function refuse(app: App, { tenantId, id }: UsableProvider, fault: string): Promise<DomainError> {
  app.log.warn({ tenantId, providerId: id, fault }, 'An answer of an identity provider is refused')
  await noteProviderState(app, tenantId, id, `At a sign-in ${fault}.`)
  return errors.refused()
}

/** The foreseen ways to fail, in our words. Neither tokens nor claims reach the log, nor what an attacker may write. */
async function refusalOf(app: App, provider: UsableProvider, error: unknown): Promise<DomainError> {
  if (error instanceof DomainError) return error.kind === 'unavailable' ? errors.unavailable({}, error) : error
  if (error instanceof openid.AuthorizationResponseError) {
    if (error.error === 'access_denied') return errors.declined()
    if (error.error === 'temporarily_unavailable' || error.error === 'server_error') return errors.unavailable()
    return errors.refused()
  }
  if (error instanceof openid.ResponseBodyError) {
    const isClient = error.error === 'invalid_client' || error.error === 'unauthorized_client'
    if (isClient)
      return await refuse(app, provider, 'the client id or the client secret was refused; the secret may have expired')
    return errors.refused()
  }
  if (error instanceof openid.ClientError) {
    if (error.cause instanceof DomainError) return errors.unavailable({}, error.cause)
    return await refuse(app, provider, `its answer did not hold: ${error.message.slice(0, 200)}`)
  }
  throw error
}

/** A path of this installation; anything else, such as `//elsewhere`, is the start. */
function pathOf(app: App, wanted: string | undefined): string {
  // The URL parser strips tabs and takes backslashes for slashes: judge what it makes of the text, not the text.
  const url = URL.parse(wanted ?? '/', app.publicUrl)
  if (!wanted?.startsWith('/') || url?.origin !== new URL(app.publicUrl).origin) return '/'
  return url.pathname.startsWith('//') ? '/' : url.pathname + url.search + url.hash
}

/** Of which purpose and provider the way is that this browser is on; undefined where it is on none. Needs the system scope. */
export async function findBegun(
  tx: Queryable,
  cookieValue: string | undefined,
): Promise<{ purpose: Purpose; providerId: string } | undefined> {
  const found = await findOneTimeToken<Begun>(tx, 'provider_sign_in', cookieValue ?? '')
  return found?.details
}
