import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import * as fc from 'fast-check'
import * as openid from 'openid-client'
import { destination } from 'pino'
import { accountsOf } from '#platform/accounts'
import { Keyring } from '#platform/crypto'
import { buildServer, createLogger } from '#platform/http'
import { announceRevocation } from '#platform/identity'
import { resolveHost } from '#platform/tenancy'
import {
  callback,
  callerBy,
  discover,
  makeServiceAccount,
  OAuthBrowser,
  reached,
  refusalOf,
  registerClient,
  requestOf,
  type SignedIn,
  signInAgain,
  signInBy,
} from '#test/oauth-browser.ts'
import { joinAs, newPerson, setPolicy, testWorld } from '#test/world.ts'
import { loadConfig } from '../../src/main/config.ts'
import { modules } from '../../src/main/modules.ts'
import { createApp } from '../../src/main/program.ts'

const world = await testWorld()
const { app, admin, alice, bob, baseUrl, viewer } = world
const slug = 'meridian-capture'
const issuer = `${app.publicUrl}/t/${slug}`
const client = await registerClient(alice)
const config = await discover(world, slug, client)
const other = await registerClient(alice, { name: 'Other' })
const otherConfig = await discover(world, slug, other)
const bobs = await registerClient(bob)
const bobsConfig = await discover(world, 'northgate-partners', bobs)
const browser = new OAuthBrowser(world)
await browser.signIn(alice)
const all = 'openid offline_access contractors.lists.read'

/** A code that nobody has used, and what it is used with. */
async function newCode(parameters: Record<string, string> = {}) {
  const { url, checks } = await requestOf(config, { scope: all, prompt: 'consent', ...parameters })
  const back = await browser.authorize(url.href)
  return { back, checks, code: back.searchParams.get('code') as string }
}

const signIn = async (): Promise<SignedIn['tokens']> => await signInAgain(browser, config, { scope: all })

type Grant = Record<string, string | undefined>

/** The token endpoint, asked by hand. */
async function askToken(fields: Grant, by = client, at = `${baseUrl}/t/${slug}`) {
  const given = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const response = await fetch(`${at}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${by.clientId}:${by.secret}`)}` },
    body: new URLSearchParams(given),
  })
  const body = (await response.json()) as { error?: string; access_token: string; refresh_token?: string }
  return { status: response.status, ...body }
}

const codeGrant = ({ code, checks }: Awaited<ReturnType<typeof newCode>>): Grant => ({
  grant_type: 'authorization_code',
  code,
  redirect_uri: callback,
  code_verifier: checks.pkceCodeVerifier,
})

describe('codes', () => {
  test('GG-13 RFC 9700 4.5: a code is worth nothing to another client, and is not used up by it', async () => {
    const made = await newCode()
    assert.equal((await askToken(codeGrant(made), other)).error, 'invalid_grant')
    assert.equal((await askToken(codeGrant(made))).status, 200)
  })

  test('GG-13 CVE-2023-48228, RFC 9700 4.8.2: no code without PKCE, none by plain, and none is redeemed without its verifier', async () => {
    const { url } = await requestOf(config)
    for (const change of [
      (query: URLSearchParams) => query.delete('code_challenge'),
      (query: URLSearchParams) => {
        query.delete('code_challenge')
        query.delete('code_challenge_method')
      },
      (query: URLSearchParams) => query.set('code_challenge_method', 'plain'),
      (query: URLSearchParams) => query.delete('code_challenge_method'),
    ]) {
      const changed = new URL(url)
      change(changed.searchParams)
      assert.equal((await browser.authorize(changed.href)).searchParams.get('error'), 'invalid_request', changed.search)
    }
    const made = await newCode()
    const grant = codeGrant(made)
    assert.equal((await askToken({ ...grant, code_verifier: undefined })).error, 'invalid_grant')
    assert.equal((await askToken({ ...grant, code_verifier: openid.randomPKCECodeVerifier() })).error, 'invalid_grant')
    assert.equal((await askToken(grant)).status, 200)
  })

  test('GG-13 RFC 6749 4.1.2: a code that comes twice ends what the first one brought', async () => {
    const made = await newCode()
    const first = await askToken(codeGrant(made))
    assert.equal((await callerBy(world, first.access_token)).status, 200)
    assert.equal((await askToken(codeGrant(made))).error, 'invalid_grant')
    assert.equal((await callerBy(world, first.access_token)).status, 401)
    const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token }
    assert.equal((await askToken(refresh)).error, 'invalid_grant')
  })

  test('GG-13 GHSA-392p-2q2v-4372: of 50 uses of a code at once one wins, and nothing of it lasts', async () => {
    const made = await newCode()
    const answers = await Promise.all(Array.from({ length: 50 }, () => askToken(codeGrant(made))))
    const won = answers.filter(({ status }) => status === 200)
    assert.ok(won.length <= 1, `${won.length} won`)
    assert.ok(answers.every(({ status, error }) => status === 200 || error === 'invalid_grant'))
    for (const { access_token: token } of won) assert.equal((await callerBy(world, token)).status, 401)
  })

  test('GG-13 RFC 6749 4.1.3: a code comes back to the address that it went to', async () => {
    const two = await registerClient(alice, { redirectUris: [callback, `${callback}/2`] })
    const { url, checks } = await requestOf(await discover(world, slug, two), { scope: 'openid' })
    const code = (await browser.authorize(url.href)).searchParams.get('code') as string
    const grant = { grant_type: 'authorization_code', code, code_verifier: checks.pkceCodeVerifier }
    assert.equal((await askToken({ ...grant, redirect_uri: `${callback}/2` }, two)).error, 'invalid_grant')
    assert.equal((await askToken(grant, two)).error, 'invalid_request')
    assert.equal((await askToken({ ...grant, redirect_uri: callback }, two)).status, 200)
  })
})

describe('addresses', () => {
  test('GG-13 RFC 9700 4.1: nobody is sent to an address that is not registered letter by letter', async () => {
    const { url } = await requestOf(config)
    for (const address of [
      `${callback}/`,
      `${callback}?a=b`,
      `${callback}#x`,
      'https://app.example.org/Callback',
      'https://APP.example.org/callback',
      'https://app.example.org:443/callback',
      'https://app.example.org.attacker.example/callback',
      'https://app.example.org@attacker.example/callback',
      'https://attacker.example/?https://app.example.org/callback',
      'https://app.example.org/callback/../evil',
      'https://app.example.org/%63allback',
      'http://app.example.org/callback',
      'javascript:alert(1)//https://app.example.org/callback',
      '//app.example.org/callback',
      '',
    ]) {
      const changed = new URL(url)
      changed.searchParams.set('redirect_uri', address)
      const { response } = await browser.follow(changed.href)
      assert.equal(response?.status, 400, address)
      assert.equal(response?.headers.get('location'), null, address)
    }
    const twice = new URL(url)
    twice.searchParams.append('redirect_uri', 'https://attacker.example/')
    assert.equal((await browser.follow(twice.href)).response?.status, 400)
    const without = new URL(url)
    without.searchParams.delete('redirect_uri')
    assert.equal((await browser.follow(without.href)).response?.status, 400)
  })

  test('GG-13 RFC 8252 7.3: at the own machine the port is free, and nothing else', async () => {
    const native = await registerClient(alice, {
      type: 'public',
      tokenEndpointAuthMethod: 'none',
      redirectUris: ['http://127.0.0.1/back'],
    })
    const { url } = await requestOf(await discover(world, slug, native))
    const at = (address: string) => {
      const changed = new URL(url)
      changed.searchParams.set('redirect_uri', address)
      return browser.follow(changed.href)
    }
    assert.match((await at('http://127.0.0.1:51004/back')).address, /\/oauth\/consent\//)
    for (const address of ['http://127.0.0.1:51004/other', 'http://localhost:51004/back', 'http://127.0.0.2/back'])
      assert.equal((await at(address)).response?.status, 400, address)
  })

  test('GG-13 what a request says of the host stands in no answer', async () => {
    const response = await fetch(`${baseUrl}/t/${slug}/.well-known/openid-configuration`, {
      headers: {
        'x-forwarded-host': 'attacker.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=attacker.example',
      },
    })
    assert.doesNotMatch(await response.text(), /attacker/)
  })

  test('GG-13 a NUL in a request is refused, and nothing fails by it', async () => {
    const nul = 'a\0b'
    const { url } = await requestOf(config, { scope: 'openid' })
    for (const name of ['state', 'nonce', 'login_hint', 'acr_values', 'client_id', 'scope', 'claims']) {
      const changed = new URL(url)
      changed.searchParams.set(name, name === 'claims' ? `{"id_token":{"a\\u0000b":null}}` : nul)
      const { status } = await browser.fetch(changed.href)
      assert.ok(status === 303 || status === 400, `${name}: ${status}`)
      if (name !== 'client_id') await browser.fetch(`${changed.href}&prompt=none`)
    }
    const silent = new URL(url)
    silent.searchParams.set('nonce', nul)
    silent.searchParams.set('prompt', 'none')
    assert.notEqual((await browser.fetch(silent.href)).status, 500)
    for (const fields of [
      { grant_type: 'authorization_code', code: nul, client_id: client.clientId },
      { grant_type: 'refresh_token', refresh_token: nul },
      { grant_type: 'client_credentials', scope: nul },
    ]) {
      assert.equal((await askToken(fields)).status, 400, JSON.stringify(fields))
    }
    const nobody = { grant_type: 'authorization_code', code: nul, client_id: nul }
    const body = new URLSearchParams(nobody)
    assert.equal((await fetch(`${baseUrl}/t/${slug}/token`, { method: 'POST', body })).status, 401)
    assert.equal((await fetch(`${baseUrl}/t/a%00b/jwks`)).status, 404)
    const pushed = await fetch(`${baseUrl}/t/${slug}/par`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client.clientId}:${client.secret}`)}` },
      body: new URLSearchParams({ ...Object.fromEntries(url.searchParams), state: nul }),
    })
    assert.equal(pushed.status, 201)
    const { request_uri: requestUri } = (await pushed.json()) as { request_uri: string }
    const named = new URLSearchParams({ client_id: client.clientId, request_uri: requestUri })
    assert.notEqual((await browser.fetch(`${issuer}/auth?${named}`)).status, 500)
  })

  test('GG-13 an issuer answers to its slug letter by letter, on the host of the installation', async () => {
    for (const name of [
      'Meridian-Capture',
      'meridian-capture.',
      'meridian-capture%00',
      'meridian',
      '..%2ft',
      ' meridian-capture',
    ])
      assert.equal((await fetch(`${baseUrl}/t/${name}/.well-known/openid-configuration`)).status, 404, name)
    const host = `${slug}.localhost`
    const elsewhere = await new Promise<number>(resolve => {
      import('node:http').then(({ request }) =>
        request(`${baseUrl}/t/${slug}/jwks`, { headers: { host } }, answer => resolve(answer.statusCode ?? 0)).end(),
      )
    })
    assert.equal(elsewhere, 404)
  })

  test('GG-13 RFC 9207: an answer of another issuer is noticed, since each says whose it is', async () => {
    const { back, checks } = await newCode()
    back.searchParams.set('iss', `${app.publicUrl}/t/northgate-partners`)
    const ofAnother = await openid.authorizationCodeGrant(config, back, checks).catch(error => error)
    assert.match(String(ofAnother.cause?.message ?? ofAnother.cause), /iss/)
    back.searchParams.delete('iss')
    const ofNobody = await openid.authorizationCodeGrant(config, back, checks).catch(error => error)
    assert.match(String(ofNobody.cause?.message ?? ofNobody.cause), /iss/)
  })
})

describe('refresh tokens', () => {
  test('MT-21 GHSA-7w99-5wm4-3g79: of 50 refreshes at once one wins, and the family ends', async () => {
    const { refresh_token: token } = await signIn()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => askToken({ grant_type: 'refresh_token', refresh_token: token })),
    )
    assert.ok(answers.filter(({ status }) => status === 200).length <= 1)
    const { rows } = await admin.query(
      `select count(*) filter (where used_at is not null)::int as used, count(distinct grant_id)::int as families
       from oauth.oauth_refresh_tokens
       where grant_id = (select grant_id from oauth.oauth_refresh_tokens where token_hash = sha256($1::bytea))`,
      [token],
    )
    assert.deepEqual(rows, [{ used: 1, families: 1 }])
    for (const { access_token: won } of answers.filter(({ status }) => status === 200))
      assert.equal((await callerBy(world, won)).status, 401)
  })

  test('MT-21 CVE-2026-9802: a used and a revoked refresh token stay so when the server starts again', async () => {
    const used = await signIn()
    const next = await openid.refreshTokenGrant(config, used.refresh_token as string)
    const revoked = await signIn()
    await openid.tokenRevocation(config, revoked.refresh_token as string)
    const at = `${await startAgain()}/t/${slug}`
    const grant = (token: string | undefined) => ({ grant_type: 'refresh_token', refresh_token: token })
    assert.equal((await askToken(grant(revoked.refresh_token), client, at)).error, 'invalid_grant')
    assert.equal((await askToken(grant(next.refresh_token), client, at)).status, 200)
    assert.equal((await askToken(grant(used.refresh_token), client, at)).error, 'invalid_grant')
  })

  test('MT-21 RFC 8707 2.2, GHSA-p2fr-6hmx-4528: a refresh widens neither the resource nor the scopes', async () => {
    // Each with a token of its own: what is asked for wrongly is used up as well.
    const refresh = async (scope: string, wish: Grant) => {
      const { refresh_token: token } = await signInAgain(browser, config, { scope })
      return await askToken({ grant_type: 'refresh_token', refresh_token: token, ...wish })
    }
    const narrow = 'openid offline_access'
    assert.equal((await refresh(narrow, { resource: `${app.publicUrl}/api/v1` })).error, 'invalid_target')
    assert.equal((await refresh(narrow, { resource: 'https://attacker.example/' })).error, 'invalid_target')
    assert.equal((await refresh(narrow, { scope: 'openid email' })).error, 'invalid_scope')
    assert.equal((await refresh(all, { scope: 'contractors.lists.write' })).error, 'invalid_scope')
    assert.equal((await refresh(all, { scope: 'contractors.lists.read' })).status, 200)
    const elsewhere = await requestOf(config, { scope: all, resource: 'https://attacker.example/' })
    assert.equal((await browser.authorize(elsewhere.url.href)).searchParams.get('error'), 'invalid_target')
  })

  test('MT-21 RFC 9700 4.14: a refresh token is worth nothing to another client', async () => {
    const { refresh_token: token } = await signIn()
    assert.equal((await askToken({ grant_type: 'refresh_token', refresh_token: token }, other)).error, 'invalid_grant')
    assert.equal((await askToken({ grant_type: 'refresh_token', refresh_token: token })).status, 200)
  })
})

describe('other clients and tenants', () => {
  test('MT-21 RFC 7662 4, RFC 7009 2.1: what another client has is neither described nor ended', async () => {
    const { access_token: access, refresh_token: refresh } = await signIn()
    for (const token of [access, refresh as string]) {
      assert.deepEqual({ ...(await openid.tokenIntrospection(otherConfig, token)) }, { active: false })
      assert.deepEqual({ ...(await openid.tokenIntrospection(bobsConfig, token)) }, { active: false })
      await refusalOf(openid.tokenRevocation(otherConfig, token))
      await refusalOf(openid.tokenRevocation(bobsConfig, token))
      assert.equal((await openid.tokenIntrospection(config, token)).active, true)
    }
  })

  test('MT-21 CVE-2026-32131: a client of one tenant is nobody at the issuer of another, nor is its token', async () => {
    const { access_token: access, refresh_token: refresh } = await signIn()
    const there = `${baseUrl}/t/northgate-partners`
    const grant = { grant_type: 'refresh_token', refresh_token: refresh }
    assert.equal((await askToken(grant, client, there)).error, 'invalid_client')
    assert.equal((await askToken(grant, bobs, there)).error, 'invalid_grant')
    const userinfo = await fetch(`${there}/userinfo`, { headers: { authorization: `Bearer ${access}` } })
    assert.equal(userinfo.status, 401)
    assert.equal((await callerBy(world, access, { 'x-tenant-id': bob.tenantId })).status, 403)
    assert.equal((await callerBy(world, access, { 'x-tenant-id': alice.tenantId })).status, 200)
    const made = await newCode()
    assert.equal((await askToken(codeGrant(made), bobs, there)).error, 'invalid_grant')
  })

  test('GG-13 who is no member of the tenant allows nothing there', async () => {
    const bobsBrowser = new OAuthBrowser(world)
    await bobsBrowser.signIn(bob)
    const { address } = await bobsBrowser.follow((await requestOf(config)).url.href)
    assert.equal((await bobsBrowser.question(address)).body.needs, 'membership')
    assert.equal(
      (await bobsBrowser.answer(address)).status,
      403,
      'the frame refuses who names a tenant that is not his',
    )
    assert.equal((await bobsBrowser.answer(address, {}, bob.tenantId)).status, 403)
    const { body } = await bobsBrowser.answer(address, { decision: 'deny' }, bob.tenantId)
    const { address: back } = await bobsBrowser.follow(body.redirectTo)
    assert.equal(new URL(back).searchParams.get('error'), 'access_denied')
  })

  test('GG-13 a question is seen and answered by the browser that began it: nobody answers for an attacker', async () => {
    const own = await browser.follow((await requestOf(config, { scope: all, prompt: 'consent' })).url.href)
    assert.equal((await browser.question(own.address)).status, 200, 'the victim has a cookie of his own')
    const attacker = new OAuthBrowser(world)
    const { address } = await attacker.follow((await requestOf(config, { scope: all, prompt: 'consent' })).url.href)
    assert.match(address, /\/oauth\/consent\//)
    assert.equal((await browser.question(address)).status, 404)
    assert.equal((await browser.answer(address, {}, alice.tenantId)).status, 404)
    const { status } = await fetch(`${baseUrl}/api/v1${new URL(address).pathname.replace('consent', 'interactions')}`)
    assert.equal(status, 401)
  })

  test('GG-13 the answer of one user is not carried on in the session of another', async () => {
    const shared = new OAuthBrowser(world)
    await shared.signIn(alice)
    const { address } = await shared.follow((await requestOf(config, { scope: all, prompt: 'consent' })).url.href)
    const { body } = await shared.answer(address)
    await shared.api('/auth/sign-out', {})
    await shared.signIn(viewer)
    const end = await shared.follow(body.redirectTo)
    assert.equal(new URL(end.address).searchParams.get('code'), null)
  })

  test('GG-13 an application does with a token nothing that is for people who are signed in', async () => {
    const { access_token: token } = await signIn()
    const headers = { authorization: `Bearer ${token}` }
    const me = await fetch(`${baseUrl}/api/v1/me`, { headers })
    assert.equal(((await me.json()) as { code: string }).code, 'http.application_refused')
    const read = await fetch(`${baseUrl}/api/v1/contractor-lists`, { headers })
    assert.equal(read.status, 200)
    const write = await fetch(`${baseUrl}/api/v1/contractor-lists`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Mine' }),
    })
    assert.equal(write.status, 403, 'its scope is to read')
  })
})

describe('tokens', () => {
  test('MT-21 CVE-2026-27840: no cut, prolonged or changed token is one', async () => {
    const { access_token: access, refresh_token: refresh } = await signIn()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const change = fc.oneof(
      fc.integer({ min: 1, max: 42 }).map(length => (token: string) => token.slice(0, length)),
      fc.integer({ min: 1, max: 42 }).map(from => (token: string) => token.slice(from)),
      fc.constantFrom(...'A=_ .').map(more => (token: string) => token + more),
      fc.tuple(fc.integer({ min: 0, max: 42 }), fc.integer({ min: 1, max: 63 })).map(([at, by]) => (token: string) => {
        const next = alphabet[(alphabet.indexOf(token[at] as string) + by) % 64] as string
        return token.slice(0, at) + next + token.slice(at + 1)
      }),
    )
    await fc.assert(
      fc.asyncProperty(change, async changed => {
        const answer = await callerBy(world, changed(access))
        assert.ok(answer.status === 401 || changed(access).trim() === access, `${answer.status}`)
        assert.deepEqual({ ...(await openid.tokenIntrospection(config, changed(access))) }, { active: false })
        const grant = { grant_type: 'refresh_token', refresh_token: changed(refresh as string) }
        assert.match((await askToken(grant)).error ?? '', /^invalid_(grant|request)$/)
      }),
      { numRuns: 40 },
    )
    assert.equal((await callerBy(world, access)).status, 200)
    assert.equal((await askToken({ grant_type: 'refresh_token', refresh_token: refresh })).status, 200)
  })

  test('VS-02 no code, token, cookie or name of a request stands in the database as it is', async () => {
    const pushed = await openid.buildAuthorizationUrlWithPAR(
      config,
      Object.fromEntries((await requestOf(config, { scope: all, prompt: 'consent' })).url.searchParams),
    )
    const { address } = await browser.follow(pushed.href)
    const made = await newCode()
    const tokens = await askToken(codeGrant(made))
    const deviceClient = await registerClient(alice, {
      type: 'public',
      tokenEndpointAuthMethod: 'none',
      redirectUris: [],
      grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'],
    })
    const device = await openid.initiateDeviceAuthorization(await discover(world, slug, deviceClient), {
      scope: 'openid',
    })
    const secrets = [
      made.code,
      tokens.access_token,
      tokens.refresh_token as string,
      device.device_code,
      device.user_code,
      device.user_code.replace('-', ''),
      client.secret as string,
      pushed.searchParams.get('request_uri')?.split(':').at(-1) as string,
      new URL(address).pathname.split('/').at(-1) as string,
      ...browser.cookies.map(({ value }) => value),
    ].filter(secret => secret.length > 7)
    const { rows: tables } = await admin.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('oauth', 'audit', 'jobs')`,
    )
    for (const { name } of tables) {
      const { rows } = await admin.query<{ found: string[] }>(
        `select array(select secret from unnest($1::text[]) as secret where strpos(t::text, secret) > 0) as found
         from ${name} as t where t::text ~ $2`,
        [secrets, secrets.map(secret => secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')],
      )
      assert.deepEqual(
        rows.flatMap(({ found }) => found),
        [],
        name,
      )
    }
    const control = await admin.query(`select from oauth.oauth_access_tokens where token_hash = sha256($1::bytea)`, [
      tokens.access_token,
    ])
    assert.equal(control.rowCount, 1, 'its hash does')
  })
})

describe('what ends a token', () => {
  type Case = { what: string; end: (of: Ending) => Promise<unknown>; error?: RegExp }
  type Ending = { person: { userId: string }; client: { id: string } }
  const cases: Case[] = [
    ...['suspended', 'inactive', 'deleted'].map(status => ({
      what: `the user is ${status}`,
      end: ({ person }: Ending) =>
        admin.query(
          `update identity.users set status = $2, deleted_at = case when $2 = 'deleted' then now() end,
             deactivated_at = case when $2 = 'inactive' then now() end where id = $1`,
          [person.userId, status],
        ),
    })),
    {
      what: 'the membership has run out',
      end: ({ person }) =>
        admin.query(`update tenancy.user_tenants set expires_at = now() where user_id = $1`, [person.userId]),
    },
    {
      what: 'the membership has ended',
      end: ({ person }) => admin.query(`delete from tenancy.user_tenants where user_id = $1`, [person.userId]),
    },
    {
      what: 'the application is switched off',
      end: ({ client }) => admin.query(`update oauth.oauth_clients set is_active = false where id = $1`, [client.id]),
      error: /invalid_client/,
    },
    {
      what: 'the application is deleted',
      end: ({ client }) => admin.query(`delete from oauth.oauth_clients where id = $1`, [client.id]),
      error: /invalid_client/,
    },
  ]
  for (const { what, end, error = /invalid_grant/ } of cases) {
    test(`MT-21 CVE-2026-1486: nothing of a grant works when ${what}`, async () => {
      const person = await newPerson(world)
      await joinAs(world, person.userId, alice.tenantId, 'viewer')
      const own = await registerClient(alice)
      const { tokens, config: of, browser: his } = await signInBy(world, person, { slug, client: own, scope: all })
      const { url, checks } = await requestOf(of, { scope: all, prompt: 'consent' })
      const code = (await his.authorize(url.href)).searchParams.get('code') as string
      assert.equal((await callerBy(world, tokens.access_token)).status, 200)
      await end({ person, client: own })
      announceRevocation(app)
      assert.equal((await callerBy(world, tokens.access_token)).status, 401)
      const grants = [
        { grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
        { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: checks.pkceCodeVerifier },
      ]
      for (const grant of grants) assert.match((await askToken(grant, own)).error ?? '', error)
    })
  }

  test('MT-21 a tenant that is suspended has no issuer, and none of its tokens works', async () => {
    const { access_token: token, refresh_token: refresh } = await signIn()
    await admin.query(`update tenancy.tenants set status = 'suspended' where id = $1`, [alice.tenantId])
    announceRevocation(app)
    const refused = await callerBy(world, token)
    const issuerThen = await fetch(reached(world, `${issuer}/.well-known/openid-configuration`))
    await admin.query(`update tenancy.tenants set status = 'active' where id = $1`, [alice.tenantId])
    announceRevocation(app)
    assert.equal(refused.status, 401)
    assert.equal(issuerThen.status, 404)
    assert.equal((await askToken({ grant_type: 'refresh_token', refresh_token: refresh })).status, 200)
  })

  test('MT-16 the network addresses of a tenant hold for the API and for the token endpoint', async () => {
    const { access_token: token, refresh_token: refresh } = await signIn()
    await setPolicy(app, alice.tenantId, { ipRestrictions: { enabled: true, allowedIPs: ['203.0.113.9'] } })
    const here = await callerBy(world, token, { 'x-forwarded-for': '203.0.113.9' })
    const elsewhere = await callerBy(world, token, { 'x-forwarded-for': '203.0.113.10' })
    const refreshed = await askToken({ grant_type: 'refresh_token', refresh_token: refresh })
    await setPolicy(app, alice.tenantId, { ipRestrictions: { enabled: false, allowedIPs: [] } })
    assert.deepEqual([here.status, elsewhere.code, refreshed.error], [200, 'accounts.address_refused', 'access_denied'])
  })

  test('MT-15 a token is no way around having a second factor', async () => {
    const { access_token: token, refresh_token: refresh } = await signIn()
    await setPolicy(app, alice.tenantId, { session: { requireMFA: true } })
    const caller = await callerBy(world, token)
    const refreshed = await askToken({ grant_type: 'refresh_token', refresh_token: refresh })
    await setPolicy(app, alice.tenantId, { session: { requireMFA: false } })
    assert.deepEqual([caller.code, refreshed.error], ['accounts.second_factor_required', 'invalid_grant'])
  })

  test('MT-21 a program ends with its service account', async () => {
    const serviceAccountId = await makeServiceAccount(alice, 'Ends', 'viewer')
    const program = await registerClient(alice, {
      grantTypes: ['client_credentials'],
      redirectUris: [],
      serviceAccountId,
    })
    const ofProgram = await discover(world, slug, program)
    const { access_token: token } = await openid.clientCredentialsGrant(ofProgram)
    assert.equal((await callerBy(world, token)).status, 200)
    assert.equal((await alice.fetch(`/service-accounts/${serviceAccountId}`, { method: 'DELETE' })).status, 204)
    assert.equal((await callerBy(world, token)).status, 401)
    assert.equal(await refusalOf(openid.clientCredentialsGrant(ofProgram)), 'unauthorized_client')
  })

  test('GG-13 RFC 6749 2.3: a wrong secret is refused, and one of another client too', async () => {
    for (const secret of ['wrong', other.secret, '', `${client.secret}x`])
      assert.notEqual((await askToken({ grant_type: 'client_credentials' }, { ...client, secret })).status, 200)
  })
})

test('RFC 8628 5.1: of the codes that people type nobody tries many', async () => {
  const guesser = new OAuthBrowser(world)
  await guesser.signIn(viewer)
  const statuses: number[] = []
  for (let number = 0; number < 12; number++) {
    const userCode = `BCDF-GHJ${'BCDFGHJKLMNPQRST'[number]}`
    statuses.push((await guesser.api('/oauth/devices/find', { issuer: slug, userCode })).status)
  }
  assert.deepEqual(statuses, [...Array<number>(10).fill(404), 429, 429])
})

/** Another server on the same database, as after a restart. */
async function startAgain(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-again-'))
  const { settings } = loadConfig(modules, { COMMONHOLD_PORT: '0', COMMONHOLD_DATA_DIR: directory })
  const log = createLogger('silent', destination({ fd: 2, sync: true }))
  const database = { admin: world.adminConfig, isEmbedded: false, close: async () => {} }
  const keyring = Keyring.parse(world.keys)
  const again = { ...createApp({ settings, login: world.login, keyring, log, database }), modules }
  const server = await buildServer({
    app: again,
    modules,
    authenticate: accountsOf(again).principals.authenticate,
    resolveHost: host => resolveHost(again, host),
    trustedProxies: ['127.0.0.1'],
    readiness: async () => {},
  })
  after(async () => {
    await server.close()
    await again.db.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return await server.listen({ host: '127.0.0.1', port: 0 })
}

test('GG-13 requests that leave a row behind are 60 a minute from one address, and others go on', async () => {
  for (const [path, init] of [
    ['auth', {}],
    ['par', { method: 'POST', body: new URLSearchParams({ client_id: 'nobody' }) }],
  ] as const) {
    const ask = async (address: string, at = slug) =>
      await fetch(`${baseUrl}/t/${at}/${path}`, {
        ...init,
        redirect: 'manual',
        headers: { 'x-forwarded-for': address },
      })
    for (let asked = 0; asked < 60; asked++) assert.notEqual((await ask('203.0.113.77')).status, 429)
    const refused = await ask('203.0.113.77', 'northgate-partners')
    assert.equal(refused.status, 429, path)
    assert.match(refused.headers.get('ratelimit-policy') ?? '', new RegExp(`"issuer /${path}";q=60;w=60`))
    assert.notEqual((await ask('203.0.113.78')).status, 429)
  }
  const metadata = `${baseUrl}/t/${slug}/.well-known/openid-configuration`
  assert.equal((await fetch(metadata, { headers: { 'x-forwarded-for': '203.0.113.77' } })).status, 200)
})
