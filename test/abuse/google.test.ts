import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { createLogger } from '#platform/http'
import {
  environmentOf,
  type Forgery,
  signInAt,
  startForgingIssuer,
  startProvider,
  TestBrowser,
} from '#test/openid-provider.ts'
import { testWorld } from '#test/world.ts'
import { finishGoogle, startGoogle } from '../../src/platform/identity/google.ts'

const provider = await startProvider()
provider.accounts.set('ada', { sub: 'ada', email: 'ada@gmail.example', email_verified: true, name: 'Ada' })
provider.accounts.set('eve', { sub: 'eve', email: 'eve@gmail.example', email_verified: true, name: 'Eve' })
const world = await testWorld({ environment: environmentOf(provider) })
const { app, db, admin } = world
const system = db.scoped({ system: true })
const issuer = await startForgingIssuer()
const attacked: App = { ...app, config: { ...app.config, googleIssuer: issuer.issuer } }

const refusal = (code: string) => (error: unknown) => error instanceof DomainError && error.code === `identity.${code}`
const begin = (where = app) => startGoogle(where, system, { purpose: 'sign_in' })
const paramsOf = (url: string) => Object.fromEntries(new URL(url).searchParams)

/** A sign-in at the issuer that signs what it is told; `forge` makes the forgery for the nonce at hand. */
async function signInForged(forge: (nonce: string) => Forgery, query: Record<string, string> = {}, where = attacked) {
  const { url, cookieValue } = await begin(where)
  const { state = '', nonce = '' } = paramsOf(url)
  issuer.forgery = forge(nonce)
  return await finishGoogle(where, system, { cookieValue, query: { state, code: 'any', ...query } })
}

test('MT-07 the control: what the issuer signs as it should is taken, by either algorithm', async () => {
  for (const key of ['published', 'elliptic'] as const) {
    const answer = await signInForged(nonce => ({ key, claims: { nonce, email: 'a@b.example', email_verified: true } }))
    assert.equal(answer.subject, 'somebody')
    assert.equal(answer.issuer, issuer.issuer)
    assert.equal(answer.emailVerified, true)
  }
  assert.ok((issuer.exchanged?.get('code_verifier') ?? '').length >= 43)
  assert.equal(issuer.exchanged?.get('client_secret'), issuer.clientSecret)
})

const now = () => Math.floor(Date.now() / 1000)
const forgeries: Record<string, (nonce: string) => Forgery> = {
  'signed with a key that is not published': nonce => ({ key: 'other', claims: { nonce } }),
  'signed with a key of its own in the header': nonce => ({
    key: 'other',
    header: { jwk: { kty: 'RSA' }, jku: `${issuer.issuer}/keys2`, x5u: 'x' },
    claims: { nonce },
  }),
  'not signed (alg none)': nonce => ({ key: 'none', header: { alg: 'none' }, claims: { nonce } }),
  'not signed (alg None)': nonce => ({ key: 'none', header: { alg: 'None' }, claims: { nonce } }),
  'with an empty signature': nonce => ({ key: 'none', claims: { nonce } }),
  'HS256 with the public key as secret': nonce => ({
    key: { secret: issuer.publicKey },
    header: { alg: 'HS256' },
    claims: { nonce },
  }),
  'HS256 with the client secret': nonce => ({
    key: { secret: issuer.clientSecret },
    header: { alg: 'HS256' },
    claims: { nonce },
  }),
  'RS512, which nobody agreed on': nonce => ({ header: { alg: 'RS512' }, claims: { nonce } }),
  'naming a key that is not there': nonce => ({ header: { kid: 'x' }, claims: { nonce } }),
  'naming a key by a path': nonce => ({ header: { kid: '../../../dev/null' }, claims: { nonce } }),
  'with a critical extension': nonce => ({ header: { crit: ['b64'], b64: false }, claims: { nonce } }),
  'for another client': nonce => ({ claims: { nonce, aud: 'another' } }),
  'for several clients': nonce => ({ claims: { nonce, aud: ['commonhold', 'another'] } }),
  'issued to another client': nonce => ({ claims: { nonce, azp: 'another' } }),
  'of another issuer': nonce => ({ claims: { nonce, iss: 'https://accounts.google.com' } }),
  'of an issuer that looks alike': nonce => ({ claims: { nonce, iss: `${issuer.issuer}/` } }),
  'for another sign-in': () => ({ claims: { nonce: 'another' } }),
  'for no sign-in': () => ({}),
  expired: nonce => ({ claims: { nonce, exp: now() - 120 } }),
  'without expiry': nonce => ({ claims: { nonce, exp: undefined } }),
  'of the far future': nonce => ({ claims: { nonce, iat: now() + 3600, exp: now() + 7200 } }),
  'not valid yet': nonce => ({ claims: { nonce, nbf: now() + 3600 } }),
  'of nobody': nonce => ({ claims: { nonce, sub: undefined } }),
  'of an empty subject': nonce => ({ claims: { nonce, sub: '' } }),
  'of an endless subject': nonce => ({ claims: { nonce, sub: 'x'.repeat(256) } }),
  'of a subject that is a number': nonce => ({ claims: { nonce, sub: 1 } }),
  'that is no token': () => ({
    instead: { status: 200, body: { access_token: 'a', token_type: 'Bearer', id_token: 'a.b.c' } },
  }),
  'that is left out': () => ({ instead: { status: 200, body: { access_token: 'a', token_type: 'Bearer' } } }),
  'exchanged for an unknown code': () => ({ instead: { status: 400, body: { error: 'invalid_grant' } } }),
}

for (const [what, forge] of Object.entries(forgeries)) {
  test(`MT-07 an ID token ${what} is refused`, async () => {
    await assert.rejects(signInForged(forge), refusal('google_refused'))
  })
}

test('MT-07 an address counts as verified only where Google says so by true', async () => {
  for (const email_verified of [false, undefined, null, 'true', 1]) {
    const answer = await signInForged(nonce => ({ claims: { nonce, email: 'a@b.example', email_verified } }))
    assert.equal(answer.emailVerified, false, String(email_verified))
  }
  const strange = await signInForged(nonce => ({ claims: { nonce, email: 'a@b@c', email_verified: true } }))
  assert.deepEqual([strange.email, strange.emailVerified], [undefined, false])
  const composed = await signInForged(nonce => ({ claims: { nonce, email: 'A@B.Example', email_verified: true } }))
  assert.equal(composed.email, 'a@b.example')
})

test('CVE-2026-31813 a provider that calls itself another than the configured one is not asked at all', async () => {
  for (const other of ['https://accounts.google.com', `${issuer.issuer}/`, 'https://evil.example']) {
    const elsewhere: App = { ...attacked }
    issuer.metadata = { issuer: other }
    await assert.rejects(begin(elsewhere), refusal('google_unavailable'), other)
  }
  issuer.metadata = {}
})

test('MT-07 an answer that says it is of another issuer is refused (RFC 9207)', async () => {
  const iss = 'https://accounts.google.com'
  await assert.rejects(
    signInForged(nonce => ({ claims: { nonce } }), { iss }),
    refusal('google_refused'),
  )
  await signInForged(nonce => ({ claims: { nonce } }), { iss: issuer.issuer })
  // One that promises to say it has to.
  issuer.metadata = { authorization_response_iss_parameter_supported: true }
  const promised: App = { ...attacked }
  await assert.rejects(
    signInForged(nonce => ({ claims: { nonce } }), {}, promised),
    refusal('google_refused'),
  )
  issuer.metadata = {}
})

test('MT-07 a sign-in begun at one issuer does not end at another', async () => {
  const { url, cookieValue } = await begin(app)
  const { state = '', nonce } = paramsOf(url)
  issuer.forgery = { claims: { nonce } }
  await assert.rejects(
    finishGoogle(attacked, system, { cookieValue, query: { state, code: 'any' } }),
    refusal('google_refused'),
  )
})

test('MT-07 errors of the provider become plain sentences, whatever they say', async () => {
  for (const [error, code] of [
    ['access_denied', 'google_declined'],
    ['temporarily_unavailable', 'google_unavailable'],
    ['server_error', 'google_unavailable'],
    ['<script>alert(1)</script>', 'google_refused'],
  ] as const) {
    const promise = signInForged(() => ({}), { error, error_description: '<b>boom</b>' })
    await assert.rejects(promise, thrown => refusal(code)(thrown) && !String(thrown).includes('<'))
  }
  await assert.rejects(
    signInForged(() => ({ instead: { status: 503, body: {} } })),
    refusal('google_unavailable'),
  )
})

test('MT-07 two sign-ins in two browsers do not mix: neither takes the state or the code of the other', async () => {
  const [ada, eve] = [await begin(), await begin()]
  const adasQuery = await signInAt(new TestBrowser(), ada.url, 'ada')
  const evesQuery = await signInAt(new TestBrowser(), eve.url, 'eve')
  // Log-in forgery: Eve sends Ada to the end of her own sign-in.
  await assert.rejects(
    finishGoogle(app, system, { cookieValue: ada.cookieValue, query: evesQuery }),
    refusal('google_not_begun_here'),
  )
  await assert.rejects(
    finishGoogle(app, system, { cookieValue: undefined, query: evesQuery }),
    refusal('google_not_begun_here'),
  )
  await assert.rejects(
    finishGoogle(app, system, { cookieValue: 'made up', query: evesQuery }),
    refusal('google_not_begun_here'),
  )
  // Nothing of it has ended either sign-in.
  const answer = await finishGoogle(app, system, { cookieValue: ada.cookieValue, query: adasQuery })
  assert.equal(answer.subject, 'ada')
  // Code injection: Eve's browser, a code that she has of Ada's.
  const stolen = await begin()
  const stolenQuery = await signInAt(new TestBrowser(), stolen.url, 'ada')
  await assert.rejects(
    finishGoogle(app, system, {
      cookieValue: eve.cookieValue,
      query: { ...evesQuery, code: stolenQuery.code ?? '' },
    }),
    refusal('google_refused'),
  )
})

test('MT-07 a callback works once, of 20 at once as well', async () => {
  const { url, cookieValue } = await begin()
  const query = await signInAt(new TestBrowser(), url, 'ada')
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, () => finishGoogle(app, system, { cookieValue, query })),
  )
  const finished = outcomes.filter(({ status }) => status === 'fulfilled')
  assert.equal(finished.length, 1)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') assert.ok(refusal('google_not_begun_here')(outcome.reason))
  }
  await assert.rejects(finishGoogle(app, system, { cookieValue, query }), refusal('google_not_begun_here'))
})

test('MT-07 a sign-in that is left lying ends after 10 minutes', async () => {
  const { url, cookieValue } = await begin()
  const query = await signInAt(new TestBrowser(), url, 'ada')
  await admin.query(
    `update identity.one_time_tokens
     set expires_at = expires_at - interval '10 minutes'
     where purpose = 'google_sign_in' and used_at is null`,
  )
  await assert.rejects(finishGoogle(app, system, { cookieValue, query }), refusal('google_not_begun_here'))
})

test('VS-02 a token for another purpose opens no sign-in with Google', async () => {
  const { url, cookieValue } = await begin()
  const query = await signInAt(new TestBrowser(), url, 'ada')
  await admin.query(
    `update identity.one_time_tokens set purpose = 'sign_in_step' where purpose = 'google_sign_in' and used_at is null`,
  )
  await assert.rejects(finishGoogle(app, system, { cookieValue, query }), refusal('google_not_begun_here'))
})

test('VS-02 neither tokens nor claims of a refused answer reach the log', async () => {
  const lines: string[] = []
  const log = createLogger('debug', { write: line => void lines.push(line) })
  const { url, cookieValue } = await begin({ ...attacked, log })
  const { state = '', nonce = '' } = paramsOf(url)
  issuer.forgery = { key: 'other', claims: { nonce, email: 'private@b.example' } }
  await assert.rejects(
    finishGoogle({ ...attacked, log }, system, { cookieValue, query: { state, code: 'secret-code' } }),
    refusal('google_refused'),
  )
  const text = lines.join('')
  assert.match(text, /An answer of Google is refused/)
  for (const secret of [cookieValue, state, nonce, 'secret-code', 'private@b.example', 'eyJ']) {
    assert.ok(!text.includes(secret), secret)
  }
})
