import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addItem, getItem, updateItem } from './items.ts'
import { add, alice, at, carol, db, inTx, makeList, makeMember, tenantA, ueiOf } from './lists.test.world.ts'
import { deleteList, listLists, moveList, updateList } from './lists.ts'
import { removeItems } from './removals.ts'

test('GG-09 an archived list is read and changed by nobody, and leaves the others', async () => {
  const list = await makeList(alice, 'Old', true)
  const item = await addItem(db.scoped(alice), list.id, { contractorId: at(0) })
  const archive = (isArchived: boolean) => inTx(alice, tx => updateList(tx, list.id, { isArchived }))
  assert.ok((await archive(true)).archivedAt)
  const code = 'contractors.list_archived'
  await assert.rejects(addItem(db.scoped(alice), list.id, { contractorId: at(1) }), { code })
  await assert.rejects(updateItem(db.scoped(alice), list.id, item.id, { notes: 'x' }), { code })
  await assert.rejects(
    inTx(alice, tx => removeItems(tx, list.id, [item.id])),
    { code },
  )
  await assert.rejects(
    inTx(alice, tx => updateList(tx, list.id, { name: 'x' })),
    { code },
  )
  await assert.rejects(add(alice, list.id, ueiOf(3)), { code })
  assert.equal((await getItem(db.scoped(carol), list.id, item.id)).id, item.id)
  const names = async (archived: boolean) =>
    (await listLists(db.scoped(alice), { limit: 100, archived })).items.map(each => each.name)
  assert.ok(!(await names(false)).includes('Old'))
  assert.deepEqual(await names(true), ['Old'])
  assert.equal((await archive(false)).archivedAt, null)
  await updateItem(db.scoped(alice), list.id, item.id, { notes: 'x' })
})

test('GG-09 another list becomes the default, of many at once exactly one', async () => {
  const owner = await makeMember('owner', tenantA)
  const first = (await listLists(db.scoped(owner), { limit: 10 })).items[0]
  const made = await Promise.all(['A', 'B', 'C', 'D'].map(name => makeList(owner, name)))
  const choose = (id: string) => inTx(owner, tx => updateList(tx, id, { isDefault: true }))
  await Promise.allSettled(made.map(list => choose(list.id)))
  const count = async () =>
    (await listLists(db.scoped(owner), { limit: 10 })).items.filter(list => list.isMine && list.isDefault)
  assert.equal((await count()).length, 1)
  assert.notEqual((await count())[0]?.id, first?.id)
  await choose(first?.id as string)
  assert.equal((await count())[0]?.id, first?.id)
  await assert.rejects(
    inTx(owner, tx => updateList(tx, first?.id as string, { isArchived: true })),
    {
      code: 'contractors.default_list_stays',
    },
  )
  await deleteList(db.scoped(owner), made[0]?.id as string)
})

test('GG-09 lists are put in any order by hand; a move writes one row until no number is left', async () => {
  const owner = await makeMember('sorter', tenantA)
  const ids: string[] = []
  for (const name of ['A', 'B', 'C', 'D', 'E']) ids.push((await makeList(owner, name)).id)
  const order = async () =>
    (await listLists(db.scoped(owner), { limit: 100 })).items
      .filter(list => list.isMine && !list.isDefault)
      .map(list => list.id)
  await inTx(owner, tx => moveList(tx, ids[4] as string, null))
  let expected = [ids[4], ids[0], ids[1], ids[2], ids[3]]
  assert.deepEqual(await order(), expected)
  for (let i = 0; i < 40; i++) {
    const [moved, after] = [expected[4] as string, expected[(i % 3) + 0] as string]
    await inTx(owner, tx => moveList(tx, moved, after))
    expected = expected.filter(id => id !== moved)
    expected.splice(expected.indexOf(after) + 1, 0, moved)
    assert.deepEqual(await order(), expected)
  }
  const carols = await makeList(carol, 'Hers')
  await assert.rejects(
    inTx(owner, tx => moveList(tx, carols.id, null)),
    { code: 'contractors.list_not_found' },
  )
})
