import * as openid from 'openid-client'
import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { errors } from './errors.ts'

export const google = 'https://accounts.google.com'

export const googleSettings = {
  googleClientId: Type.Optional(
    Type.String({
      env: 'GOOGLE_CLIENT_ID',
      minLength: 1,
      description:
        'Client id of an OAuth 2.0 web application at Google; with its secret, people may sign in with Google. Register the redirect URI <public URL>/api/v1/auth/google/callback there',
    }),
  ),
  googleClientSecret: Type.Optional(
    Type.String({ env: 'GOOGLE_CLIENT_SECRET', secret: true, minLength: 1, description: 'The secret of that client' }),
  ),
  googleIssuer: Type.String({
    env: 'GOOGLE_ISSUER',
    default: google,
    // Without TLS only where nobody stands between.
    pattern: '^(https://[^\\s?#@]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?(/[^\\s?#]*)?)$',
    description: 'The OpenID Connect issuer; another than Google only to try things out',
  }),
}

export function isGoogleConfigured(app: App): boolean {
  return app.config.googleClientId !== undefined && app.config.googleClientSecret !== undefined
}

/** How far the clocks may be apart, s. */
export const tolerance = 30

type Provider = { configuration: Promise<openid.Configuration>; until: number }

const providers = new WeakMap<App, Provider>()
/** How long what the provider says of itself is believed, ms. Its keys the library asks for again after 5 minutes. */
const believedFor = 60 * 60_000
/** How long each answer may take, s. */
const patience = 5

/** What is known of the provider, asked for when it is needed first: the program starts without it. */
export async function openProvider(app: App): Promise<openid.Configuration> {
  if (!isGoogleConfigured(app)) throw errors.googleNotConfigured()
  const known = providers.get(app)
  if (known && known.until > app.clock.now().getTime()) return await known.configuration
  const asked = { configuration: discover(app), until: app.clock.now().getTime() + believedFor }
  providers.set(app, asked)
  try {
    return await asked.configuration
  } catch (error) {
    // The next one asks again.
    if (providers.get(app) === asked) providers.delete(app)
    throw error
  }
}

async function discover(app: App): Promise<openid.Configuration> {
  const issuer = String(app.config.googleIssuer)
  const clientId = String(app.config.googleClientId)
  const execute = issuer.startsWith('http:') ? [openid.allowInsecureRequests] : []
  const options = { timeout: patience, execute, [openid.customFetch]: fetchAnswer }
  try {
    const found = await openid.discovery(new URL(issuer), clientId, undefined, undefined, options)
    const metadata: openid.ServerMetadata = found.serverMetadata()
    // CVE-2026-31813: the issuer is the configured one to the letter, not what a document says about itself.
    if (metadata.issuer !== issuer) throw errors.googleUnavailable()
    const configuration = new openid.Configuration(
      { ...metadata, id_token_signing_alg_values_supported: ['RS256', 'ES256'] },
      clientId,
      { [openid.clockTolerance]: tolerance },
      openid.ClientSecretPost(String(app.config.googleClientSecret)),
    )
    configuration.timeout = patience
    configuration[openid.customFetch] = fetchAnswer
    for (const extension of execute) extension(configuration)
    // Else the library trusts TLS and leaves the signature alone.
    openid.enableNonRepudiationChecks(configuration)
    return configuration
  } catch (error) {
    const { message, cause } = error as Error
    app.log.warn(
      { issuer, reason: message, cause: cause instanceof Error ? cause.message : undefined },
      'Google cannot be asked about itself',
    )
    throw errors.googleUnavailable()
  }
}

/** The whole answer within the time limit, or a refusal that one may try again. */
const fetchAnswer: openid.CustomFetch = async (url, options) => {
  try {
    const response = await fetch(url, options as RequestInit)
    const body = await response.arrayBuffer()
    if (response.status < 500) return new Response(body, response)
  } catch (cause) {
    throw errors.googleUnavailable({}, cause)
  }
  throw errors.googleUnavailable()
}
