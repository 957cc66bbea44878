import * as openid from 'openid-client'
import type { App } from '#platform/app.ts'
import { createToken, hashToken } from '#platform/crypto'
import { type Queryable, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { freshFor } from '#platform/http'
import { normaliseEmail } from './emails.ts'
import { errors } from './errors.ts'
import { google, openProvider, tolerance } from './google-provider.ts'
import { consumeOneTimeToken, findOneTimeToken, issueOneTimeToken } from './one-time-tokens.ts'

/** The cookie that binds a sign-in with Google to the browser that began it; it lasts as long as the person may take. */
export const googleCookie = '__Host-commonhold-google'
const googleMinutes = 10

export type GooglePurpose = 'sign_in' | 'link' | 'step_up'

/** What Google has told of a person, verified. `email` is in its one form, and undefined where Google tells none. */
export type GoogleAnswer = {
  purpose: GooglePurpose
  /** Who began it, in which session; for `sign_in` undefined. */
  userId: string | undefined
  sessionId: string | undefined
  /** The path of this installation to go to afterwards. */
  next: string
  issuer: string
  subject: string
  email: string | undefined
  emailVerified: boolean
  name: string | undefined
  /** When the person has proved to Google who he is, where Google tells; else now. */
  authenticatedAt: Date
}

/**
 * Begins a sign-in with Google (OpenID Connect with code flow, PKCE, nonce and state). Send the browser to `url` and set
 * the cookie. `link` and `step_up` need who begins it in which session: only that session can finish it. Refuses with
 * `identity.google_not_configured` and `identity.google_unavailable`. Needs the system scope.
 */
export async function startGoogle(
  app: App,
  tx: Queryable,
  begun: { purpose: GooglePurpose; userId?: string; sessionId?: string; next?: string | undefined },
): Promise<{ url: string; cookieValue: string; expires: Date }> {
  const provider = await openProvider(app)
  const { issuer } = provider.serverMetadata()
  const state = createToken()
  const nonce = createToken()
  const verifier = openid.randomPKCECodeVerifier()
  const { purpose, userId, sessionId } = begun
  const details: Begun = {
    issuer,
    purpose,
    sessionId,
    next: pathOf(app, begun.next),
    stateHash: hashToken(state).toString('base64url'),
    nonce,
    verifier: app.keyring.encrypt(verifier, contextOf(state)),
  }
  const cookieValue = await issueOneTimeToken(tx, {
    purpose: 'google_sign_in',
    userId,
    minutes: googleMinutes,
    details,
  })
  const url = openid.buildAuthorizationUrl(provider, {
    redirect_uri: redirectUriOf(app),
    scope: 'openid email profile',
    state,
    nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...askingFor(purpose, issuer),
  })
  return { url: url.href, cookieValue, expires: new Date(Date.now() + googleMinutes * 60_000) }
}

/** What is remembered of a sign-in that was begun, under the hash of its browser's cookie. */
type Begun = {
  issuer: string
  purpose: GooglePurpose
  sessionId: string | undefined
  next: string
  stateHash: string
  nonce: string
  /** PKCE's secret, encrypted: with it and the code whoever reads the table could finish. */
  verifier: string
}

const contextOf = (state: string) => `identity.one_time_tokens.verifier:${hashToken(state).toString('base64url')}`

/**
 * Finishes it with the query of the callback. Each works once, in the browser that began it, for 10 minutes; for `link`
 * and `step_up` only while the browser shows the session that began it (`sessionToken` is its cookie). Hand it a
 * Queryable without a transaction: that this one is used up must stand, and no connection waits while Google is asked.
 *
 * Refuses with `identity.google_not_begun_here`, `identity.google_declined`, `identity.google_refused` (an answer that
 * cannot be verified), `identity.google_not_fresh` and `identity.google_unavailable`. Whether anybody here belongs to
 * the answer is told by `findGoogleAccount`. Needs the system scope.
 */
export async function finishGoogle(
  app: App,
  tx: Queryable,
  shown: {
    cookieValue: string | undefined
    sessionToken?: string | undefined
    query: Readonly<Record<string, string | undefined>>
  },
): Promise<GoogleAnswer> {
  const state = shown.query.state ?? ''
  const { userId, details: begun } = await consumeBegun(tx, shown.cookieValue ?? '', state)
  if (begun.purpose !== 'sign_in' && !(await isSession(tx, begun.sessionId, shown.sessionToken))) {
    throw errors.googleNotBegunHere()
  }
  const provider = await openProvider(app)
  // Where the setting has changed in between: the new issuer is not to see a code of the old one.
  if (begun.issuer !== provider.serverMetadata().issuer) throw errors.googleRefused()
  const callback = new URL(redirectUriOf(app))
  for (const [name, value] of Object.entries(shown.query)) if (value) callback.searchParams.set(name, value)
  const claims = await exchangeCode(app, provider, callback, begun, state)

  const fault = faultOf(claims, provider.clientMetadata().client_id)
  if (fault) {
    app.log.warn({ fault }, 'An ID token of Google is refused')
    throw errors.googleRefused()
  }
  const authenticatedAt = typeof claims.auth_time === 'number' ? new Date(claims.auth_time * 1000) : new Date()
  if (begun.purpose === 'step_up' && authenticatedAt.getTime() < Date.now() - freshFor) throw errors.googleNotFresh()
  const email = emailOf(claims.email)
  return {
    purpose: begun.purpose,
    userId: userId ?? undefined,
    sessionId: begun.sessionId,
    next: begun.next,
    issuer: claims.iss,
    subject: claims.sub,
    email,
    emailVerified: email !== undefined && claims.email_verified === true,
    name: typeof claims.name === 'string' ? claims.name.trim().slice(0, 255) || undefined : undefined,
    authenticatedAt,
  }
}

// Looked at before it is used up: a page elsewhere that sends the browser here with a made-up state ends nothing.
async function consumeBegun(tx: Queryable, cookieValue: string, state: string) {
  const found = await findOneTimeToken<Begun>(tx, 'google_sign_in', cookieValue)
  if (found?.details.stateHash !== hashToken(state).toString('base64url')) throw errors.googleNotBegunHere()
  const begun = await consumeOneTimeToken<Begun>(tx, 'google_sign_in', cookieValue)
  if (!begun) throw errors.googleNotBegunHere()
  return begun
}

async function isSession(tx: Queryable, sessionId: string | undefined, token: string | undefined): Promise<boolean> {
  const found = await tx.maybe(sql`
    select id
    from identity.user_sessions
    where id = ${sessionId ?? null}
      and token_hash = ${hashToken(token ?? '')}
      and revoked_at is null
      and expires_at > now()
      and ends_at > now()`)
  return found !== undefined
}

async function exchangeCode(
  app: App,
  provider: openid.Configuration,
  callback: URL,
  begun: Begun,
  state: string,
): Promise<openid.IDToken> {
  try {
    const tokens = await openid.authorizationCodeGrant(provider, callback, {
      expectedState: state,
      expectedNonce: begun.nonce,
      pkceCodeVerifier: app.keyring.decrypt(begun.verifier, contextOf(state)),
      idTokenExpected: true,
    })
    return tokens.claims() as openid.IDToken
  } catch (error) {
    throw refusalOf(app, error)
  }
}

/** What the library leaves to its caller: a time of issue in the future, another client's token, an endless subject. */
function faultOf(claims: openid.IDToken, clientId: string): string | undefined {
  if (claims.iat > Date.now() / 1000 + tolerance) return 'issued in the future'
  if (claims.azp !== undefined && claims.azp !== clientId) return 'issued to another client'
  if (claims.sub.length === 0 || claims.sub.length > 255) return 'subject of no or too great length'
  return undefined
}

function emailOf(claim: unknown): string | undefined {
  try {
    return typeof claim === 'string' ? normaliseEmail(claim) : undefined
  } catch {
    // Not an address that an account here could have: then there is none.
    return undefined
  }
}

/** The foreseen ways to fail, in our words. Neither tokens nor claims reach the log. */
function refusalOf(app: App, error: unknown): DomainError {
  if (error instanceof openid.AuthorizationResponseError) {
    if (error.error === 'access_denied') return errors.googleDeclined()
    app.log.warn({ error: error.error }, 'Google answered a sign-in with an error')
    const isTemporary = error.error === 'temporarily_unavailable' || error.error === 'server_error'
    return isTemporary ? errors.googleUnavailable() : errors.googleRefused()
  }
  if (error instanceof openid.ResponseBodyError) {
    app.log.warn({ error: error.error, status: error.status }, 'Google refused to exchange a code')
    return errors.googleRefused()
  }
  if (error instanceof openid.ClientError) {
    if (error.cause instanceof DomainError) return error.cause
    app.log.warn({ reason: error.message, code: error.code }, 'An answer of Google is refused')
    return errors.googleRefused()
  }
  throw error
}

/** Google knows `prompt` none, consent and select_account only, and tells the time of the sign-in where it is asked for. */
function askingFor(purpose: GooglePurpose, issuer: string): Record<string, string> {
  const isGoogle = issuer === google
  if (purpose === 'sign_in') return {}
  if (purpose === 'link') return isGoogle ? { prompt: 'select_account' } : {}
  return {
    prompt: isGoogle ? 'select_account' : 'login',
    max_age: '0',
    claims: JSON.stringify({ id_token: { auth_time: { essential: true } } }),
  }
}

const redirectUriOf = (app: App) => `${app.publicUrl}/api/v1/auth/google/callback`

/** A path of this installation; anything else, such as `//elsewhere`, is the start. */
function pathOf(app: App, wanted: string | undefined): string {
  // The URL parser strips tabs and takes backslashes for slashes: judge what it makes of the text, not the text.
  const url = URL.parse(wanted ?? '/', app.publicUrl)
  if (!wanted?.startsWith('/') || url?.origin !== new URL(app.publicUrl).origin) return '/'
  return url.pathname.startsWith('//') ? '/' : url.pathname + url.search + url.hash
}
