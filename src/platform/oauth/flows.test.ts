import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import * as openid from 'openid-client'
import { runJobs } from '#test/jobs.ts'
import {
  callerBy,
  discover,
  makeServiceAccount,
  OAuthBrowser,
  reached,
  refusalOf,
  registerClient,
  requestOf,
  signInAgain,
  signInBy,
} from '#test/oauth-browser.ts'
import { testWorld } from '#test/world.ts'

const world = await testWorld({ environment: { COMMONHOLD_OUTGOING_ALLOW: '127.0.0.0/8' } })
const { app, admin, alice, viewer } = world
const slug = 'meridian-capture'
const issuer = `${app.publicUrl}/t/${slug}`
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

const ofAlice = async (fields: Record<string, unknown> = {}, scope?: string) =>
  await signInBy(world, alice, { slug, client: await registerClient(alice, fields), ...(scope && { scope }) })

test('GG-13 OpenID Connect Discovery, RFC 8414: an issuer is described at both places, alike', async () => {
  const [openidConfiguration, metadata] = await Promise.all(
    [
      `${issuer}/.well-known/openid-configuration`,
      `${app.publicUrl}/.well-known/oauth-authorization-server/t/${slug}`,
    ].map(async address => (await (await fetch(reached(world, address))).json()) as Record<string, unknown>),
  )
  assert.deepEqual(openidConfiguration, metadata)
  assert.equal(metadata?.issuer, issuer)
  assert.equal(metadata?.token_endpoint, `${issuer}/token`)
  assert.deepEqual(metadata?.code_challenge_methods_supported, ['S256'])
  assert.deepEqual(metadata?.response_types_supported, ['code'])
  assert.equal(metadata?.authorization_response_iss_parameter_supported, true)
  assert.equal(metadata?.backchannel_logout_session_supported, true)
})

test('MT-21 RFC 6749 6: a refresh token brings the next tokens, once', async () => {
  const { config, tokens } = await ofAlice()
  const next = await openid.refreshTokenGrant(config, tokens.refresh_token as string)
  assert.notEqual(next.refresh_token, tokens.refresh_token)
  assert.equal((await callerBy(world, next.access_token)).userId, alice.userId)
  const third = await openid.refreshTokenGrant(config, next.refresh_token as string)
  assert.equal((await callerBy(world, third.access_token)).status, 200)
})

test('MT-21 RFC 9700 4.14: a refresh token that comes twice ends its whole family, and stands in the security log', async () => {
  const { config, tokens } = await ofAlice()
  const next = await openid.refreshTokenGrant(config, tokens.refresh_token as string)
  assert.equal((await callerBy(world, next.access_token)).status, 200)
  assert.equal(await refusalOf(openid.refreshTokenGrant(config, tokens.refresh_token as string)), 'invalid_grant')
  assert.equal(await refusalOf(openid.refreshTokenGrant(config, next.refresh_token as string)), 'invalid_grant')
  assert.equal((await callerBy(world, next.access_token)).code, 'accounts.oauth_token_invalid')
  assert.equal((await openid.tokenIntrospection(config, next.access_token)).active, false)
  const { rows } = await admin.query(
    `select user_id from audit.security_audit_logs where event = 'oauth_token_replayed' and severity = 'high'`,
  )
  assert.ok(rows.some(({ user_id }) => user_id === alice.userId))
})

test('MT-21 RFC 6749 4.4: a program acts for itself as its service account, within its scopes and roles', async () => {
  const serviceAccountId = await makeServiceAccount(alice, 'Nightly', 'viewer')
  const client = await registerClient(alice, {
    name: 'Nightly',
    grantTypes: ['client_credentials'],
    redirectUris: [],
    scopes: ['contractors.*'],
    serviceAccountId,
  })
  const config = await discover(world, slug, client)
  const tokens = await openid.clientCredentialsGrant(config, { scope: 'contractors.lists.read' })
  const caller = await callerBy(world, tokens.access_token)
  assert.equal(caller.userId, serviceAccountId)
  assert.deepEqual(caller.permissions, ['contractors.lists.read'])
  const whole = await callerBy(world, (await openid.clientCredentialsGrant(config)).access_token)
  assert.ok(
    whole.permissions?.includes('contractors.profiles.read'),
    'without a scope it gets all that it was registered for',
  )
  assert.ok(!whole.permissions?.includes('contractors.lists.write'), 'its role permits no more')
  assert.equal(await refusalOf(openid.clientCredentialsGrant(config, { scope: 'access.roles.write' })), 'invalid_scope')
  const { rows } = await admin.query(
    `select count(*)::int as count from audit.audit_logs where action = 'oauth_service_token'`,
  )
  assert.equal(rows[0].count, 1, 'one entry an hour, however many tokens there were')
  assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).active, true)
})

test('GG-13 RFC 8628: a device works for who typed its code, and asks until then', async () => {
  const client = await registerClient(alice, {
    type: 'public',
    tokenEndpointAuthMethod: 'none',
    redirectUris: [],
    grantTypes: [deviceGrant, 'refresh_token'],
  })
  const config = await discover(world, slug, client)
  const device = await openid.initiateDeviceAuthorization(config, { scope: 'openid contractors.lists.read' })
  const poll = () => refusalOf(openid.genericGrantRequest(config, deviceGrant, { device_code: device.device_code }))
  assert.equal(await poll(), 'authorization_pending')

  const browser = new OAuthBrowser(world)
  await browser.signIn(viewer)
  const led = await browser.follow(device.verification_uri_complete as string)
  assert.equal(led.address, `${app.publicUrl}/oauth/device?issuer=${slug}&userCode=${device.user_code}`)
  const typed = { issuer: slug, userCode: device.user_code.toLowerCase().replace('-', ' ') }
  const found = await browser.api<{ client: { name: string }; tenant: { id: string }; needs: string }>(
    '/oauth/devices/find',
    typed,
  )
  assert.deepEqual([found.body.client.name, found.body.needs], ['Reporter', 'consent'])
  const decided = await browser.api(
    '/oauth/devices/decide',
    { ...typed, decision: 'allow' },
    { 'x-tenant-id': found.body.tenant.id },
  )
  assert.equal(decided.status, 204)
  const again = await browser.api(
    '/oauth/devices/decide',
    { ...typed, decision: 'allow' },
    { 'x-tenant-id': found.body.tenant.id },
  )
  assert.equal(again.status, 404, 'it is answered once')

  const tokens = await openid.genericGrantRequest(config, deviceGrant, { device_code: device.device_code })
  const caller = await callerBy(world, tokens.access_token)
  assert.equal(caller.userId, viewer.userId, 'the tokens are of who decided')
  assert.equal(await poll(), 'invalid_grant')
  assert.equal(
    (await callerBy(world, tokens.access_token)).status,
    401,
    'a device code that comes twice ends the family',
  )
})

test('GG-13 RFC 8628 3.5: a device whose code was denied hears so', async () => {
  const client = await registerClient(alice, {
    type: 'public',
    tokenEndpointAuthMethod: 'none',
    redirectUris: [],
    grantTypes: [deviceGrant],
  })
  const config = await discover(world, slug, client)
  const device = await openid.initiateDeviceAuthorization(config, { scope: 'contractors.lists.read' })
  const browser = new OAuthBrowser(world)
  await browser.signIn(viewer)
  const typed = { issuer: slug, userCode: device.user_code }
  await browser.api('/oauth/devices/decide', { ...typed, decision: 'deny' }, { 'x-tenant-id': alice.tenantId })
  const grant = openid.genericGrantRequest(config, deviceGrant, { device_code: device.device_code })
  assert.equal(await refusalOf(grant), 'access_denied')
})

test('GG-13 RFC 9126: a request that is pushed goes through the browser by its name, once', async () => {
  const client = await registerClient(alice, { requirePushedAuthorizationRequests: true })
  const config = await discover(world, slug, client)
  const browser = new OAuthBrowser(world)
  await browser.signIn(alice)
  const { url, checks } = await requestOf(config)
  assert.match((await browser.authorize(url.href)).href, /error=invalid_request/, 'this one has to push')

  const parameters = Object.fromEntries(url.searchParams)
  const pushed = await openid.buildAuthorizationUrlWithPAR(config, parameters)
  assert.deepEqual([...pushed.searchParams.keys()].sort(), ['client_id', 'request_uri'])
  const tokens = await openid.authorizationCodeGrant(config, await browser.authorize(pushed.href), checks)
  assert.equal(tokens.claims()?.sub, alice.userId)
  const second = await browser.follow(pushed.href)
  assert.equal(second.response?.status, 400)
  assert.match((await second.response?.text()) ?? '', /invalid_request_uri/)
})

test('GG-13 OpenID Connect 5.3: userinfo tells what was allowed, to a token that is for it', async () => {
  const { config, tokens } = await ofAlice({}, 'openid profile email')
  const claims = await openid.fetchUserInfo(config, tokens.access_token, alice.userId)
  const { name, email, email_verified: isVerified } = claims
  assert.deepEqual({ name, email, isVerified }, { name: alice.fullName, email: alice.email, isVerified: true })
  assert.equal((await callerBy(world, tokens.access_token)).status, 401, 'it is not for the API (RFC 8707)')
  const ofApi = await ofAlice()
  assert.notEqual(await refusalOf(openid.fetchUserInfo(ofApi.config, ofApi.tokens.access_token, alice.userId)), 'none')
})

test('MT-21 RFC 7009: who gives an access token back goes on with the rest; with the refresh token all ends, felt at once', async () => {
  const { config, tokens } = await ofAlice()
  assert.equal((await callerBy(world, tokens.access_token)).status, 200)
  await openid.tokenRevocation(config, tokens.access_token)
  assert.equal((await callerBy(world, tokens.access_token)).status, 401)
  const next = await openid.refreshTokenGrant(config, tokens.refresh_token as string)
  assert.equal((await callerBy(world, next.access_token)).status, 200)
  await openid.tokenRevocation(config, next.refresh_token as string)
  assert.equal((await callerBy(world, next.access_token)).status, 401)
  assert.equal(await refusalOf(openid.refreshTokenGrant(config, next.refresh_token as string)), 'invalid_grant')
})

test('GG-13 what was allowed is not asked again, what is new is, and a person may allow less', async () => {
  const client = await registerClient(alice)
  const config = await discover(world, slug, client)
  const browser = new OAuthBrowser(world)
  await browser.signIn(alice)
  const { url } = await requestOf(config, { scope: 'openid contractors.lists.read contractors.lists.write' })
  const asked = await browser.follow(url.href)
  const { body: question } = await browser.question(asked.address)
  assert.equal(question.needs, 'consent')
  assert.deepEqual(
    question.scopes.map(({ name, isNew }) => [name, isNew]),
    [
      ['openid', true],
      ['contractors.lists.read', true],
      ['contractors.lists.write', true],
    ],
  )
  const without = await browser.answer(asked.address, { scopes: ['contractors.lists.read'] })
  assert.equal(without.status, 400, 'a sign-in needs openid')
  const less = await signInAgain(browser, config, { scope: 'openid contractors.lists.read contractors.lists.write' })
  assert.equal(less.scope, 'contractors.lists.read contractors.lists.write')

  const other = new OAuthBrowser(world)
  await other.signIn(alice)
  const later = await other.follow((await requestOf(config, { scope: 'openid contractors.lists.read' })).url.href)
  assert.equal((await other.question(later.address)).body.needs, 'nothing')
  const more = await other.follow((await requestOf(config, { scope: 'openid email contractors.lists.read' })).url.href)
  const { body: wider } = await other.question(more.address)
  assert.deepEqual(
    [wider.needs, wider.scopes.filter(({ isNew }) => isNew).map(({ name }) => name)],
    ['consent', ['email']],
  )

  const part = await registerClient(alice)
  const partly = await discover(world, slug, part)
  const request = await requestOf(partly, { scope: 'openid contractors.lists.read contractors.lists.write' })
  const back = await other.authorize(request.url.href, { scopes: ['openid', 'contractors.lists.read'] })
  const tokens = await openid.authorizationCodeGrant(partly, back, request.checks)
  assert.equal(tokens.scope, 'contractors.lists.read')
})

test('GG-13 OpenID Connect 3.1.2.1: prompt=none answers without a page, or says what is missing', async () => {
  const { config, browser } = await ofAlice({}, 'openid contractors.lists.read')
  const silent = await signInAgain(browser, config, { scope: 'openid contractors.lists.read', prompt: 'none' })
  assert.equal((await callerBy(world, silent.access_token)).status, 200)
  const more = await requestOf(config, { scope: 'openid email', prompt: 'none' })
  assert.equal((await browser.authorize(more.url.href)).searchParams.get('error'), 'consent_required')
  const nobody = await requestOf(config, { prompt: 'none' })
  const stranger = new OAuthBrowser(world)
  assert.equal((await stranger.authorize(nobody.url.href)).searchParams.get('error'), 'login_required')
  await browser.api('/auth/sign-out', {})
  assert.equal(
    (await browser.authorize(nobody.url.href)).searchParams.get('error'),
    'login_required',
    'the issuer knows nobody without his session',
  )
})

test('GG-13 who denies an application sends it away empty', async () => {
  const config = await discover(world, slug, await registerClient(alice))
  const browser = new OAuthBrowser(world)
  await browser.signIn(alice)
  const back = await browser.authorize((await requestOf(config)).url.href, { decision: 'deny' })
  assert.equal(back.searchParams.get('error'), 'access_denied')
  assert.equal(back.searchParams.get('iss'), issuer)
})

test('MT-21 RFC 7523: a client that signs shows no secret, and each proof counts once', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const client = await registerClient(alice, {
    tokenEndpointAuthMethod: 'private_key_jwt',
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'mine', alg: 'ES256', use: 'sig' }] },
    grantTypes: ['client_credentials'],
    redirectUris: [],
    serviceAccountId: await makeServiceAccount(alice, 'Signer', 'viewer'),
  })
  const config = await discover(world, slug, client, openid.PrivateKeyJwt({ key: privateKey, kid: 'mine' }))
  const tokens = await openid.clientCredentialsGrant(config)
  assert.equal((await callerBy(world, tokens.access_token)).status, 200)

  const proof = await new SignJWT({ jti: 'one', iss: client.clientId, sub: client.clientId, aud: issuer })
    .setProtectedHeader({ alg: 'ES256', kid: 'mine' })
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(privateKey)
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: proof,
  })
  const sendings = Array.from({ length: 10 }, () => fetch(reached(world, `${issuer}/token`), { method: 'POST', body }))
  const statuses = (await Promise.all(sendings)).map(({ status }) => status)
  assert.deepEqual(statuses.toSorted(), [200, ...Array<number>(9).fill(401)])
})

test('GG-13 OpenID Connect RP-Initiated Logout: who says yes is signed out here too', async () => {
  const home = 'https://app.example.org/bye'
  const { config, browser, tokens } = await ofAlice({ postLogoutRedirectUris: [home] }, 'openid contractors.lists.read')
  const url = openid.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token as string,
    post_logout_redirect_uri: home,
  })
  const { response } = await browser.follow(url.href)
  const page = (await response?.text()) ?? ''
  const action = /action="([^"]+)"/.exec(page)?.[1] as string
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] as string
  const done = await browser.fetch(action, { method: 'POST', body: new URLSearchParams({ xsrf, logout: 'yes' }) })
  assert.equal(done.headers.get('location'), home)
  assert.equal((await browser.api('/me')).status, 401)
  assert.equal(
    (await callerBy(world, tokens.access_token)).status,
    401,
    'what was not allowed offline ends with the session',
  )
})

test('GG-13 OpenID Connect Back-Channel Logout: an application hears that the session has ended, signed', async () => {
  const heard: string[] = []
  const listener = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      heard.push(new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token') ?? '')
      response.writeHead(200).end()
    })
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => listener.once('listening', resolve))
  after(() => listener.close())
  const client = await registerClient(alice, { backchannelLogoutUri: 'https://app.example.org/logout' })
  await admin.query(`alter table oauth.oauth_clients drop constraint oauth_clients_backchannel_logout_uri_shape`)
  await admin.query(`update oauth.oauth_clients set backchannel_logout_uri = $2 where id = $1`, [
    client.id,
    `http://127.0.0.1:${(listener.address() as AddressInfo).port}/logout`,
  ])
  const { config, browser, tokens } = await signInBy(world, alice, {
    slug,
    client,
    scope: 'openid contractors.lists.read',
  })
  const sid = tokens.claims()?.sid
  assert.equal(typeof sid, 'string')
  await browser.api('/auth/sign-out', {})
  const find = app.modules.flatMap(({ jobs }) => jobs ?? []).find(({ name }) => name === 'oauth.find-logouts')
  await find?.run({}, app)
  await runJobs(world)
  await find?.run({}, app)
  await runJobs(world)
  assert.equal(heard.length, 1, 'once')
  const keys = createRemoteJWKSet(new URL(reached(world, config.serverMetadata().jwks_uri as string)))
  const { payload, protectedHeader } = await jwtVerify(heard[0] as string, keys, {
    issuer,
    audience: client.clientId,
    typ: 'logout+jwt',
  })
  assert.equal(payload.sid, sid)
  assert.equal(payload.sub, alice.userId)
  assert.equal(protectedHeader.alg, 'RS256')
  assert.deepEqual(payload.events, { 'http://schemas.openid.net/event/backchannel-logout': {} })
  assert.equal(payload.nonce, undefined)
})
