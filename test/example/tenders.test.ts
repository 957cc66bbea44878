import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { testDatabase } from '#test/database.ts'
import { tendersModule } from './module.ts'
import { dropTender, listTenders, watchTender } from './tenders.ts'

const { db, admin, owner } = await testDatabase()
await owner.query(read('20261201_090000_tenders_create_tenders.up.sql'))
const [tenantA, tenantB] = [await makeTenant('a'), await makeTenant('b')]

test('AG-01 a tenant watches its own tenders and no other tenant sees, doubles or drops them', async () => {
  const tender = await watchTender(db.scoped({ tenantId: tenantA }), { title: 'Radar', dueOn: '2027-03-01' })
  await assert.rejects(watchTender(db.scoped({ tenantId: tenantA }), tender), { code: 'tenders.title_taken' })
  await watchTender(db.scoped({ tenantId: tenantB }), tender)
  await assert.rejects(dropTender(db.scoped({ tenantId: tenantB }), tender.id), { code: 'tenders.tender_not_found' })
  const { items } = await listTenders(db.scoped({ tenantId: tenantA }), { limit: 25 })
  assert.deepEqual(items, [tender])
  await dropTender(db.scoped({ tenantId: tenantA }), tender.id)
  assert.equal((await listTenders(db.scoped({ tenantId: tenantA }), { limit: 25 })).items.length, 0)
  const { rows } = await admin.query(`select action from audit.audit_logs where resource_id = $1 order by id`, [
    tender.id,
  ])
  assert.deepEqual(
    rows.map(row => row.action),
    ['insert', 'delete'],
  )
})

test('the example in the guide to applications is this one, and goes as it came', async () => {
  const guide = readFileSync(new URL('../../src/contractors/README.md', import.meta.url), 'utf8')
  const blocks = [...guide.matchAll(/^`(?:[\w/]+\/)?([\w.]+)`[^\n]*\n+```\w+\n([\s\S]*?)^```$/gm)]
  const files = ['20261201_090000_tenders_create_tenders.up.sql', 'tenders.ts', 'routes.ts', 'module.ts']
  assert.deepEqual(
    blocks.map(([, name]) => name),
    files,
  )
  for (const [, name, text] of blocks) assert.equal(text, read(name ?? ''))
  for (const { allow } of tendersModule.routes) assert.ok(allow in tendersModule.permissions)
  await owner.query(read('20261201_090000_tenders_create_tenders.down.sql'))
})

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}

async function makeTenant(slug: string): Promise<string> {
  const { rows } = await admin.query('insert into tenancy.tenants (name, slug) values ($1, $1) returning id', [slug])
  return rows[0].id
}
