import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { placeTenant } from '#platform/tenancy'
import { tenantDatabase } from '#test/tenant-databases.ts'
import { testWorld } from '#test/world.ts'
import { exportTenant } from './exports.ts'
import { importTenant } from './imports.ts'

const world = await testWorld({ hasRouteLimits: false })
const elsewhere = await tenantDatabase(world)
const { app, admin, alice } = world
const folder = mkdtempSync(join(tmpdir(), 'commonhold-archives-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('MT-17 a tenant with a database of its own is exported out of both, and comes into the main one', async () => {
  assert.ok(app.placements)
  const { id: databaseId } = await app.placements.register(elsewhere.url)
  await app.db.transaction({ system: true, tenantId: alice.tenantId }, tx =>
    placeTenant(tx, alice.tenantId, databaseId),
  )
  app.placements.forget()
  const made = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Far away' } })
  assert.equal(made.status, 201, await made.clone().text())
  const inMain = await admin.query('select from contractors.contractor_lists where tenant_id = $1', [alice.tenantId])
  assert.equal(inMain.rowCount, 0, 'control: it lies elsewhere')

  const path = join(folder, 'alice.tar.gz')
  const exported = await exportTenant(app, 'meridian-capture', { path, actor: 'Ann' })
  assert.equal(exported.tables['contractors.contractor_lists'], 1)
  assert.ok((exported.tables['tenancy.user_tenants'] ?? 0) > 1)
  const options = { slug: 'came-home', rejectsPath: `${path}.rejects`, actor: 'Ann' }
  const imported = await importTenant(app, path, options)
  const { rows } = await admin.query('select name, user_id from contractors.contractor_lists where tenant_id = $1', [
    imported.tenant.id,
  ])
  assert.deepEqual(rows, [{ name: 'Far away', user_id: alice.userId }])
  const { rows: log } = await admin.query(
    `select entry ->> 'resource' as resource from operations.imported_logs where tenant_id = $1 and entry ->> 'action' = 'insert'`,
    [imported.tenant.id],
  )
  const told = new Set(log.map(({ resource }) => resource))
  assert.ok(told.has('contractors.contractor_lists') && told.has('tenancy.user_tenants'), 'the log of both')
})
