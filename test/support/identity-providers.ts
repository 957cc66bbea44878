import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Provider } from 'oidc-provider'
import { type Claims, isCallback, listen } from './openid-provider.ts'

export type ProductType = 'auth0' | 'okta' | 'azure' | 'google' | 'custom_oidc'

/** Somebody in a customer's directory; what the product makes of it is told by `idTokenOf`. */
export type DirectoryAccount = {
  /** Okta 00u…, Auth0 auth0|…, Google digits; at Entra the object id, of which the subject is made. */
  sub: string
  email?: string
  /** Entra tells nothing of the kind. */
  emailVerified?: boolean
  name?: string
  groups?: readonly string[]
  /** The person has shown a second factor there. */
  secondFactor?: boolean
  /** Over everything: claims of the ID token, undefined leaves one out. */
  claims?: Claims
}

/** What it does otherwise than it should, until a test takes it back. */
export type Misbehaviour = {
  /** Over what it says of itself; undefined leaves a property out. */
  metadata?: Claims
  /** Instead of its discovery document, or of the keys. */
  discovery?: Answer
  keys?: Answer
  /** Instead of what the token endpoint answers. */
  token?: Answer
  /** Over the claims of the ID token. */
  claims?: Claims
  header?: Claims
  /** With which of its keys it signs; a text is a secret for HS256, `none` leaves the signature empty. */
  key?: 'published' | 'other' | 'none' | { secret: string }
  /** Claims beyond the subject only at the userinfo endpoint (Okta's thin tokens). */
  thin?: boolean
  /** What the userinfo endpoint answers. */
  userInfo?: Answer
}
type Answer = { status: number; body?: unknown; headers?: Record<string, string> }

export type IdentityProvider = {
  type: ProductType
  issuer: string
  /** What the wizard asks for instead of the issuer is made of this; at Entra the directory's id. */
  directoryId: string
  clientId: string
  clientSecret: string
  /** By the name one signs in with; changed at will. */
  accounts: Map<string, DirectoryAccount>
  misbehaviour: Misbehaviour
  /** The key that it publishes, PEM: what an attacker has of it. */
  publicKey: string
  /** How often it was asked, by path below the issuer. */
  asked: Map<string, number>
}

/** Settings with which a test world may ask providers on loopback. */
export const identityProviderEnvironment = { COMMONHOLD_OUTGOING_ALLOW: '127.0.0.1/32' }

/** Claim in which this Auth0 has its groups: it refuses to set plain `groups`. */
export const auth0Groups = 'https://commonhold.example/groups'

/** A real OpenID provider on loopback with the issuer, the claims and the limits of a product. */
export async function startIdentityProvider(
  type: ProductType,
  options: { directoryId?: string } = {},
): Promise<IdentityProvider> {
  const { server, origin } = await listen()
  const directoryId = options.directoryId ?? '6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1'
  const prefix = type === 'azure' ? `/${directoryId}/v2.0` : ''
  const published = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const here: IdentityProvider = {
    type,
    issuer: `${origin}${prefix}${type === 'auth0' ? '/' : ''}`,
    directoryId,
    clientId: `commonhold-at-${type}`,
    clientSecret: `a secret between ${type} and us`,
    accounts: new Map(),
    misbehaviour: {},
    publicKey: published.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    asked: new Map(),
  }
  const accountOf = (sub: string | undefined) => [...here.accounts.values()].find(account => account.sub === sub)
  const provider = new Provider(here.issuer, {
    clients: [
      {
        client_id: here.clientId,
        client_secret: here.clientSecret,
        redirect_uris: ['http://localhost:0/api/v1/federation/callback'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    jwks: { keys: [{ ...published.privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['for tests'] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    scopes: ['openid', 'email', 'profile', 'groups', 'offline_access'],
    claims: { openid: ['sub'], email: ['email'], profile: ['name'] },
    features: { devInteractions: { enabled: false }, claimsParameter: { enabled: true } },
    interactions: { url: (_context, interaction) => `${prefix}/interactions/${interaction.uid}` },
    ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 60, Interaction: 600, Session: 600, Grant: 600 },
    async findAccount(_context, accountId) {
      return { accountId, claims: async () => ({ sub: accountId }) }
    },
    async loadExistingGrant({ oidc }) {
      const grant = new provider.Grant({ clientId: here.clientId, accountId: oidc.session?.accountId ?? '' })
      grant.addOIDCScope('openid email profile groups offline_access')
      await grant.save()
      return grant
    },
  })
  provider.Client.prototype.redirectUriAllowed = isCallback
  provider.use(async (context, next) => {
    const path = context.path
    here.asked.set(path, (here.asked.get(path) ?? 0) + 1)
    await next()
    const { misbehaviour } = here
    const say = (answer: Answer) => {
      context.status = answer.status
      for (const [name, value] of Object.entries(answer.headers ?? {})) context.set(name, value)
      context.body = answer.body ?? ''
    }
    if (path === '/.well-known/openid-configuration') {
      if (misbehaviour.discovery) return say(misbehaviour.discovery)
      context.body = { ...(context.body as Claims), ...misbehaviour.metadata }
    } else if (path === '/jwks' && misbehaviour.keys) {
      say(misbehaviour.keys)
    } else if (path === '/token') {
      if (misbehaviour.token) return say(misbehaviour.token)
      const body = context.body as { id_token?: string }
      if (!body?.id_token) return
      const claims = JSON.parse(Buffer.from(body.id_token.split('.')[1] ?? '', 'base64url').toString())
      const account = accountOf(claims.sub)
      const told = account ? idTokenOf(here, account) : {}
      const shown = misbehaviour.thin ? { sub: told.sub ?? claims.sub } : told
      context.body = {
        ...body,
        id_token: sign({ ...claims, ...shown, ...misbehaviour.claims }),
      }
    } else if (path === '/me') {
      if (misbehaviour.userInfo) return say(misbehaviour.userInfo)
      const account = accountOf((context.body as { sub?: string })?.sub)
      if (account) context.body = idTokenOf(here, account)
    }
  })
  const answer = provider.callback()
  server.on('request', (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse) => {
    const url = request.url ?? '/'
    if (!url.startsWith(prefix)) return void response.writeHead(404).end()
    request.originalUrl = url
    request.url = url.slice(prefix.length) || '/'
    if (!request.url.startsWith('/interactions/')) return void answer(request, response)
    const name = request.headers['x-account'] ?? new URL(url, origin).searchParams.get('account') ?? undefined
    const account = here.accounts.get(String(name))
    if (
      request.headers['x-account'] === undefined &&
      name === undefined &&
      request.headers.accept?.includes('text/html')
    )
      return void showAccounts(here, request, response)
    const result = account
      ? { login: { accountId: account.sub } }
      : { error: 'access_denied', error_description: 'cancelled' }
    provider.interactionFinished(request, response, result).catch(error => response.destroy(error))
  })
  return here

  function sign(claims: Claims): string {
    const { key = 'published', header } = here.misbehaviour
    const parts = [{ alg: 'RS256', kid: 'one', ...header }, claims].map(part =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    const text = parts.join('.')
    if (key === 'none') return `${text}.`
    if (typeof key === 'object') return `${text}.${createHmac('sha256', key.secret).update(text).digest('base64url')}`
    const { privateKey } = { published, other }[key]
    return `${text}.${createSign('sha256').update(text).sign(privateKey, 'base64url')}`
  }
}

/** A page on which a person in a browser chooses who he is. */
function showAccounts(here: IdentityProvider, request: IncomingMessage, response: ServerResponse): void {
  const path = (request as { originalUrl?: string }).originalUrl ?? ''
  const links = [...here.accounts.keys(), 'cancel'].map(
    name => `<li><a href="${path}?account=${encodeURIComponent(name)}">${name}</a></li>`,
  )
  response
    .writeHead(200, { 'content-type': 'text/html' })
    .end(`<!doctype html><title>${here.type}</title><h1>Sign in at ${here.type}</h1><ul>${links.join('')}</ul>`)
}

/** Beyond so many Entra names no group but where to ask (facts of the vendors). */
export const entraMost = 200
/** Okta leaves out what is beyond, and says nothing. */
export const oktaMost = 100

/** What the product puts into the ID token of somebody. */
export function idTokenOf({ type, directoryId }: IdentityProvider, account: DirectoryAccount): Claims {
  const { sub, email, emailVerified, name, groups, secondFactor } = account
  const amr = secondFactor === undefined ? undefined : secondFactor ? ['pwd', 'mfa'] : ['pwd']
  const person = { ...(email !== undefined && { email }), ...(name !== undefined && { name }) }
  const verified = emailVerified !== undefined && { email_verified: emailVerified }
  switch (type) {
    case 'okta':
      return without({
        sub,
        ...person,
        ...verified,
        ver: 1,
        idp: '00o1',
        preferred_username: email,
        amr,
        groups: groups?.slice(0, oktaMost),
        ...account.claims,
      })
    case 'azure':
      return without({
        // A subject of its own for each application.
        sub: `pairwise-${sub}`,
        oid: sub,
        tid: directoryId,
        ver: '2.0',
        ...person,
        preferred_username: email,
        amr,
        ...entraGroups(directoryId, sub, groups),
        ...account.claims,
      })
    case 'auth0':
      return without({
        sub,
        ...person,
        ...verified,
        nickname: email?.split('@')[0],
        amr,
        [auth0Groups]: groups,
        ...account.claims,
      })
    case 'google':
      return without({ sub, ...person, ...verified, hd: email?.split('@')[1], ...account.claims })
    case 'custom_oidc':
      return without({ sub, ...person, ...verified, preferred_username: email, amr, groups, ...account.claims })
  }
}

function entraGroups(directoryId: string, oid: string, groups: readonly string[] | undefined): Claims {
  if (groups === undefined || groups.length <= entraMost) return { groups }
  return {
    _claim_names: { groups: 'src1' },
    _claim_sources: {
      src1: { endpoint: `https://graph.windows.net/${directoryId}/users/${oid}/getMemberObjects` },
    },
  }
}

const without = (claims: Claims): Claims =>
  Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
