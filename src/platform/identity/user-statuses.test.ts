import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceRevocation } from '#platform/identity'
import { mailsTo } from '#test/mails.ts'
import { believedNoLonger, newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'
import { changeUserStatus, type UserStatus, userStatuses } from './user-statuses.ts'

const world = await testWorld()
const { app, admin, alice, bob, viewer, baseUrl } = world
const noTenant = '00000000-0000-0000-0000-000000000000'

await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()

const put = (person: Person, id: string, status: UserStatus, reason = 'A reason') =>
  person.fetch(`/users/${id}/status`, { method: 'POST', body: { status, reason } })
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code
const rowOf = async (id: string) => (await admin.query('select * from identity.users where id = $1', [id])).rows[0]
const eventsOf = async (id: string) =>
  (
    await admin.query(
      `select tenant_id, user_id, action, details from audit.audit_logs
       where resource = 'identity.users' and resource_id = $1 and action not in ('insert', 'update', 'delete', 'sign_up')
       order by created_at, id`,
      [id],
    )
  ).rows

test('MT-01 PE-02 who is suspended loses every session at once, gets a mail, and the log keeps reason and actor', async () => {
  const ada = await newPerson(world)
  const link = await admin.query(
    `insert into identity.one_time_tokens (user_id, purpose, token_hash, expires_at)
     values ($1, 'reset_password', '\\x01', now() + interval '1 hour') returning id`,
    [ada.userId],
  )
  assert.equal((await ada.fetch('/me')).status, 200, 'control')
  const response = await put(alice, ada.userId, 'suspended', '  Sends spam  ')
  assert.equal(response.status, 200)
  const shown = (await response.json()) as { status: string; sessions: number; statusChangedBy: { id: string } }
  assert.deepEqual(
    { status: shown.status, sessions: shown.sessions, by: shown.statusChangedBy.id },
    { status: 'suspended', sessions: 0, by: alice.userId },
  )
  assert.equal((await ada.fetch('/me')).status, 401, 'with an access token that is still in date')
  const row = await rowOf(ada.userId)
  assert.equal(row.is_active, false)
  assert.equal(row.status_reason, 'Sends spam')
  assert.equal(row.status_changed_by, alice.userId)
  const used = await admin.query('select used_at from identity.one_time_tokens where id = $1', [link.rows[0].id])
  assert.ok(used.rows[0].used_at, 'a link that was on its way works no more')
  assert.deepEqual(await eventsOf(ada.userId), [
    {
      tenant_id: noTenant,
      user_id: alice.userId,
      action: 'suspend',
      details: { from: 'active', to: 'suspended', reason: 'Sends spam' },
    },
  ])
  const [mail] = await mailsTo(world, ada.email)
  assert.equal(mail?.subject, 'Your account is suspended')
  assert.ok(!mail?.text.includes('spam'), 'the reason is for the log')
})

test('MT-01 deactivation keeps reason, time and actor, and reactivation lets him in again', async () => {
  const ada = await newPerson(world)
  assert.equal((await put(alice, ada.userId, 'inactive', 'On leave')).status, 200)
  const row = await rowOf(ada.userId)
  assert.ok(row.deactivated_at instanceof Date)
  assert.equal(row.deactivated_by, alice.userId)
  assert.equal(row.deactivation_reason, 'On leave')
  assert.equal((await put(alice, ada.userId, 'active', 'Back')).status, 200)
  const again = await rowOf(ada.userId)
  assert.deepEqual(
    [again.is_active, again.deactivated_at, again.deactivated_by, again.deactivation_reason],
    [true, null, null, null],
  )
  const signIn = await fetch(`${baseUrl}/api/v1/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress() },
    body: JSON.stringify({ email: ada.email, password: ada.password }),
  })
  assert.equal(signIn.status, 200)
  assert.equal((await ada.fetch('/me')).status, 401, 'the sessions of before stay ended')
  const mails = await mailsTo(world, ada.email)
  assert.deepEqual(
    mails.map(mail => mail.subject).filter(subject => subject.startsWith('Your account')),
    ['Your account is deactivated', 'Your account is open again'],
  )
})

test('MT-01 each change of status is in the table of transitions or refused', async () => {
  const allowed = new Set([
    'active inactive',
    'active suspended',
    'active deleted',
    'inactive active',
    'inactive suspended',
    'inactive deleted',
    'suspended active',
    'suspended inactive',
    'suspended deleted',
    'deleted active',
  ])
  for (const from of userStatuses) {
    for (const to of userStatuses) {
      const ada = await newPerson(world)
      await admin.query(
        `update identity.users set status = $2, deleted_at = case when $2 = 'deleted' then now() end where id = $1`,
        [ada.userId, from],
      )
      const response = await put(alice, ada.userId, to)
      assert.equal(response.status, allowed.has(`${from} ${to}`) ? 200 : 409, `${from} to ${to}`)
      if (response.status === 409) {
        const expected = from === to ? 'identity.status_unchanged' : 'identity.status_refused'
        assert.equal(await codeOf(response), expected)
        assert.equal((await rowOf(ada.userId)).status, from)
      }
    }
  }
})

test('MT-01 of many who suspend at once one does it, and there is one mail', async () => {
  const ada = await newPerson(world)
  const answers = await Promise.all(Array.from({ length: 6 }, () => put(alice, ada.userId, 'suspended')))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409, 409, 409, 409])
  assert.equal((await eventsOf(ada.userId)).length, 1)
  assert.equal((await mailsTo(world, ada.email)).filter(({ subject }) => /suspended/.test(subject)).length, 1)
})

test('MT-01 a sign-in at the same moment leaves no living session behind', async () => {
  for (let round = 0; round < 5; round++) {
    const ada = await newPerson(world)
    const signIns = Array.from({ length: 3 }, () =>
      fetch(`${baseUrl}/api/v1/auth/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress() },
        body: JSON.stringify({ email: ada.email, password: ada.password }),
      }),
    )
    const [suspension] = await Promise.all([put(alice, ada.userId, 'suspended'), ...signIns])
    assert.equal(suspension?.status, 200)
    const { rows } = await admin.query('select from identity.user_sessions where user_id = $1 and revoked_at is null', [
      ada.userId,
    ])
    assert.equal(rows.length, 0)
  }
})

test('MT-02 a deleted account comes back within 90 days, unless its address is taken by then', async () => {
  const ada = await newPerson(world)
  assert.equal((await put(alice, ada.userId, 'deleted', 'Asked by mail')).status, 200)
  const row = await rowOf(ada.userId)
  assert.ok(row.deleted_at instanceof Date)
  assert.equal(row.deleted_by, alice.userId)
  const [mail] = (await mailsTo(world, ada.email)).filter(({ subject }) => subject === 'Your account is deleted')
  const erasedOn = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(
    new Date(row.deleted_at.getTime() + 90 * 86_400_000),
  )
  assert.ok(mail?.text.includes(erasedOn), mail?.text)

  assert.equal((await put(alice, ada.userId, 'active')).status, 200)
  const back = await rowOf(ada.userId)
  assert.deepEqual([back.status, back.deleted_at, back.deleted_by], ['active', null, null])

  assert.equal((await put(alice, ada.userId, 'deleted')).status, 200)
  await admin.query(`update identity.users set deleted_at = now() - interval '91 days' where id = $1`, [ada.userId])
  assert.equal(await codeOf(await put(alice, ada.userId, 'active')), 'identity.restore_too_late')
  await admin.query(`update identity.users set deleted_at = now() where id = $1`, [ada.userId])
  const second = await newPerson(world, { email: ada.email })
  assert.notEqual(second.userId, ada.userId, 'MT-02 the address is free')
  assert.equal(await codeOf(await put(alice, ada.userId, 'active')), 'identity.restore_address_taken')
  assert.equal((await rowOf(ada.userId)).status, 'deleted')
})

test('MT-01 nobody but operators sees or changes accounts, whatever his role in a workspace', async () => {
  const ada = await newPerson(world)
  for (const person of [bob, viewer]) {
    for (const path of ['/users', `/users/${ada.userId}`, `/users/${ada.userId}/events`, `/users/${bob.userId}`]) {
      assert.equal((await person.fetch(path)).status, 403, path)
    }
    assert.equal((await put(person, ada.userId, 'suspended')).status, 403)
    assert.equal((await put(person, person.userId, 'deleted')).status, 403)
    assert.equal((await person.fetch(`/users/${person.userId}/operator`, { method: 'PUT' })).status, 403)
    assert.equal((await person.fetch(`/users/${ada.userId}/sessions`, { method: 'DELETE' })).status, 403)
    const reset = { method: 'DELETE', body: { reason: 'x' } }
    assert.equal((await person.fetch(`/users/${ada.userId}/two-factor`, reset)).status, 403)
  }
  assert.equal((await rowOf(ada.userId)).status, 'active')
  assert.equal((await alice.fetch(`/users/${ada.userId}`)).status, 200, 'control')
})

test('MT-01 what an operator does to an account stands in no workspace’s log', async () => {
  const ada = await newPerson(world)
  await put(alice, ada.userId, 'suspended')
  const { rows } = await admin.query(
    `select distinct tenant_id from audit.audit_logs where resource_id = $1 and user_id = $2`,
    [ada.userId, alice.userId],
  )
  assert.deepEqual(rows, [{ tenant_id: noTenant }])
  const told = (await (await alice.fetch(`/users/${ada.userId}/events`)).json()) as { items: { action: string }[] }
  assert.ok(told.items.some(({ action }) => action === 'suspend'))
})

test('MT-01 an operator cannot do it to himself, and status is changed with a fresh sign-in only', async () => {
  for (const status of ['suspended', 'inactive', 'deleted'] as const) {
    assert.equal(await codeOf(await put(alice, alice.userId, status)), 'identity.status_of_oneself')
  }
  const ada = await newPerson(world)
  const age = (minutes: number) =>
    admin.query(
      `update identity.user_sessions set authenticated_at = now() - $2 * interval '1 minute' where user_id = $1`,
      [alice.userId, minutes],
    )
  await age(11)
  announceRevocation(app)
  try {
    assert.equal(await codeOf(await put(alice, ada.userId, 'suspended')), 'http.step_up_required')
    assert.equal((await alice.fetch(`/users/${ada.userId}/operator`, { method: 'PUT' })).status, 403)
    assert.equal((await alice.fetch(`/users/${ada.userId}`)).status, 200, 'control: reading needs none')
  } finally {
    await age(0)
    announceRevocation(app)
  }
})

test('MT-01 a reason is needed, and nothing but a status and a reason is taken', async () => {
  const ada = await newPerson(world)
  const bad = [
    { status: 'suspended' },
    { status: 'suspended', reason: ' ' },
    { status: 'suspended', reason: 'x'.repeat(501) },
    { status: 'sleeping', reason: 'x' },
    { status: 'suspended', reason: 'x', deletedAt: '2020-01-01' },
  ]
  for (const body of bad) {
    const response = await alice.fetch(`/users/${ada.userId}/status`, { method: 'POST', body })
    assert.equal(response.status, 400, JSON.stringify(body))
  }
  const unknown = crypto.randomUUID()
  assert.equal((await put(alice, unknown, 'suspended')).status, 404)
})

test('the command line is an actor without an account', async () => {
  const ada = await newPerson(world)
  await app.db.transaction({ system: true, userName: 'root' }, tx =>
    changeUserStatus(app, tx, { userId: ada.userId, status: 'suspended', reason: 'By hand' }),
  )
  const row = await rowOf(ada.userId)
  assert.deepEqual([row.status, row.status_changed_by], ['suspended', null])
})

type Page = { items: { id: string; email: string }[]; nextCursor: string | null; counts?: Record<string, number> }
const list = async (query: string) => (await (await alice.fetch(`/users?${query}`)).json()) as Page

test('MT-01 accounts are found by name and address, filtered by status, counted, and paged without loss', async () => {
  const mark = crypto.randomUUID().slice(0, 8)
  const people: Person[] = []
  for (let number = 0; number < 5; number++) {
    people.push(await newPerson(world, { email: `${mark}-${number}@found.example`, fullName: `Mark ${mark} 100%_` }))
  }
  await put(alice, people[0]?.userId as string, 'suspended')
  const first = await list(`q=${mark}&limit=2`)
  assert.deepEqual(first.counts, { active: 4, inactive: 0, suspended: 1, deleted: 0 })
  const ids = first.items.map(({ id }) => id)
  for (let cursor = first.nextCursor; cursor; ) {
    const page = await list(`q=${mark}&limit=2&cursor=${encodeURIComponent(cursor)}`)
    assert.equal(page.counts, undefined)
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  }
  assert.deepEqual(ids, people.map(({ userId }) => userId).toReversed())
  assert.equal((await list(`q=${mark.toUpperCase()}-3@FOUND`)).items.length, 1, 'in any case')
  assert.equal((await list(`q=${encodeURIComponent(`mark ${mark} 100%_`)}`)).items.length, 5)
  assert.equal((await list(`q=${mark}%25`)).items.length, 0, 'what is typed has no wildcards')
  assert.deepEqual(
    (await list(`q=${mark}&status=suspended`)).items.map(({ id }) => id),
    [people[0]?.userId],
  )
})
