import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '#platform/errors.ts'
import { announceRevocation } from '#platform/identity'
import { mailsTo } from '#test/mails.ts'
import { believedNoLonger, newPerson, type Person, testWorld } from '#test/world.ts'
import { makeOperator, removeOperator } from './operators.ts'
import { changeUserStatus } from './user-statuses.ts'

const world = await testWorld()
const { app, admin, alice, bob } = world
const system = { system: true } as const

await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()

const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code
const isCode = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code
const operators = async (): Promise<string[]> =>
  (await admin.query('select user_id from identity.operators')).rows.map(row => row.user_id)
const make = (person: Person, id: string) => person.fetch(`/users/${id}/operator`, { method: 'PUT' })
const remove = (person: Person, id: string) => person.fetch(`/users/${id}/operator`, { method: 'DELETE' })

test('an operator makes another one, who may do the same at once, and loses it at once', async () => {
  const ada = await newPerson(world)
  assert.equal((await make(bob, bob.userId)).status, 403, 'nobody makes himself one')
  assert.equal((await make(alice, ada.userId)).status, 204)
  assert.equal((await make(alice, ada.userId)).status, 204, 'again changes nothing')
  assert.equal((await ada.fetch('/users')).status, 200)
  const { rows } = await admin.query('select created_by from identity.operators where user_id = $1', [ada.userId])
  assert.deepEqual(rows, [{ created_by: alice.userId }])
  assert.equal((await remove(alice, ada.userId)).status, 204)
  assert.equal((await ada.fetch('/users')).status, 403)
  const events = await admin.query(
    `select action from audit.audit_logs where resource_id = $1 and action like '%_operator' order by created_at`,
    [ada.userId],
  )
  assert.deepEqual(
    events.rows.map(({ action }) => action),
    ['make_operator', 'remove_operator'],
  )
  assert.equal((await make(alice, crypto.randomUUID())).status, 404)
})

test('the last operator stays: not removed, not suspended, not deleted, by no way', async () => {
  assert.deepEqual(await operators(), [alice.userId])
  assert.equal(await codeOf(await remove(alice, alice.userId)), 'identity.last_operator')
  for (const status of ['suspended', 'inactive', 'deleted'] as const) {
    const change = app.db.transaction(system, tx =>
      changeUserStatus(app, tx, { userId: alice.userId, status, reason: 'x' }),
    )
    await assert.rejects(change, isCode('identity.last_operator'), status)
  }
  const past = [
    `update identity.users set status = 'suspended' where id = $1`,
    'delete from identity.operators where user_id = $1',
    'delete from identity.users where id = $1',
  ]
  for (const statement of past)
    await assert.rejects(admin.query(statement, [alice.userId]), /at least one active operator/)
  assert.deepEqual(await operators(), [alice.userId])
})

test('who cannot sign in is made no operator, and an operator who is suspended counts for nothing', async () => {
  const ada = await newPerson(world)
  await make(alice, ada.userId)
  await app.db.transaction(system, tx =>
    changeUserStatus(app, tx, { userId: ada.userId, status: 'suspended', reason: 'x' }),
  )
  await assert.rejects(
    app.db.transaction(system, tx => removeOperator(tx, alice.userId)),
    isCode('identity.last_operator'),
  )
  await app.db.transaction(system, tx => removeOperator(tx, ada.userId))
  assert.equal(await codeOf(await make(alice, ada.userId)), 'identity.operator_inactive')
})

test('of two operators who remove each other at once one stays, in every interleaving', async () => {
  for (let round = 0; round < 12; round++) {
    const ada = await newPerson(world)
    assert.equal((await make(alice, ada.userId)).status, 204)
    const acts = [
      (id: string) => app.db.transaction(system, tx => removeOperator(tx, id)),
      (id: string) =>
        app.db.transaction(system, tx => changeUserStatus(app, tx, { userId: id, status: 'suspended', reason: 'x' })),
    ] as const
    const outcomes = await Promise.allSettled([
      (acts[round % 2] as (typeof acts)[0])(alice.userId),
      (acts[(round >> 1) % 2] as (typeof acts)[0])(ada.userId),
    ])
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    const { rows } = await admin.query(
      `select from identity.operators as operator join identity.users as account on account.id = operator.user_id
       where account.is_active`,
    )
    assert.equal(rows.length, 1)
    await admin.query(`update identity.users set status = 'active' where id = $1`, [alice.userId])
    await app.db.transaction(system, tx => makeOperator(tx, alice.userId))
    await app.db.transaction(system, tx => removeOperator(tx, ada.userId))
    announceRevocation(app)
    // He was suspended in some rounds, and his sessions ended with that.
    await admin.query('update identity.user_sessions set revoked_at = null, revoked_reason = null where user_id = $1', [
      alice.userId,
    ])
  }
})

test('a deleted account is no operator any more, nor when it is restored', async () => {
  const ada = await newPerson(world)
  await make(alice, ada.userId)
  for (const status of ['deleted', 'active']) {
    const change = { method: 'POST', body: { status, reason: 'x' } }
    assert.equal((await alice.fetch(`/users/${ada.userId}/status`, change)).status, 200)
  }
  assert.deepEqual(await operators(), [alice.userId])
})

test('MT-05 an operator removes the second factor of who lost it: passkeys stay unless asked, sessions end, he is told', async () => {
  const ada = await newPerson(world)
  const arm = async () => {
    await admin.query(
      `insert into identity.two_factors (user_id, secret_encrypted, verified_at) values ($1, 'k1.x', now())`,
      [ada.userId],
    )
    await admin.query(`insert into identity.backup_codes (user_id, code_hash) values ($1, '\\x01')`, [ada.userId])
  }
  const left = async () => {
    const { rows } = await admin.query(
      `select
        (select count(*)::int from identity.two_factors where user_id = $1) as factors,
        (select count(*)::int from identity.backup_codes where user_id = $1) as codes,
        (select count(*)::int from identity.authenticators where user_id = $1) as passkeys,
        (select count(*)::int from identity.user_sessions where user_id = $1 and revoked_at is null) as sessions,
        (select count(*)::int from identity.user_devices where user_id = $1 and trusted_until > now()) as devices`,
      [ada.userId],
    )
    return rows[0]
  }
  await arm()
  await admin.query(
    `insert into identity.user_devices (user_id, token_hash, trusted_until) values ($1, '\\x05', now() + interval '1 day')`,
    [ada.userId],
  )
  await admin.query(
    `insert into identity.authenticators
       (user_id, user_handle, credential_id, credential_public_key, aaguid, device_type, is_backed_up)
     values ($1, sha256('handle'), sha256('credential'), '\\x03', gen_random_uuid(), 'single_device', false)`,
    [ada.userId],
  )
  assert.deepEqual(await left(), { factors: 1, codes: 1, passkeys: 1, sessions: 1, devices: 1 })
  const reset = (person: Person, body: object) =>
    person.fetch(`/users/${ada.userId}/two-factor`, { method: 'DELETE', body })
  assert.equal((await reset(bob, { reason: 'x' })).status, 403)
  assert.equal((await reset(alice, {})).status, 400, 'a reason is needed')
  assert.equal((await reset(alice, { reason: 'Lost his phone, called back' })).status, 204)
  assert.deepEqual(await left(), { factors: 0, codes: 0, passkeys: 1, sessions: 0, devices: 0 })
  assert.equal((await ada.fetch('/me')).status, 401)
  await arm()
  assert.equal((await reset(alice, { reason: 'All of it', alsoPasskeys: true })).status, 204)
  assert.deepEqual(await left(), { factors: 0, codes: 0, passkeys: 0, sessions: 0, devices: 0 })
  const mails = (await mailsTo(world, ada.email)).filter(({ subject }) => subject === 'Your second factor was removed')
  assert.equal(mails.length, 2)
  assert.ok(!mails[0]?.text.includes('phone'))
  const { rows } = await admin.query(
    `select user_id, details from audit.audit_logs where resource_id = $1 and action = 'reset_two_factor' order by created_at`,
    [ada.userId],
  )
  assert.deepEqual(rows[0], {
    user_id: alice.userId,
    details: { reason: 'Lost his phone, called back', alsoPasskeys: false },
  })
  assert.equal(
    (await alice.fetch(`/users/${alice.userId}/two-factor`, { method: 'DELETE', body: { reason: 'x' } })).status,
    409,
  )
})

test('PE-02 an operator signs somebody out everywhere', async () => {
  const ada = await newPerson(world)
  assert.equal((await alice.fetch(`/users/${ada.userId}/sessions`, { method: 'DELETE' })).status, 204)
  assert.equal((await ada.fetch('/me')).status, 401)
})
