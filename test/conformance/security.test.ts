import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import * as openid from 'openid-client'
import {
  callback,
  callerBy,
  discover,
  makeServiceAccount,
  OAuthBrowser,
  reached,
  registerClient,
  requestOf,
  signInAgain,
} from '#test/oauth-browser.ts'
import { testWorld } from '#test/world.ts'

// What RFC 9700 and OAuth 2.1 ask of an authorization server and no other test is; docs/oauth-conformance.md has all of it.

const world = await testWorld()
const { app, admin, alice, baseUrl } = world
const slug = 'meridian-capture'
const issuer = `${app.publicUrl}/t/${slug}`
const client = await registerClient(alice)
const config = await discover(world, slug, client)
const browser = new OAuthBrowser(world)
await browser.signIn(alice)

const basic = `Basic ${btoa(`${client.clientId}:${client.secret}`)}`

/** The token endpoint, asked by hand. */
async function askToken(body: string | Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(reached(world, `${issuer}/token`), {
    method: 'POST',
    headers: { authorization: basic, ...headers },
    body: new URLSearchParams(body),
  })
  const { error } = (await response.json()) as { error?: string }
  return { status: response.status, error, headers: response.headers }
}

async function newCode(parameters: Record<string, string> = {}) {
  const { url, checks } = await requestOf(config, parameters)
  const back = await browser.authorize(url.href)
  const code = back.searchParams.get('code') as string
  const { pkceCodeVerifier } = checks
  const grant = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: pkceCodeVerifier }
  return { back, checks, grant }
}

describe('RFC 9700 2: what is best done', () => {
  test('GG-13 RFC 9700 2.1.2: no token comes through the browser', async () => {
    for (const type of ['token', 'id_token', 'id_token token', 'code token', 'code id_token', 'none']) {
      const { url } = await requestOf(config, { response_type: type })
      const back = await browser.authorize(url.href)
      const answer = new URLSearchParams(back.hash.slice(1) || back.search)
      assert.equal(answer.get('error'), 'unsupported_response_type', type)
      assert.equal(answer.get('access_token') ?? answer.get('id_token') ?? answer.get('code'), null)
    }
  })

  test('GG-13 RFC 9700 2.4: nobody’s password is taken by an application', async () => {
    const { status, error } = await askToken({
      grant_type: 'password',
      username: alice.email,
      password: alice.password,
      scope: 'openid',
    })
    assert.deepEqual([status, error], [400, 'unsupported_grant_type'])
  })

  test('MT-21 RFC 9700 2.5: a proof counts at the issuer that it was made for, by the key and the algorithm of its client', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const { privateKey: foreign } = await generateKeyPair('ES256')
    const signer = await registerClient(alice, {
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'mine', alg: 'ES256', use: 'sig' }] },
      grantTypes: ['client_credentials'],
      redirectUris: [],
      serviceAccountId: await makeServiceAccount(alice, 'Signer', 'viewer'),
    })
    const { clientId } = signer
    const proofOf = ({ aud = issuer as string | string[], key = privateKey, exp = '1m', sub = clientId } = {}) =>
      new SignJWT({ jti: crypto.randomUUID(), iss: clientId, sub, aud })
        .setProtectedHeader({ alg: 'ES256', kid: 'mine' })
        .setIssuedAt()
        .setExpirationTime(exp)
        .sign(key)
    const parts = [
      { alg: 'none' },
      { jti: 'a', iss: clientId, sub: clientId, aud: issuer, exp: Date.now() / 1000 + 60 },
    ].map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const send = async (proof: string) => {
      const response = await fetch(reached(world, `${issuer}/token`), {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: clientId,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: proof,
        }),
      })
      return response.status
    }
    assert.equal(await send(await proofOf()), 200)
    const wrong = {
      'another issuer': await proofOf({ aud: `${app.publicUrl}/t/northgate-partners` }),
      'another server': await proofOf({ aud: 'https://attacker.example/token' }),
      'another key': await proofOf({ key: foreign }),
      'past its time': await proofOf({ exp: '-5m' }),
      unsigned: `${parts.join('.')}.`,
    }
    for (const [what, proof] of Object.entries(wrong)) assert.equal(await send(proof), 401, what)
    assert.equal(await send(await proofOf({ sub: client.clientId })), 400, 'in the name of another client')
  })

  test('GG-13 RFC 9700 2.6: no script of another page asks the authorization endpoint, or reads what a server’s client may', async () => {
    const headers = { origin: new URL(callback).origin }
    const { url } = await requestOf(config)
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await fetch(reached(world, url.href), { method, headers, redirect: 'manual' })
      assert.equal(answer.headers.get('access-control-allow-origin'), null, method)
    }
    const { headers: ofToken } = await askToken((await newCode()).grant, headers)
    assert.equal(ofToken.get('access-control-allow-origin'), null)
  })
})

describe('RFC 9700 4: attacks', () => {
  test('GG-13 RFC 9700 4.2: no page tells another site where the browser comes from', async () => {
    const { url } = await requestOf(config)
    url.searchParams.set('client_id', 'nobody')
    for (const address of [url.href, `${issuer}/end-session`]) {
      const { response } = await browser.follow(address)
      assert.equal(response?.headers.get('referrer-policy'), 'no-referrer')
      const page = (await response?.text()) ?? ''
      assert.doesNotMatch(page, /(src|href)="?(https?:)?\/\//, 'nothing is loaded from elsewhere')
    }
  })

  test('GG-13 RFC 9700 4.3.2: a token in an address is none', async () => {
    const { access_token: ofUser } = await signInAgain(browser, config, { scope: 'openid' })
    const asked = await fetch(reached(world, `${issuer}/userinfo?access_token=${ofUser}`))
    assert.notEqual(asked.status, 200)
    const { access_token: ofApi } = await signInAgain(browser, config, { scope: 'openid contractors.lists.read' })
    assert.equal((await fetch(`${baseUrl}/api/v1/caller?access_token=${ofApi}`)).status, 401)
    assert.equal((await callerBy(world, ofApi)).status, 200, 'control')
  })

  test('GG-13 RFC 9700 4.5: a code that is put into the answer to another browser brings nothing there', async () => {
    const [stolen, own] = [await newCode({ scope: 'openid' }), await requestOf(config)]
    const injected = new URL(stolen.back)
    injected.searchParams.set('state', own.checks.expectedState)
    await assert.rejects(openid.authorizationCodeGrant(config, injected, own.checks), { error: 'invalid_grant' })
  })

  test('GG-13 RFC 9700 4.6: an ID token says whom it is for, and a token of another application is not described', async () => {
    const other = await registerClient(alice, { name: 'Other' })
    const ofOther = await discover(world, slug, other)
    const tokens = await signInAgain(browser, ofOther, { scope: 'openid' })
    assert.equal(tokens.claims()?.aud, other.clientId)
    assert.notEqual(tokens.claims()?.aud, client.clientId)
    assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).active, false)
  })

  test('GG-13 RFC 9700 4.7: state comes back letter by letter, and the client refuses another’s answer', async () => {
    const state = `a b+c&d=é%20"<script>`
    const { url } = await requestOf(config, { state })
    assert.equal((await browser.authorize(url.href)).searchParams.get('state'), state)
    const { back, checks } = await newCode()
    const refused = openid.authorizationCodeGrant(config, back, { ...checks, expectedState: openid.randomState() })
    await assert.rejects(refused, (error: Error) => /state/.test(String((error.cause as Error)?.message ?? error)))
  })

  test('GG-13 RFC 9700 4.11.2: whom the server does not know it sends nowhere', async () => {
    const { url } = await requestOf(config, { redirect_uri: 'https://attacker.example/' })
    url.searchParams.set('client_id', 'app_unknown')
    url.searchParams.set('prompt', 'none')
    const { response } = await browser.follow(url.href)
    assert.equal(response?.status, 400)
    assert.equal(response?.headers.get('location'), null)
    const logout = `${issuer}/end-session?post_logout_redirect_uri=${encodeURIComponent('https://attacker.example/')}`
    const left = await browser.follow(logout)
    assert.equal(left.response?.headers.get('location'), null)
    assert.doesNotMatch((await left.response?.text()) ?? '', /attacker/)
  })

  test('GG-13 RFC 9700 4.12: what a browser posts is not posted on', async () => {
    const { url } = await requestOf(config)
    const posted = await browser.fetch(`${issuer}/auth`, { method: 'POST', body: new URLSearchParams(url.search) })
    assert.equal(posted.status, 303)
    const { response } = await browser.follow(`${issuer}/end-session`)
    const page = (await response?.text()) ?? ''
    const action = /action="([^"]+)"/.exec(page)?.[1] as string
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] as string
    const confirmed = await browser.fetch(action, { method: 'POST', body: new URLSearchParams({ xsrf }) })
    assert.ok([302, 303].includes(confirmed.status), String(confirmed.status))
  })

  test('GG-13 RFC 9700 4.15: no client chooses how it is called, so that none is called like a person', async () => {
    const named = { clientId: alice.userId, client_id: alice.userId, name: 'Alice' }
    const refused = await registerClient(alice, named).catch(error => String(error))
    assert.match(String(refused), /No client: 400/)
    assert.match(client.clientId, /^app_/)
  })

  test('GG-13 RFC 9700 4.16: the pages of an issuer stand in no frame', async () => {
    const { url } = await requestOf(config)
    const asked = await browser.fetch(url.href)
    const { response: shown } = await browser.follow(`${issuer}/end-session`)
    for (const { headers } of [asked, shown as Response]) {
      assert.equal(headers.get('x-frame-options'), 'DENY')
      assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
    }
  })

  test('GG-13 RFC 9700 4.17: no answer goes by a message between windows', async () => {
    const { url } = await requestOf(config, { response_mode: 'web_message' })
    const { address, response } = await browser.follow(url.href)
    const error = new URL(address).searchParams.get('error') ?? (await response?.text())
    assert.match(error ?? '', /unsupported_response_mode/)
  })
})

describe('OAuth 2.1', () => {
  test('GG-13 OAuth 2.1 3.1: a parameter that comes twice is refused', async () => {
    const { url } = await requestOf(config)
    url.searchParams.append('scope', 'openid email')
    assert.equal((await browser.authorize(url.href)).searchParams.get('error'), 'invalid_request')
    const { grant } = await newCode()
    const twice = `${new URLSearchParams(grant)}&code=another`
    assert.equal((await askToken(twice)).error, 'invalid_request')
    assert.equal((await askToken(grant)).status, 200)
  })

  test('GG-13 OAuth 2.1 3.2: the token endpoint takes POST and a form alone', async () => {
    const { grant } = await newCode()
    const asked = await fetch(reached(world, `${issuer}/token?${new URLSearchParams(grant)}`), {
      headers: { authorization: basic },
    })
    assert.ok([404, 405].includes(asked.status), String(asked.status))
    const json = await fetch(reached(world, `${issuer}/token`), {
      method: 'POST',
      headers: { authorization: basic, 'content-type': 'application/json' },
      body: JSON.stringify(grant),
    })
    assert.equal(json.status, 400)
    const query = await fetch(reached(world, `${issuer}/token?${new URLSearchParams(grant)}`), {
      method: 'POST',
      headers: { authorization: basic },
      body: new URLSearchParams({ grant_type: 'authorization_code' }),
    })
    assert.equal(query.status, 400)
    assert.equal((await askToken(grant)).status, 200, 'and none of it has used the code up')
  })

  test('GG-13 OAuth 2.1 3.2.3: nothing keeps what the token endpoint answers', async () => {
    const { headers, status } = await askToken((await newCode()).grant)
    assert.equal(status, 200)
    assert.match(headers.get('cache-control') ?? '', /no-store/)
    assert.match(headers.get('content-type') ?? '', /^application\/json/)
  })

  test('GG-13 OAuth 2.1 3.2.4: who does not show that he is the client hears 401, and how he may', async () => {
    const { grant } = await newCode()
    const wrong = await askToken(grant, { authorization: `Basic ${btoa(`${client.clientId}:wrong`)}` })
    assert.deepEqual([wrong.status, wrong.error], [401, 'invalid_client'])
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Basic/)
    assert.equal((await askToken(grant)).status, 200)
  })

  test('GG-13 OAuth 2.1 2.4: a client shows itself, in one way at a time', async () => {
    const { grant } = await newCode()
    const named = { ...grant, client_id: client.clientId }
    assert.equal((await askToken({ ...named, client_secret: client.secret as string })).error, 'invalid_request')
    const response = await fetch(reached(world, `${issuer}/token`), {
      method: 'POST',
      body: new URLSearchParams(named),
    })
    assert.equal(response.status, 401, 'its name alone is nothing')
    assert.equal((await askToken(grant)).status, 200)
  })

  test('GG-13 OAuth 2.1 4.1.2: a code is good for a minute', async () => {
    const late = async (seconds: number) => {
      const { grant } = await newCode()
      await admin.query(
        `update oauth.oauth_authorization_codes
         set created_at = created_at - make_interval(secs => $2), expires_at = expires_at - make_interval(secs => $2)
         where code_hash = sha256($1::bytea)`,
        [grant.code, seconds],
      )
      return await askToken(grant)
    }
    assert.equal((await late(61)).error, 'invalid_grant')
    assert.equal((await late(20)).status, 200)
  })

  test('MT-21 OAuth 2.1 5.1: a token comes in one way at a time, and a refusal says how', async () => {
    const { access_token: token } = await signInAgain(browser, config, { scope: 'openid' })
    const twice = await fetch(reached(world, `${issuer}/userinfo`), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: new URLSearchParams({ access_token: token }),
    })
    assert.equal(twice.status, 400)
    const wrong = await fetch(reached(world, `${issuer}/userinfo`), { headers: { authorization: 'Bearer wrong' } })
    assert.equal(wrong.status, 401)
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Bearer .*error="invalid_token"/)
    const api = await fetch(`${baseUrl}/api/v1/caller`, { headers: { authorization: 'Bearer wrong' } })
    assert.equal(api.status, 401)
    assert.match(api.headers.get('www-authenticate') ?? '', /^Bearer/)
  })
})
