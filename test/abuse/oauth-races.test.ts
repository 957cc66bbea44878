import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import * as openid from 'openid-client'
import { accountsOf } from '#platform/accounts'
import { Keyring } from '#platform/crypto'
import { buildServer, createLogger } from '#platform/http'
import { resolveHost } from '#platform/tenancy'
import {
  callback,
  callerBy,
  discover,
  OAuthBrowser,
  registerClient,
  requestOf,
  signInAgain,
} from '#test/oauth-browser.ts'
import { testWorld } from '#test/world.ts'
import { loadConfig } from '../../src/main/config.ts'
import { modules } from '../../src/main/modules.ts'
import { createApp } from '../../src/main/program.ts'
import { forgetKeySet, rotateKeys } from '../../src/platform/oauth/signing-keys.ts'

const world = await testWorld({ hasRouteLimits: false })
const { app, admin, alice, db } = world
const slug = 'meridian-capture'
const scope = 'openid offline_access contractors.lists.read'

test('GG-13 of two consents of one person to one application at the same moment each is good for its own code', async () => {
  const client = await registerClient(alice)
  const config = await discover(world, slug, client)
  for (let round = 0; round < 4; round++) {
    const browsers = [new OAuthBrowser(world), new OAuthBrowser(world)]
    for (const browser of browsers) await browser.signIn(alice)
    const begun = await Promise.all(
      browsers.map(async browser => {
        const { url, checks } = await requestOf(config, { scope, prompt: 'consent' })
        const { address } = await browser.follow(url.href)
        assert.match(new URL(address).pathname, /^\/oauth\/consent\//)
        return { browser, checks, address }
      }),
    )
    const answers = await Promise.all(begun.map(({ browser, address }) => browser.answer(address)))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    )
    const tokens = await Promise.all(
      begun.map(async ({ browser, checks }, index) => {
        const back = await browser.authorize(answers[index]?.body.redirectTo as string)
        assert.equal(back.origin + back.pathname, callback)
        return await openid.authorizationCodeGrant(config, back, checks)
      }),
    )
    for (const { access_token: token } of tokens) assert.equal((await callerBy(world, token)).status, 200)
  }
  const { items } = await (await alice.fetch('/me/applications')).json()
  assert.equal(items.filter(({ id }: { id: string }) => id === client.id).length, 1, 'to her it is one application')
  const { status } = await alice.fetch(`/me/applications/${alice.tenantId}/${client.id}`, { method: 'DELETE' })
  assert.equal(status, 204)
  const { rows } = await admin.query(
    `select count(*)::integer as living from oauth.grants where oauth_client_id = $1 and revoked_at is null`,
    [client.id],
  )
  assert.equal(rows[0].living, 0, 'and taken back all of it ends')
})

test('GG-13 one question is answered once, whatever is said to it at the same moment', async () => {
  const client = await registerClient(alice)
  const config = await discover(world, slug, client)
  const browser = new OAuthBrowser(world)
  await browser.signIn(alice)
  const { url } = await requestOf(config, { scope, prompt: 'consent' })
  const { address } = await browser.follow(url.href)
  const uid = new URL(address).pathname.split('/').at(-1)
  const say = (decision: string) =>
    browser.api(`/oauth/interactions/${uid}`, { decision }, { 'x-tenant-id': alice.tenantId })
  const answers = await Promise.all(['allow', 'allow', 'allow', 'allow'].map(say))
  const refused = answers.filter(({ status }) => status !== 200)
  assert.equal(refused.length, 3, JSON.stringify(answers))
  assert.ok(
    refused.every(({ status }) => status === 404 || status === 409),
    JSON.stringify(refused),
  )
  const { rows } = await admin.query(
    `select count(*)::integer as living from oauth.grants where oauth_client_id = $1 and revoked_at is null`,
    [client.id],
  )
  assert.equal(rows[0].living, 1)
})

const keysNow = async () => {
  const answer = await fetch(`${world.baseUrl}/t/${slug}/jwks`)
  return (await answer.json()) as JSONWebKeySet
}
const isGood = async (token: string, audience: string) => {
  const keys = createLocalJWKSet(await keysNow())
  return await jwtVerify(token, keys, { issuer: `${app.publicUrl}/t/${slug}`, audience }).then(
    () => true,
    () => false,
  )
}
const rotate = async (atOnce: boolean) => {
  await db.transaction({ system: true }, tx => rotateKeys(tx, app.keyring, { atOnce }))
  forgetKeySet(app)
}
const later = async (hours: number) => {
  await admin.query(
    `update oauth.signing_keys
     set signs_from = signs_from - $1 * interval '1 hour', signs_until = signs_until - $1 * interval '1 hour',
       published_until = published_until - $1 * interval '1 hour'`,
    [hours],
  )
  forgetKeySet(app)
}

test('GG-13 an ID token that is out when keys are changed can be checked for as long as keys overlap, and not after', async () => {
  const client = await registerClient(alice)
  const config = await discover(world, slug, client)
  const browser = new OAuthBrowser(world)
  await browser.signIn(alice)
  const signIn = async () => await signInAgain(browser, config, { scope: 'openid' })
  const first = (await signIn()).id_token as string
  await rotate(false)
  assert.equal(await isGood(first, client.clientId), true, 'beside the next key')
  await later(25)
  const second = (await signIn()).id_token as string
  assert.deepEqual([await isGood(first, client.clientId), await isGood(second, client.clientId)], [true, true])
  await later(7 * 24)
  assert.deepEqual([await isGood(first, client.clientId), await isGood(second, client.clientId)], [false, true])
  await rotate(true)
  assert.equal(await isGood(second, client.clientId), false, 'a key that somebody else may have counts no more at once')
  assert.equal(await isGood((await signIn()).id_token as string, client.clientId), true)
})

test('VS-02 no secret, code, token or cookie of the flows stands in the log, at its most talkative', async () => {
  const lines: string[] = []
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-logged-'))
  const { settings } = loadConfig(modules, { COMMONHOLD_PORT: '0', COMMONHOLD_DATA_DIR: directory })
  const log = createLogger('trace', { write: line => void lines.push(line) })
  const database = { admin: world.adminConfig, isEmbedded: false, close: async () => {} }
  const keyring = Keyring.parse(world.keys)
  const talkative = { ...createApp({ settings, login: world.login, keyring, log, database }), modules }
  const server = await buildServer({
    app: talkative,
    modules,
    authenticate: accountsOf(talkative).principals.authenticate,
    resolveHost: host => resolveHost(talkative, host),
    trustedProxies: ['127.0.0.1'],
    readiness: async () => {},
  })
  after(async () => {
    await server.close()
    await talkative.db.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const place = { app: talkative, baseUrl: await server.listen({ host: '127.0.0.1', port: 0 }) }
  const client = await registerClient(alice)
  const device = await registerClient(alice, {
    type: 'public',
    tokenEndpointAuthMethod: 'none',
    redirectUris: [],
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'],
  })
  const config = await discover(place, slug, client)
  const browser = new OAuthBrowser(place)
  await browser.signIn(alice)
  const pushedRequest = await requestOf(config, { scope, prompt: 'consent' })
  const pushed = await openid.buildAuthorizationUrlWithPAR(config, Object.fromEntries(pushedRequest.url.searchParams))
  const { address } = await browser.follow(pushed.href)
  const back = await browser.authorize(address)
  const first = await openid.authorizationCodeGrant(config, back, pushedRequest.checks)
  const next = await openid.refreshTokenGrant(config, first.refresh_token as string)
  await callerBy(place, next.access_token)
  await openid.tokenIntrospection(config, next.access_token)
  await fetch(`${place.baseUrl}/t/${slug}/me`, { headers: { authorization: `Bearer ${next.access_token}` } })
  // What goes wrong is logged with more words.
  await openid.refreshTokenGrant(config, first.refresh_token as string).catch(() => {})
  await openid.authorizationCodeGrant(config, back, pushedRequest.checks).catch(() => {})
  const wrong = {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_secret: client.secret as string,
      client_id: 'app_nobody',
    }),
  }
  await fetch(`${place.baseUrl}/t/${slug}/token`, wrong)
  const started = await openid.initiateDeviceAuthorization(await discover(place, slug, device), { scope: 'openid' })
  await browser.api('/oauth/devices/find', { userCode: started.user_code })
  await openid.tokenRevocation(config, next.refresh_token as string)
  await fetch(`${place.baseUrl}/t/${slug}/end-session?id_token_hint=${first.id_token}`, { redirect: 'manual' })

  const secrets = {
    'client secret': client.secret,
    code: back.searchParams.get('code'),
    verifier: pushedRequest.checks.pkceCodeVerifier,
    nonce: pushedRequest.checks.expectedNonce,
    state: pushedRequest.checks.expectedState,
    'access token': first.access_token,
    'refresh token': first.refresh_token,
    'ID token': first.id_token,
    'next access token': next.access_token,
    'next refresh token': next.refresh_token,
    'device code': started.device_code,
    'user code': started.user_code,
    'pushed request': pushed.searchParams.get('request_uri')?.split(':').at(-1),
    interaction: new URL(address).pathname.split('/').at(-1),
    password: alice.password,
    ...Object.fromEntries(browser.cookies.map(({ name, value }) => [`cookie ${name}`, value])),
  }
  const said = lines.join('\n')
  assert.ok(lines.length > 10 && said.includes('/oauth/devices/find'), 'the control: requests are logged')
  for (const [what, secret] of Object.entries(secrets)) {
    assert.ok(secret && secret.length > 7, what)
    assert.ok(!said.includes(secret), `${what}: ${lines.find(line => line.includes(secret))}`)
    assert.ok(!said.includes(encodeURIComponent(secret)), what)
  }
})
