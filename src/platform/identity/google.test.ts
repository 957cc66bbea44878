import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '#platform/app.ts'
import { hashToken } from '#platform/crypto'
import { DomainError } from '#platform/errors.ts'
import { environmentOf, signInAt, startForgingIssuer, startProvider, TestBrowser } from '#test/openid-provider.ts'
import { testWorld } from '#test/world.ts'
import { loadConfig } from '../../main/config.ts'
import { modules } from '../../main/modules.ts'
import { finishGoogle, startGoogle } from './google.ts'
import { isGoogleConfigured } from './google-provider.ts'

const provider = await startProvider()
const { app, db, admin, alice } = await testWorld({ environment: environmentOf(provider) })
provider.accounts.set('ada', { sub: 'g-1', email: 'Ada@Gmail.example', email_verified: true, name: ' Ada Lovelace ' })
provider.accounts.set('eve', { sub: 'g-2', email: 'alice@meridian.example', email_verified: false, name: 'Eve' })
const system = db.scoped({ system: true })

const withConfig = (change: Record<string, unknown>): App => ({ ...app, config: { ...app.config, ...change } })
const refusal = (code: string) => (error: unknown) => error instanceof DomainError && error.code === `identity.${code}`

async function makeSession(userId: string): Promise<{ sessionId: string; sessionToken: string }> {
  const sessionToken = crypto.randomUUID()
  const { rows } = await admin.query(
    `insert into identity.user_sessions (user_id, token_hash, expires_at)
     values ($1, $2, now() + interval '1 day')
     returning id`,
    [userId, hashToken(sessionToken)],
  )
  return { sessionId: rows[0].id, sessionToken }
}

test('MT-07 Google is asked with PKCE, nonce and state, and its answer names the person', async () => {
  const { url, cookieValue, expires } = await startGoogle(app, system, { purpose: 'sign_in', next: '/lists?q=1' })
  const asked = new URL(url).searchParams
  assert.equal(asked.get('code_challenge_method'), 'S256')
  assert.equal(asked.get('scope'), 'openid email profile')
  assert.equal(asked.get('redirect_uri'), `${app.publicUrl}/api/v1/auth/google/callback`)
  for (const name of ['state', 'nonce', 'code_challenge']) assert.ok((asked.get(name) ?? '').length >= 43, name)
  assert.ok(!url.includes(cookieValue))
  assert.ok(Math.abs(expires.getTime() - Date.now() - 600_000) < 5_000)
  const query = await signInAt(new TestBrowser(), url, 'ada')
  const { authenticatedAt, ...answer } = await finishGoogle(app, system, { cookieValue, query })
  assert.deepEqual(answer, {
    purpose: 'sign_in',
    userId: undefined,
    sessionId: undefined,
    next: '/lists?q=1',
    issuer: provider.issuer,
    subject: 'g-1',
    email: 'ada@gmail.example',
    emailVerified: true,
    name: 'Ada Lovelace',
  })
  assert.ok(Math.abs(authenticatedAt.getTime() - Date.now()) < 10_000)
})

test('MT-07 an address that Google has not verified is told as such', async () => {
  const { url, cookieValue } = await startGoogle(app, system, { purpose: 'sign_in' })
  const query = await signInAt(new TestBrowser(), url, 'eve')
  const answer = await finishGoogle(app, system, { cookieValue, query })
  assert.equal(answer.email, 'alice@meridian.example')
  assert.equal(answer.emailVerified, false)
  assert.equal(answer.next, '/')
})

test('VS-02 nothing that is kept of a sign-in lets who reads it finish it', async () => {
  const { url, cookieValue } = await startGoogle(app, system, { purpose: 'sign_in' })
  const { rows } = await admin.query(
    `select token.*, encode(token_hash, 'hex') as hash from identity.one_time_tokens as token where purpose = 'google_sign_in' order by created_at desc limit 1`,
  )
  const kept = JSON.stringify(rows[0])
  for (const secret of [cookieValue, new URL(url).searchParams.get('state')])
    assert.ok(!kept.includes(secret ?? 'none'))
  assert.match(rows[0].details.verifier, /^v1\./)
  assert.equal(rows[0].hash, hashToken(cookieValue).toString('hex'))
})

test('MT-07 whoever changes his mind at Google is told so in a plain sentence', async () => {
  const { url, cookieValue } = await startGoogle(app, system, { purpose: 'sign_in' })
  const query = await signInAt(new TestBrowser(), url, undefined)
  assert.equal(query.error, 'access_denied')
  await assert.rejects(finishGoogle(app, system, { cookieValue, query }), refusal('google_declined'))
})

test('MT-07 linking ends in the session that began it, and nowhere else', async () => {
  const mine = await makeSession(alice.userId)
  const another = await makeSession(alice.userId)
  const begin = () =>
    startGoogle(app, system, { purpose: 'link', userId: alice.userId, sessionId: mine.sessionId, next: '/account' })
  for (const sessionToken of [undefined, another.sessionToken, 'made up']) {
    const { url, cookieValue } = await begin()
    const query = await signInAt(new TestBrowser(), url, 'ada')
    await assert.rejects(
      finishGoogle(app, system, { cookieValue, sessionToken, query }),
      refusal('google_not_begun_here'),
    )
  }
  const { url, cookieValue } = await begin()
  const query = await signInAt(new TestBrowser(), url, 'ada')
  const answer = await finishGoogle(app, system, { cookieValue, sessionToken: mine.sessionToken, query })
  assert.equal(answer.purpose, 'link')
  assert.equal(answer.userId, alice.userId)
  assert.equal(answer.sessionId, mine.sessionId)

  const late = await begin()
  const lateQuery = await signInAt(new TestBrowser(), late.url, 'ada')
  await admin.query(`update identity.user_sessions set revoked_at = now(), revoked_reason = 'test' where id = $1`, [
    mine.sessionId,
  ])
  await assert.rejects(
    finishGoogle(app, system, { cookieValue: late.cookieValue, sessionToken: mine.sessionToken, query: lateQuery }),
    refusal('google_not_begun_here'),
  )
})

test('MT-07 to confirm who one is, Google has to ask again, though one is signed in there', async () => {
  const browser = new TestBrowser()
  const first = await startGoogle(app, system, { purpose: 'sign_in' })
  await signInAt(browser, first.url, 'ada')
  // The control: this browser is known there, nobody has to sign in.
  const known = await startGoogle(app, system, { purpose: 'sign_in' })
  assert.ok((await signInAt(browser, known.url, undefined)).code)
  const { sessionId, sessionToken } = await makeSession(alice.userId)
  const begun = { purpose: 'step_up', userId: alice.userId, sessionId } as const
  const declined = await startGoogle(app, system, begun)
  assert.equal((await signInAt(browser, declined.url, undefined)).error, 'access_denied')
  const { url, cookieValue } = await startGoogle(app, system, begun)
  const query = await signInAt(browser, url, 'ada')
  const answer = await finishGoogle(app, system, { cookieValue, sessionToken, query })
  assert.equal(answer.purpose, 'step_up')
  assert.ok(Math.abs(answer.authenticatedAt.getTime() - Date.now()) < 10_000)
})

test('MT-07 a sign-in at Google of an hour ago confirms nothing', async () => {
  const issuer = await startForgingIssuer()
  const elsewhere = withConfig({ googleIssuer: issuer.issuer })
  const { sessionId, sessionToken } = await makeSession(alice.userId)
  const confirm = async (ageInMinutes: number) => {
    const begun = { purpose: 'step_up', userId: alice.userId, sessionId } as const
    const { url, cookieValue } = await startGoogle(elsewhere, system, begun)
    const { state = '', nonce } = Object.fromEntries(new URL(url).searchParams)
    issuer.forgery = { claims: { nonce, auth_time: Math.floor(Date.now() / 1000) - ageInMinutes * 60 } }
    return await finishGoogle(elsewhere, system, { cookieValue, sessionToken, query: { state, code: 'c' } })
  }
  await assert.rejects(confirm(60), refusal('google_not_fresh'))
  const { authenticatedAt } = await confirm(5)
  assert.ok(Math.abs(authenticatedAt.getTime() - (Date.now() - 300_000)) < 10_000)
})

test('MT-07 without both settings there is no Google', async () => {
  assert.equal(isGoogleConfigured(app), true)
  for (const change of [{ googleClientId: undefined }, { googleClientSecret: undefined }]) {
    const without = withConfig(change)
    assert.equal(isGoogleConfigured(without), false)
    await assert.rejects(startGoogle(without, system, { purpose: 'sign_in' }), refusal('google_not_configured'))
  }
})

test('MT-07 an issuer without TLS is taken on loopback only', () => {
  const configured = (issuer: string) => loadConfig(modules, { GOOGLE_ISSUER: issuer }).settings.googleIssuer
  const good = ['https://accounts.google.com', 'http://localhost:4000', 'http://127.0.0.1:9/realm', 'http://[::1]:9']
  for (const issuer of good) assert.equal(configured(issuer), issuer)
  const bad = [
    'http://accounts.google.com',
    'http://localhost.evil.example',
    'http://127.0.0.1@evil.example',
    'https://user@evil.example',
    'https://a?b',
    'ftp://a',
    'accounts.google.com',
  ]
  for (const issuer of bad) assert.throws(() => configured(issuer), DomainError, issuer)
})

test('MT-07 a provider that cannot be reached is said to be so, and asked again the next time', async () => {
  const issuer = await startForgingIssuer()
  const elsewhere = withConfig({ googleIssuer: issuer.issuer })
  const start = () => startGoogle(elsewhere, system, { purpose: 'sign_in' })
  const nobody = withConfig({ googleIssuer: 'http://127.0.0.1:9' })
  await assert.rejects(startGoogle(nobody, system, { purpose: 'sign_in' }), refusal('google_unavailable'))
  issuer.forgery = { delay: 7_000 }
  const before = performance.now()
  await assert.rejects(start(), refusal('google_unavailable'))
  assert.ok(performance.now() - before < 6_000)
  issuer.forgery = {}
  await start()
})

test('MT-07 what the provider says of itself is asked once an hour, also by many at once', async () => {
  const issuer = await startForgingIssuer()
  let now = new Date()
  const elsewhere: App = { ...withConfig({ googleIssuer: issuer.issuer }), clock: { now: () => now } }
  const start = () => startGoogle(elsewhere, system, { purpose: 'sign_in' })
  await Promise.all([start(), start(), start()])
  await start()
  const asked = () => issuer.asked.get('/.well-known/openid-configuration')
  assert.equal(asked(), 1)
  now = new Date(now.getTime() + 61 * 60_000)
  await start()
  assert.equal(asked(), 2)
})

test('MT-07 a sign-in leads back to a path of this installation only', async () => {
  const issuer = await startForgingIssuer()
  const elsewhere = withConfig({ googleIssuer: issuer.issuer })
  for (const [wanted, next] of [
    ['/account/security?a=b#c', '/account/security?a=b#c'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['https://evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    ['', '/'],
  ]) {
    const { url, cookieValue } = await startGoogle(elsewhere, system, { purpose: 'sign_in', next: wanted })
    const { state = '', nonce } = Object.fromEntries(new URL(url).searchParams)
    issuer.forgery = { claims: { nonce } }
    const answer = await finishGoogle(elsewhere, system, { cookieValue, query: { state, code: 'c' } })
    assert.equal(answer.next, next, wanted)
  }
})
