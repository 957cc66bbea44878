import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { addItem, alice, bob, carol, db, json, makeList, share, status, verizon, viewer } from './sharing.test.world.ts'

test('GG-12 the activity tells of a bulk once, with its count, and is filtered by person and by what it is about', async () => {
  const list = await makeList(alice, 'Bulk')
  await db.transaction(alice.scope, async tx => {
    await tx.run(sql`
      insert into contractors.contractor_list_items (list_id, contractor_profile_id, added_by)
      select ${list}, id, ${alice.userId}
      from contractors.contractor_profiles
      where uei in ('LEJDDS000001', 'VERJZNN00001')
    `)
    await tx.run(sql`update contractors.contractor_list_items set rating = 3 where list_id = ${list}`)
    await tx.run(sql`update contractors.contractor_list_items set position = position + 1 where list_id = ${list}`)
    await tx.run(sql`update contractors.contractor_list_items set view_count = view_count + 1 where list_id = ${list}`)
  })
  type Entry = { id: string; action: string; count: number | null; changed: string[]; sharedWith: string | null }
  const activity = (query = '') =>
    json<{ items: Entry[]; nextCursor: string | null }>(alice.fetch(`/contractor-lists/${list}/activity${query}`))
  const { items } = await activity()
  assert.deepEqual(items.map(({ action, count, changed }) => [action, count, changed]).toSorted(), [
    ['items.added', 2, []],
    ['items.reordered', 2, ['position']],
    ['items.updated', 2, ['rating']],
    ['list.created', null, []],
  ])
  await share(alice, list, { userId: carol.userId, permission: 'edit' })
  await carol.fetch(`/contractor-lists/${list}/comments`, { method: 'POST', body: { body: 'Mine' } })
  assert.deepEqual(
    (await activity(`?userId=${carol.userId}`)).items.map(({ action }) => action),
    ['comment.added'],
  )
  assert.deepEqual(
    (await activity('?about=share')).items.map(({ action, sharedWith }) => [action, sharedWith]),
    [['share.added', 'Carol Cole']],
  )
  const seen: string[] = []
  for (let cursor = ''; ; ) {
    const page = await activity(`?limit=1${cursor && `&cursor=${cursor}`}`)
    seen.push(...page.items.map(({ id }) => id))
    if (!page.nextCursor) break
    cursor = page.nextCursor
  }
  assert.equal(new Set(seen).size, 6)
  assert.equal(seen.length, 6)
  assert.equal(await status(bob.fetch(`/contractor-lists/${list}/activity`)), 404)
  assert.equal(await status(viewer.fetch(`/contractor-lists/${list}/activity`)), 404)
})

test('GG-12 the order of one’s lists is one’s own affair; the order in a list is told, once for a move', async () => {
  const list = await makeList(alice, 'Sorted')
  const [first, second] = [await addItem(alice, list), await addItem(alice, list, { contractorId: verizon })]
  const told = async () => {
    const { items } = await json<{ items: { action: string; contractor: { name: string } | null }[] }>(
      alice.fetch(`/contractor-lists/${list}/activity`),
    )
    return items.map(({ action, contractor }) => [action, contractor?.name])
  }
  const before = await told()
  const patch = (body: object) => alice.fetch(`/contractor-lists/${list}`, { method: 'PATCH', body })
  assert.equal((await patch({ sortOrder: 7_000 })).status, 200)
  const place = alice.fetch(`/contractor-lists/${list}/position`, { method: 'PUT', body: { after: null } })
  assert.equal((await place).status, 200)
  assert.deepEqual(await told(), before)
  assert.equal((await patch({ sortOrder: 8_000, color: '#2255aa' })).status, 200)
  assert.deepEqual((await told())[0], ['list.updated', undefined], 'control')
  const path = `/contractor-lists/${list}/items/${first}/position`
  assert.equal((await alice.fetch(path, { method: 'PUT', body: { after: second } })).status, 204)
  assert.deepEqual((await told())[0], ['items.reordered', 'Leidos'])
})
