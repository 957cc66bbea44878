import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import { believedNoLonger, type Person } from '#test/world.ts'
import {
  addItem,
  admin,
  alice,
  bob,
  carol,
  json,
  type Made,
  makeList,
  member,
  open,
  share,
  status,
  tokenOf,
  viewer,
  world,
} from './sharing.test.world.ts'

test('GG-11 a list is shared with a colleague to view, comment or edit, until it is taken back or left', async () => {
  const list = await makeList(alice, 'Shared inside')
  const item = await addItem(alice, list)
  const see = (person: Person) => status(person.fetch(`/contractor-lists/${list}`))
  const note = (person: Person) =>
    status(person.fetch(`/contractor-lists/${list}/items/${item}`, { method: 'PATCH', body: { notes: 'Seen' } }))
  const say = (person: Person) =>
    status(person.fetch(`/contractor-lists/${list}/comments`, { method: 'POST', body: { body: 'Hello' } }))
  assert.equal(await see(carol), 404)

  const made = await share(alice, list, { userId: carol.userId, permission: 'view' })
  assert.deepEqual([made.status, made.json.link, made.json.user?.id], [201, null, carol.userId])
  assert.deepEqual([await see(carol), await note(carol), await say(carol)], [200, 403, 403])
  const told = await json<{ items: { kind: string; title: string }[] }>(carol.fetch('/notifications'))
  assert.equal(told.items[0]?.kind, 'contractors.list_shared')
  assert.match(told.items[0]?.title ?? '', /Alice Archer shared the list “Shared inside” with you/)

  const path = `/contractor-lists/${list}/shares/${made.json.id}`
  await alice.fetch(path, { method: 'PATCH', body: { permission: 'comment' } })
  assert.deepEqual([await note(carol), await say(carol)], [403, 201])
  await alice.fetch(path, { method: 'PATCH', body: { permission: 'edit' } })
  assert.deepEqual([await note(carol), await say(carol)], [200, 201])

  const shares = (person: Person) => json<{ items: Made[] }>(person.fetch(`/contractor-lists/${list}/shares`))
  assert.deepEqual([(await shares(alice)).items.length, (await shares(carol)).items.length], [1, 1])
  assert.equal(await status(viewer.fetch(`/contractor-lists/${list}/shares`)), 404)
  assert.equal(await status(bob.fetch(`/contractor-lists/${list}/shares`)), 404)
  assert.equal(
    (await share(carol, list, { userId: viewer.userId, permission: 'view' })).json.code,
    'contractors.only_owner_shares',
  )
  assert.equal(
    (await share(alice, list, { userId: carol.userId, permission: 'view' })).json.code,
    'contractors.share_twice',
  )
  assert.equal(
    (await share(alice, list, { userId: bob.userId, permission: 'view' })).json.code,
    'contractors.sharee_unknown',
  )
  assert.equal(
    (await share(alice, list, { userId: alice.userId, permission: 'view' })).json.code,
    'contractors.share_with_self',
  )
  assert.equal((await share(viewer, list, { userId: carol.userId, permission: 'view' })).status, 403)
  assert.equal(await status(carol.fetch(path, { method: 'PATCH', body: { permission: 'edit' } })), 403)
  assert.equal(await status(bob.fetch(path, { method: 'DELETE' })), 404)

  assert.equal(await status(carol.fetch(path, { method: 'DELETE' })), 204, 'she leaves')
  assert.equal(await see(carol), 404)
  const again = await share(alice, list, { email: ' Carol@MERIDIAN.example', permission: 'view' })
  assert.deepEqual(
    [again.json.user?.id, again.json.link],
    [carol.userId, null],
    'the address of a member is the member',
  )
  await alice.fetch(`/contractor-lists/${list}/shares/${again.json.id}`, { method: 'DELETE' })
  assert.equal(await see(carol), 404)
})

test('GG-11 of a list 200 shares are the most, also of many at once; those that are there can still be changed', async () => {
  const list = await makeList(alice, 'Shared widely')
  const one = (await share(alice, list, { email: 'one@wide.example', permission: 'view', sendMail: false })).json
  await admin.query(
    `insert into contractors.contractor_list_shares (tenant_id, list_id, shared_with_email, permission, shared_by)
     select $1, $2, 'guest' || i || '@wide.example', 'view', $3 from generate_series(1, 197) as i`,
    [alice.tenantId, list, alice.userId],
  )
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, i) =>
      share(alice, list, { email: `more${i}@wide.example`, permission: 'view', sendMail: false }),
    ),
  )
  const { rows } = await admin.query(
    'select count(*)::integer as count from contractors.contractor_list_shares where list_id = $1',
    [list],
  )
  assert.equal(rows[0].count, 200)
  assert.deepEqual(
    new Set(answers.filter(({ status }) => status !== 201).map(({ json }) => json.code)),
    new Set(['contractors.shares_too_many']),
  )
  const path = `/contractor-lists/${list}/shares/${one.id}`
  assert.equal(await status(alice.fetch(path, { method: 'PATCH', body: { permission: 'comment' } })), 200)
  assert.equal(await status(alice.fetch(`${path}/link`, { method: 'POST', body: { sendMail: false } })), 200)
})

test('GG-04 whose list a leaver’s becomes answers for no links that he has not sent', async () => {
  const leaver = await member('leaver@meridian.example', 'Leo Leaver')
  const list = await makeList(leaver, 'Left')
  const made = await share(leaver, list, { email: 'left@outside.example', permission: 'view' })
  const guest = await open(tokenOf(made.json))
  assert.equal(guest.status, 200)
  assert.equal(
    await status(alice.fetch(`/members/${leaver.userId}`, { method: 'DELETE', body: { reason: 'Moved on' } })),
    204,
  )
  assert.equal((await guest.get(`/shared-lists/${list}`)).status, 401)
  assert.equal((await open(tokenOf(made.json))).status, 404)
  const { items } = await json<{ items: Made[] }>(alice.fetch(`/contractor-lists/${list}/shares`))
  assert.equal(items[0]?.status, 'stopped')
  const renewed = await json<Made>(
    alice.fetch(`/contractor-lists/${list}/shares/${made.json.id}/link`, { method: 'POST', body: { sendMail: false } }),
  )
  assert.equal(renewed.isMailed, false)
  assert.equal((await open(tokenOf(renewed))).status, 200)
  await runJobs(world)
  await believedNoLonger()
})
