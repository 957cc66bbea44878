import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addItem, getItem, updateItem } from './items.ts'
import { alice, at, bob, carol, db, inTx, items, makeList, settings, share } from './lists.test.world.ts'
import { createList, getList, updateList } from './lists.ts'
import { combine, copyList, mergeLists, transferItems } from './transfers.ts'

test('GG-10 a merge keeps what both lists say of a contractor, and a second one changes nothing', async () => {
  const field = { id: 'stage', name: 'Stage', kind: 'text' as const }
  const into = await inTx(alice, tx => createList(tx, { name: 'Into', settings: settings([field]) }))
  const from = await inTx(alice, tx =>
    createList(tx, {
      name: 'From',
      settings: settings([
        { id: 'a1', name: 'stage', kind: 'text' },
        { id: 'a2', name: 'Fee', kind: 'number' },
      ]),
    }),
  )
  await addItem(
    db.scoped(alice),
    into.id,
    { contractorId: at(0) },
    { notes: 'ours', tags: ['a'], rating: 5, customData: { stage: 'lead' } },
  )
  await addItem(
    db.scoped(alice),
    from.id,
    { contractorId: at(0) },
    { notes: 'theirs', tags: ['a', 'b'], rating: 2, priority: 'high', customData: { a1: 'won', a2: 3.5 } },
  )
  await addItem(db.scoped(alice), from.id, { contractorId: at(1) }, { customData: { a1: 'lost' } })
  const merge = () => inTx(alice, tx => mergeLists(tx, into.id, from.id, 'keep'))
  assert.deepEqual(await merge(), { added: 1, combined: 1, unchanged: 0 })
  const merged = await items(alice, into.id)
  const both = merged.find(item => item.contractorId === at(0))
  assert.equal(both?.notes, 'ours\n\nFrom “From”:\ntheirs\nFee: 3.5\nRating: 2\nStage: won')
  assert.deepEqual(both?.tags, ['a', 'b'])
  assert.deepEqual([both?.rating, both?.priority], [5, 'high'])
  assert.deepEqual(both?.customData, { stage: 'lead' })
  assert.deepEqual(merged.find(item => item.contractorId === at(1))?.customData, { stage: 'lost' })
  assert.deepEqual(await merge(), { added: 0, combined: 0, unchanged: 2 })
  await inTx(alice, tx => mergeLists(tx, into.id, from.id, 'archive'))
  assert.ok((await getList(db.scoped(alice), from.id)).archivedAt)
  await assert.rejects(
    inTx(alice, tx => mergeLists(tx, into.id, into.id, 'keep')),
    { code: 'contractors.same_list' },
  )

  await updateItem(db.scoped(alice), into.id, both?.id as string, { notes: 'x'.repeat(9_999) })
  await inTx(alice, tx => updateList(tx, from.id, { isArchived: false }))
  await assert.rejects(merge(), { code: 'contractors.merged_notes_too_long' })
  assert.equal((await getItem(db.scoped(alice), into.id, both?.id as string)).notes?.length, 9_999)
})

test('GG-10 no merge loses a word, a rating, a priority or a tag', () => {
  const remarks = fc.record({
    notes: fc.option(fc.string({ minLength: 1, maxLength: 30 }).filter(text => text.trim() !== '')),
    tags: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
    rating: fc.option(fc.integer({ min: 1, max: 5 })),
    priority: fc.option(fc.constantFrom('low' as const, 'medium' as const, 'high' as const, 'critical' as const)),
    customData: fc.constant({}),
  })
  fc.assert(
    fc.property(remarks, remarks, (kept, other) => {
      const both = combine(kept, other, 'B', []) ?? kept
      for (const { notes, tags, rating, priority } of [kept, other]) {
        if (notes) assert.ok(both.notes?.includes(notes.trim()))
        for (const tag of tags) assert.ok(both.tags.includes(tag))
        if (rating) assert.ok(both.rating === rating || both.notes?.includes(`Rating: ${rating}`))
        if (priority) assert.ok(both.priority === priority || both.notes?.includes(`Priority: ${priority}`))
      }
      assert.equal(combine(both, other, 'B', []), undefined)
    }),
  )
})

test('GG-09 a list is copied with all that is noted, and its own fields', async () => {
  const field = { id: 'go', name: 'Go', kind: 'yes_no' as const }
  const list = await inTx(alice, tx =>
    createList(tx, { name: 'Original', isPublic: true, settings: settings([field]) }),
  )
  await addItem(db.scoped(alice), list.id, { contractorId: at(0) }, { notes: 'n', customData: { go: true } })
  const copy = await inTx(carol, tx => copyList(tx, list.id, 'Mine now'))
  assert.deepEqual([copy.isMine, copy.isPublic, copy.itemCount, copy.settings.fields], [true, false, 1, [field]])
  const [item] = await items(carol, copy.id)
  assert.deepEqual([item?.notes, item?.customData, item?.addedBy], ['n', { go: true }, carol.userId])
  await assert.rejects(
    inTx(bob, tx => copyList(tx, list.id, 'Stolen')),
    { code: 'contractors.list_not_found' },
  )
})

test('GG-10 items move to another list with their notes; what is there already stays in both', async () => {
  const [from, to] = [await makeList(alice, 'Source'), await makeList(alice, 'Target')]
  for (const i of [0, 1, 2]) {
    await addItem(db.scoped(alice), from.id, { contractorId: at(i) }, { notes: `n${i}` })
  }
  await addItem(db.scoped(alice), to.id, { contractorId: at(1) }, { notes: 'there' })
  const ids = (await items(alice, from.id)).map(item => item.id)
  const moved = await inTx(alice, tx => transferItems(tx, from.id, ids, to.id, true))
  assert.deepEqual([moved.added, moved.alreadyIn, moved.moved], [2, 1, 2])
  assert.deepEqual(
    (await items(alice, from.id)).map(item => item.notes),
    ['n1'],
  )
  assert.deepEqual((await items(alice, to.id)).map(item => item.notes).sort(), ['n0', 'n2', 'there'])
  await share(from.id, carol, 'view')
  await share(to.id, carol, 'edit')
  await assert.rejects(
    inTx(carol, tx => transferItems(tx, from.id, ids, to.id, true)),
    {
      code: 'contractors.list_not_yours',
    },
  )
})
