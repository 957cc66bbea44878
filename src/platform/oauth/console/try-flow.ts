import { request } from '#platform/console'
import type { Client } from './own-clients.ts'

/** What this window remembers of a try while the person is at the issuer: no token is ever among it. */
type Begun = {
  client: Pick<Client, 'id' | 'name' | 'clientId' | 'tokenEndpointAuthMethod'>
  secret: string | null
  redirectUri: string
  verifier: string
  state: string
  nonce: string
  metadata: Metadata
}

type Metadata = Readonly<Record<string, string>> & {
  issuer: string
  authorization_endpoint: string
  token_endpoint: string
  userinfo_endpoint: string
  jwks_uri: string
  revocation_endpoint: string
  pushed_authorization_request_endpoint: string
}

const storedUnder = 'commonhold-oauth-try'

/** Leaves for the issuer as the client would; returns only where that is refused. */
export async function beginTry(client: Client, issuer: string): Promise<void> {
  const metadata = await askJson<Metadata>(`${issuer}/.well-known/openid-configuration`, {}, 'The discovery address')
  if (metadata.issuer !== issuer) throw new Error(`The issuer names itself ${metadata.issuer}, not ${issuer}.`)
  const opened = await request<{ redirectUri: string; secret: string | null }>(`/oauth/clients/${client.id}/tries`, {
    method: 'POST',
  })
  const { id, name, clientId, tokenEndpointAuthMethod } = client
  const begun: Begun = {
    client: { id, name, clientId, tokenEndpointAuthMethod },
    ...opened,
    verifier: randomText(),
    state: randomText(),
    nonce: randomText(),
    metadata,
  }
  const asked = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: begun.redirectUri,
    scope: client.scopes.join(' '),
    code_challenge: base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(begun.verifier))),
    code_challenge_method: 'S256',
    state: begun.state,
    nonce: begun.nonce,
    // So that the page on which people are asked is seen, however often it was allowed.
    prompt: 'consent',
  }
  const address = new URL(metadata.authorization_endpoint)
  const sent = client.requirePushedAuthorizationRequests
    ? {
        client_id: clientId,
        request_uri: (await post<{ request_uri: string }>(begun, 'pushed_authorization_request_endpoint', asked))
          .request_uri,
      }
    : asked
  for (const [name, value] of Object.entries(sent)) address.searchParams.set(name, value)
  sessionStorage.setItem(storedUnder, JSON.stringify(begun))
  window.location.assign(address.href)
}

/** What was begun in this window, once: the address with the code opens nothing a second time. */
export function takeBegun(): Begun | undefined {
  const text = sessionStorage.getItem(storedUnder)
  sessionStorage.removeItem(storedUnder)
  return text === null ? undefined : (JSON.parse(text) as Begun)
}

export type Step = {
  title: string
  outcome: 'done' | 'failed' | 'skipped'
  text: string
  /** Claims or what is told of tokens; never these themselves. */
  shown?: unknown
}

type Tokens = {
  access_token: string
  token_type: string
  expires_in: number
  scope?: string
  id_token?: string
  refresh_token?: string
}

/** The rest of the flow, step by step, with what came back in the address; what is got is given back at the end. */
export async function* finishTry(begun: Begun, search: URLSearchParams): AsyncGenerator<Step> {
  const { client, metadata } = begun
  const back = 'You came back from the issuer'
  if (search.get('state') !== begun.state)
    return yield failed(back, 'The state is another one than was sent: this answer belongs to another request.')
  if (search.get('iss') !== metadata.issuer)
    return yield failed(back, 'The issuer did not name itself (RFC 9207), or another one did.')
  const error = search.get('error')
  if (error) return yield failed(back, `${error}: ${search.get('error_description') ?? 'no reason was given'}`)
  const code = search.get('code')
  if (!code) return yield failed(back, 'There is no code in the address.')
  yield done(back, 'With a code, the state that was sent, and the name of the issuer.')

  const exchange = 'The code was exchanged for tokens'
  if (client.tokenEndpointAuthMethod === 'private_key_jwt')
    return yield {
      title: exchange,
      outcome: 'skipped',
      text: 'This application shows itself by a key that only it has. From here on it has to ask by itself: up to here all is well.',
    }
  let tokens: Tokens
  try {
    tokens = await post<Tokens>(begun, 'token_endpoint', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: begun.redirectUri,
      code_verifier: begun.verifier,
    })
  } catch (refusal) {
    return yield failed(exchange, messageOf(refusal))
  }
  const { token_type, expires_in, scope, refresh_token, id_token, access_token } = tokens
  yield done(exchange, 'With the code, the verifier of its challenge, and what the application shows itself by.', {
    token_type,
    expires_in,
    ...(scope !== undefined && { scope }),
    refresh_token: refresh_token ? 'came with it' : 'none',
    id_token: id_token ? 'came with it' : 'none',
  })

  if (id_token) {
    const checked = 'The ID token is signed and meant for this application'
    try {
      yield done(checked, 'Signature, issuer, audience, nonce and time are right.', await readIdToken(begun, id_token))
    } catch (fault) {
      yield failed(checked, messageOf(fault))
    }
  }
  // A token with permissions is for the API, one without for userinfo.
  const isForApi = /[.*]/.test(scope ?? '')
  const told = isForApi ? 'The API knows for whom it is asked' : 'Userinfo says who you are'
  const asked = isForApi ? `${new URL(metadata.issuer).origin}/api/v1/caller` : metadata.userinfo_endpoint
  try {
    const headers = { authorization: `Bearer ${access_token}` }
    yield done(told, `Asked with the access token: ${asked}`, await askJson(asked, { headers }, 'It'))
  } catch (refusal) {
    yield failed(told, messageOf(refusal))
  }

  const given = 'The tokens were given back'
  try {
    for (const token of [refresh_token, access_token]) {
      if (token) await post(begun, 'revocation_endpoint', { token })
    }
    yield done(given, 'They work no more. That you allowed it is remembered: it stands under My account, Applications.')
  } catch (refusal) {
    yield failed(given, messageOf(refusal))
  }
}

const done = (title: string, text: string, shown?: unknown): Step => ({ title, outcome: 'done', text, shown })
const failed = (title: string, text: string): Step => ({ title, outcome: 'failed', text })
const messageOf = (fault: unknown) => (fault instanceof Error ? fault.message : 'It went wrong.')

/** As the client shows itself. */
async function post<T = unknown>(begun: Begun, endpoint: keyof Metadata, fields: Record<string, string>): Promise<T> {
  const { client, secret, metadata } = begun
  const body = new URLSearchParams(fields)
  const headers: Record<string, string> = {}
  if (client.tokenEndpointAuthMethod === 'client_secret_basic') {
    headers.authorization = `Basic ${btoa(`${client.clientId}:${secret}`)}`
  } else {
    body.set('client_id', client.clientId)
    if (secret !== null) body.set('client_secret', secret)
  }
  return await askJson<T>(metadata[endpoint] as string, { method: 'POST', headers, body }, 'The issuer')
}

async function askJson<T>(address: string, init: RequestInit, who: string): Promise<T> {
  // Neither who is signed in nor a cache has a part in it: it is asked as the application would.
  const answer = await fetch(address, { ...init, credentials: 'omit', cache: 'no-store' }).catch(() => {
    throw new Error(`${who} cannot be reached: ${address}`)
  })
  const text = await answer.text()
  const body = text === '' ? undefined : JSON.parse(text)
  if (answer.ok) return body as T
  const { error, error_description: description, detail } = body ?? {}
  throw new Error(`${who} answered ${answer.status}: ${[error, description ?? detail].filter(Boolean).join(', ')}`)
}

type Claims = Readonly<Record<string, unknown>> & { iss: string; aud: string | string[]; nonce?: string; exp: number }

async function readIdToken({ client, nonce, metadata }: Begun, token: string): Promise<Claims> {
  const [head = '', body = '', signature = ''] = token.split('.')
  const { alg, kid } = JSON.parse(textOf(head)) as { alg: string; kid: string }
  const { keys } = await askJson<{ keys: (JsonWebKey & { kid: string })[] }>(metadata.jwks_uri, {}, 'The key set')
  const key = keys.find(each => each.kid === kid)
  const algorithm = algorithms[alg]
  if (!key || !algorithm) throw new Error(`No key of the issuer fits: ${alg}, ${kid}.`)
  const signed = new TextEncoder().encode(`${head}.${body}`)
  const imported = await crypto.subtle.importKey('jwk', key, algorithm, false, ['verify'])
  if (!(await crypto.subtle.verify(algorithm, imported, bytesOf(signature), signed)))
    throw new Error('The signature is wrong.')
  const claims = JSON.parse(textOf(body)) as Claims
  if (claims.iss !== metadata.issuer) throw new Error('It is of another issuer.')
  if (![claims.aud].flat().includes(client.clientId)) throw new Error('It is meant for another application.')
  if (claims.nonce !== nonce) throw new Error('Its nonce is another one than was sent.')
  if (claims.exp * 1000 < Date.now()) throw new Error('It has ended already.')
  return claims
}

const algorithms: Readonly<Record<string, RsaHashedImportParams & EcKeyImportParams & EcdsaParams>> = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', namedCurve: '' },
  ES256: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
}

const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)))

function base64url(bytes: ArrayBuffer | Uint8Array): string {
  const text = String.fromCharCode(...new Uint8Array(bytes))
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

const bytesOf = (text: string) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), character => character.charCodeAt(0))
const textOf = (part: string) => new TextDecoder().decode(bytesOf(part))
