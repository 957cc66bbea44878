import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, app, bearer, call, lines, post, refusals, serve, thing } from './server.test.world.ts'

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
