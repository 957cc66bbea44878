import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { generateKeyPair, importPKCS8, SignJWT } from 'jose'
import { destination } from 'pino'
import { accountsOf, createAccount } from '#platform/accounts'
import type { App } from '#platform/app.ts'
import { createToken, hashToken } from '#platform/crypto'
import { Database, type Queryable, type Scope } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { buildServer, createLogger } from '#platform/http'
import { AccessTokens, hashNewPassword, normaliseEmail } from '#platform/identity'
import { testWorld } from '#test/world.ts'
import { loadConfig } from '../../src/main/config.ts'
import { modules } from '../../src/main/modules.ts'
import { createApp } from '../../src/main/program.ts'

const { admin, alice, bob, viewer, app, baseUrl, login } = await testWorld()
const api = `${baseUrl}/api/v1`

const someAddress = () => `10.${[0, 0, 0].map(() => Math.trunc(Math.random() * 256)).join('.')}`
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${api}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': someAddress(), ...headers },
    body: JSON.stringify(body),
  })
const me = (headers: Record<string, string>) => fetch(`${api}/me`, { headers })
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const cookieOf = (response: Response) => (response.headers.get('set-cookie') ?? '').split(';')[0] as string
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code

type Session = { accessToken: string; refreshToken: string; tenantId: string | null; user: { id: string } }
let counter = 0
async function newPerson(tenantName?: string) {
  const person = { email: `mallory${++counter}@example.com`, password: 'a rather long passphrase' }
  const passwordHash = await hashNewPassword(person.password)
  const fullName = 'Mallory'
  await createAccount(app, {}, { ...person, fullName, tenantName, passwordHash, isEmailVerified: true })
  const response = await post('/auth/sign-in', person)
  assert.equal(response.status, 200)
  const session = (await response.json()) as Session
  return { ...person, ...session, cookie: cookieOf(response), id: session.user.id }
}

const lockOf = async (id: string): Promise<{ attempts: number; until: Date | null }> => {
  const { rows } = await admin.query(
    'select failed_login_attempts as attempts, account_locked_until as until from identity.users where id = $1',
    [id],
  )
  return rows[0]
}
const guess = (email: string) => post('/auth/sign-in', { email, password: 'wrong wrong wrong' })

test('MT-03 (after CVE-2026-16103) of many guesses at once the right one does not slip past the lock', async () => {
  const person = await newPerson()
  assert.equal((await post('/auth/sign-in', credentialsOf(person))).status, 200, 'control: the password is right')
  const guesses = Array.from({ length: 25 }, () => guess(person.email))
  const right = post('/auth/sign-in', credentialsOf(person))
  const answers = await Promise.all([...guesses, right])
  assert.ok((await lockOf(person.id)).until, 'the account is locked')
  assert.equal(answers.at(-1)?.status, 401)
})

test('MT-03 whoever goes on guessing does not keep the owner out', async () => {
  const person = await newPerson()
  for (let attempt = 0; attempt < 5; attempt++) await guess(person.email)
  const locked = await lockOf(person.id)
  assert.ok(locked.until, 'control: five wrong guesses lock the account')
  for (let attempt = 0; attempt < 5; attempt++) await guess(person.email)
  assert.deepEqual(await lockOf(person.id), locked)
})

test('MT-03 a failed sign-in does the same work for an address that nobody has', async () => {
  const person = await newPerson()
  const statementsOf = async (email: string) => {
    const before = await admin.query(`select count(*)::int as n from audit.audit_logs where action = 'sign_in_failed'`)
    assert.equal((await guess(email)).status, 401)
    const { rows } = await admin.query(
      `select details, user_id from audit.audit_logs where action = 'sign_in_failed' order by id desc limit 1`,
    )
    const later = await admin.query(`select count(*)::int as n from audit.audit_logs where action = 'sign_in_failed'`)
    return { events: later.rows[0].n - before.rows[0].n, ...rows[0] }
  }
  assert.deepEqual(await statementsOf(person.email), {
    events: 1,
    details: { reason: 'wrong password' },
    user_id: person.id,
  })
  assert.deepEqual(await statementsOf(`nobody${randomUUID()}@example.com`), {
    events: 1,
    details: { reason: 'unknown address' },
    user_id: null,
  })
})

/** Undefined for an address of several alphabets. */
function acceptedForm(text: string): string | undefined {
  try {
    return normaliseEmail(text)
  } catch (error) {
    if (error instanceof DomainError && error.code === 'identity.email_deceptive') return undefined
    throw error
  }
}

test('GG-01 (after GHSA-7rqj-j65f-68wh) an address has one spelling, and nothing in it is invisible', () => {
  const text = fc.array(
    fc.constantFrom('a', 'H', 'J', 'T', 'W', 'İ', 'ẞ', 'Σ', 'Ǆ', '＠', '\u030c', '\u0331', '\u0308'),
  )
  fc.assert(
    fc.property(text, letters => {
      const once = acceptedForm(`a${letters.join('').replaceAll('＠', '')}＠Example.com`)
      fc.pre(once !== undefined)
      assert.equal(normaliseEmail(once), once)
      assert.equal(once.normalize('NFKC'), once)
    }),
    { numRuns: 300 },
  )
  assert.equal(normaliseEmail('J\u030c@example.com'), normaliseEmail('\u01f0@example.com'))
  const invisible = [
    0xad, 0x34f, 0x61c, 0x115f, 0x180e, 0x200b, 0x200d, 0x200e, 0x202e, 0x2060, 0x3164, 0xfe0f, 0xe0041,
  ]
  for (const character of [...invisible, 0xd800]) {
    assert.throws(
      () => normaliseEmail(`ali${String.fromCodePoint(character)}ce@meridian.example`),
      error => error instanceof DomainError && error.code === 'identity.email_invalid',
      character.toString(16),
    )
  }
})

test('CVE-2026-27946 sign-up takes no field by which one would be verified, privileged or somebody else', async () => {
  const body = { email: 'mass@example.com', password: 'a rather long passphrase', fullName: 'Mass' }
  const extras = {
    id: alice.userId,
    userId: alice.userId,
    tenantId: alice.tenantId,
    isEmailVerified: true,
    emailVerifiedAt: '2026-01-01T00:00:00Z',
    roles: ['owner'],
    status: 'active',
    defaultTenantId: alice.tenantId,
  }
  for (const [name, value] of Object.entries(extras)) {
    const response = await post('/auth/sign-up', { ...body, [name]: value })
    assert.deepEqual([response.status, await codeOf(response)], [400, 'http.request_invalid'], name)
  }
  const poisoned = await fetch(`${api}/auth/sign-up`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': someAddress() },
    body: `{"email":"mass@example.com","password":"a rather long passphrase","fullName":"M","__proto__":{"admin":true}}`,
  })
  assert.equal(poisoned.status, 400)
  assert.equal((await post('/auth/sign-up', body)).status, 202, 'control: without them it works')
})

test('CVE-2025-61928 who one is comes from the session alone, never from the body', async () => {
  const body = { name: 'Taken', userId: alice.userId, ownerId: alice.userId }
  assert.equal((await post('/contractor-lists', body)).status, 401)
  assert.equal((await post('/contractor-lists', body, bearer(bob.accessToken))).status, 400)
  const made = await post('/contractor-lists', { name: 'Own' }, bearer(bob.accessToken))
  assert.equal(((await made.json()) as { ownerId: string }).ownerId, bob.userId)
})

test('CVE-2026-55669 a token of our own key for another audience, issuer, type or time opens nothing', async () => {
  const { rows } = await admin.query('select id, private_key_encrypted from identity.signing_keys')
  const pem = app.keyring.decrypt(rows[0].private_key_encrypted, `identity.signing_keys.private_key:${rows[0].id}`)
  const key = await importPKCS8(pem, 'ES256')
  const claims = JSON.parse(Buffer.from(alice.accessToken.split('.')[1] as string, 'base64url').toString())
  const header = { alg: 'ES256', kid: rows[0].id, typ: 'at+jwt' }
  const sign = (claim: object = {}, head: object = {}) =>
    new SignJWT({ ...claims, ...claim }).setProtectedHeader({ ...header, ...head }).sign(key)
  assert.equal((await me(bearer(await sign()))).status, 200, 'control: the same made right')
  const past = Math.trunc(Date.now() / 1000) - 10
  const bad = [
    await sign({ aud: 'https://elsewhere.example' }),
    await sign({ aud: undefined }),
    await sign({ iss: 'https://elsewhere.example' }),
    await sign({ exp: past }),
    await sign({ exp: undefined }),
    await sign({ nbf: past + 3600 }),
    await sign({ sid: undefined }),
    await sign({ sid: randomUUID() }),
    await sign({}, { typ: 'JWT' }),
    await sign({}, { typ: 'id_token' }),
    await sign({}, { kid: undefined }),
  ]
  for (const [index, token] of bad.entries()) assert.equal((await me(bearer(token))).status, 401, `token ${index}`)

  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await crypto.subtle.exportKey('jwk', publicKey)
  for (const head of [{}, { jwk }, { kid: '../../dev/null' }, { kid: "' or 1=1 --" }, { kid: '\0' }, { kid: ['a'] }]) {
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ ...header, ...(head as { kid: string }) })
      .sign(privateKey)
    assert.equal((await me(bearer(forged))).status, 401, JSON.stringify(head))
  }
  const { rows: keys } = await admin.query('select public_key from identity.signing_keys')
  for (const secret of [JSON.stringify(keys[0].public_key), keys[0].public_key.x]) {
    const confused = await new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS256' }).sign(Buffer.from(secret))
    assert.equal((await me(bearer(confused))).status, 401, 'HS256 with the public key')
  }
})

test('while the database is away a token is not called invalid', async () => {
  const away = new Database({ login: { ...login, port: 1 } })
  const tokens = new AccessTokens(away, app.keyring, app.publicUrl)
  await assert.rejects(tokens.verify(alice.accessToken), error => !(error instanceof DomainError))
  await assert.rejects(
    tokens.verify('a.b.c'),
    error => error instanceof DomainError && error.kind === 'unauthenticated',
  )
  await away.close()
})

test('CVE-2026-27840 a session cookie works whole only: cut, longer, altered or of another kind it opens nothing', async () => {
  const person = await newPerson()
  const [name, value] = person.cookie.split('=') as [string, string]
  assert.equal((await me({ cookie: person.cookie })).status, 200, 'control')
  const altered = fc.oneof(
    fc.nat(42).map(length => value.slice(0, length)),
    fc.nat(42).map(length => value.slice(length + 1)),
    fc.nat(42).map(at => value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1)),
    fc.constantFrom(`${value}A`, `${value}=`, `"${value}"`, `${value},`, person.accessToken, person.refreshToken),
  )
  await fc.assert(
    fc.asyncProperty(altered, async text => {
      assert.equal((await me({ cookie: `${name}=${text}` })).status, 401, text)
    }),
    { numRuns: 80 },
  )
  assert.equal((await me({ cookie: `__host-commonhold=${value}` })).status, 401, 'another name')
  assert.equal((await me(bearer(value))).status, 401, 'a cookie’s token is no bearer token')
  assert.equal((await post('/auth/refresh', { refreshToken: value })).status, 401, 'nor a refresh token')
  assert.equal(
    (await fetch(`${api}/me?access_token=${person.accessToken}`)).status,
    401,
    'nor does an address carry one',
  )
})

test('a cookie whose name only looks like the session’s does not take its place (cookie tossing)', async () => {
  const [attacker, victim] = [await newPerson(), await newPerson()]
  const userOf = async (cookie: string) => ((await (await me({ cookie })).json()) as { user: { id: string } }).user.id
  for (const prefix of ['\xa0', '\x85', '\xc2\xa0', '%5f']) {
    assert.equal(await userOf(`${prefix}${attacker.cookie}; ${victim.cookie}`), victim.id, JSON.stringify(prefix))
  }
  assert.equal(await userOf(victim.cookie), victim.id)
})

test('signing in makes a session of its own, whatever cookie came along (session fixation)', async () => {
  const [attacker, victim] = [await newPerson(), await newPerson()]
  const planted = `__Host-commonhold=${createToken()}`
  for (const cookie of [attacker.cookie, planted]) {
    const response = await post('/auth/sign-in', credentialsOf(victim), { cookie })
    assert.equal(response.status, 200)
    assert.notEqual(cookieOf(response), cookie)
  }
  assert.equal((await me({ cookie: planted })).status, 401)
  const { user } = (await (await me({ cookie: attacker.cookie })).json()) as { user: { id: string } }
  assert.equal(user.id, attacker.id)
})

test('no other site writes with the session cookie, whatever headers go with it', async () => {
  const { cookie } = await newPerson('Forged')
  const write = (headers: Record<string, string>) =>
    post('/contractor-lists', { name: 'Forged' }, { cookie, ...headers })
  const refused: Record<string, string>[] = [
    {},
    { origin: 'https://evil.example' },
    { origin: 'null', 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'cross-site', origin: baseUrl },
    { origin: `${baseUrl}.evil.example` },
    { origin: baseUrl.replace('http:', 'https:') },
    { authorization: 'Basic x', origin: 'https://evil.example' },
    { referer: `${baseUrl}/` },
  ]
  for (const headers of refused) assert.equal((await write(headers)).status, 403, JSON.stringify(headers))
  assert.equal((await write({ authorization: 'Bearer' })).status, 401, 'an empty bearer token is no way around')
  const form = await fetch(`${api}/contractor-lists`, {
    method: 'POST',
    headers: { cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' },
    body: '{"name":"Forged"}',
  })
  assert.equal(form.status, 415, 'a form’s media type')
  assert.equal((await write({ 'sec-fetch-site': 'same-origin' })).status, 201, 'control: the console itself')
})

test('CVE-2026-9802 a refresh token that was used is refused by a server started anew, and ends the session', async () => {
  const person = await newPerson()
  const next = (await (await post('/auth/refresh', { refreshToken: person.refreshToken })).json()) as Session
  const { settings } = loadConfig(modules, { COMMONHOLD_PORT: '0' })
  const log = createLogger('silent', destination({ fd: 2, sync: true }))
  const restarted = createApp({ settings, login, keyring: app.keyring, log })
  const server = await buildServer({
    app: restarted,
    modules,
    authenticate: accountsOf(restarted).principals.authenticate,
    readiness: async () => {},
  })
  after(async () => {
    await server.close()
    await restarted.db.close()
  })
  const refresh = (refreshToken: string) =>
    server.inject({ method: 'POST', url: '/api/v1/auth/refresh', payload: { refreshToken } })
  const other = await newPerson()
  assert.equal((await refresh(other.refreshToken)).statusCode, 200, 'control: it refreshes')
  assert.equal((await refresh(person.refreshToken)).statusCode, 401)
  assert.equal((await refresh(next.refreshToken)).statusCode, 401)
  const ended = await server.inject({ url: '/api/v1/me', headers: bearer(next.accessToken) })
  assert.equal(ended.statusCode, 401)
})

test('a session that ends while it is being looked up is not remembered as alive', async () => {
  const person = await newPerson()
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  let reading = () => {}
  const isReading = new Promise<void>(resolve => {
    reading = resolve
  })
  // Holds the answer of the database back, as a busy connection would.
  const slowDb = {
    scoped: (scope: Scope) => app.db.scoped(scope),
    reads: (scope: Scope): Queryable => {
      const tx = app.db.reads(scope)
      return {
        ...tx,
        maybe: async query => {
          const row = await tx.maybe(query)
          reading()
          await held
          return row
        },
      }
    },
  }
  const { principals } = accountsOf({ ...app, db: slowDb } as unknown as App)
  const client = { ipAddress: '127.0.0.1', requestId: randomUUID() }
  const early = principals.authenticate({ cookie: person.cookie.split('=')[1] as string }, client)
  await isReading
  await admin.query(
    `update identity.user_sessions set revoked_at = now(), revoked_reason = 'test' where token_hash = $1`,
    [hashToken(person.cookie.split('=')[1] as string)],
  )
  principals.forgetAll()
  release()
  assert.equal((await early).userId, person.id, 'control: it was alive when it was looked up')
  await assert.rejects(
    principals.authenticate({ cookie: person.cookie.split('=')[1] as string }, client),
    error => error instanceof DomainError && error.code === 'accounts.session_ended',
  )
})

test('the link of the first administrator works once, also for many at once', async () => {
  const token = createToken()
  await admin.query(
    `insert into identity.one_time_tokens (purpose, token_hash, expires_at)
     values ('first_administrator', $1, now() + interval '1 hour'), ('reset_password', sha256('reset'), now() + interval '1 hour')`,
    [hashToken(token)],
  )
  const setUp = (secret: string, name: string) =>
    post('/auth/first-administrator', {
      token: secret,
      email: `${name}@example.com`,
      password: 'a rather long passphrase',
      fullName: 'First',
      tenantName: 'First',
    })
  for (const wrong of [token.slice(1), `${token}A`, 'reset', hashToken(token).toString('hex')]) {
    assert.equal((await setUp(wrong, 'wrong')).status, 403, wrong)
  }
  const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => setUp(token, `first${index}`)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array<number>(9).fill(403)])
  assert.equal((await setUp(token, 'late')).status, 403)
  const { rows } = await admin.query(`select count(*)::int as made from identity.users where email like 'first%'`)
  assert.equal(rows[0].made, 1)
})

test('a password may be anything within its bounds, and is refused before it is hashed beyond them', async () => {
  for (const password of ['😀'.repeat(512), '\u202e'.repeat(20), ' '.repeat(1024)]) {
    assert.equal((await post('/auth/sign-in', { email: viewer.email, password })).status, 401)
  }
  const began = performance.now()
  for (const password of ['a'.repeat(900_000), '', 'nul\0nul', ['a'], { length: 9 }, null]) {
    assert.equal((await post('/auth/sign-in', { email: viewer.email, password })).status, 400)
  }
  assert.ok(performance.now() - began < 5_000)
})

function credentialsOf({ email, password }: { email: string; password: string }) {
  return { email, password }
}
