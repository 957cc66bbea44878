import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { sql } from '#platform/database'
import type { Principal } from './index.ts'
import { admin, app, bearer, call, db, made, post, thing, users } from './server.test.world.ts'

test('20 concurrent duplicates under one Idempotency-Key run once and get one answer', async () => {
  made.count = 0
  const key = randomUUID()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post({ name: 'once' }, { 'idempotency-key': key })),
  )
  assert.equal(made.count, 1)
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
  assert.equal(made.count, 2, 'in another tenant the key is another')
})

test('a refusal is kept under the key, a failure may be tried again', async () => {
  const refused = { 'idempotency-key': randomUUID() }
  const first = await post({ name: 'taken' }, refused)
  const second = await post({ name: 'taken' }, refused)
  assert.deepEqual([first.status, second.status, second.text], [409, 409, first.text])
  assert.match(String(second.headers['content-type']), /problem/)
  made.count = 0
  const failing = { 'idempotency-key': randomUUID() }
  assert.equal((await post({ name: 'bug' }, failing)).status, 500)
  assert.equal((await post({ name: 'bug' }, failing)).status, 500)
  assert.equal(made.count, 2)
})

test('a first attempt that crashed is run again after its lease, one at work is waited for', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  await post({ name: 'crash' }, headers)
  const crash = (lockedUntil: string) =>
    admin.query(`update http.idempotency_keys set status = null, headers = null, body = null,
      locked_until = now() + interval '${lockedUntil}' where created_at = (select max(created_at) from http.idempotency_keys)`)
  await crash('-1 second')
  made.count = 0
  assert.equal((await post({ name: 'crash' }, headers)).status, 201)
  assert.equal(made.count, 1)
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
