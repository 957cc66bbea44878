import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { createLogger } from '#platform/http'
import { mailsTo } from '#test/mails.ts'
import {
  environmentOf,
  type Forgery,
  signInAt,
  startForgingIssuer,
  startProvider,
  TestBrowser,
} from '#test/openid-provider.ts'
import { newPerson, type Person, testWorld } from '#test/world.ts'
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

// The same over HTTP, as browsers go.

const api = (path: string) => `${world.baseUrl}/api/v1${path}`
const fromPage = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }

async function post(browser: TestBrowser, path: string, body: unknown): Promise<Response> {
  return await browser.fetch(api(path), { method: 'POST', headers: fromPage, body: JSON.stringify(body) })
}

async function signedInBrowser(person: Person): Promise<TestBrowser> {
  const browser = new TestBrowser()
  const answer = await post(browser, '/auth/sign-in', { email: person.email, password: person.password })
  assert.equal(answer.status, 200)
  return browser
}

/** Begins at `path`, goes through Google as `account` and returns the query of the callback. */
async function throughGoogle(browser: TestBrowser, path: string, account: string | undefined, next = '/') {
  const begun = await post(browser, path, { next })
  assert.equal(begun.status, 200, await begun.clone().text())
  return await signInAt(browser, (await begun.json()).url, account)
}

async function comeBack(
  browser: TestBrowser,
  query: Record<string, string>,
): Promise<{ location: string; isSet: boolean }> {
  const answer = await browser.fetch(api(`/auth/google/callback?${new URLSearchParams(query)}`))
  assert.equal(answer.status, 302)
  const isSet = answer.headers.getSetCookie().some(cookie => cookie.startsWith('__Host-commonhold='))
  return { location: answer.headers.get('location') ?? '', isSet }
}

async function whoIs(browser: TestBrowser): Promise<string | undefined> {
  const answer = await browser.fetch(api('/me'))
  return answer.ok ? (await answer.json()).user.email : undefined
}

test('MT-07 over HTTP: somebody new comes in by Google, leaves, and comes in again whatever his address is by now', async () => {
  provider.accounts.set('nina', { sub: 'nina', email: 'nina@gmail.example', email_verified: true, name: 'Nina New' })
  const browser = new TestBrowser()
  const begun = await post(browser, '/auth/google', { next: '/lists' })
  const [cookie = ''] = begun.headers.getSetCookie()
  assert.match(cookie, /^__Host-commonhold-google=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/)
  const query = await signInAt(browser, (await begun.json()).url, 'nina')
  assert.deepEqual(await comeBack(browser, query), { location: '/lists', isSet: true })
  assert.equal(await whoIs(browser), 'nina@gmail.example')
  assert.equal(browser.cookiesOf(world.baseUrl).has('__Host-commonhold-google'), false)
  const { rows } = await admin.query(
    `select account.id, account.is_email_verified, identity.subject
     from identity.users as account
     join identity.external_identities as identity on identity.user_id = account.id
     where account.email = 'nina@gmail.example'`,
  )
  assert.deepEqual([rows.length, rows[0].is_email_verified, rows[0].subject], [1, true, 'nina'])

  // The address moves on to one that is another's here: he comes into his own account, and nobody's changes.
  provider.accounts.set('nina', { sub: 'nina', email: world.bob.email, email_verified: true, name: 'Nina New' })
  const again = new TestBrowser()
  await comeBack(again, await throughGoogle(again, '/auth/google', 'nina'))
  assert.equal(await whoIs(again), 'nina@gmail.example')
})

test('MT-07 over HTTP: an address that somebody has here lets nobody into his account, verified or not', async () => {
  for (const [email_verified, refused] of [
    [true, 'accounts.google_address_taken'],
    [false, 'accounts.google_unknown'],
  ] as const) {
    provider.accounts.set('mallory', { sub: 'mallory', email: world.bob.email.toUpperCase(), email_verified })
    const browser = new TestBrowser()
    const returned = await comeBack(browser, await throughGoogle(browser, '/auth/google', 'mallory'))
    assert.deepEqual(returned, { location: `/sign-in?refused=${refused}`, isSet: false })
    assert.equal(await whoIs(browser), undefined)
  }
  provider.accounts.set('mallory', { sub: 'mallory', email: 'unheard-of@gmail.example', email_verified: false })
  const browser = new TestBrowser()
  const { location } = await comeBack(browser, await throughGoogle(browser, '/auth/google', 'mallory'))
  assert.equal(location, '/sign-in?refused=accounts.google_unknown')
  const { rows } = await admin.query(`select id from identity.external_identities where subject = 'mallory'`)
  assert.deepEqual(rows, [])
})

test('MT-07 over HTTP: one links Google, comes in by it, and unlinks it again', async () => {
  const person = await newPerson(world, { tenantName: 'Lena' })
  provider.accounts.set('lena', { sub: 'lena', email: 'lena@gmail.example', email_verified: false })
  const browser = await signedInBrowser(person)
  const next = '/account/security?linked=1'
  const linked = await comeBack(browser, await throughGoogle(browser, '/me/external-identities/google', 'lena', next))
  assert.equal(linked.location, next)
  const list = await (await browser.fetch(api('/me/external-identities'))).json()
  assert.deepEqual(list.google, { isConfigured: true })
  assert.equal(list.items[0].email, 'lena@gmail.example')
  assert.ok((await mailsTo(world, person.email)).some(({ subject }) => subject.includes('was linked')))

  const another = new TestBrowser()
  await comeBack(another, await throughGoogle(another, '/auth/google', 'lena'))
  assert.equal(await whoIs(another), person.email)

  const unlink = () =>
    browser.fetch(api(`/me/external-identities/${list.items[0].id}`), { method: 'DELETE', headers: fromPage })
  assert.equal((await unlink()).status, 204)
  const late = new TestBrowser()
  const refused = await comeBack(late, await throughGoogle(late, '/auth/google', 'lena'))
  assert.equal(refused.location, '/sign-in?refused=accounts.google_unknown')
})

test('MT-07 over HTTP: a link that another session began, or a stranger, does not end in mine', async () => {
  const [person, stranger] = [await newPerson(world, {}), await newPerson(world, {})]
  provider.accounts.set('strange', { sub: 'strange', email: 'strange@gmail.example', email_verified: true })
  const mine = await signedInBrowser(person)
  const theirs = await signedInBrowser(stranger)
  const path = '/me/external-identities/google'
  // The stranger's callback, opened in my browser, with and without a way of my own under way.
  const planted = await throughGoogle(theirs, path, 'strange')
  const refused = '/account/security?link_failed=identity.google_not_begun_here'
  assert.equal((await comeBack(mine, planted)).location, refused)
  provider.accounts.set('own', { sub: 'own', email: 'own@gmail.example', email_verified: true })
  const own = await throughGoogle(mine, path, 'own')
  assert.equal((await comeBack(mine, planted)).location, refused)
  // Which has not ended what was under way.
  assert.equal((await comeBack(mine, own)).location, '/')
  // Begun by one, who then signs out and lets another in on this computer.
  const shared = await signedInBrowser(person)
  const begun = await throughGoogle(shared, path, 'strange')
  const google = shared.cookiesOf(world.baseUrl).get('__Host-commonhold-google') ?? ''
  assert.equal((await post(shared, '/auth/sign-out', undefined)).status, 204)
  await post(shared, '/auth/sign-in', { email: stranger.email, password: stranger.password })
  shared.cookiesOf(world.baseUrl).set('__Host-commonhold-google', google)
  assert.equal((await comeBack(shared, begun)).location, refused)
  const { rows } = await admin.query(`select id from identity.external_identities where subject = 'strange'`)
  assert.deepEqual(rows, [])
  // The control.
  await comeBack(theirs, await throughGoogle(theirs, path, 'strange'))
  const { rows: linked } = await admin.query(
    `select user_id from identity.external_identities where subject = 'strange'`,
  )
  assert.equal(linked[0]?.user_id, stranger.userId)
  // And who has it linked already keeps it.
  const later = await signedInBrowser(person)
  const taken = await comeBack(later, await throughGoogle(later, path, 'strange'))
  assert.equal(taken.location, '/account/security?link_failed=identity.external_identity_taken')
})

test('PE-02 over HTTP: a suspended account is not entered by Google either', async () => {
  provider.accounts.set('sue', { sub: 'sue', email: 'sue@gmail.example', email_verified: true, name: 'Sue' })
  const browser = new TestBrowser()
  await comeBack(browser, await throughGoogle(browser, '/auth/google', 'sue'))
  assert.equal(await whoIs(browser), 'sue@gmail.example')
  await admin.query(`update identity.users set status = 'suspended' where email = 'sue@gmail.example'`)
  const late = new TestBrowser()
  const returned = await comeBack(late, await throughGoogle(late, '/auth/google', 'sue'))
  assert.equal(returned.isSet, false)
  assert.match(returned.location, /^\/sign-in\?refused=/)
  assert.equal(await whoIs(late), undefined)
})

test('MT-07 over HTTP: of 20 callbacks at once one signs in, and each leads to a page', async () => {
  const browser = new TestBrowser()
  const query = await throughGoogle(browser, '/auth/google', 'ada')
  const cookie = `__Host-commonhold-google=${browser.cookiesOf(world.baseUrl).get('__Host-commonhold-google')}`
  const headers = { cookie, 'x-forwarded-for': '203.0.113.20' }
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      fetch(api(`/auth/google/callback?${new URLSearchParams(query)}`), { headers, redirect: 'manual' }),
    ),
  )
  const locations = answers.map(answer => answer.headers.get('location'))
  assert.deepEqual(
    answers.map(({ status }) => status),
    Array(20).fill(302),
  )
  assert.equal(locations.filter(location => location === '/').length, 1)
  assert.equal(locations.filter(location => location === '/sign-in?refused=identity.google_not_begun_here').length, 19)
})

test('MT-07 over HTTP: Google confirms who one is only for the account that it is linked with', async () => {
  const person = await newPerson(world, {})
  provider.accounts.set('stella', { sub: 'stella', email: 'stella@gmail.example', email_verified: true })
  const browser = await signedInBrowser(person)
  await comeBack(browser, await throughGoogle(browser, '/me/external-identities/google', 'stella'))
  const age = () =>
    admin.query(`update identity.user_sessions set authenticated_at = now() - interval '1 hour' where user_id = $1`, [
      person.userId,
    ])
  const isFresh = async () => {
    const { rows } = await admin.query(
      `select bool_or(authenticated_at > now() - interval '10 minutes') as fresh
       from identity.user_sessions
       where user_id = $1`,
      [person.userId],
    )
    return rows[0].fresh
  }
  await age()
  const wrong = await comeBack(browser, await throughGoogle(browser, '/auth/step-up/google', 'ada'))
  assert.equal(wrong.location, '/account/security?link_failed=accounts.google_of_another')
  assert.equal(await isFresh(), false)
  const right = await comeBack(browser, await throughGoogle(browser, '/auth/step-up/google', 'stella', '/account'))
  assert.equal(right.location, '/account')
  assert.equal(await isFresh(), true)

  await admin.query(
    `insert into identity.two_factors (user_id, secret_encrypted, verified_at) values ($1, 'sealed', now())`,
    [person.userId],
  )
  await age()
  const half = await comeBack(browser, await throughGoogle(browser, '/auth/step-up/google', 'stella', '/account'))
  assert.equal(half.location, '/account/security?link_failed=accounts.second_factor_missing', 'MT-05 it is half of it')
  assert.equal(await isFresh(), false)
})
