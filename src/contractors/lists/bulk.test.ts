import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Queryable, type Scope, sql } from '#platform/database'
import '#platform/usage'
import { testDatabase } from '#test/database.ts'
import { addContractors, addSelection, readCodes } from './additions.ts'
import { changeItems } from './bulk-changes.ts'
import type { ListSettings } from './fields.ts'
import { listItems } from './item-pages.ts'
import { addItem, countView, getItem, moveItem, updateItem } from './items.ts'
import { summariseList } from './list-summaries.ts'
import { createList, deleteList, getList, listLists, moveList, updateList } from './lists.ts'
import { listRemovals, removeItem, removeItems, restoreRemoval } from './removals.ts'
import { addSheet } from './sheets.ts'
import { combine, copyList, mergeLists, transferItems } from './transfers.ts'

const { db, admin } = await testDatabase()
const tenantA = await makeTenant('a')
const tenantB = await makeTenant('b')
const alice = await makeMember('alice', tenantA)
const carol = await makeMember('carol', tenantA)
const bob = await makeMember('bob', tenantB)
const contractors: string[] = []
for (let i = 0; i < 40; i++) contractors.push(await makeContractor(i))

const inTx = <T>(scope: Scope, work: (tx: Queryable) => Promise<T>) => db.transaction(scope, work)
const done = async () => {}
const add = (scope: Scope, listId: string, text: string, isTrial = false) =>
  addSelection(db, scope, listId, { text }, {}, done, isTrial)
const settings = (fields: ListSettings['fields']): ListSettings => ({ fields, columns: null, sort: null })

test('GG-10 identifiers are read from whatever stands around them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 99_999_999 }), { maxLength: 20 }),
      fc.array(fc.constantFrom(', ', '\n', '\r\n', '\t', ';', ' | ', '" "', ' - '), { minLength: 21, maxLength: 21 }),
      (numbers, between) => {
        const ueis = [...new Set(numbers)].map(ueiOf)
        const text = ueis.map((uei, i) => (i % 2 ? uei.toLowerCase() : uei) + between[i]).join('')
        assert.deepEqual(readCodes(`UEI: ${text}`), { ueis, cageCodes: [], invalid: [], repeated: 0 })
      },
    ),
  )
  assert.deepEqual(readCodes('1U3Z2 c12nsyah27n4, C12NSYAH27N4 Leidos'), {
    ueis: ['C12NSYAH27N4'],
    cageCodes: ['1U3Z2'],
    invalid: ['LEIDOS'],
    repeated: 1,
  })
})

test('GG-10 pasted identifiers go into a list, and each that does not is told with its reason', async () => {
  const list = await makeList(alice, 'Pasted')
  await admin.query(`update contractors.contractor_profiles set cage_code = '1TWIN' where id = any($1)`, [
    contractors.slice(10, 12),
  ])
  await admin.query(`update contractors.contractor_profiles set cage_code = '1CAGE' where id = $1`, [contractors[3]])
  await addItem(db.scoped(alice), list.id, { contractorId: at(1) }, { notes: 'kept' })
  const text = `${ueiOf(0)}; ${ueiOf(1)}\n${ueiOf(2).toLowerCase()} 1cage 1TWIN ZZZZZZZZZZZZ ${ueiOf(0)} nonsense!`
  const report = await add(alice, list.id, text)
  assert.equal(report.added, 3)
  assert.equal(report.itemIds.length, 3)
  assert.deepEqual(report.alreadyIn, [{ contractorId: at(1), name: 'Firm 1' }])
  assert.deepEqual(report.unknown, ['ZZZZZZZZZZZZ'])
  assert.deepEqual(report.ambiguous, ['1TWIN'])
  assert.deepEqual(report.invalid, ['NONSENSE'])
  assert.equal(report.repeated, 1)
  const { items } = await listItems(db.scoped(alice), list.id, { limit: 10, sort: 'manual' })
  assert.deepEqual(
    items.map(item => item.contractor.name),
    ['Firm 0', 'Firm 2', 'Firm 3', 'Firm 1'],
    'the first named is on top',
  )
  assert.equal(items.at(-1)?.notes, 'kept')
  const again = await add(alice, list.id, text)
  assert.deepEqual([again.added, again.alreadyIn.length], [0, 4], 'a repetition changes nothing')
  const trial = await add(alice, list.id, `${ueiOf(5)} ${ueiOf(0)}`, true)
  assert.deepEqual([trial.added, trial.alreadyIn.length, trial.itemIds], [1, 1, []])
  assert.equal((await getList(db.scoped(alice), list.id)).itemCount, 4, 'a trial writes nothing')
})

test('GG-10 a removal of many comes back whole, with notes, who added it and its place', async () => {
  const list = await makeList(alice, 'Undo')
  await share(list.id, carol, 'edit')
  await addItem(
    db.scoped(carol),
    list.id,
    { contractorId: at(0) },
    { notes: 'by carol', tags: ['x'], rating: 4, priority: 'critical' },
  )
  for (const i of [1, 2, 3]) await addItem(db.scoped(alice), list.id, { contractorId: at(i) })
  const before = await items(alice, list.id)
  const ids = before.slice(1).map(item => item.id)
  const removal = await inTx(alice, tx => removeItems(tx, list.id, ids))
  assert.equal(removal.itemCount, 3)
  assert.equal((await getList(db.scoped(alice), list.id)).itemCount, 1)
  assert.deepEqual(await listRemovals(db.scoped(alice), list.id), [removal])

  // Meanwhile one of them was added anew: it stays as it is.
  await addItem(db.scoped(alice), list.id, { contractorId: at(1) }, { notes: 'anew' })
  const restored = await inTx(alice, tx => restoreRemoval(tx, list.id, removal.id))
  assert.deepEqual([restored.itemIds.length, restored.alreadyIn], [2, 1])
  const after = await items(alice, list.id)
  const carols = after.find(item => item.contractorId === at(0))
  assert.deepEqual(
    carols,
    before.find(item => item.contractorId === at(0)),
  )
  assert.equal(carols?.addedBy, carol.userId)
  assert.equal(after.find(item => item.contractorId === at(1))?.notes, 'anew')
  const audited = await admin.query(`select action from audit.audit_logs where resource_id = $1 order by id`, [
    carols?.id,
  ])
  assert.deepEqual(
    audited.rows.map(row => row.action),
    ['insert', 'delete', 'insert'],
  )
  await assert.rejects(
    inTx(bob, tx => restoreRemoval(tx, list.id, removal.id)),
    {
      code: 'contractors.list_not_found',
    },
  )
})

test('GG-18 AG-01 what was removed is shown to who may edit the list, and to no other tenant', async () => {
  const list = await makeList(alice, 'Removed', true)
  const item = await addItem(db.scoped(alice), list.id, { contractorId: at(0) })
  const removal = await inTx(alice, tx => removeItem(tx, list.id, item.id))
  assert.deepEqual(await listRemovals(db.scoped(carol), list.id), [], 'a public list is read, not undone')
  await assert.rejects(
    inTx(carol, tx => restoreRemoval(tx, list.id, removal.id)),
    {
      code: 'contractors.list_not_yours',
    },
  )
  await assert.rejects(listRemovals(db.scoped(bob), list.id), { code: 'contractors.list_not_found' })
  assert.equal((await listRemovals(db.scoped(alice), list.id)).length, 1, 'control')
})

test('GG-18 nobody but who has asked for an addition reads, changes or removes it in the database', async () => {
  const list = await makeList(alice, 'Additions', true)
  const { id } = await db.scoped(alice).one<{ id: string }>(sql`
    insert into contractors.contractor_list_additions (list_id, requested_by, search)
    values (${list.id}, ${alice.userId}, '{}')
    returning id
  `)
  const left = async () =>
    (await admin.query('select status from contractors.contractor_list_additions where id = $1', [id])).rows
  for (const other of [carol, bob, { tenantId: tenantA }]) {
    const tx = db.scoped(other)
    assert.deepEqual(await tx.run(sql`select id from contractors.contractor_list_additions`), [])
    await tx.run(sql`update contractors.contractor_list_additions set status = 'failed'`)
    await tx.run(sql`delete from contractors.contractor_list_additions`)
    assert.deepEqual(await left(), [{ status: 'queued' }])
  }
  await db.scoped(alice).run(sql`delete from contractors.contractor_list_additions where id = ${id}`)
  assert.deepEqual(await left(), [], 'control')
})

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

test('GG-10 many items are changed alike in one statement, each once', async () => {
  const list = await makeList(alice, 'Alike')
  await inTx(alice, tx => addContractors(tx, list.id, contractors.slice(0, 5), { tags: ['old', 'both'] }))
  const ids = (await items(alice, list.id)).map(item => item.id)
  const changed = await inTx(alice, tx =>
    changeItems(tx, list.id, ids.slice(0, 4), { addTags: ['new', 'both'], removeTags: ['old'], priority: 'critical' }),
  )
  assert.equal(changed.length, 4)
  const after = await items(alice, list.id)
  assert.deepEqual(after.find(item => item.id === ids[0])?.tags, ['both', 'new'])
  assert.deepEqual(after.find(item => item.id === ids[4])?.tags, ['old', 'both'])
  assert.equal(after.filter(item => item.priority === 'critical').length, 4)
  await assert.rejects(
    inTx(bob, tx => changeItems(tx, list.id, ids, { rating: 1 })),
    {
      code: 'contractors.list_not_found',
    },
  )
  const summary = await summariseList(db.scoped(alice), list.id)
  assert.deepEqual(
    summary.priorities.map(({ value, count }) => [value, count]),
    [
      ['critical', 4],
      ['', 1],
    ],
  )
  assert.deepEqual(summary.tags[0]?.value, 'both')
  await assert.rejects(summariseList(db.scoped(bob), list.id), { code: 'contractors.list_not_found' })
})

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

test('GG-10 items are put in any order by hand, by several people at once, and none gets lost', async () => {
  const list = await makeList(alice, 'By hand')
  await share(list.id, carol, 'edit')
  await inTx(alice, tx => addContractors(tx, list.id, contractors.slice(0, 12)))
  const order = async () =>
    (await listItems(db.scoped(alice), list.id, { limit: 100, sort: 'manual' })).items.map(item => item.id)
  let expected = await order()
  for (let i = 0; i < 60; i++) {
    const moved = expected[11 - (i % 5)] as string
    const after = i % 7 === 0 ? null : (expected[i % 3] as string)
    await moveItem(db.scoped(alice), list.id, moved, after)
    expected = expected.filter(id => id !== moved)
    expected.splice(after === null ? 0 : expected.indexOf(after) + 1, 0, moved)
    assert.deepEqual(await order(), expected)
  }
  const places = await admin.query(
    'select max(scale(position))::int as scale from contractors.contractor_list_items where list_id = $1',
    [list.id],
  )
  assert.ok(places.rows[0].scale < 60, `${places.rows[0].scale} digits`)
  const [top] = expected
  await Promise.all(
    expected.slice(1).map((id, i) => moveItem(db.scoped(i % 2 ? alice : carol), list.id, id, top as string)),
  )
  const after = await order()
  assert.equal(after[0], top)
  assert.deepEqual(after.toSorted(), expected.toSorted())
  const distinct = await admin.query(
    'select count(distinct position)::int as places from contractors.contractor_list_items where list_id = $1',
    [list.id],
  )
  assert.equal(distinct.rows[0].places, 12, 'nobody met in one place')
  await assert.rejects(moveItem(db.scoped(bob), list.id, expected[1] as string, null), {
    code: 'contractors.list_not_found',
  })
})

test('GG-10 items come in each order page by page, each once, what has no value last', async () => {
  const field = { id: 'n', name: 'N', kind: 'number' as const }
  const list = await inTx(alice, tx => createList(tx, { name: 'Orders', settings: settings([field]) }))
  for (let i = 0; i < 9; i++) {
    await addItem(
      db.scoped(alice),
      list.id,
      { contractorId: at(i) },
      {
        rating: i % 3 === 0 ? null : i % 3,
        priority: i % 4 === 0 ? null : ((['low', 'high', 'critical'] as const)[i % 3] ?? null),
        tags: [i % 2 ? 'odd' : 'even'],
        customData: i % 2 ? { n: i } : {},
      },
    )
  }
  for (const sort of ['manual', 'added', 'name', 'value', 'rating', 'priority', 'views', 'field:n']) {
    for (const direction of ['asc', 'desc'] as const) {
      const whole = (await listItems(db.scoped(alice), list.id, { limit: 100, sort, direction })).items
      const paged: string[] = []
      for (let cursor: string | undefined; ; ) {
        const page = await listItems(db.scoped(alice), list.id, { limit: 2, sort, direction, cursor })
        paged.push(...page.items.map(item => item.id))
        if (page.nextCursor === null) break
        cursor = page.nextCursor
      }
      assert.deepEqual(
        paged,
        whole.map(item => item.id),
        `${sort} ${direction}`,
      )
      if (sort === 'rating') assert.equal(whole.at(-1)?.rating, null)
      if (sort === 'field:n') assert.equal(whole.at(-1)?.customData.n, undefined)
    }
  }
  const found = async (filters: object) =>
    (await listItems(db.scoped(alice), list.id, { limit: 100, ...filters })).items.length
  assert.deepEqual(
    [await found({ tag: ['odd'] }), await found({ minRating: 2 }), await found({ q: 'firm 3' })],
    [4, 3, 1],
  )
  assert.equal(await found({ priority: ['critical', 'low'], tag: ['even'] }), 2)
  await assert.rejects(listItems(db.scoped(alice), list.id, { limit: 5, sort: 'field:x' }), {
    code: 'contractors.field_unknown',
  })
})

test('GG-10 a field takes what it is defined for, and keeps its values when it is taken out and comes back', async () => {
  const fields: ListSettings['fields'] = [
    { id: 'amount', name: 'Amount', kind: 'number' },
    { id: 'due', name: 'Due', kind: 'date' },
    { id: 'stage', name: 'Stage', kind: 'choice', options: ['Lead', 'Won'] },
    { id: 'go', name: 'Go', kind: 'yes_no' },
  ]
  const list = await inTx(alice, tx => createList(tx, { name: 'Fields', settings: settings(fields) }))
  const customData = { amount: 1.5, due: '2028-02-29', stage: 'Won', go: false }
  const item = await addItem(db.scoped(alice), list.id, { contractorId: at(0) }, { customData })
  assert.deepEqual(item.customData, customData)
  const set = (customData: Record<string, string | number | boolean | null>) =>
    updateItem(db.scoped(alice), list.id, item.id, { customData })
  for (const [id, value] of Object.entries({ amount: '5', due: '2027-02-29', stage: 'Lost', go: 'yes' })) {
    await assert.rejects(set({ [id]: value }), { code: 'contractors.field_value_unfit' }, id)
  }
  await assert.rejects(set({ other: 1 }), { code: 'contractors.field_unknown' })
  assert.deepEqual((await set({ stage: null, amount: 2 })).customData, { amount: 2, due: '2028-02-29', go: false })
  const define = (defined: ListSettings['fields']) =>
    inTx(alice, tx => updateList(tx, list.id, { settings: settings(defined) }))
  await define([])
  assert.equal((await getItem(db.scoped(alice), list.id, item.id)).customData.due, '2028-02-29', 'nothing is lost')
  assert.equal((await summariseList(db.scoped(alice), list.id)).fields.length, 3)
  await define(fields)
  assert.deepEqual((await set({ amount: 3 })).customData, { amount: 3, due: '2028-02-29', go: false })
  for (const wrong of [
    [...fields, { id: 'x', name: 'amount', kind: 'text' as const }],
    [{ id: 'x', name: 'X', kind: 'choice' as const }],
  ]) {
    await assert.rejects(define(wrong), { kind: 'invalid' })
  }
})

test('GG-10 an item is counted when it is opened, also by who only reads, without a trace in log or activity', async () => {
  const list = await makeList(alice, 'Viewed', true)
  const item = await addItem(db.scoped(alice), list.id, { contractorId: at(0) })
  const logged = async () =>
    (
      await admin.query(
        `select (select count(*) from audit.audit_logs where resource_id = $1)::int as audited,
          (select count(*) from contractors.contractor_list_activity where list_id = $2)::int as told`,
        [item.id, list.id],
      )
    ).rows
  const before = await logged()
  await Promise.all(Array.from({ length: 20 }, (_, i) => countView(db.scoped(i % 2 ? alice : carol), list.id, item.id)))
  const [seen] = await items(alice, list.id)
  assert.equal(seen?.viewCount, 20)
  assert.ok(seen?.lastViewedAt instanceof Date)
  assert.deepEqual(await logged(), before)
  await updateItem(db.scoped(alice), list.id, item.id, { rating: 3 }, [seen?.etag ?? ''])
  await assert.rejects(countView(db.scoped(bob), list.id, item.id), { code: 'contractors.list_not_found' })
  assert.equal((await items(alice, list.id))[0]?.viewCount, 20)
})

test('GG-10 a sheet is tried first, row by row; then what is valid is taken, or all, or nothing', async () => {
  const list = await makeList(alice, 'Sheet')
  await addItem(db.scoped(alice), list.id, { contractorId: at(1) }, { notes: 'there', tags: ['a'] })
  const sheet = [
    'Unique Entity ID,Remarks,Tags,Rating,Priority',
    `${ueiOf(0)},"Says ""hello"", twice",x; y,4,High`,
    `${ueiOf(1)},from sheet,b,,`,
    `${ueiOf(0)},again,,,`,
    'ZZZZZZZZZZZZ,,,,',
    'short,,,9,urgent',
  ].join('\r\n')
  const take = (mode: 'trial' | 'valid' | 'all', updates = false, text = sheet, scope = alice) =>
    addSheet(db, scope, list.id, Buffer.from(text), { mode, updates, columns: {} }, done)
  const trial = await take('trial')
  const counts = { added: 1, updated: 0, already_in: 1, repeated: 1, unknown: 1, invalid: 1 }
  assert.deepEqual([trial.isTaken, trial.counts], [false, counts])
  assert.deepEqual(trial.mapping, {
    uei: 'Unique Entity ID',
    notes: 'Remarks',
    tags: 'Tags',
    rating: 'Rating',
    priority: 'Priority',
  })
  assert.deepEqual(
    trial.rows.map(row => [row.line, row.outcome, row.problems.length]),
    [
      [2, 'added', 0],
      [3, 'already_in', 0],
      [4, 'repeated', 0],
      [5, 'unknown', 1],
      [6, 'invalid', 3],
    ],
  )
  await assert.rejects(take('all'), { code: 'contractors.sheet_has_faults' })
  assert.equal((await items(alice, list.id)).length, 1, 'nothing is taken half')
  assert.equal((await take('valid', true)).counts.updated, 1)
  const [first, second] = await items(alice, list.id)
  assert.deepEqual(
    [first?.notes, first?.tags, first?.rating, first?.priority],
    ['Says "hello", twice', ['x', 'y'], 4, 'high'],
  )
  assert.deepEqual([second?.notes, second?.tags], ['from sheet', ['a', 'b']])
  for (const [text, code] of [
    ['', 'contractors.sheet_empty'],
    ['Name\nLeidos', 'contractors.sheet_without_uei'],
  ] as const) {
    await assert.rejects(take('trial', false, text), { code })
  }
  await assert.rejects(take('valid', false, sheet, bob), { code: 'contractors.list_not_found' })
})

test('GG-10 of a sheet no more is read than can be taken, however many lines and columns are in it', async () => {
  const list = await makeList(alice, 'Huge sheet')
  const take = (text: string) =>
    addSheet(db, alice, list.id, Buffer.from(text), { mode: 'trial', updates: false, columns: {} }, done)
  const timed = async (text: string, code: string) => {
    const began = performance.now()
    await assert.rejects(take(text), { code })
    return performance.now() - began
  }
  const small = Math.max(50, await timed(`UEI\n${',\n'.repeat(10_001)}`, 'contractors.sheet_too_long'))
  for (const [text, code] of [
    [`UEI\n${',\n'.repeat(4_000_000)}`, 'contractors.sheet_too_long'],
    [`UEI\n${'\0\n'.repeat(4_000_000)}`, 'contractors.sheet_too_long'],
    [`UEI${',x'.repeat(1_000)}`, 'contractors.sheet_too_wide'],
  ] as const) {
    assert.ok((await timed(text, code)) < small * 10, code)
  }
  assert.equal((await take(`UEI\n${`${ueiOf(0)}\n`.repeat(10_000)}`)).counts.repeated, 9_999, 'control')
  assert.equal((await take(`UEI${',x'.repeat(999)}\n${ueiOf(0)}`)).counts.added, 1, 'control')
})

test('GG-09 totals are exact however many add, remove, move and merge at once', async () => {
  const lists = [await makeList(alice, 'T0'), await makeList(alice, 'T1'), await makeList(alice, 'T2')]
  for (const list of lists) await share(list.id, carol, 'edit')
  const some = fc.uniqueArray(fc.integer({ min: 0, max: 39 }), { minLength: 1, maxLength: 15 })
  const which = fc.integer({ min: 0, max: 2 })
  const action = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), list: which, some }),
    fc.record({ kind: fc.constant('remove' as const), list: which, some }),
    fc.record({ kind: fc.constant('move' as const), list: which, to: which, some }),
    fc.record({ kind: fc.constant('merge' as const), list: which, to: which }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 12, maxLength: 24 }), async actions => {
      const outcomes = await Promise.allSettled(
        actions.map(async (each, i) => {
          const scope = i % 2 ? alice : carol
          const list = lists[each.list]?.id as string
          if (each.kind === 'merge') {
            const to = lists[each.to]?.id as string
            if (to !== list) await inTx(scope, tx => mergeLists(tx, to, list, 'keep'))
            return
          }
          const ids = each.some.map(at)
          if (each.kind === 'add') return void (await inTx(scope, tx => addContractors(tx, list, ids)))
          const held = (await items(scope, list)).filter(item => ids.includes(item.contractorId)).map(item => item.id)
          if (held.length === 0) return
          if (each.kind === 'remove') return void (await inTx(scope, tx => removeItems(tx, list, held)))
          const to = lists[each.to]?.id as string
          if (to !== list) await inTx(scope, tx => transferItems(tx, list, held, to, true))
        }),
      )
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
      for (const list of lists) {
        const shown = await getList(db.scoped(alice), list.id)
        const held = await items(alice, list.id)
        const cents = held.reduce(
          (sum, item) => sum + BigInt((item.contractor.totalContractValue ?? '0').replace('.', '')),
          0n,
        )
        assert.equal(shown.itemCount, held.length)
        assert.equal(shown.totalValue.replace('.', '').replace(/^0+(?=\d)/, ''), String(cents).replace(/^0$/, '0'))
        assert.equal(new Set(held.map(item => item.contractorId)).size, held.length)
      }
    }),
    { numRuns: 12 },
  )
})

test('GG-09 who absorbed another counts once in the total of a list that has both', async () => {
  const list = await makeList(alice, 'Merged')
  const [survivor, absorbed] = [await makeContractor(100, '500.00'), await makeContractor(101, '20.00')]
  await inTx(alice, tx => addContractors(tx, list.id, [survivor, absorbed]))
  assert.equal((await getList(db.scoped(alice), list.id)).totalValue, '520.00')
  await admin.query('update contractors.contractor_profiles set merged_into = $1 where id = $2', [survivor, absorbed])
  const merged = await getList(db.scoped(alice), list.id)
  assert.deepEqual([merged.totalValue, merged.itemCount], ['500.00', 2])
  const report = await add(alice, list.id, ueiOf(101))
  assert.deepEqual(report.alreadyIn, [{ contractorId: survivor, name: 'Firm 100' }], 'it is found as who absorbed it')
})

test('AG-02 a quota holds for many at once: all of them or none', async () => {
  const small = await makeTenant('small')
  const dora = await makeMember('dora', small)
  const list = await makeList(dora, 'Few')
  await admin.query(
    `insert into usage.tenant_limits (tenant_id, metric_name, quota) values ($1, 'contractors.list_items', 5)`,
    [small],
  )
  const fill = (ids: string[]) => inTx(dora, tx => addContractors(tx, list.id, ids))
  await assert.rejects(fill(contractors.slice(0, 6)), { code: 'usage.quota_exceeded' })
  assert.equal((await getList(db.scoped(dora), list.id)).itemCount, 0)
  await fill(contractors.slice(0, 5))
  const removal = await inTx(dora, async tx =>
    removeItems(tx, list.id, (await items(dora, list.id)).map(i => i.id).slice(0, 2)),
  )
  await fill(contractors.slice(10, 12))
  await assert.rejects(
    inTx(dora, tx => restoreRemoval(tx, list.id, removal.id)),
    { code: 'usage.quota_exceeded' },
  )
  assert.equal((await getList(db.scoped(dora), list.id)).itemCount, 5)
})

async function items(scope: Scope, listId: string) {
  return (await listItems(db.scoped(scope), listId, { limit: 100, sort: 'manual' })).items
}

async function makeList(scope: Scope, name: string, isPublic = false) {
  return await inTx(scope, tx => createList(tx, { name, isPublic }))
}

function at(index: number): string {
  return contractors[index] as string
}

/** 12 letters and digits without I and O. */
function ueiOf(index: number): string {
  return `F1RM${String(index).padStart(8, '0')}`
}

async function share(listId: string, user: Scope, permission: string) {
  await db.scoped(alice).run(sql`
    insert into contractors.contractor_list_shares (list_id, shared_with_user_id, permission, shared_by)
    values (${listId}, ${user.userId}, ${permission}, ${alice.userId})
    on conflict (tenant_id, list_id, shared_with_user_id) do update
    set permission = excluded.permission
  `)
}

async function makeTenant(slug: string): Promise<string> {
  const { rows } = await admin.query('insert into tenancy.tenants (name, slug) values ($1, $1) returning id', [slug])
  return rows[0].id
}

async function makeMember(name: string, tenantId: string): Promise<Scope & { userId: string; tenantId: string }> {
  const { rows } = await admin.query(`insert into identity.users (email) values ($1) returning id`, [
    `${name}@test.example`,
  ])
  await admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)', [tenantId, rows[0].id])
  return { tenantId, userId: rows[0].id }
}

async function makeContractor(
  index: number,
  value = `${index}.${String(index % 100).padStart(2, '0')}`,
): Promise<string> {
  const { rows } = await admin.query(
    'insert into contractors.contractor_profiles (uei, name, total_contract_value) values ($1, $2, $3) returning id',
    [ueiOf(index), `Firm ${index}`, value],
  )
  return rows[0].id
}
