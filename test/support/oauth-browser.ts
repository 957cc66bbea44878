import * as openid from 'openid-client'
import { randomAddress, type World } from './world.ts'

export type Answers = { decision?: 'allow' | 'deny'; scopes?: string[] }
export type Question = {
  uid: string
  tenant: { id: string; slug: string; name: string }
  user: { name: string; email: string }
  client: { id: string; name: string; isPlatform: boolean; redirectHost: string | null }
  scopes: { name: string; description: string; isNew: boolean }[]
  needs: string
}

type Cookie = { name: string; value: string; path: string }
type Place = Pick<World, 'app' | 'baseUrl'>

/** Where the program is reached, for an address that it tells of itself: tests know their port when they run. */
export const reached = ({ app, baseUrl }: Place, address: string): string =>
  address.startsWith(app.publicUrl) ? baseUrl + address.slice(app.publicUrl.length) : address

/** A person's browser at this installation: it keeps cookies by path, and follows redirects of the installation only. */
export class OAuthBrowser {
  address = randomAddress()
  readonly cookies: Cookie[] = []
  readonly world: Place

  constructor(world: Place) {
    this.world = world
  }

  async fetch(address: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const url = reached(this.world, address)
    const { pathname } = new URL(url)
    const cookie = this.cookies
      .filter(({ path }) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { 'x-forwarded-for': this.address, ...(cookie && { cookie }), ...init.headers },
    })
    for (const line of response.headers.getSetCookie()) this.keep(line)
    return response
  }

  private keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    const path = /; ?path=([^;]+)/i.exec(line)?.[1] ?? '/'
    const at = this.cookies.findIndex(cookie => cookie.name === name && cookie.path === path)
    if (at >= 0) this.cookies.splice(at, 1)
    const isGone = value === '' || /; ?(max-age=0|expires=thu, 01 jan 1970)/i.test(line)
    if (!isGone) this.cookies.push({ name, value, path })
  }

  /** Asks the API as the console does. */
  async api<T>(
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: T }> {
    const response = await this.fetch(`${this.world.baseUrl}/api/v1${path}`, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        'sec-fetch-site': 'same-origin',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
    })
    const text = await response.text()
    return { status: response.status, body: (text ? JSON.parse(text) : null) as T }
  }

  async signIn({ email, password }: { email: string; password: string }): Promise<void> {
    const { status } = await this.api('/auth/sign-in', { email, password })
    if (status !== 200) throw new Error(`Nobody signed in: ${status}`)
  }

  /** Opens an address and follows where it leads within the installation; the last address, and what it answered. */
  async follow(address: string): Promise<{ address: string; response: Response | undefined }> {
    let next = address
    for (let step = 0; step < 10; step++) {
      const { pathname, origin } = new URL(next)
      const isHere = origin === new URL(this.world.app.publicUrl).origin || next.startsWith(this.world.baseUrl)
      if (!isHere || pathname.startsWith('/oauth/')) return { address: next, response: undefined }
      const response = await this.fetch(next)
      const location = response.headers.get('location')
      if (location === null) return { address: next, response }
      next = new URL(location, next).href
    }
    throw new Error(`Sent about, last to ${next}`)
  }

  question(address: string) {
    return this.api<Question>(`/oauth/interactions/${new URL(address).pathname.split('/').at(-1)}`)
  }

  async answer(address: string, { decision = 'allow', scopes }: Answers = {}, tenantId?: string) {
    const uid = new URL(address).pathname.split('/').at(-1)
    const { body: question } = await this.question(address)
    const of = tenantId ?? question.tenant.id
    return await this.api<{ redirectTo: string }>(
      `/oauth/interactions/${uid}`,
      { decision, ...(scopes && { scopes }) },
      { 'x-tenant-id': of },
    )
  }

  /** Goes through an authorization request, answering what is asked, to where the application is told the outcome. */
  async authorize(address: string, answers: Answers = {}): Promise<URL> {
    // A test asks more often than one address may.
    this.address = randomAddress()
    let { address: at, response } = await this.follow(address)
    while (new URL(at).pathname.startsWith('/oauth/consent/')) {
      const { status, body } = await this.answer(at, answers)
      if (status !== 200) throw new Error(`The question was not answered: ${status} ${JSON.stringify(body)}`)
      ;({ address: at, response } = await this.follow(body.redirectTo))
    }
    if (response) throw new Error(`${at} answered ${response.status}: ${await response.text()}`)
    return new URL(at)
  }
}

export type RegisteredClient = { id: string; clientId: string; secret: string | null }

export const callback = 'https://app.example.org/callback'

/** An application of the person's tenant. */
export async function registerClient(
  owner: { fetch: (path: string, init: { method: string; body: unknown }) => Promise<Response> },
  fields: Record<string, unknown> = {},
): Promise<RegisteredClient> {
  const response = await owner.fetch('/oauth/clients', {
    method: 'POST',
    body: {
      type: 'confidential',
      name: 'Reporter',
      grantTypes: ['authorization_code', 'refresh_token'],
      scopes: ['openid', 'profile', 'email', 'offline_access', 'contractors.*'],
      redirectUris: [callback],
      tokenEndpointAuthMethod: 'client_secret_basic',
      ...fields,
    },
  })
  if (response.status !== 201) throw new Error(`No client: ${response.status} ${await response.text()}`)
  return (await response.json()) as RegisteredClient
}

/** The client's own side: what openid-client finds out about the issuer of a tenant. */
export async function discover(
  world: Place,
  slug: string,
  client: RegisteredClient,
  authentication?: openid.ClientAuth,
): Promise<openid.Configuration> {
  const how = authentication ?? (client.secret ? openid.ClientSecretBasic(client.secret) : openid.None())
  const customFetch: openid.CustomFetch = (url, options) => fetch(reached(world, url), options as RequestInit)
  const config = await openid.discovery(new URL(`${world.app.publicUrl}/t/${slug}`), client.clientId, undefined, how, {
    execute: [openid.allowInsecureRequests],
    [openid.customFetch]: customFetch,
  })
  return config
}

/** An authorization request with PKCE, and what its answer is checked with. */
export async function requestOf(
  config: openid.Configuration,
  parameters: Record<string, string> = {},
): Promise<{ url: URL; checks: { pkceCodeVerifier: string; expectedState: string; expectedNonce?: string } }> {
  const pkceCodeVerifier = openid.randomPKCECodeVerifier()
  const [state, nonce] = [openid.randomState(), openid.randomNonce()]
  const { scope = 'openid' } = parameters
  const isSignIn = scope.split(' ').includes('openid')
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state,
    ...(isSignIn && { nonce }),
    ...parameters,
  })
  return { url, checks: { pkceCodeVerifier, expectedState: state, ...(isSignIn && { expectedNonce: nonce }) } }
}

export type SignedIn = {
  client: RegisteredClient
  config: openid.Configuration
  browser: OAuthBrowser
  tokens: openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers
}

/** Somebody signs in at an application of a tenant and allows it all that it asks. */
export async function signInBy(
  world: Place,
  person: { email: string; password: string },
  at: { slug: string; client: RegisteredClient; scope?: string; parameters?: Record<string, string> },
): Promise<SignedIn> {
  const { client, scope = 'openid offline_access contractors.lists.read' } = at
  const config = await discover(world, at.slug, client)
  const browser = new OAuthBrowser(world)
  await browser.signIn(person)
  const tokens = await signInAgain(browser, config, { scope, ...at.parameters })
  return { client, config, browser, tokens }
}

/** The same in a browser that is there already. */
export async function signInAgain(
  browser: OAuthBrowser,
  config: openid.Configuration,
  parameters: Record<string, string>,
): Promise<SignedIn['tokens']> {
  const isOffline = parameters.scope?.includes('offline_access')
  const { url, checks } = await requestOf(config, { ...(isOffline && { prompt: 'consent' }), ...parameters })
  return await openid.authorizationCodeGrant(config, await browser.authorize(url.href), checks)
}

/** What the API says to the bearer of a token: its status, and the code of a refusal. */
export async function callerBy(world: Place, token: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${world.baseUrl}/api/v1/caller`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  })
  const body = (await response.json()) as { code?: string; userId?: string; tenantId?: string; permissions?: string[] }
  return { status: response.status, ...body }
}

/** The error of a refused request of openid-client, as OAuth names it. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    const { error: code, message } = error as { error?: string; message: string }
    return code ?? message
  }
}

/** A service account of the owner's tenant with one of its built-in roles. */
export async function makeServiceAccount(
  owner: { fetch: (path: string, init?: { method?: string; body?: unknown }) => Promise<Response> },
  name: string,
  role: string,
): Promise<string> {
  const roles = (await (await owner.fetch('/roles?limit=100')).json()) as { items: { id: string; name: string }[] }
  const roleIds = roles.items.filter(each => each.name === role).map(({ id }) => id)
  const made = await owner.fetch('/service-accounts', { method: 'POST', body: { name, description: null, roleIds } })
  if (made.status !== 201) throw new Error(`No service account: ${made.status} ${await made.text()}`)
  return ((await made.json()) as { id: string }).id
}
