import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { InjectOptions } from 'fastify'
import type { Module } from '#platform/module.ts'
import { buildServer } from './index.ts'
import { app, authenticate, bearer, call, post, refusals, serve, server, thing, things } from './server.test.world.ts'

test('an answer holds what its schema lists and nothing else, times in UTC', async () => {
  const { status, json } = await call({ url: `/api/v1/things/${thing.id}`, headers: bearer })
  assert.equal(status, 200)
  const at = '2026-03-01T12:00:00.123Z'
  assert.deepEqual(json, { id: thing.id, name: 'Lathe', note: null, madeAt: at, on: at })
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

test('HEAD answers as GET does, without the body', async () => {
  const url = `/api/v1/things/${thing.id}`
  const got = await call({ url, headers: bearer })
  const head = await call({ method: 'HEAD', url, headers: bearer })
  assert.deepEqual([head.status, head.text, head.headers.etag], [200, '', got.headers.etag])
  assert.equal((await call({ method: 'HEAD', url })).status, 401)
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
