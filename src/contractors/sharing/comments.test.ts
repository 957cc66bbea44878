import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from '#platform/database'
import {
  addItem,
  admin,
  alice,
  bob,
  carol,
  db,
  json,
  makeList,
  open,
  share,
  status,
  tokenOf,
  viewer,
} from './sharing.test.world.ts'

test('GG-11 members in a comment are told of it, if they see the list; others cannot be mentioned', async () => {
  const list = await makeList(alice, 'Talked about')
  const path = `/contractor-lists/${list}/comments`
  const mention = (userId: string) =>
    alice.fetch(path, { method: 'POST', body: { body: 'Look, @Carol', mentions: [userId] } })
  assert.equal(await status(mention(carol.userId)), 400)
  await share(alice, list, { userId: carol.userId, permission: 'comment' })
  const said = await json<{ id: string; mentions: { name: string }[] }>(mention(carol.userId))
  assert.deepEqual(said.mentions, [{ id: carol.userId, name: 'Carol Cole' }])
  const told = await json<{ items: { kind: string }[] }>(carol.fetch('/notifications'))
  assert.equal(told.items[0]?.kind, 'contractors.mentioned')
  assert.equal(await status(mention(bob.userId)), 400)
  assert.equal(await status(carol.fetch(`${path}/${said.id}`, { method: 'PATCH', body: { body: 'x' } })), 403)
  assert.equal(await status(carol.fetch(`${path}/${said.id}`, { method: 'DELETE' })), 403)
  assert.equal(await status(bob.fetch(path)), 404)
  assert.equal(await status(bob.fetch(`${path}/${said.id}`, { method: 'DELETE' })), 404)
  assert.equal(await status(viewer.fetch(path)), 404)
  const hers = await json<{ id: string }>(carol.fetch(path, { method: 'POST', body: { body: 'Seen' } }))
  assert.equal(await status(alice.fetch(`${path}/${hers.id}`, { method: 'PATCH', body: { body: 'x' } })), 403)
  assert.equal(await status(alice.fetch(`${path}/${hers.id}`, { method: 'DELETE' })), 204, 'the owner keeps order')
})

test('GG-11 who removes what he has said never removes the answer that comes at that moment', async () => {
  const list = await makeList(alice, 'Answered')
  await share(alice, list, { userId: carol.userId, permission: 'comment' })
  const path = `/contractor-lists/${list}/comments`
  const said = await json<{ id: string }>(carol.fetch(path, { method: 'POST', body: { body: 'Question' } }))
  // Alice answers in a transaction that is not committed yet when Carol removes her question.
  const answering = db.transaction(alice.scope, async tx => {
    await tx.run(sql`
      insert into contractors.contractor_list_comments (list_id, parent_id, user_id, body)
      values (${list}, ${said.id}, ${alice.userId}, 'Answer')
    `)
    const removing = status(carol.fetch(`${path}/${said.id}`, { method: 'DELETE' }))
    await sleep(300)
    return { removing }
  })
  assert.equal(await (await answering).removing, 204)
  const { items } = await json<{ items: { body: string | null }[] }>(alice.fetch(path))
  assert.deepEqual(items.map(({ body }) => body).toSorted(), ['Answer', null])
})

test('GG-10 GG-11 what was said about a contractor is not lost when a guest takes it out, and is there when it comes back', async () => {
  const list = await makeList(alice, 'Talked over')
  const item = await addItem(alice, list)
  const path = `/contractor-lists/${list}`
  const said = await json<{ id: string }>(
    alice.fetch(`${path}/comments`, { method: 'POST', body: { body: 'Strong in radar', itemId: item } }),
  )
  const other = await json<{ id: string }>(
    alice.fetch(`${path}/comments`, { method: 'POST', body: { body: 'Or not', itemId: item } }),
  )
  const guest = await open(
    tokenOf((await share(alice, list, { email: 'sweeper@outside.example', permission: 'edit' })).json),
  )
  assert.equal((await guest.send('DELETE', `/shared-lists/${list}/items/${item}`)).status, 204)
  type Said = { items: { id: string; body: string; itemId: string }[] }
  const ofItem = async () => (await json<Said>(alice.fetch(`${path}/comments?itemId=${item}`))).items
  assert.equal((await ofItem()).length, 2)
  assert.equal(
    await status(alice.fetch(`${path}/comments`, { method: 'POST', body: { body: 'More', itemId: item } })),
    400,
    'it is not there to be spoken about',
  )
  assert.equal(await status(alice.fetch(`${path}/comments/${other.id}`, { method: 'DELETE' })), 204)
  type Told = { items: { action: string }[] }
  const activity = await json<Told>(alice.fetch(`${path}/activity?about=comment`))
  assert.equal(activity.items[0]?.action, 'comment.removed')

  const { items: removals } = await json<{ items: { id: string }[] }>(alice.fetch(`${path}/removals`))
  const restoration = `${path}/removals/${removals[0]?.id}/restoration`
  assert.equal(await status(alice.fetch(restoration, { method: 'POST' })), 200)
  assert.deepEqual(
    (await ofItem()).map(({ id, body, itemId }) => [id, body, itemId]),
    [[said.id, 'Strong in radar', item]],
  )
  assert.equal(await status(alice.fetch(path, { method: 'DELETE' })), 204)
  const { rows } = await admin.query('select from contractors.contractor_list_comments where list_id = $1', [list])
  assert.equal(rows.length, 0, 'with the list they go')
})

test('GG-11 by one link 30 comments are written or changed in an hour, also of many at once and of those taken back', async () => {
  const list = await makeList(alice, 'Flooded')
  const [flood, other] = [
    await share(alice, list, { email: 'flood@outside.example', permission: 'comment' }),
    await share(alice, list, { email: 'other@outside.example', permission: 'comment' }),
  ]
  const guest = await open(tokenOf(flood.json))
  const path = `/shared-lists/${list}/comments`
  const say = (body: string) => guest.send('POST', path, { body })
  const first = await say('First')
  assert.equal((await say('Second')).status, 201)
  assert.equal((await guest.send('DELETE', `${path}/${first.json.id}`)).status, 204)
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => say(`Again ${i}`)))
  assert.equal(answers.filter(({ status }) => status === 201).length, 28)
  const refusals = answers.filter(({ status }) => status !== 201)
  const { status, json, headers } = refusals[0] as (typeof refusals)[number]
  assert.deepEqual([status, json.code, headers.get('retry-after')], [429, 'contractors.guest_comments_too_many', '600'])
  const own = answers.find(({ status }) => status === 201)?.json.id
  assert.equal((await guest.send('PATCH', `${path}/${own}`, { body: 'Changed' })).status, 429)
  assert.equal((await guest.send('DELETE', `${path}/${own}`)).status, 204, 'he may still take back')
  assert.equal((await (await open(tokenOf(other.json))).send('POST', path, { body: 'Hello' })).status, 201, 'control')
  const members = alice.fetch(`/contractor-lists/${list}/comments`, { method: 'POST', body: { body: 'Enough' } })
  assert.equal((await members).status, 201, 'control')

  // An hour later.
  await admin.query(
    `update contractors.contractor_list_activity set created_at = created_at - interval '61 minutes' where list_id = $1`,
    [list],
  )
  assert.equal((await say('Later')).status, 201)
})

test('GG-11 a comment of a guest has 2,000 characters at most, at the edge and in the database', async () => {
  const list = await makeList(alice, 'Wordy')
  const made = await share(alice, list, { email: 'wordy@outside.example', permission: 'comment' })
  const guest = await open(tokenOf(made.json))
  const path = `/shared-lists/${list}/comments`
  assert.equal((await guest.send('POST', path, { body: 'x'.repeat(2_001) })).status, 400)
  const said = await guest.send('POST', path, { body: 'x'.repeat(2_000) })
  assert.equal(said.status, 201)
  assert.equal((await guest.send('PATCH', `${path}/${said.json.id}`, { body: 'x'.repeat(2_001) })).status, 400)
  await assert.rejects(
    admin.query('update contractors.contractor_list_comments set body = $2 where id = $1', [
      said.json.id,
      'x'.repeat(2_001),
    ]),
    { constraint: 'contractor_list_comments_guest_length' },
  )
})
