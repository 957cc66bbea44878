import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import type { Keyring } from '#platform/crypto'
import { sql } from '#platform/database'
import { errorTable } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import { testDatabase } from '#test/database.ts'
import type { ServerOptions } from './frame.ts'
import {
  type Authenticator,
  buildServer,
  createLogger,
  cursorOf,
  nullable,
  type Principal,
  pageOf,
  pageQuery,
  Reply,
  requireMatch,
  route,
  sessionCookie,
  timestamp,
  uuid,
} from './index.ts'

const { db, admin } = await testDatabase()

const refusals = errorTable('things', {
  absent: ['not_found', 'There is no thing {id}.'],
  taken: ['conflict', 'The name {name} is taken.'],
  away: ['unavailable', 'The thing store is away.'],
  notSignedIn: ['unauthenticated', 'The session has ended.'],
})

const Thing = Type.Object(
  { id: uuid, name: Type.String(), note: nullable(Type.String()), madeAt: timestamp, on: nullable(timestamp) },
  { title: 'Thing' },
)
const moment = new Date('2026-03-01T12:00:00.123Z')
const thing = { id: '5a2c9f0e-0000-4000-8000-000000000001', name: 'Lathe', note: null, madeAt: moment, on: moment }
const params = Type.Object({ id: uuid })
const body = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 20 }),
  size: Type.Optional(Type.Integer()),
  inner: Type.Optional(Type.Object({ colour: Type.Optional(Type.String()) })),
})
let made = 0

const things = {
  name: 'things',
  permissions: {
    'things.read': { description: 'See things', roles: ['owner'] },
    'things.write': { description: 'Change things', roles: ['owner'] },
  },
  routes: [
    route({
      method: 'GET',
      path: '/things',
      allow: 'things.read',
      summary: 'List things',
      query: Type.Object({
        ...pageQuery,
        big: Type.Optional(Type.Boolean()),
        tag: Type.Optional(Type.Array(Type.String())),
        ratio: Type.Optional(Type.Number()),
        q: Type.Optional(Type.String()),
      }),
      response: pageOf(Thing, { query: Type.Any() }),
      async handle({ query }) {
        return { items: [thing], nextCursor: cursorOf([thing.id], 'things'), query }
      },
    }),
    route({
      method: 'GET',
      path: '/things/{id}',
      allow: 'things.read',
      summary: 'Read a thing',
      params,
      response: Thing,
      async handle({ params: { id } }) {
        if (id !== thing.id) throw refusals.absent({ id })
        return { ...thing, password: 'must not leave' }
      },
    }),
    route({
      method: 'PATCH',
      path: '/things/{id}',
      allow: 'things.write',
      conditional: true,
      summary: 'Change a thing',
      params,
      body,
      response: Thing,
      async handle({ ifMatch, body: { name } }) {
        requireMatch(ifMatch, { ...thing, password: 'must not leave' })
        return { ...thing, name }
      },
    }),
    route({
      method: 'DELETE',
      path: '/things/{id}',
      allow: 'things.write',
      summary: 'Drop a thing',
      params,
      response: Type.Null(),
      status: 204,
      async handle() {
        return null
      },
    }),
    route({
      method: 'POST',
      path: '/things',
      allow: 'things.write',
      summary: 'Make a thing',
      body,
      response: Thing,
      status: 201,
      async handle({ body: { name } }) {
        if (name === 'taken') throw refusals.taken({ name })
        made += 1
        await new Promise(resolve => setTimeout(resolve, 30))
        if (name === 'bug') throw new Error('the secret detail of a bug')
        return new Reply(201, { ...thing, name }, { headers: { location: `/things/${thing.id}` } })
      },
    }),
    route({
      method: 'POST',
      path: '/auth/enter',
      allow: 'public',
      rateLimit: 5,
      summary: 'Sign in',
      body: Type.Object({ password: Type.String() }),
      response: Type.Object({ accessToken: Type.String() }),
      async handle() {
        return new Reply(200, { accessToken: 't' }, { cookies: [{ name: sessionCookie, value: 'good' }] })
      },
    }),
    route({
      method: 'POST',
      path: '/auth/leave',
      allow: 'session',
      summary: 'Sign out',
      response: Type.Null(),
      status: 204,
      async handle() {
        return new Reply(204, null, { cookies: [{ name: sessionCookie, value: undefined }] })
      },
    }),
    route({
      method: 'GET',
      path: '/auth/who',
      allow: 'session',
      summary: 'Who am I',
      response: Type.Object({ scope: Type.Any(), cookie: Type.Optional(Type.String()) }),
      async handle({ scope, cookies }) {
        return { scope, cookie: cookies.other }
      },
    }),
    route({
      method: 'GET',
      path: '/failures/{kind}',
      allow: 'public',
      summary: 'Fail',
      params: Type.Object({ kind: Type.String() }),
      response: Type.Object({}),
      async handle({ params: { kind } }, app) {
        if (kind === 'bug') throw new Error('the secret detail of a bug')
        if (kind === 'away') throw refusals.away()
        if (kind === 'down') throw Object.assign(new Error('terminating connection'), { code: '57P01' })
        if (kind === 'nothing') return undefined as never
        if (kind === 'cancelled')
          await app.db.unscoped.run(sql`select pg_cancel_backend(pg_backend_pid()), pg_sleep(5)`)
        if (kind.endsWith('_timeout'))
          await app.db.transaction({}, async tx => {
            await tx.run(sql`select set_config(${kind}, '100ms', true)`)
            await tx.run(sql`select pg_advisory_xact_lock(1900)`)
          })
        await app.db.unscoped.one(sql`select ${kind}::uuid`)
        return {}
      },
    }),
  ],
} satisfies Module

const users: Record<string, Principal> = {
  good: principalOf(['things.read', 'things.write']),
  reader: principalOf(['things.read']),
}
const seen: Parameters<Authenticator>[0][] = []
const authenticate: Authenticator = async credentials => {
  seen.push(credentials)
  const found = users[credentials.bearer ?? credentials.cookie ?? '']
  if (!found) throw refusals.notSignedIn()
  return found
}

function principalOf(permissions: string[]): Principal {
  const [sessionId, userId, tenantId] = [randomUUID(), randomUUID(), randomUUID()]
  return {
    credential: 'session',
    sessionId,
    userId,
    userName: 'Ada',
    tenantId,
    roles: [],
    permissions: new Set(permissions),
    authenticatedAt: new Date(),
  }
}

const lines: string[] = []
const app: App = {
  db,
  clock: systemClock,
  keyring: {} as Keyring,
  log: createLogger('debug', { write: line => lines.push(line) }),
  config: {},
  publicUrl: 'https://commonhold.example',
  modules: [],
}

async function serve(options: Partial<ServerOptions> = {}): Promise<FastifyInstance> {
  const server = await buildServer({
    app,
    modules: [things],
    authenticate,
    readiness: async () => {},
    requestsPerMinute: 1_000_000,
    ...options,
  })
  after(() => server.close())
  return server
}

const server = await serve()
const bearer = { authorization: 'Bearer good' }
const fromSite = { cookie: `${sessionCookie}=good`, 'sec-fetch-site': 'same-origin' }

async function call(options: InjectOptions, on = server) {
  const answer = await on.inject(options)
  const isJson = answer.body !== '' && /json/.test(String(answer.headers['content-type']))
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: answer.body,
    json: isJson ? answer.json() : undefined,
  }
}

const post = (payload: unknown, headers: Record<string, string> = {}) =>
  call({ method: 'POST', url: '/api/v1/things', headers: { ...bearer, ...headers }, payload: payload as object })

test('an answer holds what its schema lists and nothing else, times in UTC', async () => {
  const { status, json } = await call({ url: `/api/v1/things/${thing.id}`, headers: bearer })
  assert.equal(status, 200)
  const at = '2026-03-01T12:00:00.123Z'
  assert.deepEqual(json, { id: thing.id, name: 'Lathe', note: null, madeAt: at, on: at })
})

test('an unlisted property of a body is refused by name, at every depth', async () => {
  for (const [payload, pointer] of [
    [{ name: 'a', tenantId: 'x' }, '/tenantId'],
    [{ name: 'a', isAdmin: true }, '/isAdmin'],
    [{ name: 'a', inner: { owner: 1 } }, '/inner/owner'],
    [{ name: 'a', 'a/b~c': 1 }, '/a~1b~0c'],
  ] as const) {
    const { status, json } = await post(payload)
    assert.equal(status, 400)
    assert.equal(json.code, 'http.request_invalid')
    assert.deepEqual(json.errors, [{ in: 'body', pointer, message: 'is not a known property' }])
    assert.match(json.detail, new RegExp(`body${pointer}`))
  }
})

test('a body of wrong types is refused with every fault', async () => {
  for (const [payload, pointers] of [
    [{}, ['/name']],
    [{ name: 1 }, ['/name']],
    [{ name: '', size: 'x' }, ['/name', '/size']],
    [{ name: 'x'.repeat(21) }, ['/name']],
    [{ name: 'a', size: 1.5 }, ['/size']],
    [{ name: 'a', size: '1' }, ['/size']],
    [{ name: null }, ['/name']],
    [[], ['']],
    [null, ['']],
  ] as const) {
    const { status, json } = await post(payload === null ? ('null' as never) : payload, {
      'content-type': 'application/json',
    })
    assert.equal(status, 400, JSON.stringify(payload))
    assert.deepEqual(
      json.errors.map((fault: { pointer: string }) => fault.pointer),
      pointers,
    )
  }
})

test('a body that is not JSON in UTF-8, or holds what text columns cannot, is refused', async () => {
  const send = (payload: string | Buffer, type = 'application/json') =>
    call({ method: 'POST', url: '/api/v1/things', headers: { ...bearer, 'content-type': type }, payload })
  for (const [payload, status, code, type] of [
    ['{"name":', 400, 'http.body_malformed'],
    ['', 400, 'http.request_invalid'],
    ['{"name":"a","__proto__":{"isAdmin":true}}', 400, 'http.body_malformed'],
    ['{"name":"a","inner":{"__proto__":{}}}', 400, 'http.body_malformed'],
    ['{"name":"a","constructor":{"prototype":{"isAdmin":true}}}', 400, 'http.body_malformed'],
    ['{"name":"a\\u0000b"}', 400, 'http.text_unfit'],
    ['{"name":"\\ud800"}', 400, 'http.text_unfit'],
    ['{"name":"a","a\\u0000":1}', 400, 'http.text_unfit'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'http.body_malformed'],
    ['{"name":"a"}', 415, 'http.media_type_unsupported', 'text/plain'],
    ['name=a', 415, 'http.media_type_unsupported', 'application/x-www-form-urlencoded'],
    ['<a/>', 415, 'http.media_type_unsupported', 'application/xml'],
    ['{"name":"a"}', 415, 'http.media_type_unsupported', 'application/json; charset=latin1'],
    [`{"name":"${'x'.repeat(1_100_000)}"}`, 413, 'http.body_too_large'],
  ] as const) {
    const { status: got, json, headers } = await send(payload, type)
    assert.deepEqual([got, json.code], [status, code], String(payload).slice(0, 80))
    assert.match(String(headers['content-type']), /^application\/problem\+json/)
  }
  for (const leaf of ['1', '"\\u0041"', '"\\u0000"']) {
    const deep = `{"inner":${'['.repeat(400_000)}${leaf}${']'.repeat(400_000)}}`
    assert.equal((await send(deep)).status, 400, 'a body nested ever so deep is refused like any other')
  }
  const escaped = await send('{"name":"a\\\\u0000 \\u00e9"}')
  assert.deepEqual([escaped.status, escaped.json.name], [201, 'a\\u0000 é'], 'an escaped backslash is no NUL')
})

test('query text becomes the declared type; what does not is refused', async () => {
  const list = (query: string) => call({ url: `/api/v1/things?${query}`, headers: bearer })
  const { json } = await list('limit=5&big=true&tag=a&tag=b&ratio=-1.5&q=')
  assert.deepEqual(json.query, { limit: 5, big: true, tag: ['a', 'b'], ratio: -1.5 })
  assert.deepEqual((await list('')).json.query, { limit: 25 })
  assert.deepEqual((await list('tag=a&limit=')).json.query, { limit: 25, tag: ['a'] })
  for (const query of [
    'limit=0',
    'limit=101',
    'limit=1e1',
    'limit=x',
    'limit=1&limit=2',
    'limit=%31%30x',
    'big=1',
    'ratio=NaN',
    'unknown=1',
    'offset=10',
    '__proto__=1',
    'constructor=1',
    'q=a&q=b',
  ]) {
    const { status, json } = await list(query)
    assert.deepEqual([status, json.code], [400, 'http.request_invalid'], query)
  }
  const nul = await list('q=a%00b')
  assert.deepEqual([nul.status, nul.json.code], [400, 'http.text_unfit'])
})

test('an id that is no UUID is refused before it reaches the database', async () => {
  const { status, json } = await call({ url: '/api/v1/things/1%20or%201=1', headers: bearer })
  assert.deepEqual([status, json.errors[0].pointer], [400, '/id'])
  assert.equal((await call({ url: '/api/v1/things/%E0%A4%A', headers: bearer })).status, 400)
  assert.equal((await call({ url: `/api/v1/things/${'x'.repeat(600)}`, headers: bearer })).status >= 400, true)
})

test('every refusal is a problem document with a stable code, its request id and the headers of its kind', async () => {
  for (const [options, status, code] of [
    [{ url: '/api/v1/things' }, 401, 'http.unauthenticated'],
    [{ url: '/api/v1/things', headers: { authorization: 'Bearer bad' } }, 401, 'things.not_signed_in'],
    [{ url: '/api/v1/things', headers: { authorization: 'Bearer ' } }, 401, 'things.not_signed_in'],
    [{ url: `/api/v1/things/${randomUUID()}`, headers: bearer }, 404, 'things.absent'],
    [{ url: '/api/v1/nothing', headers: bearer }, 404, 'http.route_not_found'],
    [{ url: '/nothing' }, 404, 'http.route_not_found'],
    [{ url: '/api/v1/failures/away' }, 503, 'things.away'],
    [{ url: '/api/v1/failures/down' }, 503, 'http.not_ready'],
    [{ url: '/api/v1/failures/no-uuid' }, 400, 'http.request_invalid'],
    [{ url: '/api/v1/failures/bug' }, 500, 'internal'],
    [{ url: '/api/v1/failures/nothing' }, 500, 'internal'],
    [{ url: '/api/v1/things', headers: { ...bearer, 'x-tenant-id': 'a' } }, 400, 'http.tenant_header_malformed'],
    [
      { method: 'DELETE', url: `/api/v1/things/${thing.id}`, headers: { authorization: 'Bearer reader' } },
      403,
      'http.permission_missing',
    ],
  ] as [InjectOptions, number, string][]) {
    const { status: got, json, headers } = await call(options)
    assert.deepEqual([got, json?.code], [status, code], JSON.stringify(options))
    assert.equal(json.status, status)
    assert.equal(json.requestId, headers['x-request-id'])
    assert.match(String(headers['content-type']), /^application\/problem\+json/)
    assert.equal('www-authenticate' in headers, status === 401)
    assert.equal('retry-after' in headers, status === 503)
    assert.doesNotMatch(JSON.stringify(json), /secret|stack|terminating/)
  }
})

test('whatever is sent, the answer is never a failure of the server', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\0', '\ud800', '__proto__', '%00', '%', '../'),
  )
  const member = fc.oneof(text, fc.constantFrom('name', 'size', 'inner', 'constructor', 'toString'))
  const json = fc.oneof(fc.jsonValue(), fc.dictionary(member, fc.oneof(text, fc.jsonValue())), text)
  await fc.assert(
    fc.asyncProperty(json, text, text, async (payload, parameter, query) => {
      const headers = { ...bearer, 'content-type': 'application/json' }
      const [path, value] = [encodeURIComponent(parameter.toWellFormed()), encodeURIComponent(query.toWellFormed())]
      const answers = await Promise.all([
        call({ method: 'POST', url: '/api/v1/things', headers, payload: JSON.stringify(payload) }),
        call({ method: 'POST', url: '/api/v1/things', headers, payload: query }),
        call({ method: 'PATCH', url: `/api/v1/things/${path}`, headers, payload: JSON.stringify(payload) }),
        call({ url: `/api/v1/things?q=${value}&limit=${value}&${path}=1`, headers }),
        call({ url: `/api/v1/things/${path}`, headers: { ...headers, 'if-none-match': value, 'x-tenant-id': value } }),
      ])
      for (const { status, text } of answers) assert.ok(status < 500, text)
    }),
    { numRuns: 150 },
  )
  assert.equal(({} as Record<string, unknown>).isAdmin, undefined)
})

test('HEAD answers as GET does, without the body', async () => {
  const url = `/api/v1/things/${thing.id}`
  const got = await call({ url, headers: bearer })
  const head = await call({ method: 'HEAD', url, headers: bearer })
  assert.deepEqual([head.status, head.text, head.headers.etag], [200, '', got.headers.etag])
  assert.equal((await call({ method: 'HEAD', url })).status, 401)
})

test('a 403 names the permission', async () => {
  const headers = { authorization: 'Bearer reader' }
  const { json } = await call({ method: 'DELETE', url: `/api/v1/things/${thing.id}`, headers })
  assert.equal(json.permission, 'things.write')
  assert.match(json.detail, /things\.write/)
})

test('a wrong method is answered 405 with Allow, and method overrides count for nothing', async () => {
  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
    const { status, headers, json } = await call({ method, url: '/api/v1/things', headers: bearer })
    assert.deepEqual([status, json.code, headers.allow], [405, 'http.method_not_allowed', 'GET, POST, HEAD'])
  }
  assert.equal((await call({ method: 'POST', url: '/livez' })).headers.allow, 'GET, HEAD')
  for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
    const { status } = await call({ url: `/api/v1/things/${thing.id}`, headers: { ...bearer, [name]: 'DELETE' } })
    assert.equal(status, 200)
    assert.equal((await post({ name: 'a' }, { [name]: 'DELETE' })).status, 201)
  }
  assert.equal((await call({ url: '/api/v1/things?_method=DELETE', headers: bearer })).status, 400)
})

test('a write with the session cookie needs the browser to say that the page is ours', async () => {
  const own = 'https://commonhold.example'
  const host = 'acme.commonhold.example'
  for (const [headers, status] of [
    [{}, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 201],
    [{ 'sec-fetch-site': 'same-origin', origin: own }, 201],
    [{ origin: own }, 201],
    [{ origin: `https://${host}`, host }, 201],
    [{ origin: `https://${host}`, host, 'sec-fetch-site': 'same-origin' }, 201],
    [{ origin: `http://${host}`, host }, 403],
    [{ origin: `http://${host}`, host, 'sec-fetch-site': 'same-origin' }, 201],
    [{ origin: `http://${host}`, host, 'sec-fetch-site': 'none' }, 403],
    [{ origin: `https://${host}` }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'null', 'sec-fetch-site': 'same-origin' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, 403],
    [{ origin: 'https://commonhold.example.evil.example' }, 403],
    [{ origin: 'https://evil.example/https://commonhold.example' }, 403],
    [{ origin: own, 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: own, 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'none' }, 403],
    [{ 'sec-fetch-site': '' }, 403],
    [{ origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' }, 403],
    [{ referer: `${own}/page` }, 403],
  ] as [Record<string, string>, number][]) {
    const cookie = `${sessionCookie}=good`
    const given = await call({
      method: 'POST',
      url: '/api/v1/things',
      headers: { cookie, ...headers },
      payload: { name: 'a' },
    })
    assert.equal(given.status, status, JSON.stringify(headers))
    if (status === 403) assert.equal(given.json.code, 'http.cross_site')
    const read = await call({ url: '/api/v1/things', headers: { cookie, ...headers } })
    assert.equal(read.status, 200, 'reading changes nothing')
    const byToken = await post({ name: 'a' }, headers)
    assert.equal(byToken.status, 201, 'a bearer token cannot be sent by a foreign page')
  }
})

test('a public write is refused to another site (login forgery), not to programs', async () => {
  const enter = (headers: Record<string, string>, on: FastifyInstance) =>
    call({ method: 'POST', url: '/api/v1/auth/enter', headers, payload: { password: 'x' } }, on)
  for (const [headers, status] of [
    [{}, 200],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://commonhold.example' }, 200],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: 'https://evil.example' }, 403],
  ] as [Record<string, string>, number][]) {
    assert.equal((await enter(headers, await serve())).status, status, JSON.stringify(headers))
  }
})

test('a bearer token wins over the cookie, also where it is bad', async () => {
  for (const [authorization, cookie, status] of [
    ['Bearer good', 'bad', 200],
    ['bearer good', 'bad', 200],
    ['Bearer bad', 'good', 401],
    ['Bearer', 'good', 401],
    ['Basic Zm9vOmJhcg==', 'good', 200],
    ['Bearer bad', 'bad', 401],
    ['Bearergood', 'bad', 401],
  ] as const) {
    const headers = { authorization, cookie: `a=b; ${sessionCookie}=${cookie}` }
    assert.equal((await call({ url: '/api/v1/things', headers })).status, status, `${authorization} ${cookie}`)
  }
  seen.length = 0
  await call({ url: '/api/v1/things', headers: { ...bearer, cookie: `${sessionCookie}=good` } })
  assert.deepEqual(seen, [{ bearer: 'good', cookie: undefined, isOnSite: false, tenantId: undefined }])
})

test('the session cookie is set and cleared with all its protections', async () => {
  const server = await serve()
  const entered = await call({ method: 'POST', url: '/api/v1/auth/enter', payload: { password: 'x' } }, server)
  assert.equal(String(entered.headers['set-cookie']), `${sessionCookie}=good; Path=/; HttpOnly; Secure; SameSite=Lax`)
  const left = await call({ method: 'POST', url: '/api/v1/auth/leave', headers: fromSite }, server)
  assert.equal(left.status, 204)
  assert.match(String(left.headers['set-cookie']), /^__Host-commonhold=; Max-Age=0; Path=\/; HttpOnly; Secure/)
})

test('a route without a body takes none', async () => {
  const leave = (payload: string) =>
    call({
      method: 'POST',
      url: '/api/v1/auth/leave',
      headers: { ...bearer, 'content-type': 'application/json' },
      payload,
    })
  assert.equal((await leave('')).status, 204)
  assert.equal((await leave('{}')).status, 204)
  assert.equal((await leave('{"a":1}')).status, 400)
  assert.equal((await leave('[1]')).status, 400)
})

test('X-Request-Id is taken over only if it is a UUID, X-Forwarded-For only from a trusted proxy', async () => {
  const who = (headers: Record<string, string>, on = server) =>
    call({ url: '/api/v1/auth/who', headers: { ...bearer, ...headers } }, on)
  const id = randomUUID()
  assert.equal((await who({ 'x-request-id': id })).json.scope.requestId, id)
  for (const bad of ['1', `${id} `.repeat(3), "'; drop table", `${id}\u00e9`]) {
    const { json, headers } = await who({ 'x-request-id': bad })
    assert.match(json.scope.requestId, /^[0-9a-f-]{36}$/)
    assert.equal(headers['x-request-id'], json.scope.requestId)
    assert.notEqual(json.scope.requestId, bad)
  }
  const forwarded = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'evil.example' }
  assert.equal((await who(forwarded)).json.scope.ipAddress, '127.0.0.1')
  const behindProxy = await serve({ trustedProxies: ['127.0.0.1'] })
  assert.equal((await who(forwarded, behindProxy)).json.scope.ipAddress, '203.0.113.9')
  const elsewhere = await serve({ trustedProxies: ['10.0.0.0/8'] })
  assert.equal((await who(forwarded, elsewhere)).json.scope.ipAddress, '127.0.0.1')
})

test('a page links to the next one, with the same filters', async () => {
  const { headers, json } = await call({ url: '/api/v1/things?q=%3Ca%3E&limit=2&cursor=x', headers: bearer })
  assert.equal(headers.link, `</api/v1/things?q=%3Ca%3E&limit=2&cursor=${json.nextCursor}>; rel="next"`)
})

test('an unchanged resource is answered 304; a write under an old tag 412', async () => {
  const url = `/api/v1/things/${thing.id}`
  const first = await call({ url, headers: bearer })
  const etag = String(first.headers.etag)
  assert.match(etag, /^"[\w-]+"$/)
  const again = await call({ url, headers: { ...bearer, 'if-none-match': etag } })
  assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', etag])
  const change = (tag: string) =>
    call({ method: 'PATCH', url, headers: { ...bearer, 'if-match': tag }, payload: { name: 'Mill' } })
  assert.equal((await change('"old"')).status, 412)
  assert.equal((await change(`W/${etag}`)).status, 412)
  const changed = await change(etag)
  assert.equal(changed.status, 200)
  assert.notEqual(changed.headers.etag, etag)
  const unsupported = await call({ method: 'DELETE', url, headers: { ...bearer, 'if-match': etag } })
  assert.deepEqual([unsupported.status, unsupported.json.code], [400, 'http.condition_unsupported'])
})

test('20 concurrent duplicates under one Idempotency-Key run once and get one answer', async () => {
  made = 0
  const key = randomUUID()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post({ name: 'once' }, { 'idempotency-key': key })),
  )
  assert.equal(made, 1)
  assert.deepEqual(new Set(answers.map(answer => answer.status)), new Set([201]))
  assert.deepEqual(new Set(answers.map(answer => answer.text)).size, 1)
  assert.deepEqual(new Set(answers.map(answer => answer.headers.location)), new Set([`/things/${thing.id}`]))
  assert.equal(answers.filter(answer => answer.headers['idempotency-replayed'] === 'true').length, 19)
  const other = await post({ name: 'other' }, { 'idempotency-key': key })
  assert.deepEqual([other.status, other.json.code], [409, 'http.idempotency_key_reused'])
  const elsewhere = users.good?.tenantId
  users.good = { ...(users.good as Principal), tenantId: randomUUID() }
  assert.equal((await post({ name: 'once' }, { 'idempotency-key': key })).headers['idempotency-replayed'], undefined)
  users.good = { ...users.good, tenantId: elsewhere }
  assert.equal(made, 2, 'in another tenant the key is another')
})

test('a refusal is kept under the key, a failure may be tried again', async () => {
  const refused = { 'idempotency-key': randomUUID() }
  const first = await post({ name: 'taken' }, refused)
  const second = await post({ name: 'taken' }, refused)
  assert.deepEqual([first.status, second.status, second.text], [409, 409, first.text])
  assert.match(String(second.headers['content-type']), /problem/)
  made = 0
  const failing = { 'idempotency-key': randomUUID() }
  assert.equal((await post({ name: 'bug' }, failing)).status, 500)
  assert.equal((await post({ name: 'bug' }, failing)).status, 500)
  assert.equal(made, 2)
})

test('a first attempt that crashed is run again after its lease, one at work is waited for', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  await post({ name: 'crash' }, headers)
  const crash = (lockedUntil: string) =>
    admin.query(`update http.idempotency_keys set status = null, headers = null, body = null,
      locked_until = now() + interval '${lockedUntil}' where created_at = (select max(created_at) from http.idempotency_keys)`)
  await crash('-1 second')
  made = 0
  assert.equal((await post({ name: 'crash' }, headers)).status, 201)
  assert.equal(made, 1)
  await crash('1 hour')
  const waiting = await post({ name: 'crash' }, headers)
  assert.deepEqual([waiting.status, waiting.json.code], [409, 'http.idempotency_in_progress'])
  assert.equal(waiting.headers['retry-after'], '2')
})

test('keys are the user’s own, tokens are never kept, and a day later nothing is left', async () => {
  await post({ name: 'kept' }, { 'idempotency-key': randomUUID() })
  const { rows } = await admin.query('select user_id from http.idempotency_keys')
  assert.ok(rows.length > 0)
  const seenByOther = await db.scoped({ userId: randomUUID() }).run(sql`select from http.idempotency_keys`)
  assert.equal(seenByOther.length, 0)
  const own = await db.scoped({ userId: rows[0].user_id }).run(sql`select from http.idempotency_keys`)
  assert.ok(own.length > 0)
  const before = rows.length
  const leave = await call({
    method: 'POST',
    url: '/api/v1/auth/leave',
    headers: { ...bearer, 'idempotency-key': randomUUID() },
  })
  assert.equal(leave.status, 204)
  assert.equal((await admin.query('select from http.idempotency_keys')).rowCount, before)
  const { forgetIdempotencyKeys } = await import('./idempotency.ts')
  await forgetIdempotencyKeys.run({}, app)
  assert.equal((await admin.query('select from http.idempotency_keys')).rowCount, before, 'younger ones stay')
  await admin.query("update http.idempotency_keys set expires_at = now() - interval '1 second'")
  await forgetIdempotencyKeys.run({}, app)
  assert.equal((await admin.query('select from http.idempotency_keys')).rowCount, 0)
})

test('a malformed Idempotency-Key is refused', async () => {
  for (const key of ['x'.repeat(256), '\u00e9', ' ']) {
    const { status } = await post({ name: 'a' }, { 'idempotency-key': key })
    assert.equal(status, key === ' ' ? 201 : 400)
  }
})

test('beyond the quota 429 tells when to come back, for each caller by itself', async () => {
  let now = Date.parse('2026-01-01')
  const limited = await serve({
    app: { ...app, clock: { now: () => new Date(now) } },
    requestsPerMinute: 3,
  })
  const list = (authorization: string) => call({ url: '/api/v1/things', headers: { authorization } }, limited)
  const first = await list('Bearer good')
  assert.equal(first.headers.ratelimit, '"general";r=2;t=60')
  assert.equal(first.headers['ratelimit-policy'], '"general";q=3;w=60')
  await list('Bearer good')
  assert.equal((await list('Bearer good')).headers.ratelimit, '"general";r=0;t=60')
  now += 20_000
  const beyond = await list('Bearer good')
  assert.deepEqual([beyond.status, beyond.json.code], [429, 'http.too_many_requests'])
  assert.deepEqual([beyond.headers['retry-after'], beyond.headers.ratelimit], ['40', '"general";r=0;t=40'])
  assert.equal(beyond.headers['ratelimit-policy'], '"general";q=3;w=60')
  assert.equal((await list('Bearer reader')).status, 200)
  now += 41_000
  assert.equal((await list('Bearer good')).status, 200)
})

test('sign-in has a quota of its own by address, and so has guessing tokens', async () => {
  const limited = await serve({ requestsPerMinute: 8 })
  const enter = () => call({ method: 'POST', url: '/api/v1/auth/enter', payload: { password: 'x' } }, limited)
  const first = await enter()
  assert.equal(first.headers['ratelimit-policy'], '"general";q=8;w=60, "POST /auth/enter";q=5;w=60')
  const statuses = []
  for (let i = 0; i < 5; i++) statuses.push((await enter()).status)
  assert.deepEqual(statuses, [200, 200, 200, 200, 429])
  const guess = () => call({ url: '/api/v1/things', headers: { authorization: `Bearer ${randomUUID()}` } }, limited)
  assert.deepEqual([(await guess()).status, (await guess()).status, (await guess()).status], [401, 401, 429])
})

test('refusals before anybody is known count against the address and say so, but an outage does not', async () => {
  const authenticateAway: Authenticator = async credentials => {
    if (credentials.bearer === 'away') throw refusals.away()
    return await authenticate(credentials, { ipAddress: '', requestId: '' })
  }
  const limited = await serve({ requestsPerMinute: 7, authenticate: authenticateAway })
  const requests: [status: number, options: InjectOptions][] = [
    [401, { url: '/api/v1/things' }],
    [401, { url: '/api/v1/things', headers: { authorization: 'Bearer guessed' } }],
    [404, { url: '/api/v1/nothing' }],
    [405, { method: 'PUT', url: '/api/v1/things', headers: bearer }],
    [400, { url: '/api/v1/things', headers: { ...bearer, 'x-tenant-id': 'x' } }],
    [400, { url: '/api/v1/things/%E0%A4%A' }],
    [
      403,
      { method: 'POST', url: '/api/v1/things', headers: { cookie: fromSite.cookie, 'sec-fetch-site': 'cross-site' } },
    ],
  ]
  for (const [index, [status, options]] of requests.entries()) {
    const refused = await call(options, limited)
    assert.equal(refused.status, status, `${options.method} ${options.url}`)
    assert.equal(refused.headers.ratelimit, `"general";r=${6 - index};t=60`, options.url as string)
    assert.equal(refused.headers['ratelimit-policy'], '"general";q=7;w=60', options.url as string)
  }
  const beyond = await call({ url: '/api/v1/nothing' }, limited)
  assert.deepEqual([beyond.status, beyond.headers.ratelimit], [429, '"general";r=0;t=60'])
  assert.equal(beyond.headers['retry-after'], '60')
  const away = await call({ url: '/api/v1/things', headers: { authorization: 'Bearer away' } }, limited)
  assert.deepEqual([away.status, away.headers.ratelimit], [503, undefined])
  assert.equal((await call({ url: '/nothing' }, limited)).headers.ratelimit, undefined)
  const known = await call({ url: '/api/v1/things', headers: bearer }, limited)
  assert.deepEqual([known.status, known.headers.ratelimit], [200, '"general";r=6;t=60'], 'control: a user has his own')
})

test('every write refuses what is no JSON with 415, also where it takes no body', async () => {
  const headers = { ...bearer, 'content-type': 'text/plain' }
  for (const [method, url] of [
    ['POST', '/api/v1/things'],
    ['POST', '/api/v1/auth/leave'],
    ['DELETE', `/api/v1/things/${thing.id}`],
  ] as const) {
    assert.equal((await call({ method, url, headers, payload: 'a' })).status, 415, `${method} ${url}`)
  }
})

test("of an error the log tells type, message, code, stack, causes and a refusal's details, never the rest", () => {
  const from = lines.length
  const client = { secretKey: 271828, connection: { socketPath: '/run/socket' }, types: { 16: 'bool' } }
  const cause = Object.assign(new Error('terminating connection'), { code: '57P01', client, severity: 'FATAL' })
  const lost = Object.assign(new TypeError('lost', { cause }), { client, errno: -32 })
  const refusal = refusals.taken({ name: 'a', password: 'pw-1', by: lost }, lost)
  app.log.error({ err: lost }, 'one')
  app.log.error(lost, 'two')
  app.log.error({ deep: [{ lost }], err: refusal }, 'three')
  const circular: Error & { details?: object } = refusals.taken({ name: 'b' })
  circular.cause = circular
  app.log.error({ err: circular }, 'four')
  const log = lines.slice(from)
  assert.equal(log.length, 4)
  assert.doesNotMatch(log.join(''), /client|secretKey|271828|socketPath|types|severity|errno|pw-1/)
  const [one, two, three] = log.map(line => JSON.parse(line))
  assert.deepEqual(Object.keys(one.err), ['type', 'message', 'stack', 'cause'])
  assert.deepEqual([one.err.type, one.err.message, one.err.cause.code], ['TypeError', 'lost', '57P01'])
  assert.match(one.err.cause.stack, /terminating connection\n {4}at /)
  assert.deepEqual(two.err, one.err)
  assert.deepEqual(three.deep[0].lost, one.err)
  const { code, details } = three.err
  assert.deepEqual(
    [code, details.name, details.password, details.by.type],
    ['things.taken', 'a', '[hidden]', 'TypeError'],
  )
  assert.deepEqual(three.err.cause, one.err)
})

test('PE-07 what waits for rows for longer than it may is refused with when to try again, and its cause is logged', async () => {
  await admin.query('select pg_advisory_lock(1900)')
  try {
    for (const [kind, cause] of [
      ['statement_timeout', 'canceling statement due to statement timeout'],
      ['lock_timeout', 'canceling statement due to lock timeout'],
    ] as const) {
      const from = lines.length
      const { status, headers, json } = await call({ url: `/api/v1/failures/${kind}` })
      assert.deepEqual([status, json.code, headers['retry-after']], [503, 'http.took_too_long', '30'])
      assert.match(json.detail, /longer than it may, .* restore.* is not made\. Try again in 30 seconds\.$/)
      const logged = lines.slice(from).find(line => line.includes('request refused')) ?? ''
      assert.ok(logged.includes(cause), kind)
    }
  } finally {
    await admin.query('select pg_advisory_unlock(1900)')
  }
  assert.equal((await call({ url: '/api/v1/failures/cancelled' })).status, 500, 'control: ended by an administrator')
})

test('the log has neither tokens nor bodies nor queries, and the cause of a bug', async () => {
  const from = lines.length
  const secret = 'correct-horse'
  await call({ method: 'POST', url: '/api/v1/auth/enter', payload: { password: secret } }, await serve())
  await call({
    url: `/api/v1/things?q=${secret}`,
    headers: { authorization: `Bearer ${secret}`, cookie: `a=${secret}` },
  })
  await post({ name: 'a', [secret]: secret }, { 'idempotency-key': secret })
  await call({ url: '/api/v1/failures/bug', headers: { authorization: secret } })
  app.log.info({ password: secret, body: { a: secret }, user: { token: secret }, err: { detail: secret } }, 'x')
  const cause = Object.assign(new Error('duplicate key'), { detail: `Key (email)=(${secret})`, when: new Date() })
  app.log.error({ err: cause }, 'y')
  app.log.error({ err: new Error('outer', { cause }) }, 'z')
  app.log.error({ err: null }, 'nothing')
  app.log.info({ deep: { list: [{ refreshToken: secret, kept: 1 }] } }, 'w')
  const log = lines.slice(from).join('')
  assert.doesNotMatch(log, new RegExp(secret))
  assert.match(log, /the secret detail of a bug/)
  assert.match(log, /\[hidden\]/)
  assert.match(log, /"deep":\{"list":\[\{"refreshToken":"\[hidden\]","kept":1\}\]\}/)
  assert.match(log, /outer: duplicate key|duplicate key/)
  const [line] = lines.slice(from).filter(text => text.includes('/api/v1/things'))
  const { requestId, method, route: template, status, ms } = JSON.parse(line ?? '')
  assert.match(requestId, /^[0-9a-f-]{36}$/)
  assert.deepEqual([method, template, status, typeof ms], ['GET', '/api/v1/things', 401, 'number'])
})

test('a server does not start with a route of an unknown permission, a double or an undeclared parameter', async () => {
  const [list] = things.routes
  const build = (routes: unknown[]) =>
    buildServer({ app, authenticate, readiness: async () => {}, modules: [{ ...things, routes } as Module] })
  await assert.rejects(build([{ ...list, allow: 'things.typo' }]), /GET \/things allows "things.typo"/)
  await assert.rejects(build([{ ...list, allow: '' }]), /GET \/things allows/)
  await assert.rejects(build([list, { ...list }]), /GET \/things is declared twice/)
  await assert.rejects(build([{ ...list, path: '/things/{id}' }]), /must declare its parameters: id/)
  await assert.rejects(build([{ ...list, refusals: ['things.typo'] }]), /refuses with "things.typo", which nobody/)
  await assert.rejects(build([{ ...list, path: 'things' }]), /malformed path/)
})

test('health: alive always, ready only while the database is', async () => {
  let isReady = true
  const readiness = async () => {
    if (!isReady) throw refusals.away()
  }
  const one = await serve({ readiness })
  assert.equal((await call({ url: '/readyz' }, one)).status, 200)
  isReady = false
  const away = await call({ url: '/readyz' }, one)
  assert.deepEqual([away.status, away.json.code, away.headers['retry-after']], [503, 'http.not_ready', '1'])
  assert.match(away.json.detail, /The thing store is away/)
  assert.equal((await call({ url: '/livez' }, one)).status, 200)
})

test('metrics count by route template and are for direct private requests, or for the token', async () => {
  await call({ url: `/api/v1/things/${thing.id}`, headers: bearer })
  const { status, text } = await call({ url: '/metrics' })
  assert.equal(status, 200)
  assert.match(text, /http_requests_total\{method="GET",route="\/api\/v1\/things\/:id",status="200"\} \d+/)
  assert.match(text, /http_request_duration_seconds_bucket/)
  assert.match(text, /database_connections\{state="idle"\} \d/)
  assert.match(text, /nodejs_eventloop_lag_seconds/)
  for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip']) {
    assert.equal((await call({ url: '/metrics', headers: { [name]: '127.0.0.1' } })).status, 403, name)
  }
  assert.equal((await call({ url: '/metrics', remoteAddress: '203.0.113.5' })).status, 403)
  assert.equal((await call({ url: '/metrics', remoteAddress: '::ffff:10.1.2.3' })).status, 200)
  const withToken = await serve({ metricsToken: 'm-token' })
  assert.equal((await call({ url: '/metrics' }, withToken)).status, 403)
  assert.equal((await call({ url: '/metrics', headers: { authorization: 'Bearer m-tokem' } }, withToken)).status, 403)
  const scrape = { url: '/metrics', headers: { authorization: 'Bearer m-token' }, remoteAddress: '203.0.113.5' }
  assert.equal((await call(scrape, withToken)).status, 200)
})

test('every answer carries the security headers', async () => {
  for (const url of [
    '/api/v1/things',
    '/nothing',
    '/livez',
    '/api/docs',
    '/api/v1/failures/bug',
    '/api/v1/things/%E0%A4%A',
  ]) {
    const { headers } = await call({ url, headers: bearer })
    assert.equal(headers['x-content-type-options'], 'nosniff', url)
    assert.equal(headers['x-frame-options'], 'DENY', url)
    assert.match(String(headers['content-security-policy']), /default-src '(none|self)'.*frame-ancestors 'none'/, url)
    assert.match(String(headers['strict-transport-security']), /max-age=31536000/, url)
    assert.match(String(headers['x-request-id']), /^[0-9a-f-]{36}$/, url)
    assert.equal(headers['x-powered-by'], undefined)
    assert.equal(headers['access-control-allow-origin'], undefined)
  }
  const plain = await serve({ app: { ...app, publicUrl: 'http://localhost:3000' } })
  assert.equal((await call({ url: '/livez' }, plain)).headers['strict-transport-security'], undefined)
})

test('over a socket: broken requests, smuggled headers and closing', async () => {
  const one = await serve()
  await one.listen({ port: 0, host: '127.0.0.1' })
  const { port } = one.server.address() as { port: number }
  const raw = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(text))
      let answer = ''
      socket.on('data', data => {
        answer += data
      })
      socket.on('close', () => resolve(answer))
      socket.on('error', reject)
      setTimeout(() => socket.end(), 500)
    })
  assert.match(await raw('NONSENSE\r\n\r\n'), /^HTTP\/1.1 400 Bad Request\r\nContent-Type: application\/problem\+json/)
  assert.match(await raw(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1.1 431/)
  const both =
    'POST /api/v1/things HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
  assert.match(await raw(both), /^HTTP\/1.1 400/)
  assert.match(await raw('GET /livez HTTP/1.1\r\nhost: a\r\nx: a\rset-cookie: b\r\n\r\n'), /^HTTP\/1.1 400/)
  assert.match(await raw('TRACE /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'), /^HTTP\/1.1 40[45]/)
  assert.match(await raw('GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n'), /^HTTP\/1.1 400/, 'Host is needed')

  const arrived = once(one.server, 'request')
  const slow = new Promise<number>((resolve, reject) => {
    const request = httpRequest(
      { port, method: 'POST', path: '/api/v1/things', headers: { ...bearer, 'content-type': 'application/json' } },
      response => response.resume().on('end', () => resolve(response.statusCode ?? 0)),
    )
    request.on('error', reject).end(JSON.stringify({ name: 'slow' }))
  })
  await arrived
  const closing = performance.now()
  const closed = one.close()
  assert.equal(await slow, 201, 'a request at work is finished')
  await closed
  assert.ok(performance.now() - closing < 2000, 'kept-alive connections are not waited for')
  await assert.rejects(raw('GET /livez HTTP/1.1\r\nhost: a\r\n\r\n'), /ECONNREFUSED/)
})
