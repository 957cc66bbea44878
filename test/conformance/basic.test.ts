import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeProtectedHeader } from 'jose'
import * as openid from 'openid-client'
import { announceRevocation } from '#platform/identity'
import {
  callback,
  callerBy,
  discover,
  OAuthBrowser,
  reached,
  refusalOf,
  registerClient,
  requestOf,
  type SignedIn,
  signInAgain,
} from '#test/oauth-browser.ts'
import { testWorld } from '#test/world.ts'

// The modules of the OpenID Foundation's plan "Basic OP" that no other test is; docs/oauth-conformance.md has all of them.

const world = await testWorld()
const { app, admin, alice, viewer } = world
const slug = 'meridian-capture'
const client = await registerClient(alice)
const config = await discover(world, slug, client)
openid.enableNonRepudiationChecks(config)
const metadata = config.serverMetadata()
const browser = new OAuthBrowser(world)
await browser.signIn(alice)

type Parameters = Record<string, string>

const signIn = (parameters: Parameters = {}): Promise<SignedIn['tokens']> =>
  signInAgain(browser, config, { scope: 'openid', ...parameters })

const userinfoOf = ({ access_token: token }: SignedIn['tokens']) => openid.fetchUserInfo(config, token, alice.userId)

/** What an authorization request is answered with, wherever the answer is shown. */
async function errorOf(parameters: Parameters): Promise<string | null> {
  const { address, response } = await browser.follow((await requestOf(config, parameters)).url.href)
  if (!response) return new URL(address).searchParams.get('error')
  return /\((\w+)/.exec(await response.text())?.[1] ?? null
}

/** Somebody's browser, in which he signed in an hour ago. */
async function longSignedIn(): Promise<OAuthBrowser> {
  const his = new OAuthBrowser(world)
  await his.signIn(viewer)
  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '1 hour' where user_id = $1`,
    [viewer.userId],
  )
  announceRevocation(app)
  return his
}

/** Goes through a request that lets nobody on who has not shown again who he is. */
async function showAgain(his: OAuthBrowser, parameters: Parameters): Promise<SignedIn['tokens']> {
  const { url, checks } = await requestOf(config, parameters)
  const { address } = await his.follow(url.href)
  assert.equal((await his.question(address)).body.needs, 'sign_in')
  assert.equal((await his.answer(address)).status, 403)
  assert.equal((await his.api('/auth/step-up', { password: viewer.password })).status, 200)
  const { body } = await his.answer(address)
  return await openid.authorizationCodeGrant(config, await his.authorize(body.redirectTo), checks)
}

const authTimeOf = (tokens: SignedIn['tokens']) => tokens.claims()?.auth_time as number

test('GG-13 oidcc-server: a code brings a signed ID token for its client, its nonce and its person', async () => {
  const tokens = await signIn()
  const { iss, aud, sub, exp = 0, iat = 0 } = tokens.claims() ?? {}
  assert.deepEqual({ iss, aud, sub }, { iss: metadata.issuer, aud: client.clientId, sub: alice.userId })
  assert.ok(exp > iat && iat <= Date.now() / 1000 + 1)
  assert.equal(tokens.token_type, 'bearer')
  assert.equal(tokens.expires_in, 3600)
})

test('GG-13 oidcc-response-type-missing: a request without response_type is refused', async () => {
  const { url } = await requestOf(config)
  url.searchParams.delete('response_type')
  assert.equal((await browser.authorize(url.href)).searchParams.get('error'), 'invalid_request')
})

test('GG-13 oidcc-idtoken-signature: who says nothing of it gets RS256, by a published key that is named', async () => {
  const { id_token: idToken = '' } = await signIn()
  const { alg, kid } = decodeProtectedHeader(idToken)
  const { keys } = (await (await fetch(reached(world, metadata.jwks_uri as string))).json()) as {
    keys: { kid: string }[]
  }
  assert.equal(alg, 'RS256')
  assert.ok(keys.some(key => key.kid === kid))
})

for (const [id, how, ask] of [
  ['get', 'asked by GET', (token: string) => ({ headers: { authorization: `Bearer ${token}` } })],
  [
    'post-header',
    'asked by POST with the token in its header',
    (token: string) => ({ method: 'POST', headers: { authorization: `Bearer ${token}` } }),
  ],
  [
    'post-body',
    'asked by POST with the token in its body',
    (token: string) => ({ method: 'POST', body: new URLSearchParams({ access_token: token }) }),
  ],
] as const) {
  test(`GG-13 oidcc-userinfo-${id}: userinfo answers when it is ${how}`, async () => {
    const { access_token: token } = await signIn()
    const response = await fetch(reached(world, metadata.userinfo_endpoint as string), ask(token))
    assert.equal(response.status, 200)
    assert.deepEqual(await response.json(), { sub: alice.userId })
  })
}

test('GG-13 oidcc-ensure-request-without-nonce-succeeds-for-code-flow: a nonce is not asked for', async () => {
  const { url, checks } = await requestOf(config)
  url.searchParams.delete('nonce')
  const { expectedNonce: _, ...without } = checks
  const tokens = await openid.authorizationCodeGrant(config, await browser.authorize(url.href), without)
  assert.equal(tokens.claims()?.nonce, undefined)
})

test('GG-13 oidcc-scope-profile: the profile is what the account has of it', async () => {
  const { sub, updated_at: updatedAt, ...claims } = await userinfoOf(await signIn({ scope: 'openid profile' }))
  assert.deepEqual({ sub, ...claims }, { sub: alice.userId, name: alice.fullName })
  assert.equal(typeof updatedAt, 'number')
})

test('GG-13 oidcc-scope-email: the address comes with whether it is verified', async () => {
  const claims = await userinfoOf(await signIn({ scope: 'openid email' }))
  assert.deepEqual({ ...claims }, { sub: alice.userId, email: alice.email, email_verified: true })
})

for (const scope of ['address', 'phone']) {
  test(`GG-13 oidcc-scope-${scope}: what nobody keeps here is not announced, and asked for it gives nothing`, async () => {
    assert.ok(!metadata.scopes_supported?.includes(scope))
    const tokens = await signIn({ scope: `openid ${scope}` })
    assert.deepEqual({ ...(await userinfoOf(tokens)) }, { sub: alice.userId })
  })
}

test('GG-13 oidcc-scope-all: all at once give what each gives', async () => {
  const claims = await userinfoOf(await signIn({ scope: 'openid profile email address phone' }))
  assert.deepEqual(Object.keys(claims).sort(), ['email', 'email_verified', 'name', 'sub', 'updated_at'])
})

test('GG-13 oidcc-ensure-other-scope-order-succeeds: openid need not stand first', async () => {
  const tokens = await signIn({ scope: 'email openid' })
  assert.equal(tokens.claims()?.sub, alice.userId)
  assert.equal((await userinfoOf(tokens)).email, alice.email)
})

for (const [id, parameters] of [
  ['display-page', { display: 'page' }],
  ['display-popup', { display: 'popup' }],
  ['ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
  ['login-hint', { login_hint: 'somebody@example.org' }],
  ['ui-locales', { ui_locales: 'se' }],
  ['claims-locales', { claims_locales: 'se' }],
  ['ensure-request-with-acr-values-succeeds', { acr_values: '1 2' }],
] as [string, Parameters][]) {
  test(`GG-13 oidcc-${id}: a wish that nobody can meet hinders no sign-in`, async () => {
    const tokens = await signIn(parameters)
    assert.equal(tokens.claims()?.sub, alice.userId)
  })
}

test('GG-13 oidcc-prompt-login: who is signed in shows anew who he is, and the ID token says when', async () => {
  const his = await longSignedIn()
  const asked = { claims: '{"id_token":{"auth_time":{"essential":true}}}' }
  const before = authTimeOf(await signInAgain(his, config, { scope: 'openid', ...asked }))
  assert.ok(authTimeOf(await showAgain(his, { prompt: 'login', ...asked })) >= before + 3599)
})

test('GG-13 oidcc-max-age-1: who signed in longer ago shows anew who he is', async () => {
  const his = await longSignedIn()
  const before = authTimeOf(await signInAgain(his, config, { scope: 'openid', max_age: '10000' }))
  // A minute, so that the machine may be slow.
  assert.ok(authTimeOf(await showAgain(his, { max_age: '60' })) >= before + 3599)
})

test('GG-13 oidcc-max-age-10000: who signed in since is not asked, and auth_time stays', async () => {
  const his = await longSignedIn()
  const first = authTimeOf(await signInAgain(his, config, { scope: 'openid', max_age: '10000' }))
  const second = authTimeOf(await signInAgain(his, config, { scope: 'openid', max_age: '10000', prompt: 'none' }))
  assert.ok(first < Date.now() / 1000 - 3590)
  assert.equal(second, first)
})

test('GG-13 oidcc-id-token-hint: with prompt=none it is the same person, and no other is signed in in his place', async () => {
  const first = await signIn()
  const again = await signIn({ prompt: 'none', id_token_hint: first.id_token as string })
  assert.equal(again.claims()?.sub, first.claims()?.sub)

  const stranger = new OAuthBrowser(world)
  await stranger.signIn(viewer)
  const of = await signInAgain(stranger, config, { scope: 'openid' })
  assert.equal(await errorOf({ prompt: 'none', id_token_hint: of.id_token as string }), 'login_required')
})

test('GG-13 oidcc-codereuse-30seconds: later too, a code that comes twice ends what the first one brought', async () => {
  const { url, checks } = await requestOf(config, { scope: 'openid contractors.lists.read' })
  const back = await browser.authorize(url.href)
  const tokens = await openid.authorizationCodeGrant(config, back, checks)
  assert.equal((await callerBy(world, tokens.access_token)).status, 200)
  await admin.query(
    `update oauth.oauth_authorization_codes
     set created_at = created_at - interval '30 seconds', expires_at = expires_at - interval '30 seconds',
       used_at = used_at - interval '30 seconds'
     where code_hash = sha256($1::bytea)`,
    [back.searchParams.get('code')],
  )
  assert.equal(await refusalOf(openid.authorizationCodeGrant(config, back, checks)), 'invalid_grant')
  assert.equal((await callerBy(world, tokens.access_token)).status, 401)
})

test('GG-13 oidcc-ensure-post-request-succeeds: a request by POST goes on, also without the cookies that other sites send none of', async () => {
  const { url, checks } = await requestOf(config)
  const sent = { method: 'POST', body: new URLSearchParams(url.search), headers: { cookie: '' } }
  const response = await browser.fetch(metadata.authorization_endpoint as string, sent)
  assert.equal(response.status, 303)
  const back = await browser.authorize(new URL(response.headers.get('location') as string, app.publicUrl).href)
  const tokens = await openid.authorizationCodeGrant(config, back, checks)
  assert.equal(tokens.claims()?.sub, alice.userId)
  const endless = { method: 'POST', body: new URLSearchParams({ state: 'x'.repeat(9000) }) }
  assert.equal((await browser.fetch(metadata.authorization_endpoint as string, endless)).status, 413)
})

test('GG-13 oidcc-server-client-secret-post: a client shows its secret in the body', async () => {
  const posting = await registerClient(alice, { tokenEndpointAuthMethod: 'client_secret_post' })
  const ofPosting = await discover(world, slug, posting, openid.ClientSecretPost(posting.secret as string))
  const tokens = await signInAgain(browser, ofPosting, { scope: 'openid' })
  assert.equal(tokens.claims()?.aud, posting.clientId)
})

test('GG-13 oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported: nobody has us fetch a request', async () => {
  assert.equal(metadata.request_uri_parameter_supported, false)
  assert.equal(await errorOf({ request_uri: 'https://app.example.org/request.jwt' }), 'request_uri_not_supported')
})

const unsigned = (claims: object) =>
  `${[{ alg: 'none' }, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`

test('GG-13 oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported: request objects are refused', async () => {
  assert.equal(metadata.request_parameter_supported ?? false, false)
  assert.equal(await errorOf({ request: unsigned({ client_id: client.clientId }) }), 'request_not_supported')
})

test('GG-13 oidcc-ensure-request-object-with-redirect-uri: an address within a request object leads nowhere', async () => {
  const { url } = await requestOf(config, {
    request: unsigned({ client_id: client.clientId, redirect_uri: 'https://attacker.example/' }),
  })
  const { address } = await browser.follow(url.href)
  assert.equal(new URL(address).origin + new URL(address).pathname, callback)
  assert.equal(new URL(address).searchParams.get('error'), 'request_not_supported')
})

test('GG-13 oidcc-claims-essential: a claim that is asked for by name comes by name', async () => {
  const tokens = await signIn({ claims: '{"userinfo":{"name":{"essential":true}}}' })
  const { name } = await userinfoOf(tokens)
  assert.equal(name, alice.fullName)
})
