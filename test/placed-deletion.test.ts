import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from '#platform/database'
import { getTenantRecord, listCertificates, moveTenant, placeTenant, readKeptErasures } from '#platform/tenancy'
import { tenantDatabase } from '#test/tenant-databases.ts'
import { newPerson, type Person, testWorld } from '#test/world.ts'
import { exportPersonalData } from '../src/platform/accounts/exports.ts'
import { removeDueTenants, removeTenant } from '../src/platform/accounts/tenant-removals.ts'
import { removeRows } from '../src/platform/tenancy/deletion-removals.ts'

const world = await testWorld()
const elsewhere = await tenantDatabase(world)
const { app, admin, adminConfig, alice, bob } = world
const { placements } = app
assert.ok(placements)
const { id: databaseId } = await placements.register(elsewhere.url)
const place = ({ tenantId }: Person) =>
  app.db.transaction({ system: true, tenantId }, tx => placeTenant(tx, tenantId, databaseId))
await admin.query(
  `insert into contractors.contractor_profiles (uei, name, total_contract_value) values ('C12NSYAH27N4', 'LEIDOS, INC.', 5)`,
)

async function makeList(person: Person, name: string): Promise<void> {
  const made = await person.fetch('/contractor-lists', { method: 'POST', body: { name } })
  assert.equal(made.status, 201, await made.clone().text())
  const { id } = (await made.json()) as { id: string }
  const item = await person.fetch(`/contractor-lists/${id}/items`, { method: 'POST', body: { uei: 'C12NSYAH27N4' } })
  assert.equal(item.status, 201, await item.clone().text())
}

async function letTimeCome({ tenantId }: Person): Promise<void> {
  await admin.query(`select set_config('app.tenant_id', $1, false), set_config('app.system', 'on', false)`, [tenantId])
  await admin.query(`select tenancy.request_deletion(0, true, 'Over')`)
  await admin.query(`select set_config('app.tenant_id', '', false), set_config('app.system', '', false)`)
}

/** Tables there of which some row has the text, the log aside. */
async function tablesWith(text: string): Promise<string[]> {
  const { rows } = await elsewhere.admin.query<{ name: string }>(`
    select c.oid::regclass::text as name
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$|^audit$'
    where c.relkind = 'r'`)
  const found: string[] = []
  for (const { name } of rows) {
    const { rowCount } = await elsewhere.admin.query(
      `select from ${name} as row where strpos(row::text, $1) > 0 limit 1`,
      [text],
    )
    if (rowCount) found.push(name)
  }
  return found
}

/** Notes that somebody was erased in a tenant. */
async function noteErasure(client: typeof admin, { tenantId }: Person): Promise<string> {
  const id = randomUUID()
  await client.query('insert into assignments.erased_participants (tenant_id, participant_id) values ($1, $2)', [
    tenantId,
    id,
  ])
  return id
}

const erasedIn = async ({ tenantId }: Person) =>
  (await readKeptErasures(app, tenantId))?.get('assignments.participants')?.map(({ id }) => id)

const certificateOf = async (tenantId: string) =>
  (await listCertificates(app.db.scoped({ system: true }), { limit: 10 })).items.find(
    ({ certificate }) => certificate.tenantId === tenantId,
  )?.certificate

test('MT-08 MT-17 what a person exports has his rows in a placed tenant too', async () => {
  await place(alice)
  await place(bob)
  placements.forget()
  await makeList(alice, 'Exported from elsewhere')
  let text = ''
  for await (const piece of await exportPersonalData(app, alice.scope, alice.userId)) text += piece
  assert.ok(text.includes('Exported from elsewhere'))
  JSON.parse(text)
})

test('MT-11 MT-17 the removal of a placed tenant waits while its database is away, says why, and loses nothing', async () => {
  await makeList(alice, 'Goes')
  await makeList(alice, 'Goes too')
  await makeList(bob, 'Stays')
  await letTimeCome(alice)
  await elsewhere.close()
  const { removed, failed } = await removeDueTenants(app)
  assert.deepEqual([removed, failed.length], [[], 1])
  const { rows } = await admin.query('select begun_at, last_error from tenancy.tenant_deletions where tenant_id = $1', [
    alice.tenantId,
  ])
  assert.ok(rows[0].begun_at)
  assert.match(rows[0].last_error, /cannot be reached/)
  const { rowCount } = await admin.query('select from tenancy.placements where tenant_id = $1', [alice.tenantId])
  assert.equal(rowCount, 1, 'it is still known where its data are')
  assert.equal(await certificateOf(alice.tenantId), undefined)
  const record = await getTenantRecord(app.db.scoped({ system: true }), alice.tenantId)
  assert.match(record.deletionDelay ?? '', /cannot be reached/)
  assert.ok(record.database?.name.endsWith(`/${elsewhere.name}`) && record.move === null)
  await elsewhere.reopen()
  assert.deepEqual(
    await tablesWith(alice.tenantId).then(tables => tables.includes('contractors.contractor_lists')),
    true,
  )
})

test('MT-11 MT-17 its rows in its own database go and are in the certificate, and nobody else’s go', async () => {
  const erased = [await noteErasure(elsewhere.admin, alice), await noteErasure(admin, alice)]
  assert.deepEqual(await removeDueTenants(app), { removed: [alice.tenantId], failed: [] })
  const certificate = await certificateOf(alice.tenantId)
  assert.equal(certificate?.removed['contractors.contractor_lists'], 3)
  assert.equal(certificate?.removed['contractors.contractor_list_items'], 3)
  assert.deepEqual(
    (await erasedIn(alice))?.toSorted(),
    erased.toSorted(),
    'who was erased is kept, wherever that stood',
  )
  assert.deepEqual(await tablesWith(alice.tenantId), [])
  assert.deepEqual(await tablesWith(alice.userId), [], 'nor is there anybody whom nothing names')
  assert.ok((await tablesWith(bob.tenantId)).includes('contractors.contractor_list_items'), 'control')
  assert.ok((await tablesWith(bob.userId)).includes('identity.users'), 'control')
  const lists = (await (await bob.fetch('/contractor-lists')).json()) as { items: { name: string }[] }
  assert.deepEqual(
    lists.items.map(({ name }) => name),
    ['Favourites', 'Stays'],
  )
})

test('MT-11 MT-17 a tenant goes with the old copy of a move that nobody has finished, and none begins meanwhile', async () => {
  const move = { placements, main: adminConfig, tenantId: bob.tenantId, heardAfter: 100 }
  assert.equal((await moveTenant(move, null)).state, 'switched')
  await sleep(10)
  await makeList(bob, 'Since')
  assert.ok((await tablesWith(bob.tenantId)).includes('contractors.contractor_lists'), 'control: the old copy')
  const { move: shown, database } = await getTenantRecord(app.db.scoped({ system: true }), bob.tenantId)
  assert.deepEqual([shown?.state, shown?.target, database], ['switched', 'main', null])
  await letTimeCome(bob)
  assert.deepEqual(await removeDueTenants(app), { removed: [bob.tenantId], failed: [] })
  assert.deepEqual(await tablesWith(bob.tenantId), [])
  const { rows } = await admin.query('select from contractors.contractor_lists where tenant_id = $1', [bob.tenantId])
  assert.equal(rows.length, 0)
  await assert.rejects(moveTenant(move, databaseId), { code: 'tenancy.move_taken' })
})

test('MT-11 GG-16 a removal goes on without the databases of tenants, and keeps who was erased unless rows went before', async () => {
  const [carol, dora] = [await newPerson(world, { tenantName: 'C' }), await newPerson(world, { tenantName: 'D' })]
  await place(carol)
  const erased = await noteErasure(admin, carol)
  await noteErasure(admin, dora)
  for (const each of [carol, dora]) await letTimeCome(each)
  const { placements: _, ...alone } = app
  assert.equal(await removeTenant(alone, carol.tenantId), true)
  assert.deepEqual(await erasedIn(carol), [erased])

  // As releases have begun it that kept nothing.
  await app.db.scoped({ tenantId: dora.tenantId, system: true }).run(sql`select tenancy.begin_removal('{}')`)
  await removeRows(app, dora.tenantId)
  assert.equal(await removeTenant(app, dora.tenantId), true)
  assert.equal(await readKeptErasures(app, dora.tenantId), undefined, 'not that there was nobody')
})
