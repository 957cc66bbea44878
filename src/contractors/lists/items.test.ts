import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addContractors } from './additions.ts'
import { changeItems } from './bulk-changes.ts'
import type { ListSettings } from './fields.ts'
import { listItems } from './item-pages.ts'
import { addItem, countView, getItem, moveItem, updateItem } from './items.ts'
import { summariseList } from './list-summaries.ts'
import {
  admin,
  alice,
  at,
  bob,
  carol,
  contractors,
  db,
  inTx,
  items,
  makeList,
  settings,
  share,
} from './lists.test.world.ts'
import { createList, updateList } from './lists.ts'

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
