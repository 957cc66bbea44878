import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Scope } from '#platform/database'
import { sql } from '#platform/database'
import { etagOf } from '#platform/http'
// What the database refuses for want of room has its words from there.
import '#platform/usage'
import { testDatabase } from '#test/database.ts'
import { listItems } from './item-pages.ts'
import { addItem, listsHolding, updateItem } from './items.ts'
import { createList, deleteList, getList, listLists, updateList } from './lists.ts'
import { removeItem } from './removals.ts'

const { db, admin } = await testDatabase()
const tenantA = await makeTenant('a')
const tenantB = await makeTenant('b')
const alice = await makeMember('alice', tenantA)
const carol = await makeMember('carol', tenantA)
const bob = await makeMember('bob', tenantB)
const leidos = await makeContractor('F1RST00A1B11', '100.10')
const verizon = await makeContractor('SEC0ND0A2222', '23.05')
const unpriced = await makeContractor('TH1RD00A3333', null)

test('GG-09 each user has favourites in each tenant, made once however many ask first', async () => {
  const firsts = await Promise.all(Array.from({ length: 20 }, () => listLists(db.scoped(alice), { limit: 25 })))
  const made = await admin.query('select id from contractors.contractor_lists where user_id = $1 and is_default', [
    alice.userId,
  ])
  assert.equal(made.rowCount, 1)
  for (const { items } of firsts) assert.equal(items[0]?.id, made.rows[0].id)
  const elsewhere = { ...alice, tenantId: tenantB }
  await admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)', [tenantB, alice.userId])
  const other = await listLists(db.scoped(elsewhere), { limit: 25 })
  assert.equal(other.items[0]?.isDefault, true)
  assert.notEqual(other.items[0]?.id, made.rows[0].id)
  await assert.rejects(deleteList(db.scoped(alice), made.rows[0].id), { code: 'contractors.default_list_stays' })
})

test('GG-09 AG-02 where the plan has no room for favourites one sees the lists that there are', async () => {
  const full = await makeTenant('full')
  const [erin, frank] = [await makeMember('erin', full), await makeMember('frank', full)]
  const open = await createList(db.scoped(erin), { name: 'Open to all', isPublic: true })
  await admin.query(
    `insert into usage.tenant_limits (tenant_id, metric_name, quota) values ($1, 'contractors.lists', 1)`,
    [full],
  )
  const seen = async () => (await listLists(db.scoped(frank), { limit: 25 })).items.map(({ name }) => name)
  assert.deepEqual(await seen(), ['Open to all'])
  await assert.rejects(createList(db.scoped(frank), { name: 'One too many' }), { code: 'usage.quota_exceeded' })
  await deleteList(db.scoped(erin), open.id)
  assert.deepEqual(await seen(), ['Favourites'])
})

test('GG-09 count, total value and last addition are those of the items, also after a contractor changes', async () => {
  const list = await createList(db.scoped(alice), { name: 'Totals', color: '#00ff7f' })
  assert.deepEqual([list.itemCount, list.totalValue, list.lastItemAddedAt], [0, '0.00', null])
  for (const contractorId of [leidos, verizon, unpriced]) await addItem(db.scoped(alice), list.id, { contractorId })
  const filled = await getList(db.scoped(alice), list.id)
  assert.deepEqual([filled.itemCount, filled.totalValue], [3, '123.15'])
  assert.ok(filled.lastItemAddedAt instanceof Date)
  await admin.query('update contractors.contractor_profiles set total_contract_value = 7.5 where id = $1', [unpriced])
  assert.equal((await getList(db.scoped(alice), list.id)).totalValue, '130.65')
  await admin.query('update contractors.contractor_profiles set total_contract_value = null where id = $1', [unpriced])
})

test('GG-09 fifty changes at once leave count and total right', async () => {
  const list = await createList(db.scoped(alice), { name: 'Busy' })
  const contractors: string[] = []
  for (let i = 0; i < 50; i++) contractors.push(await makeContractor(`BUSY${String(i).padStart(8, '0')}`, `${i}.01`))
  await Promise.all(contractors.map(contractorId => addItem(db.scoped(alice), list.id, { contractorId })))
  const { items } = await listItems(db.scoped(alice), list.id, { limit: 100 })
  const half = items.slice(0, 25)
  await Promise.all([
    ...half.map(item => removeItem(db.scoped(alice), list.id, item.id)),
    ...items.slice(25).map(item => updateItem(db.scoped(alice), list.id, item.id, { rating: 3 })),
  ])
  const left = await getList(db.scoped(alice), list.id)
  const expected = items.slice(25).reduce((sum, item) => sum + Number(item.contractor.totalContractValue) * 100, 0)
  assert.equal(left.itemCount, 25)
  assert.equal(left.totalValue, (Math.round(expected) / 100).toFixed(2))
  const logged = await admin.query(
    'select action, count(*)::int from contractors.contractor_list_activity where list_id = $1 group by 1 order by 1',
    [list.id],
  )
  assert.deepEqual(logged.rows, [
    { action: 'item.added', count: 50 },
    { action: 'item.removed', count: 25 },
    { action: 'item.updated', count: 25 },
    { action: 'list.created', count: 1 },
  ])
})

test('GG-10 a contractor is in a list once', async () => {
  const list = await createList(db.scoped(alice), { name: 'Once' })
  const attempts = await Promise.allSettled(
    Array.from({ length: 8 }, () => addItem(db.scoped(alice), list.id, { uei: 'f1rst00a1b11' })),
  )
  assert.equal(attempts.filter(attempt => attempt.status === 'fulfilled').length, 1)
  for (const attempt of attempts) {
    if (attempt.status === 'rejected') assert.equal(attempt.reason.code, 'contractors.already_in_list')
  }
  assert.equal((await getList(db.scoped(alice), list.id)).itemCount, 1)
})

test('GG-10 an item has notes, tags, a rating from 1 to 5 and a priority, and says who added it', async () => {
  const list = await createList(db.scoped(alice), { name: 'Notes' })
  const fields = { notes: 'Call\nthem', tags: ['cyber', "o'neill"], rating: 5, priority: 'high' as const }
  const item = await addItem(db.scoped(alice), list.id, { contractorId: leidos }, fields)
  assert.deepEqual({ ...item, ...fields }, item)
  assert.equal(item.addedBy, alice.userId)
  assert.equal(item.contractor.totalContractValue, '100.10')
  const changed = await updateItem(db.scoped(alice), list.id, item.id, { rating: null, tags: [] })
  assert.deepEqual([changed.notes, changed.tags, changed.rating, changed.priority], ['Call\nthem', [], null, 'high'])
  await assert.rejects(
    db.scoped(alice).run(sql`update contractors.contractor_list_items set rating = 6 where id = ${item.id}`),
    { constraint: 'contractor_list_items_rating_range' },
  )
})

test('GG-12 each change of a list or item is in its activity, with who did it', async () => {
  const list = await createList(db.scoped(alice), { name: 'Watched' })
  const item = await addItem(db.scoped(alice), list.id, { contractorId: verizon })
  await updateItem(db.scoped(alice), list.id, item.id, { notes: 'n', priority: 'low' })
  await updateItem(db.scoped(alice), list.id, item.id, { notes: 'n' })
  await db.transaction(alice, tx => updateList(tx, list.id, { name: 'Seen', isPublic: true }))
  await removeItem(db.scoped(alice), list.id, item.id)
  const seen = await db.scoped(carol).run(sql`
    select action, item_id, user_id, metadata
    from contractors.contractor_list_activity
    where list_id = ${list.id}
    order by id
  `)
  const by = { userId: alice.userId }
  assert.deepEqual(seen, [
    { action: 'list.created', itemId: null, ...by, metadata: { name: 'Watched' } },
    { action: 'item.added', itemId: item.id, ...by, metadata: { contractorId: verizon } },
    {
      action: 'item.updated',
      itemId: item.id,
      ...by,
      metadata: { contractorId: verizon, changed: ['notes', 'priority'] },
    },
    {
      action: 'list.updated',
      itemId: null,
      ...by,
      metadata: { changed: ['name', 'isPublic'], name: 'Seen', isPublic: true },
    },
    { action: 'item.removed', itemId: item.id, ...by, metadata: { contractorId: verizon } },
  ])
  await assert.rejects(
    db
      .scoped(alice)
      .run(sql`insert into contractors.contractor_list_activity (list_id, action) values (${list.id}, 'item.added')`),
    { code: '42501' },
  )
  const failed = db.transaction(alice, async tx => {
    await removeItem(tx, list.id, (await addItem(tx, list.id, { contractorId: leidos })).id)
    throw new Error('undone')
  })
  await assert.rejects(failed, /undone/)
  assert.equal(await countActivity(list.id), 5)
})

test('GG-15 the activity is kept by month, made three months ahead, each month guarded as the whole is', async () => {
  const { rows } = await admin.query(`
    select count(*)::int as partitions, bool_and(relrowsecurity and relforcerowsecurity) as guarded,
      min((select array_agg(polname::text order by polname) from pg_policy where polrelid = c.oid)) as policies
    from pg_inherits join pg_class c on c.oid = inhrelid
    where inhparent = 'contractors.contractor_list_activity'::regclass
  `)
  // The owner reads what retention archives.
  const policies = ['contractor_list_activity_seen_with_list', 'owner_reads', 'tenant_isolation']
  assert.deepEqual(rows, [{ partitions: 4, guarded: true, policies }])
})

test('GG-09 deleting a list deletes its items, shares and activity', async () => {
  const list = await createList(db.scoped(alice), { name: 'Gone', isPublic: true })
  await addItem(db.scoped(alice), list.id, { contractorId: leidos })
  await share(list.id, carol, 'view')
  await deleteList(db.scoped(alice), list.id)
  await assert.rejects(getList(db.scoped(alice), list.id), { code: 'contractors.list_not_found' })
  for (const table of ['contractor_list_items', 'contractor_list_shares', 'contractor_list_activity']) {
    const { rowCount } = await admin.query(`select from contractors.${table} where list_id = $1`, [list.id])
    assert.equal(rowCount, 0, table)
  }
})

test('a list is changed only as it was when it was read', async () => {
  const list = await createList(db.scoped(alice), { name: 'Versions' })
  const change = (name: string) => db.transaction(alice, tx => updateList(tx, list.id, { name }, [etagOf(list)]))
  const outcomes = await Promise.allSettled([change('one'), change('two'), change('three')])
  assert.equal(outcomes.filter(outcome => outcome.status === 'fulfilled').length, 1)
  const unconditional = await db.transaction(alice, tx => updateList(tx, list.id, { description: 'd' }))
  assert.equal(unconditional.description, 'd')
})

test("GG-18 a private list is nobody else's, a public one is seen and not changed", async () => {
  const list = await createList(db.scoped(alice), { name: 'Mine' })
  const item = await addItem(db.scoped(alice), list.id, { contractorId: leidos })
  await refusesAll(carol, list.id, item.id, 'contractors.list_not_found')
  assert.ok(!(await listLists(db.scoped(carol), { limit: 100 })).items.some(({ id }) => id === list.id))
  assert.deepEqual(
    await listsHolding(db.scoped(carol), leidos).then(lists => lists.filter(({ id }) => id === list.id)),
    [],
  )

  await db.transaction(alice, tx => updateList(tx, list.id, { isPublic: true }))
  const seen = (await listLists(db.scoped(carol), { limit: 100 })).items.find(({ id }) => id === list.id)
  assert.deepEqual([seen?.isMine, seen?.itemCount, seen?.ownerId], [false, 1, alice.userId])
  assert.equal((await listItems(db.scoped(carol), list.id, { limit: 5 })).items[0]?.id, item.id)
  await refusesWrites(carol, list.id, item.id, 'contractors.list_not_yours')
  assert.equal((await getList(db.scoped(alice), list.id)).itemCount, 1)
})

test('GG-09 a contractor’s page names a list that holds one that it has absorbed since, each list once', async () => {
  const survivor = await makeContractor('SURV00000001', '5')
  const absorbed = await makeContractor('ABSRB0000001', '5')
  const [both, old] = await Promise.all(
    ['Has both', 'Has the old one'].map(name => createList(db.scoped(alice), { name })),
  )
  const kept = await addItem(db.scoped(alice), both?.id ?? '', { contractorId: survivor })
  await addItem(db.scoped(alice), both?.id ?? '', { contractorId: absorbed })
  const other = await addItem(db.scoped(alice), old?.id ?? '', { contractorId: absorbed })
  const held = async () => (await listsHolding(db.scoped(alice), survivor)).map(({ name, itemId }) => [name, itemId])
  assert.deepEqual(await held(), [['Has both', kept.id]])
  await admin.query('update contractors.contractor_profiles set merged_into = $1 where id = $2', [survivor, absorbed])
  assert.deepEqual(await held(), [
    ['Has both', kept.id],
    ['Has the old one', other.id],
  ])
  assert.deepEqual(await listsHolding(db.scoped({ ...alice, tenantId: tenantB }), survivor), [])
})

test('GG-18 a share shows a list, one with permission edit opens its items, until it expires', async () => {
  const list = await createList(db.scoped(alice), { name: 'Shared' })
  const item = await addItem(db.scoped(alice), list.id, { contractorId: leidos })
  await share(list.id, carol, 'view')
  assert.equal((await getList(db.scoped(carol), list.id)).name, 'Shared')
  await refusesWrites(carol, list.id, item.id, 'contractors.list_not_yours')
  await share(list.id, carol, 'edit')
  const added = await addItem(db.scoped(carol), list.id, { contractorId: verizon }, { rating: 2 })
  assert.equal(added.addedBy, carol.userId)
  await updateItem(db.scoped(carol), list.id, item.id, { notes: 'by carol' })
  await assert.rejects(deleteList(db.scoped(carol), list.id), { code: 'contractors.list_not_yours' })
  await db.scoped(alice).run(sql`
    update contractors.contractor_list_shares
    set expires_at = now() - interval '1 s'
    where list_id = ${list.id}
  `)
  await refusesAll(carol, list.id, item.id, 'contractors.list_not_found')
  assert.equal((await getList(db.scoped(alice), list.id)).itemCount, 2)
})

test('AG-01 another tenant reads and writes nothing of a list, be it public', async () => {
  const list = await createList(db.scoped(alice), { name: 'Tenant A', isPublic: true })
  const item = await addItem(db.scoped(alice), list.id, { contractorId: leidos })
  await refusesAll(bob, list.id, item.id, 'contractors.list_not_found')
  // The owner himself, working in another tenant.
  await refusesAll({ ...alice, tenantId: tenantB }, list.id, item.id, 'contractors.list_not_found')
  assert.equal((await getList(db.scoped(alice), list.id)).itemCount, 1)
})

test('GG-18 the database itself holds back what belongs to others', async () => {
  const list = await createList(db.scoped(alice), { name: 'By SQL', isPublic: true })
  const item = await addItem(db.scoped(alice), list.id, { contractorId: leidos })
  const asCarol = db.scoped(carol)
  const touched = async (statement: ReturnType<typeof sql>) => (await asCarol.run(statement)).length
  assert.equal(
    await touched(sql`update contractors.contractor_lists set name = 'x' where id = ${list.id} returning id`),
    0,
  )
  assert.equal(await touched(sql`delete from contractors.contractor_lists where id = ${list.id} returning id`), 0)
  assert.equal(
    await touched(sql`update contractors.contractor_list_items set notes = 'x' where id = ${item.id} returning id`),
    0,
  )
  assert.equal(await touched(sql`delete from contractors.contractor_list_items where id = ${item.id} returning id`), 0)
  const refused = { code: '42501' }
  await assert.rejects(
    asCarol.run(sql`
      insert into contractors.contractor_list_items (list_id, contractor_profile_id, added_by)
      values (${list.id}, ${verizon}, ${carol.userId})
    `),
    refused,
  )
  await assert.rejects(
    asCarol.run(sql`insert into contractors.contractor_lists (user_id, name) values (${alice.userId}, 'forged')`),
    refused,
  )
  await assert.rejects(
    asCarol.run(sql`
      insert into contractors.contractor_list_shares (list_id, shared_with_user_id, permission, shared_by)
      values (${list.id}, ${carol.userId}, 'edit', ${carol.userId})
    `),
    refused,
  )
  await db.scoped(alice).run(sql`
    insert into contractors.contractor_list_shares (list_id, shared_with_user_id, shared_by)
    values (${list.id}, ${carol.userId}, ${alice.userId})
  `)
  assert.equal(await touched(sql`select from contractors.contractor_list_summaries where id = ${list.id}`), 1)
  assert.equal((await db.unscoped.run(sql`select from contractors.contractor_list_summaries`)).length, 0)
})

test('lists and items are paged in one order, each once', async () => {
  const reader = await makeMember('reader', tenantA)
  const names = Array.from({ length: 7 }, (_, i) => `List ${i % 3}`)
  for (const name of names) await createList(db.scoped(reader), { name })
  const all = (await listLists(db.scoped(reader), { limit: 100 })).items.map(list => list.id)
  assert.deepEqual(await collect(cursor => listLists(db.scoped(reader), { limit: 2, cursor })), all)
  const list = await createList(db.scoped(reader), { name: 'Paged' })
  await db.transaction(reader, async tx => {
    for (const contractorId of [leidos, verizon, unpriced]) await addItem(tx, list.id, { contractorId })
  })
  const whole = (await listItems(db.scoped(reader), list.id, { limit: 100 })).items.map(item => item.id)
  assert.equal(whole.length, 3)
  assert.deepEqual(await collect(cursor => listItems(db.scoped(reader), list.id, { limit: 1, cursor })), whole)
  const { nextCursor } = await listItems(db.scoped(reader), list.id, { limit: 1 })
  const other = await createList(db.scoped(reader), { name: 'Other' })
  await assert.rejects(listItems(db.scoped(reader), other.id, { limit: 1, cursor: nextCursor ?? '' }), {
    code: 'http.cursor_invalid',
  })
})

async function refusesAll(scope: Scope, listId: string, itemId: string, code: string) {
  await assert.rejects(getList(db.scoped(scope), listId), { code })
  await assert.rejects(listItems(db.scoped(scope), listId, { limit: 5 }), { code })
  await refusesWrites(scope, listId, itemId, code)
}

async function refusesWrites(scope: Scope, listId: string, itemId: string, code: string) {
  await assert.rejects(
    db.transaction(scope, tx => updateList(tx, listId, { name: 'taken' })),
    { code },
  )
  await assert.rejects(deleteList(db.scoped(scope), listId), { code })
  await assert.rejects(addItem(db.scoped(scope), listId, { contractorId: unpriced }), { code })
  await assert.rejects(updateItem(db.scoped(scope), listId, itemId, { notes: 'taken' }), { code })
  await assert.rejects(removeItem(db.scoped(scope), listId, itemId), { code })
}

async function collect(page: (cursor?: string) => Promise<{ items: { id: string }[]; nextCursor: string | null }>) {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const { items, nextCursor } = await page(cursor)
    ids.push(...items.map(item => item.id))
    cursor = nextCursor ?? undefined
  } while (cursor)
  return ids
}

async function share(listId: string, user: Scope, permission: string) {
  await db.scoped(alice).run(sql`
    insert into contractors.contractor_list_shares (list_id, shared_with_user_id, permission, shared_by)
    values (${listId}, ${user.userId}, ${permission}, ${alice.userId})
    on conflict (tenant_id, list_id, shared_with_user_id) do update
    set permission = excluded.permission
  `)
}

async function countActivity(listId: string) {
  const { rows } = await admin.query(
    'select count(*)::int from contractors.contractor_list_activity where list_id = $1',
    [listId],
  )
  return rows[0].count
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

async function makeContractor(uei: string, value: string | null): Promise<string> {
  const { rows } = await admin.query(
    'insert into contractors.contractor_profiles (uei, name, total_contract_value) values ($1, $1, $2) returning id',
    [uei, value],
  )
  return rows[0].id
}
