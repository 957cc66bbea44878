import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { type Authenticator, sessionCookie } from './index.ts'
import { app, authenticate, bearer, call, post, refusals, seen, serve, thing } from './server.test.world.ts'

const fromSite = { cookie: `${sessionCookie}=good`, 'sec-fetch-site': 'same-origin' }

test('a 403 names the permission', async () => {
  const headers = { authorization: 'Bearer reader' }
  const { json } = await call({ method: 'DELETE', url: `/api/v1/things/${thing.id}`, headers })
  assert.equal(json.permission, 'things.write')
  assert.match(json.detail, /things\.write/)
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
