import assert from 'node:assert/strict'
import { createHash, createHmac, generateKeyPairSync, randomUUID, sign as signBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, test } from 'node:test'
import { importPKCS8, SignJWT } from 'jose'
import { Keyring } from '#platform/crypto'
import { type Scope, sql } from '#platform/database'
import { sessionCookie } from '#platform/http'
import { AccessTokens, issueOneTimeToken, openSession, recogniseDevice } from '#platform/identity'
import { SoftwareAuthenticator } from '#test/authenticator.ts'
import { testDatabase } from '#test/database.ts'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'

const world = await testWorld()
const elsewhere = await testDatabase()
const { app, db, admin, alice, bob, baseUrl } = world
const system: Scope = { system: true }

type Headers = Record<string, string>
const call = (path: string, body?: unknown, headers: Headers = {}, method = body === undefined ? 'GET' : 'POST') =>
  fetch(`${baseUrl}/api/v1${path}`, {
    method,
    redirect: 'manual',
    headers: {
      'x-forwarded-for': randomAddress(),
      'sec-fetch-site': 'same-origin',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
const opens = async (token: string) => (await call('/me', undefined, { authorization: `Bearer ${token}` })).status

const { rows: keys } = await admin.query('select id, public_key, private_key_encrypted from identity.signing_keys')
const kid = keys[0].id as string
const pem = app.keyring.decrypt(keys[0].private_key_encrypted, `identity.signing_keys.private_key:${kid}`)
const ownKey = await importPKCS8(pem, 'ES256')
const encoded = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
const claims = claimsOf(alice.accessToken)
const header = { alg: 'ES256', kid, typ: 'at+jwt' }
const now = () => Math.trunc(Date.now() / 1000)

/** Signed with the installation's own key: what only the program itself can make. */
const signed = (claim: object = {}, head: object = {}) =>
  new SignJWT({ ...claims, ...claim }).setProtectedHeader({ ...header, ...head }).sign(ownKey)
const signWith = (key: Parameters<typeof signBytes>[2], head: object, payload: unknown = claims) => {
  const text = `${encoded(head)}.${encoded(payload)}`
  return `${text}.${signBytes('sha256', Buffer.from(text), key).toString('base64url')}`
}

describe('access tokens', () => {
  const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const attackersKey = { key: attacker.privateKey, dsaEncoding: 'ieee-p1363' as const }
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

  test('CVE-2026-55669 no other algorithm is taken: none in any spelling, HMAC with the public key, RSA, another curve', async () => {
    assert.equal(await opens(await signed()), 200, 'control: the same made right')
    const signature = alice.accessToken.split('.')[2]
    for (const alg of [
      'none',
      'None',
      'NONE',
      'nOnE',
      '',
      'ES256 ',
      'es256',
      null,
      undefined,
      0,
      ['ES256'],
      { a: 'ES256' },
    ]) {
      for (const last of ['', signature, encoded('x')]) {
        const token = `${encoded({ ...header, alg })}.${encoded(claims)}.${last}`
        assert.equal(await opens(token), 401, `${JSON.stringify(alg)} ${last}`)
      }
    }
    const jwk = keys[0].public_key
    const secrets = [
      JSON.stringify(jwk),
      jwk.x,
      jwk.y,
      Buffer.from(jwk.x, 'base64url'),
      Buffer.concat([Buffer.from([4]), Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url')]),
      '',
      kid,
      app.publicUrl,
    ]
    for (const [alg, hash] of [
      ['HS256', 'sha256'],
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
    ] as const) {
      for (const secret of secrets) {
        const text = `${encoded({ ...header, alg })}.${encoded(claims)}`
        const token = `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`
        assert.equal(await opens(token), 401, alg)
      }
    }
    for (const alg of ['RS256', 'PS256', 'ES256'])
      assert.equal(await opens(signWith(rsa.privateKey, { ...header, alg })), 401)
    for (const alg of ['ES384', 'ES256K', 'EdDSA', 'ES256'])
      assert.equal(await opens(signWith(attackersKey, { ...header, alg })), 401)
    const der = signWith({ key: pem, dsaEncoding: 'der' }, header)
    assert.equal(await opens(der), 401, 'a signature of another shape')
    // ECDSA by zeros (CVE-2022-21449).
    const zeros = `${encoded(header)}.${encoded(claims)}.${Buffer.alloc(64).toString('base64url')}`
    assert.equal(await opens(zeros), 401)
  })

  test('VS-02 the key is ours whatever the header says of it: kid, jku, jwk, x5u, x5c; and nothing is fetched', async () => {
    let fetched = 0
    const server = createServer((_request, response) => {
      fetched++
      response.end(JSON.stringify({ keys: [{ ...attacker.publicKey.export({ format: 'jwk' }), kid: 'evil' }] }))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    after(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys.json`
    const jwk = attacker.publicKey.export({ format: 'jwk' })
    const x5c = [attacker.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')]
    const heads: object[] = [
      { jku: url },
      { jku: url, kid: 'evil' },
      { jwk },
      { jwk, kid: undefined },
      { x5u: url, x5c },
      { x5c },
      { x5t: createHash('sha1').digest('base64url') },
      ...[
        url,
        `${url}#evil`,
        '/dev/null',
        '../../../../dev/null',
        'file:///dev/null',
        `${kid}\0`,
        ` ${kid}`,
        `${kid}' or '1'='1`,
      ].map(kid => ({ kid })),
      ...["' union select '1', '{}'::jsonb --", 'a'.repeat(6_000), '%', '', '-', randomUUID(), kid.toUpperCase()].map(
        kid => ({ kid }),
      ),
      ...[0, true, null, [kid], { kid }].map(kid => ({ kid })),
    ]
    for (const head of heads) {
      assert.equal(await opens(signWith(attackersKey, { ...header, ...head })), 401, JSON.stringify(head).slice(0, 100))
    }
    assert.equal(fetched, 0)
    assert.equal(await opens(await signed({}, { jku: url, jwk })), 200, 'control: with our signature they are ignored')
    assert.equal(fetched, 0)
  })

  test('VS-02 typ, crit and other forms of the same claims are refused', async () => {
    for (const typ of ['JWT', 'id_token+jwt', 'logout+jwt', 'dpop+jwt', 'at+jwt+x', '', null]) {
      assert.equal(await opens(await signed({}, { typ })), 401, String(typ))
    }
    const es256 = { key: pem, dsaEncoding: 'ieee-p1363' as const }
    assert.equal(await opens(signWith(es256, header)), 200, 'control: this is how one is made by hand')
    const crits = [
      { crit: ['exp'] },
      { crit: ['x'], x: 1 },
      { crit: [] },
      { crit: ['b64'], b64: false },
      { crit: 'b64' },
      { zip: 'DEF', crit: ['zip'] },
    ]
    for (const crit of crits)
      assert.equal(await opens(signWith(es256, { ...header, ...crit })), 401, JSON.stringify(crit))
    const [head, payload, signature] = alice.accessToken.split('.') as [string, string, string]
    const forms = [
      `${head}.${payload}.`,
      `${head}..${signature}`,
      `${head}.${payload}`,
      `${head}.${payload}.${signature}.`,
      `${head}.${payload}.${signature}.x.y`,
      `.${payload}.${signature}`,
      JSON.stringify({ protected: head, payload, signature }),
      `${encoded('{"alg":"none","alg":"ES256"}')}.${payload}.${signature}`,
      `${head}.${encoded({ ...claims, sub: bob.userId })}.${signature}`,
      signWith(es256, header, '"text"'),
      signWith(es256, header, '[]'),
      signWith(es256, header, 'null'),
    ]
    for (const form of forms) assert.equal(await opens(form), 401, form)
  })

  test('VS-02 times are taken at their word, without grace; clocks of servers that are a little apart do not matter', async () => {
    const at = (claim: object) => signed(claim).then(opens)
    assert.equal(await at({ exp: now() + 60 }), 200, 'control')
    for (const exp of [now() - 1, now() - 60, now() - 120, 0, -1, -1e15])
      assert.equal(await at({ exp }), 401, `exp ${exp}`)
    for (const exp of [null, 'never', `${now() + 900}`, [now() + 900], {}, true])
      assert.equal(await at({ exp }), 401, `exp ${exp}`)
    for (const nbf of [now() + 30, now() + 90, now() + 1e9, 'x', []]) assert.equal(await at({ nbf }), 401, `nbf ${nbf}`)
    assert.equal(await at({ nbf: now() - 60 }), 200, 'control')
    // A server whose clock is two minutes ahead or behind signs so; its sessions are not refused by the others.
    for (const apart of [-120, 120]) {
      assert.equal(await at({ iat: now() + apart, exp: now() + apart + 900 }), 200, `${apart} s`)
    }
    for (const iat of ['x', {}, []]) assert.equal(await at({ iat }), 401, `iat ${iat}`)
    // One that lasts for ever, as a stolen key would make it, ends with its session all the same.
    const person = await newPerson(world)
    const endless = await new SignJWT({ ...claimsOf(person.accessToken), exp: now() + 1e9 })
      .setProtectedHeader(header)
      .sign(ownKey)
    assert.equal(await opens(endless), 200, 'control')
    assert.equal((await person.fetch('/auth/sign-out', { method: 'POST' })).status, 204)
    assert.equal(await opens(endless), 401)
  })

  test('CVE-2026-55669 tokens of another installation, issuer, audience, session or tenant open nothing', async () => {
    const keyring = Keyring.parse(Keyring.generate('k1'))
    const theirs = new AccessTokens(elsewhere.db, keyring, app.publicUrl)
    const { sub: userId, sid: sessionId, tid: tenantId } = claims
    const foreign = await theirs.sign({ userId, sessionId, tenantId })
    assert.equal((await theirs.verify(foreign)).sessionId, sessionId, 'control: there it is good')
    assert.equal(await opens(foreign), 401)
    const [head, ...rest] = foreign.split('.') as [string, string, string]
    const renamed = { ...JSON.parse(Buffer.from(head, 'base64url').toString()), kid }
    assert.equal(await opens([encoded(renamed), ...rest].join('.')), 401, 'nor under the name of our key')
    for (const elsewhere of [
      'https://evil.example',
      `${app.publicUrl}/`,
      `${app.publicUrl}.evil.example`,
      '',
      [app.publicUrl, 'x'],
      null,
    ]) {
      assert.equal(await opens(await signed({ iss: elsewhere })), 401, `iss ${elsewhere}`)
      if (Array.isArray(elsewhere)) continue
      assert.equal(await opens(await signed({ aud: elsewhere })), 401, `aud ${elsewhere}`)
    }
    for (const sid of [randomUUID(), '', 'x', "' or true --", null, 1, alice.userId]) {
      const status = await opens(await signed({ sid }))
      assert.ok(status === 401 || status === 400, `sid ${JSON.stringify(sid)} ${status}`)
    }
    for (const tid of [bob.tenantId, randomUUID()]) assert.equal(await opens(await signed({ tid })), 403, tid)
    const asOther = await call('/me', undefined, { authorization: `Bearer ${await signed({ sub: bob.userId })}` })
    const { user } = (await asOther.json().catch(() => ({}))) as { user?: { id: string } }
    assert.notEqual(user?.id, bob.userId, 'who one is comes from the session')
  })

  test('VS-02 a retired key opens nothing where it is not known already, and after two minutes nowhere', async () => {
    const keyring = Keyring.parse(Keyring.generate('k1'))
    const before = new AccessTokens(elsewhere.db, keyring, 'https://retiring.example')
    await elsewhere.admin.query('delete from identity.signing_keys')
    const token = await before.sign({ userId: alice.userId, sessionId: randomUUID(), tenantId: undefined })
    const fresh = () => new AccessTokens(elsewhere.db, keyring, 'https://retiring.example')
    await assert.doesNotReject(fresh().verify(token), 'control')
    await elsewhere.admin.query('update identity.signing_keys set retired_at = now()')
    await assert.rejects(fresh().verify(token), { code: 'identity.token_invalid' })
    await assert.doesNotReject(
      fresh().verify(await fresh().sign({ userId: alice.userId, sessionId: randomUUID(), tenantId: undefined })),
    )
  })

  test('PE-02 the token of somebody who is suspended or deleted is refused though it is in date', async () => {
    for (const status of ['suspended', 'inactive', 'deleted']) {
      const person = await newPerson(world)
      const token = await new SignJWT({ ...claimsOf(person.accessToken), exp: now() + 1e6 })
        .setProtectedHeader(header)
        .sign(ownKey)
      // Not looked at before: nothing of it is remembered.
      await admin.query(
        `update identity.users set status = $2, deleted_at = case when $2 = 'deleted' then now() end,
           deactivated_at = case when $2 = 'inactive' then now() end where id = $1`,
        [person.userId, status],
      )
      assert.equal(await opens(token), 401, status)
    }
    assert.equal(await opens(await signed()), 200, 'control')
  })
})

describe('each kind of secret at every entrance', () => {
  const password = 'an entirely new passphrase'
  const key = new SoftwareAuthenticator({ origin: app.publicUrl })
  type RegistrationOptions = Parameters<typeof key.register>[0]

  /** Every secret that is given out, fresh, for one person who has all of them. */
  async function secretsOf(person: Person): Promise<Record<string, string>> {
    const tx = db.scoped(system)
    const { userId, tenantId } = person
    const issue = (purpose: Parameters<typeof issueOneTimeToken>[1]['purpose'], details = {}) =>
      issueOneTimeToken(tx, { purpose, userId, minutes: 5, details: { email: person.email, ...details } })
    const session = await db.transaction(system, tx => openSession(tx, { userId, tenantId: tenantId || undefined }))
    const device = await db.transaction(system, tx => recogniseDevice(tx, { userId, deviceToken: undefined }))
    await person.fetch('/me/email', { method: 'POST', body: { email: `new-${userId}@example.com` } })
    await call('/auth/sign-up', { email: `sign-up-${userId}@example.com`, fullName: 'S', password })
    await runJobs(world)
    const last = async (email: string) => (await mailsTo(world, email)).at(-1)?.token as string
    return {
      'session cookie': session.cookieToken,
      'refresh token': session.refreshToken,
      'access token': person.accessToken,
      'cookie of a device': device.token,
      'link of a reset': await issue('reset_password'),
      'link of a verification': await issue('verify_email'),
      'link of a change of address, old': await last(person.email),
      'link of a change of address, new': await last(`new-${userId}@example.com`),
      'link of a sign-up': await last(`sign-up-${userId}@example.com`),
      'step of a second factor': await issue('sign_in_step', {
        needs: 'second_factor_required',
        methods: ['password'],
      }),
      'step of an expired password': await issue('sign_in_step', {
        needs: 'new_password_required',
        methods: ['password'],
      }),
      'challenge of a sign-in': await issue('passkey_challenge', { kind: 'sign_in' }),
      'challenge of a registration': await issue('passkey_challenge', { kind: 'registration', userHandle: 'AAAA' }),
      'cookie of a sign-in at Google': await issue('google_sign_in', { next: '/', purpose: 'sign_in', stateHash: 'x' }),
    }
  }

  /** Where each could be tried, and by which answer one sees that it opened nothing. */
  const entrances: Record<string, { takes: string[]; tryIt: (secret: string, person: Person) => Promise<boolean> }> = {
    'as a session cookie': {
      takes: ['session cookie'],
      tryIt: async secret => (await call('/me', undefined, { cookie: `${sessionCookie}=${secret}` })).status === 200,
    },
    'as an access token': { takes: ['access token'], tryIt: async secret => (await opens(secret)) === 200 },
    'to refresh': {
      takes: ['refresh token'],
      tryIt: async refreshToken => (await call('/auth/refresh', { refreshToken })).status === 200,
    },
    'to look at a reset': {
      takes: ['link of a reset'],
      tryIt: async token => (await call('/auth/reset-password/check', { token })).status === 200,
    },
    'to confirm an address': {
      takes: ['link of a verification', 'link of a change of address, old', 'link of a change of address, new'],
      tryIt: async token => (await call('/auth/confirm-email', { token })).status === 200,
    },
    'to verify a sign-up': {
      takes: ['link of a sign-up'],
      tryIt: async token => (await call('/auth/verify-sign-up', { token, password })).status === 201,
    },
    'to make the first administrator': {
      takes: [],
      tryIt: async token => {
        const body = { token, password, email: `${randomUUID()}@example.com`, fullName: 'F', tenantName: 'F' }
        return (await call('/auth/first-administrator', body)).status === 201
      },
    },
    'to look at a step': {
      takes: ['step of a second factor', 'step of an expired password'],
      tryIt: async secret =>
        (await call('/auth/sign-in/step', undefined, { cookie: `__Host-commonhold-step=${secret}` })).status === 200,
    },
    'as a step with a code': {
      takes: ['step of a second factor'],
      // A wrong code is told from a wrong step.
      tryIt: async stepToken => {
        const answer = await call('/auth/sign-in/second-factor', { stepToken, code: '000000' })
        return ((await answer.json()) as { code: string }).code === 'identity.code_wrong'
      },
    },
    'as a step with a new password': {
      takes: ['step of an expired password'],
      tryIt: async stepToken =>
        (await call('/auth/sign-in/new-password', { stepToken, newPassword: password })).status === 200,
    },
    'as a challenge to sign in by': {
      takes: [],
      tryIt: async challengeToken => {
        const answer = key.signIn({ challenge: challengeToken, rpId: new URL(app.publicUrl).hostname })
        return (await call('/auth/passkeys/sign-in', { challengeToken, answer })).status === 200
      },
    },
    'as a challenge to register by': {
      takes: [],
      tryIt: async (challengeToken, person) => {
        const options = {
          challenge: challengeToken,
          rp: { id: new URL(app.publicUrl).hostname, name: 'x' },
          user: { id: 'AAAA', name: 'x', displayName: 'x' },
        } as unknown as RegistrationOptions
        const other = new SoftwareAuthenticator({ origin: app.publicUrl })
        const body = { challengeToken, answer: other.register(options), name: 'x' }
        // In the session of somebody else: a challenge belongs to who began.
        return (await (person === bob ? alice : bob).fetch('/me/passkeys', { method: 'POST', body })).status === 201
      },
    },
    'as the cookie of Google': {
      takes: [],
      tryIt: async secret => {
        const headers = { cookie: `__Host-commonhold-google=${secret}` }
        const answer = await call('/auth/google/callback?state=x&code=x', undefined, headers)
        return !answer.headers.get('location')?.startsWith('/sign-in?refused=')
      },
    },
    'to reset the password': {
      takes: ['link of a reset'],
      tryIt: async token => (await call('/auth/reset-password', { token, password })).status === 204,
    },
  }

  test('CVE-2026-27840 none of fourteen does the work of another at any of fourteen, and none is used up by being tried', async () => {
    const kinds = Object.keys(await secretsOf(bob))
    assert.deepEqual([kinds.length, Object.keys(entrances).length], [14, 14])
    for (const kind of kinds) {
      const person = await newPerson(world, { tenantName: 'Keys Ltd' })
      const begun = (await (await person.fetch('/me/passkeys/options', { method: 'POST' })).json()) as {
        options: RegistrationOptions
        challengeToken: string
      }
      // A passkey of his own, so that a challenge alone is what is missing.
      const added = { challengeToken: begun.challengeToken, answer: key.register(begun.options), name: 'Own' }
      assert.equal((await person.fetch('/me/passkeys', { method: 'POST', body: added })).status, 201)
      const secret = (await secretsOf(person))[kind] as string
      assert.ok(secret?.length > 40, `control: there is a ${kind}`)
      const [own, others] = [[] as string[], [] as string[]]
      for (const [where, { takes }] of Object.entries(entrances)) (takes.includes(kind) ? own : others).push(where)
      // A challenge is used up by any answer to it, and a sign-in is for who has the passkey: that is its own entrance.
      const foreign = others.filter(where => !(kind === 'challenge of a sign-in' && where.endsWith('to sign in by')))
      for (const where of foreign) {
        assert.equal(await entrances[where]?.tryIt(secret, person), false, `a ${kind} ${where}`)
      }
      for (const where of own) {
        assert.equal(await entrances[where]?.tryIt(secret, person), true, `control: a ${kind} ${where}`)
      }
    }
  })
})

describe('links', () => {
  const password = 'an entirely new passphrase'
  const links: Record<
    string,
    { make: (person: Person) => Promise<string>; use: (token: string) => Promise<Response>; bound: boolean }
  > = {
    'a reset': {
      make: async person => {
        await call('/auth/forgot-password', { email: person.email })
        await runJobs(world)
        return (await mailsTo(world, person.email)).at(-1)?.token as string
      },
      use: token => call('/auth/reset-password', { token, password }),
      bound: true,
    },
    'a verification': {
      make: async person => {
        await admin.query('update identity.users set email_verified_at = null where id = $1', [person.userId])
        assert.equal((await person.fetch('/me/verify-email', { method: 'POST' })).status, 204)
        return (await mailsTo(world, person.email)).at(-1)?.token as string
      },
      use: token => call('/auth/confirm-email', { token }),
      bound: true,
    },
    'a sign-up': {
      make: async person => {
        const email = `from-${person.userId}-${randomUUID()}@example.com`
        await call('/auth/sign-up', { email, fullName: 'S', password })
        await runJobs(world)
        return (await mailsTo(world, email)).at(-1)?.token as string
      },
      use: token => call('/auth/verify-sign-up', { token, password }),
      bound: false,
    },
  }
  for (const [what, { make, use, bound }] of Object.entries(links)) {
    test(`CVE-2025-46815 the link of ${what} works once, of ten at once too, not after its time, nor for another address`, async () => {
      const person = await newPerson(world)
      const token = await make(person)
      const answers = await Promise.all(Array.from({ length: 10 }, () => use(token)))
      const done = answers.filter(({ ok }) => ok)
      assert.equal(done.length, 1, answers.map(({ status }) => status).join())
      assert.ok(answers.every(({ status }) => status < 500))
      assert.equal((await use(token)).ok, false, 'nor later')

      const lapsed = await make(await newPerson(world))
      for (const table of ['one_time_tokens', 'sign_ups']) {
        await admin.query(
          `update identity.${table} set created_at = now() - interval '3 days', expires_at = now() - interval '1 second' where used_at is null`,
        )
      }
      assert.equal((await use(lapsed)).ok, false, 'after its time')
      if (!bound) return
      const mover = await newPerson(world)
      const sent = await make(mover)
      await db
        .scoped(system)
        .run(sql`update identity.users set email = ${`moved-${mover.userId}@example.com`} where id = ${mover.userId}`)
      assert.equal((await use(sent)).ok, false, 'after the address has changed')
      assert.equal((await use(await make(await newPerson(world)))).ok, true, 'control')
    })
  }
})
