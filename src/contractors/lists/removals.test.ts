import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import { json, sql } from '#platform/database'
import { runRetention } from '#platform/operations'
import { contractorsModule } from '../module.ts'
import { addItem } from './items.ts'
import { admin, adminConfig, alice, at, bob, carol, db, inTx, items, makeList, share } from './lists.test.world.ts'
import { getList, listLists } from './lists.ts'
import { listRemovals, removeItem, removeItems, restoreRemoval } from './removals.ts'

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

test('GG-10 GG-16 what was removed, and additions, go after 30 days, of every tenant and nothing else', async () => {
  const config = { archiveDir: join(tmpdir(), 'commonhold-no-archive') }
  const administration = { admin: adminConfig, isEmbedded: false, dataDirectory: config.archiveDir }
  const app = { db, config, administration, clock: systemClock, modules: [contractorsModule] } as unknown as App
  const clear = async () => {
    for (const name of ['contractors.removed_items', 'contractors.list_additions']) {
      const [run] = await runRetention(app, { name })
      assert.equal(run?.status, 'done', run?.reason ?? '')
    }
  }
  const kept = async () => {
    const { rows } = await admin.query(`
      select 'removal' as what, removed_at::text as at from contractors.contractor_list_removed_items
      union all
      select 'addition', created_at::text from contractors.contractor_list_additions`)
    return rows.length
  }
  await admin.query('delete from contractors.contractor_list_removed_items')
  const days = ['29 days 23 hours', '30 days 1 hour']
  for (const scope of [alice, bob]) {
    const list = await makeList(scope, 'Leftovers')
    await addItem(db.scoped(scope), list.id, { contractorId: at(9) })
    for (const [i, age] of days.entries()) {
      const item = await addItem(db.scoped(scope), list.id, { contractorId: at(i) })
      const { id } = await inTx(scope, tx => removeItem(tx, list.id, item.id))
      await admin.query(
        'update contractors.contractor_list_removed_items set removed_at = now() - $2::interval where removal_id = $1',
        [id, age],
      )
      await db.scoped(scope).run(sql`
        insert into contractors.contractor_list_additions (list_id, requested_by, search)
        values (${list.id}, ${scope.userId}, ${json({ age })})
      `)
    }
  }
  await admin.query(`
    update contractors.contractor_list_additions
    set created_at = now() - (search ->> 'age')::interval`)
  assert.equal(await kept(), 8)
  await clear()
  assert.equal(await kept(), 4)
  const { rows } = await admin.query(`
    select
      (select count(*)::integer from contractors.contractor_list_removed_items where removed_at < now() - interval '30 days')
        + (select count(*)::integer from contractors.contractor_list_additions where created_at < now() - interval '30 days') as old,
      (select count(distinct tenant_id)::integer from contractors.contractor_list_removed_items) as tenants`)
  assert.deepEqual(rows, [{ old: 0, tenants: 2 }])
  for (const scope of [alice, bob]) {
    const mine = (await listLists(db.scoped(scope), { limit: 100 })).items.find(list => list.name === 'Leftovers')
    assert.equal(mine?.itemCount, 1, 'what is in the lists stays')
    assert.equal((await listRemovals(db.scoped(scope), mine?.id ?? '')).length, 1, 'the younger can still be put back')
  }
  await clear()
  assert.equal(await kept(), 4, 'a second run finds nothing')
})
