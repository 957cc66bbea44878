import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import type { TSchema } from 'typebox'
import { accountsOf } from '#platform/accounts'
import { createToken } from '#platform/crypto'
import type { Scope } from '#platform/database'
import { type AnyRoute, buildServer, createLogger, sessionCookie } from '#platform/http'
import {
  consumeOneTimeToken,
  issueOneTimeToken,
  isTrustedDevice,
  openSession,
  recogniseDevice,
  trustDevice,
} from '#platform/identity'
import { newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'
import { loadConfig } from '../../src/main/config.ts'
import { modules } from '../../src/main/modules.ts'
import { createApp } from '../../src/main/program.ts'

const world = await testWorld()
const { app, db, admin, baseUrl, login, alice, bob } = world
const routes = modules.flatMap(({ routes }): readonly AnyRoute[] => routes ?? [])
const system: Scope = { system: true }

type Headers = Record<string, string>
const call = (path: string, { method = 'GET', headers = {}, body }: Request = {}) =>
  fetch(`${baseUrl}/api/v1${path}`, {
    method,
    redirect: 'manual',
    headers: {
      'x-forwarded-for': randomAddress(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
type Request = { method?: string; headers?: Headers; body?: unknown }

const codeOf = async (response: Response) => ((await response.json().catch(() => ({}))) as { code?: string }).code
const me = async (headers: Headers) => (await call('/me', { headers })).status
const withCookie = (token: string) => ({ cookie: `${sessionCookie}=${token}` })
const withBearer = (token: string) => ({ authorization: `Bearer ${token}` })

type Opened = { id: string; cookieToken: string; accessToken: string; refreshToken: string }

/** A session without the cost of a password. */
async function open(person: Person): Promise<Opened> {
  const { userId, tenantId } = person
  const session = await db.transaction(system, tx => openSession(tx, { userId, tenantId, methods: ['password'] }))
  return { ...session, accessToken: await accountsOf(app).tokens.sign({ userId, tenantId, sessionId: session.id }) }
}

/** One more server on the same database, with nothing in its memory; what it logs is kept. */
async function startAnew() {
  const lines: string[] = []
  const { settings } = loadConfig(modules, { COMMONHOLD_PORT: '0' })
  const log = createLogger('debug', { write: line => lines.push(line) })
  const restarted = createApp({ settings, login, keyring: app.keyring, log })
  const server = await buildServer({
    app: restarted,
    modules,
    authenticate: accountsOf(restarted).principals.authenticate,
    requestsPerMinute: 1_000_000,
    trustedProxies: ['127.0.0.1'],
    readiness: async () => {},
  })
  after(async () => {
    await server.close()
    await restarted.db.close()
  })
  return { server, lines }
}

/** The smallest value that a schema takes; every text that may be free is `text`. */
function exampleOf(schema: TSchema & { [key: string]: unknown }, text: string): unknown {
  if (schema.enum) return (schema.enum as unknown[])[0]
  if ('const' in schema) return schema.const
  if (schema.anyOf) return exampleOf((schema.anyOf as (typeof schema)[])[0] as typeof schema, text)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'object') {
    const properties = Object.entries((schema.properties as Record<string, typeof schema> | undefined) ?? {})
    return Object.fromEntries(properties.map(([name, of]) => [name, exampleOf(of, text)]))
  }
  if (type === 'array') return []
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1
  if (type === 'boolean') return true
  if (schema.format === 'uuid') return crypto.randomUUID()
  return text.slice(0, (schema.maxLength as number | undefined) ?? text.length)
}

const pathOf = ({ path }: AnyRoute, id: () => string = () => crypto.randomUUID()) => path.replace(/\{\w+\}/g, id)

describe('session fixation', () => {
  test('PE-04 a cookie that a client brings to a sign-in is never adopted', async () => {
    const person = await newPerson(world)
    const signIn = (headers: Headers = {}) =>
      call('/auth/sign-in', {
        method: 'POST',
        headers: { ...headers, 'sec-fetch-site': 'same-origin' },
        body: { email: person.email, password: person.password },
      })
    const cookiesOf = (response: Response) =>
      new Map(
        response.headers.getSetCookie().map(text => (text.split(';')[0] as string).split('=') as [string, string]),
      )
    const given = cookiesOf(await signIn())
    assert.ok(given.has(sessionCookie), 'control: the sign-in sets a cookie')
    const attacker = await open(bob)
    for (const planted of [createToken(), attacker.cookieToken]) {
      const header = [...given.keys()].map(name => `${name}=${planted}`).join('; ')
      const response = await signIn({ cookie: header })
      assert.equal(response.status, 200)
      for (const [name, value] of cookiesOf(response)) assert.notEqual(value, planted, name)
      assert.notEqual(cookiesOf(response).get(sessionCookie), given.get(sessionCookie), 'a session of its own')
    }
    const { user } = (await (await call('/me', { headers: withCookie(attacker.cookieToken) })).json()) as {
      user: { id: string }
    }
    assert.equal(user.id, bob.userId, 'the attacker’s session stays the attacker’s')
  })

  test('PE-05 signing out ends the session, not only the cookie in the browser', async () => {
    const session = await open(alice)
    const headers = { ...withCookie(session.cookieToken), 'sec-fetch-site': 'same-origin' }
    assert.equal((await call('/auth/sign-out', { method: 'POST', headers })).status, 204)
    assert.deepEqual([await me(withCookie(session.cookieToken)), await me(withBearer(session.accessToken))], [401, 401])
  })
})

const crossSite = /must come from a page of this site/

describe('forgery from another site', () => {
  const writes = routes.filter(({ method }) => method !== 'GET')
  const foreign: Headers[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'https://evil.localhost' },
    { 'sec-fetch-site': 'cross-site', origin: baseUrl },
  ]
  const send = (declared: AnyRoute, headers: Headers) =>
    call(pathOf(declared), {
      method: declared.method,
      headers,
      body: declared.body ? exampleOf(declared.body as never, 'forged') : undefined,
    })

  test('PE-04 every write that a cookie signs is refused from another site, and to who does not say where he comes from', async () => {
    const session = await open(alice)
    assert.ok(writes.length > 20, 'control: there are writes')
    for (const declared of writes) {
      const name = `${declared.method} ${declared.path}`
      const silent: Headers[] = declared.allow === 'public' ? [] : [{}, { referer: `${baseUrl}/` }]
      for (const headers of [...foreign, ...silent]) {
        const response = await send(declared, { ...withCookie(session.cookieToken), ...headers })
        const told = `${name} ${JSON.stringify(headers)}`
        assert.equal(response.status, 403, told)
        // SCIM has no place for a code.
        if (declared.dialect) assert.match(await response.text(), crossSite, told)
        else assert.equal(await codeOf(response), 'http.cross_site', told)
      }
    }
    assert.equal(await me(withCookie(session.cookieToken)), 200, 'control: the session is none the worse')
  })

  test('PE-04 control: the console’s own requests pass that check on each of them', async () => {
    const person = await newPerson(world, { tenantName: 'Forged' })
    for (const declared of writes) {
      for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: baseUrl }] as Headers[]) {
        // A session for each, since some of them end it.
        const session = await open(person)
        const response = await send(declared, { ...withCookie(session.cookieToken), ...headers })
        assert.notEqual(await codeOf(response), 'http.cross_site', `${declared.method} ${declared.path}`)
      }
    }
  })
})

describe('secrets in addresses and logs', () => {
  test('VS-02 no address takes a secret, but for what OpenID Connect and one-click unsubscription prescribe', () => {
    const taking = routes.flatMap(({ path, method, query, params }) =>
      [query, params].flatMap(schema =>
        Object.keys((schema as { properties?: object } | undefined)?.properties ?? {})
          .filter(name => /token|secret|passw|^code$|session/i.test(name) && !/(token|secret)Id$/.test(name))
          .map(name => `${method} ${path} ${name}`),
      ),
    )
    assert.deepEqual(
      taking.filter(name => !/^GET [/](auth[/]google[/]callback|federation[/]callback[/]\{id\}) /.test(name)),
      // RFC 8058: the address in a mail's header is all that is sent. It ends mails of one kind and opens nothing.
      ['GET /notifications/unsubscribe token', 'POST /notifications/unsubscribe token'],
    )
  })

  test('VS-02 an address with a session’s token in it opens nothing', async () => {
    const { cookieToken, accessToken, refreshToken } = await open(alice)
    for (const token of [cookieToken, accessToken, refreshToken]) {
      for (const name of ['access_token', 'token', 'session', sessionCookie]) {
        assert.ok([400, 401].includes((await call(`/me?${name}=${token}`)).status), name)
      }
    }
  })

  test('VS-02 neither cookie nor token nor password nor code gets into the log or the audit log, on any route', async () => {
    const { server, lines } = await startAnew()
    const person = await newPerson(world, { password: `pw-${randomBytes(12).toString('hex')}`, tenantName: 'Logged' })
    const session = await open(person)
    const marker = `zq${randomBytes(16).toString('hex')}`
    const answers: Record<number, number> = {}
    for (const declared of routes) {
      // A stream has no end: asked for its head, it is logged as well.
      const method = declared.produces === 'text/event-stream' ? 'HEAD' : declared.method
      for (const credentials of [
        { ...withCookie(session.cookieToken), 'sec-fetch-site': 'same-origin' },
        withBearer(session.accessToken),
        { cookie: `${sessionCookie}=${marker}`, 'sec-fetch-site': 'same-origin' },
        withBearer(marker),
        { authorization: `Basic ${marker}` },
      ] as Headers[]) {
        const own = credentials.cookie?.includes(session.cookieToken) || credentials.authorization?.includes('.')
        // What would end the session that the others need is tried with what opens nothing.
        if (own && /^\/auth\/|^\/me\/(sessions|deletion)|^\/auth\/sign-out/.test(declared.path)) continue
        const { statusCode } = await server.inject({
          method,
          url: `/api/v1${pathOf(declared, () => marker)}?${marker}=${marker}`,
          headers: { ...credentials, 'x-forwarded-for': randomAddress(), referer: `${baseUrl}/#token=${marker}` },
          ...(declared.body ? { payload: exampleOf(declared.body as never, marker) as object } : {}),
        })
        const plain = await server.inject({
          method,
          url: `/api/v1${pathOf(declared)}`,
          headers: { ...credentials, 'x-forwarded-for': randomAddress() },
          ...(declared.body ? { payload: exampleOf(declared.body as never, marker) as object } : {}),
        })
        for (const status of [statusCode, plain.statusCode]) answers[status] = (answers[status] ?? 0) + 1
      }
    }
    // The whole life of a session.
    const post = (url: string, payload: object, headers: Headers = {}) =>
      server.inject({ method: 'POST', url, payload, headers: { ...headers, 'x-forwarded-for': randomAddress() } })
    const wrong = `wrong-${marker}`
    await post('/api/v1/auth/sign-in', { email: person.email, password: wrong })
    const signedIn = await post('/api/v1/auth/sign-in', { email: person.email, password: person.password })
    assert.equal(signedIn.statusCode, 200, 'control')
    const first = signedIn.json() as Opened
    const refreshed = await post('/api/v1/auth/refresh', { refreshToken: first.refreshToken })
    assert.equal(refreshed.statusCode, 200, 'control')
    const second = refreshed.json() as Opened
    await post('/api/v1/auth/refresh', { refreshToken: first.refreshToken })
    await post('/api/v1/auth/refresh', { refreshToken: second.refreshToken })

    const secrets = [
      marker,
      wrong,
      person.password,
      ...Object.values(session).filter(value => typeof value === 'string' && value !== session.id),
      ...[first, second].flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]),
      ...signedIn.cookies.map(({ value }) => value).filter(value => value !== ''),
    ] as string[]
    const logged = lines.join('')
    assert.ok(lines.length > routes.length, `control: ${lines.length} lines were logged`)
    assert.ok(answers[401] && answers[400], `control: the routes were reached ${JSON.stringify(answers)}`)
    for (const secret of secrets) {
      const line = lines.find(each => each.includes(secret))
      assert.ok(line === undefined, `the log has a secret: ${line}`)
      // A signature alone would not do, but the start of a token is no better than the whole in a log.
      assert.ok(!logged.includes(secret.slice(-24)), 'the end of a secret')
    }
    const { rows: entries } = await admin.query(
      `select log::text as entry from audit.audit_logs as log where log::text like any ($1)`,
      [secrets.filter(secret => secret !== marker).map(secret => `%${secret}%`)],
    )
    assert.deepEqual(entries, [])
  })

  test('VS-02 the database keeps no token of a session, device or link as it is', async () => {
    const session = await open(alice)
    const device = await db.transaction(system, tx =>
      recogniseDevice(tx, { userId: alice.userId, deviceToken: undefined }),
    )
    const link = await issueOneTimeToken(db.scoped(system), {
      purpose: 'reset_password',
      userId: bob.userId,
      minutes: 5,
    })
    const secrets = [session.cookieToken, session.refreshToken, session.accessToken, device.token, link]
    const { rows: tables } = await admin.query<{ name: string }>(`
      select c.oid::regclass::text as name
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
      where c.relkind = 'r'`)
    for (const { name } of tables) {
      const { rows } = await admin.query(`select from ${name} as t where t::text like any ($1) limit 1`, [
        secrets.flatMap(secret => [`%${secret}%`, `%${Buffer.from(secret).toString('hex')}%`]),
      ])
      assert.equal(rows.length, 0, name)
    }
  })
})

describe('refresh tokens', () => {
  const refresh = async (refreshToken: string) => {
    const response = await call('/auth/refresh', { method: 'POST', body: { refreshToken } })
    return { status: response.status, body: (await response.json()) as Opened }
  }

  test('PE-05 (after GHSA-392p-2q2v-4372) of 50 uses at once one succeeds, and then the whole session is over', async () => {
    const session = await open(alice)
    const bystander = await open(alice)
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(session.refreshToken)))
    const won = answers.filter(({ status }) => status === 200)
    assert.equal(won.length, 1)
    assert.ok(answers.every(({ status }) => status === 200 || status === 401))
    const next = won[0]?.body as Opened
    assert.equal((await refresh(next.refreshToken)).status, 401, 'what the winner got is worth nothing')
    assert.deepEqual(
      await Promise.all(
        [withBearer(next.accessToken), withBearer(session.accessToken), withCookie(session.cookieToken)].map(me),
      ),
      [401, 401, 401],
    )
    assert.equal((await refresh(bystander.refreshToken)).status, 200, 'control: another session of the same user lives')
    const { rows } = await admin.query('select revoked_reason from identity.user_sessions where id = $1', [session.id])
    assert.deepEqual(rows, [{ revoked_reason: 'refresh token used twice' }])
  })

  test('PE-05 (CVE-2026-9802) after a restart a used token is known as used, and an ended session as ended', async () => {
    const [replayed, ended, living] = [await open(alice), await open(alice), await open(alice)]
    const next = await refresh(replayed.refreshToken)
    assert.equal(next.status, 200)
    await alice.fetch(`/me/sessions/${ended.id}`, { method: 'DELETE' })
    const { server } = await startAnew()
    const again = (refreshToken: string) =>
      server.inject({ method: 'POST', url: '/api/v1/auth/refresh', payload: { refreshToken } })
    const ask = async (headers: Headers) => (await server.inject({ url: '/api/v1/me', headers })).statusCode
    for (const headers of [withCookie(ended.cookieToken), withBearer(ended.accessToken)]) {
      assert.equal(await ask(headers), 401)
    }
    assert.equal((await again(ended.refreshToken)).statusCode, 401)
    assert.equal(await ask(withBearer(next.body.accessToken)), 200, 'control: until then it lives')
    assert.equal((await again(replayed.refreshToken)).statusCode, 401)
    assert.equal((await again(next.body.refreshToken)).statusCode, 401)
    assert.equal(await ask(withBearer(next.body.accessToken)), 401)
    for (const headers of [withCookie(living.cookieToken), withBearer(living.accessToken)]) {
      assert.equal(await ask(headers), 200, 'control: another session lives')
    }
    assert.equal((await again(living.refreshToken)).statusCode, 200, 'control')
  })
})

describe('tokens that are cut, longer or altered', () => {
  /** Everything that is not the token but nearly so. */
  const altered = (token: string) =>
    fc
      .oneof(
        fc.nat(token.length - 1).map(length => token.slice(0, length)),
        fc.nat(token.length - 2).map(from => token.slice(from + 1)),
        fc.tuple(fc.nat(token.length - 1), fc.nat(6)).map(([at, bit]) => {
          const flipped = String.fromCharCode(token.charCodeAt(at) ^ (1 << bit))
          return token.slice(0, at) + flipped + token.slice(at + 1)
        }),
        fc.constantFrom(`${token}A`, `A${token}`, `${token}=`, `${token}==`, ` ${token}x`, token + token),
        fc.constantFrom(token.toUpperCase(), token.toLowerCase(), encodeURIComponent(`%${token}`)),
      )
      // Of a signature's last letter only some bits count; with the others it is the same signature.
      .filter(text => text !== token && text.trim() !== token && bytesOf(text) !== bytesOf(token))
  const bytesOf = (text: string) =>
    text
      .split('.')
      .map(part => Buffer.from(part, 'base64url').toString('hex') + (text.includes('.') ? '' : part))
      .join('.')
  /** Headers and cookies hold visible ASCII without separators. */
  const isSendable = (text: string) => /^[!#-+\--:<-[\]-~]*$/.test(text)

  const refusesAll = async (token: string, opens: (text: string) => Promise<boolean>, runs = 60) =>
    await fc.assert(
      fc.asyncProperty(altered(token).filter(isSendable), async text => {
        assert.equal(await opens(text), false, text)
      }),
      { numRuns: runs },
    )

  test('CVE-2026-27840 a session cookie, an access and a refresh token work whole only', async () => {
    const session = await open(alice)
    const { cookieToken, accessToken, refreshToken } = session
    await refusesAll(cookieToken, async text => (await me(withCookie(text))) !== 401)
    await refusesAll(accessToken, async text => (await me(withBearer(text))) !== 401)
    await refusesAll(refreshToken, async text => {
      const { status } = await call('/auth/refresh', { method: 'POST', body: { refreshToken: text } })
      return status !== 401 && status !== 400
    })
    assert.deepEqual(
      [await me(withCookie(cookieToken)), await me(withBearer(accessToken))],
      [200, 200],
      'control: the session was not ended by all that',
    )
    assert.equal((await call('/auth/refresh', { method: 'POST', body: { refreshToken } })).status, 200, 'control')
  })

  test('CVE-2026-27840 one kind of token does not do the work of another', async () => {
    const { cookieToken, accessToken, refreshToken } = await open(alice)
    const device = await db.transaction(system, tx =>
      recogniseDevice(tx, { userId: alice.userId, deviceToken: undefined }),
    )
    const link = await issueOneTimeToken(db.scoped(system), {
      purpose: 'sign_in_step',
      userId: alice.userId,
      minutes: 5,
    })
    for (const token of [accessToken, refreshToken, device.token, link]) {
      assert.equal(await me(withCookie(token)), 401)
    }
    for (const token of [cookieToken, refreshToken, device.token, link]) {
      assert.equal(await me(withBearer(token)), 401)
    }
    for (const token of [cookieToken, device.token, link]) {
      assert.equal((await call('/auth/refresh', { method: 'POST', body: { refreshToken: token } })).status, 401)
    }
    await db.transaction(system, tx => trustDevice(tx, device.id, 1))
    for (const token of [cookieToken, refreshToken, link]) {
      assert.equal(await isTrustedDevice(db.scoped(system), alice.userId, token), false)
    }
    assert.equal(await isTrustedDevice(db.scoped(system), alice.userId, device.token), true, 'control')
  })

  test('CVE-2026-27840 a device’s token is trusted whole only', async () => {
    const device = await db.transaction(system, async tx => {
      const found = await recogniseDevice(tx, { userId: alice.userId, deviceToken: undefined })
      await trustDevice(tx, found.id, 1)
      return found
    })
    const opens = (text: string) => isTrustedDevice(db.scoped(system), alice.userId, text)
    await refusesAll(device.token, opens, 200)
    assert.equal(await opens(device.token), true, 'control')
  })

  const purposes = [
    'verify_email',
    'reset_password',
    'passkey_challenge',
    'first_administrator',
    'sign_in_step',
    'google_sign_in',
  ] as const
  for (const purpose of purposes) {
    test(`CVE-2026-27840 a token of ${purpose} works whole, once and for nothing else`, async () => {
      const tx = db.scoped(system)
      const token = await issueOneTimeToken(tx, { purpose, userId: bob.userId, minutes: 5 })
      const uses = async (text: string, of: (typeof purposes)[number] = purpose) =>
        Boolean(await consumeOneTimeToken(tx, of, text))
      await refusesAll(token, uses, 100)
      for (const other of purposes.filter(each => each !== purpose))
        assert.equal(await uses(token, other), false, other)
      const many = await Promise.all(Array.from({ length: 10 }, () => uses(token)))
      assert.equal(many.filter(Boolean).length, 1, 'once')
      assert.equal(await uses(token), false)
    })
  }
})
