import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { Provider } from 'oidc-provider'

/** What the provider says of a person: the claims of an ID token. */
export type Claims = Readonly<Record<string, unknown>>

export type TestProvider = {
  issuer: string
  clientId: string
  clientSecret: string
  /** The accounts there, by the name one signs in with; changed at will. */
  accounts: Map<string, { sub: string } & Claims>
}

const callback = '/api/v1/auth/google/callback'
/** The port of a test world is known only when it runs, and it wants to know the provider before. */
export function isCallback(url: string): boolean {
  if (!url.startsWith('http://localhost:')) return false
  const { pathname } = new URL(url)
  return pathname === callback || pathname.startsWith('/api/v1/federation/callback/')
}

/** Settings with which a test world takes this provider for Google. */
export const environmentOf = (provider: { issuer: string; clientId: string; clientSecret: string }) => ({
  GOOGLE_CLIENT_ID: provider.clientId,
  GOOGLE_CLIENT_SECRET: provider.clientSecret,
  GOOGLE_ISSUER: provider.issuer,
})

/** A real OpenID provider on loopback. Its login page is a header: `signInAt` fills it in. */
export async function startProvider(): Promise<TestProvider> {
  const [clientId, clientSecret] = ['commonhold', 'a secret between the two of them']
  const accounts: TestProvider['accounts'] = new Map()
  const { server, origin } = await listen()
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const provider = new Provider(origin, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [`http://localhost:0${callback}`],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['for tests'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    // Google puts them into the ID token.
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false }, claimsParameter: { enabled: true } },
    interactions: { url: (_context, interaction) => `/interactions/${interaction.uid}` },
    ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 60, Interaction: 60, Session: 600, Grant: 600 },
    async findAccount(_context, accountId) {
      return {
        accountId,
        claims: async () => [...accounts.values()].find(({ sub }) => sub === accountId) ?? { sub: accountId },
      }
    },
    async loadExistingGrant({ oidc }) {
      const grant = new provider.Grant({ clientId, accountId: oidc.session?.accountId ?? '' })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  })
  provider.Client.prototype.redirectUriAllowed = isCallback
  const answer = provider.callback()
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/interactions/')) return void answer(request, response)
    const account = accounts.get(String(request.headers['x-account']))
    const result = account
      ? { login: { accountId: account.sub } }
      : { error: 'access_denied', error_description: 'cancelled' }
    provider.interactionFinished(request, response, result).catch(error => response.destroy(error))
  })
  return { issuer: origin, clientId, clientSecret, accounts }
}

let browsers = 0

/** A browser with a network address of its own: it keeps cookies by origin, and follows no redirect by itself. */
export class TestBrowser {
  readonly address = `198.51.100.${++browsers}`
  private readonly cookies = new Map<string, Map<string, string>>()

  cookiesOf(url: string): Map<string, string> {
    const { origin } = new URL(url)
    const found = this.cookies.get(origin) ?? new Map<string, string>()
    this.cookies.set(origin, found)
    return found
  }

  async fetch(url: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const cookies = this.cookiesOf(url)
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { 'x-forwarded-for': this.address, ...init.headers, ...(cookie && { cookie }) },
    })
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (value === '' || /; ?(max-age=0|expires=thu, 01 jan 1970)/i.test(set)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
}

/**
 * Goes through the provider's pages as `account` (undefined: cancels) and returns the query of the callback that it
 * sends the browser to, without going there.
 */
export async function signInAt(
  browser: TestBrowser,
  url: string,
  account: string | undefined,
): Promise<Record<string, string>> {
  let next = url
  let form: URLSearchParams | undefined
  const headers = { ...(account !== undefined && { 'x-account': account }) }
  for (let step = 0; step < 10; step++) {
    const response = await browser.fetch(next, form ? { method: 'POST', headers, body: form } : { headers })
    const location = response.headers.get('location')
    if (location) {
      form = undefined
      next = new URL(location, next).href
      if (isCallback(next)) return Object.fromEntries(new URL(next).searchParams)
      continue
    }
    // Who signs in as another is signed out first, by a form that sends itself.
    const page = await response.text()
    const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1]
    if (!action) throw new Error(`${next} answered ${response.status}: ${page}`)
    next = action
    form = new URLSearchParams(
      [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
        name,
        value,
      ]),
    )
  }
  throw new Error(`The provider sends its visitor about, last to ${next}`)
}

export type Forgery = {
  header?: Claims
  claims?: Claims
  /** With which of its keys it signs; a text is a secret for HS256, `none` leaves the signature empty. */
  key?: 'published' | 'other' | 'elliptic' | 'none' | { secret: string }
  /** Instead of an ID token: what the token endpoint answers. */
  instead?: { status: number; body: unknown }
  /** Takes this long, ms. */
  delay?: number
}

export type ForgingIssuer = {
  issuer: string
  clientId: string
  clientSecret: string
  /** What it does next; tests set it. */
  forgery: Forgery
  /** Changes what it says of itself. */
  metadata: Claims
  /** The key that it publishes, as text: what an attacker has of it. */
  publicKey: string
  /** What the token endpoint was sent last. */
  exchanged: URLSearchParams | undefined
  /** How often it was asked, by path. */
  asked: Map<string, number>
}

/** An issuer that signs whatever it is told, for the nonce of the sign-in at hand: one that an attacker runs. */
export async function startForgingIssuer(): Promise<ForgingIssuer> {
  const { server, origin } = await listen()
  const published = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const state: ForgingIssuer = {
    issuer: origin,
    clientId: 'commonhold',
    clientSecret: 'a secret between the two of them',
    forgery: {},
    metadata: {},
    publicKey: published.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    exchanged: undefined,
    asked: new Map(),
  }
  const keys = [
    { ...published.publicKey.export({ format: 'jwk' }), kid: 'rsa', use: 'sig' },
    { ...elliptic.publicKey.export({ format: 'jwk' }), kid: 'ec', use: 'sig' },
  ]
  const sign = ({ key = 'published', header, claims }: Forgery): string => {
    const now = Math.floor(Date.now() / 1000)
    const usual = { iss: origin, aud: state.clientId, sub: 'somebody', iat: now, exp: now + 300 }
    const isElliptic = key === 'elliptic'
    const parts = [
      { alg: isElliptic ? 'ES256' : 'RS256', kid: isElliptic ? 'ec' : 'rsa', ...header },
      { ...usual, ...claims },
    ].map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    return `${parts.join('.')}.${signatureOf(parts.join('.'))}`
    function signatureOf(text: string): string {
      if (key === 'none') return ''
      if (typeof key === 'object') return createHmac('sha256', key.secret).update(text).digest('base64url')
      const pair = { published, other, elliptic }[key]
      return signatureWith(pair.privateKey, text, header?.alg === 'RS512' ? 'sha512' : 'sha256')
    }
  }
  const routes: Record<string, (body: URLSearchParams) => { status: number; body: unknown }> = {
    '/.well-known/openid-configuration': () => ({
      status: 200,
      body: {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        jwks_uri: `${origin}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256', 'ES256', 'HS256', 'none'],
        ...state.metadata,
      },
    }),
    '/keys': () => ({ status: 200, body: { keys } }),
    '/token': body => {
      state.exchanged = body
      if (state.forgery.instead) return state.forgery.instead
      return { status: 200, body: { access_token: 'a', token_type: 'Bearer', id_token: sign(state.forgery) } }
    },
  }
  server.on('request', async (request, response) => {
    const path = request.url ?? ''
    state.asked.set(path, (state.asked.get(path) ?? 0) + 1)
    let text = ''
    for await (const chunk of request) text += chunk
    const answer = routes[path]?.(new URLSearchParams(text)) ?? { status: 404, body: {} }
    setTimeout(() => {
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
    }, state.forgery.delay ?? 0)
  })
  return state
}

function signatureWith(key: KeyObject, text: string, hash: string): string {
  return createSign(hash).update(text).sign({ key, dsaEncoding: 'ieee-p1363' }, 'base64url')
}

export async function listen(): Promise<{ server: Server; origin: string }> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
