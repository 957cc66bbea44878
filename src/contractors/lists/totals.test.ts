import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DomainError } from '#platform/errors.ts'
import { addContractors } from './additions.ts'
import { changeItems } from './bulk-changes.ts'
import { addItem, updateItem } from './items.ts'
import {
  add,
  admin,
  alice,
  at,
  carol,
  contractors,
  db,
  inTx,
  items,
  makeContractor,
  makeList,
  share,
  tenantA,
  ueiOf,
} from './lists.test.world.ts'
import { deleteList, getList, listLists } from './lists.ts'
import { removeItems, restoreRemoval } from './removals.ts'
import { copyList, mergeLists, transferItems } from './transfers.ts'

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

test('GG-10 whoever deletes a list while somebody adds to it, the adding says that there is none', async () => {
  const list = await makeList(alice, 'Deleted meanwhile')
  const one = await makeContractor(102, '1.00')
  let adding: Promise<unknown> | undefined
  await inTx(alice, async tx => {
    await deleteList(tx, list.id)
    // It waits for the end of this transaction.
    adding = inTx(alice, other => addContractors(other, list.id, [one])).catch(error => error)
    assert.equal(await Promise.race([adding, new Promise(later => setTimeout(later, 200, 'waits'))]), 'waits')
  })
  assert.equal(((await adding) as DomainError).code, 'contractors.list_not_found')
})

test('GG-10 twenty who add, change, remove, move, merge, copy and delete while values change leave totals that are right, and none is refused by a deadlock', async () => {
  const kinds = ['add', 'one', 'change', 'remove', 'restore', 'move', 'merge', 'copy', 'delete']
  const lists = new Set<string>()
  for (const name of ['H0', 'H1', 'H2', 'H3']) {
    const { id } = await makeList(alice, name)
    await share(id, carol, 'edit')
    lists.add(id)
  }
  const done = new Map<string, number>()
  const refusals: unknown[] = []
  let areWriting = true
  const values = (async () => {
    for (let round = 1; areWriting; round++) {
      await admin.query(
        `update contractors.contractor_profiles
         set total_contract_value = case when random() < 0.1 then null else (random() * 100000)::numeric(20, 2) end
         where id = any ($1)`,
        [contractors.filter((_, i) => i % 5 === round % 5)],
      )
    }
  })()
  await Promise.all(Array.from({ length: 20 }, (_, writer) => write(writer)))
  areWriting = false
  await values
  assert.deepEqual(refusals, [])
  for (const kind of kinds) assert.ok((done.get(kind) ?? 0) > 0, `${kind} was done`)

  const { items: shown } = await listLists(db.scoped(alice), { limit: 100 })
  const { rows: recounted } = await admin.query(
    `select
       list.id,
       (select count(*)::integer from contractors.contractor_list_items where list_id = list.id) as items,
       (
         select coalesce(sum(total_contract_value), 0)::numeric(20, 2)::text
         from contractors.contractor_profiles
         where id in (
           select coalesce(held.merged_into, held.id)
           from contractors.contractor_list_items as item
           join contractors.contractor_profiles as held on held.id = item.contractor_profile_id
           where item.list_id = list.id
         )
       ) as value
     from contractors.contractor_lists as list
     where list.user_id = $1 and list.archived_at is null`,
    [alice.userId],
  )
  assert.deepEqual(
    shown.map(({ id, itemCount, totalValue }) => [id, itemCount, totalValue]).toSorted(),
    recounted.map(({ id, items, value }) => [id, items, value]).toSorted(),
  )
  const { rows: gauge } = await admin.query(
    `select
       (select sum(value)::integer from usage.gauge_shards where tenant_id = $1 and metric_name = 'contractors.list_items') as counted,
       (select count(*)::integer from contractors.contractor_list_items where tenant_id = $1) as there`,
    [tenantA],
  )
  assert.equal(gauge[0].counted, gauge[0].there)

  async function write(writer: number): Promise<void> {
    // Alice deletes and merges away what is hers; Carol edits what is shared with her.
    const scope = writer % 2 ? alice : carol
    let state = writer + 1
    const random = (below: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return Math.floor((state / 2_147_483_648) * below)
    }
    const removals: { list: string; id: string }[] = []
    for (let step = 0; step < 14; step++) {
      const kind = kinds[random(kinds.length)] as string
      const [list = '', other = ''] = [...lists].sort(() => random(3) - 1)
      const some = Array.from({ length: 1 + random(12) }, () => at(random(40)))
      try {
        await act(kind, list, other, some)
        done.set(kind, (done.get(kind) ?? 0) + 1)
      } catch (error) {
        // What another has deleted, archived or taken out a moment ago.
        if (!(error instanceof DomainError) || !['not_found', 'conflict', 'forbidden'].includes(error.kind))
          refusals.push(error)
      }
    }

    async function act(kind: string, list: string, other: string, some: string[]): Promise<void> {
      if (kind === 'add') return void (await inTx(scope, tx => addContractors(tx, list, some)))
      if (kind === 'one') {
        return void (await inTx(scope, tx => addItem(tx, list, { contractorId: some[0] as string })))
      }
      const held = (await items(scope, list)).filter(item => some.includes(item.contractorId)).map(item => item.id)
      if (kind === 'change') {
        await inTx(scope, tx => changeItems(tx, list, held, { rating: 3 }))
        if (held[0]) await inTx(scope, tx => updateItem(tx, list, held[0] as string, { notes: `by ${writer}` }))
      } else if (kind === 'remove') {
        const { id } = await inTx(scope, tx => removeItems(tx, list, held))
        removals.push({ list, id })
      } else if (kind === 'restore') {
        const removal = removals.pop()
        if (removal) await inTx(scope, tx => restoreRemoval(tx, removal.list, removal.id))
      } else if (kind === 'move') await inTx(scope, tx => transferItems(tx, list, held, other, true))
      else if (kind === 'merge') await inTx(scope, tx => mergeLists(tx, list, other, 'keep'))
      else if (kind === 'copy' && lists.size < 9) {
        const copy = await inTx(alice, tx => copyList(tx, list, `Copy ${writer}`))
        await share(copy.id, carol, 'edit')
        lists.add(copy.id)
      } else if (kind === 'delete' && lists.size > 3) {
        lists.delete(list)
        if (random(2)) await inTx(alice, tx => deleteList(tx, list))
        else await inTx(alice, tx => mergeLists(tx, other, list, 'delete'))
      }
    }
  }
})
