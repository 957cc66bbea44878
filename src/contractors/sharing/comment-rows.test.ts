import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Queryable, sql } from '#platform/database'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'

const world = await testWorld()
const { alice, bob, app } = world
const carol = await member('Carol Cole')
const dave = await member('Dave Dean')

test('GG-18 AG-01 the database itself holds back comments: unseen, unwritten, unchanged and unremoved by who may not', async () => {
  const list = await post('/contractor-lists', { name: 'Talked about' })
  await post(`/contractor-lists/${list.id}/shares`, { userId: carol.userId, permission: 'view' })
  const { id } = await post(`/contractor-lists/${list.id}/comments`, { body: 'Ours' })
  const body = (person: Person) =>
    as(person).run(sql`select body from contractors.contractor_list_comments where id = ${id}`)
  const changed = (person: Person) =>
    as(person).run(sql`update contractors.contractor_list_comments set body = 'Mine' where id = ${id} returning id`)
  const removed = (person: Person) =>
    as(person).run(sql`delete from contractors.contractor_list_comments where id = ${id} returning id`)
  const written = (person: Person, by: Person) =>
    as(person).run(sql`
      insert into contractors.contractor_list_comments (list_id, user_id, body)
      values (${list.id}, ${by.userId}, 'Smuggled')
    `)
  const refused = { code: '42501' }

  // Carol sees the list and may say nothing, Dave does not see it, Bob is of another tenant.
  assert.deepEqual(await body(carol), [{ body: 'Ours' }])
  for (const person of [dave, bob]) assert.deepEqual(await body(person), [])
  for (const person of [carol, dave, bob]) {
    assert.deepEqual(await changed(person), [], person.fullName)
    assert.deepEqual(await removed(person), [], person.fullName)
    await assert.rejects(written(person, person), person === bob ? Error : refused)
    await assert.rejects(written(person, alice), person === bob ? Error : refused)
  }
  await assert.rejects(written(alice, carol), refused, 'not even its owner writes in the name of another')
  assert.deepEqual(await body(alice), [{ body: 'Ours' }])

  // Control: each of these is done to the same row by who may.
  await written(alice, alice)
  assert.deepEqual(await changed(alice), [{ id }])
  assert.deepEqual(await removed(alice), [{ id }])
})

const as = (person: Person): Queryable => app.db.scoped(person.scope)

async function member(fullName: string): Promise<Person> {
  const person = await newPerson(world, { fullName })
  await joinAs(world, person.userId, alice.tenantId, 'member')
  return await signIn(world.baseUrl, person, alice.tenantId)
}

async function post(path: string, body: unknown): Promise<{ id: string }> {
  const answer = await alice.fetch(path, { method: 'POST', body })
  assert.equal(answer.status, 201)
  return (await answer.json()) as { id: string }
}
