import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql } from '#platform/database'
import { addContractors, readCodes } from './additions.ts'
import { listItems } from './item-pages.ts'
import { addItem } from './items.ts'
import {
  add,
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
  makeMember,
  makeTenant,
  tenantA,
  ueiOf,
} from './lists.test.world.ts'
import { getList } from './lists.ts'
import { removeItems, restoreRemoval } from './removals.ts'

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
