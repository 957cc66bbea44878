import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '#test/database.ts'
import { modules } from '../src/main/modules.ts'
import { upgradeDatabase } from '../src/main/program.ts'

test('GG-15 an installation that was down for months makes its partitions before it writes', async () => {
  const { admin, owner, adminConfig } = await testDatabase()
  const { rows } = await admin.query(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit.audit_logs'::regclass`,
  )
  for (const { name } of rows) await owner.query(`drop table ${name}`)
  await assert.rejects(
    owner.query(`insert into access.permissions (name, description, resource, action) values ('a.b', 'x', 'a', 'b')`),
    /no partition of relation "audit_logs" found/,
    'control: nothing tracked can be written',
  )
  // Writes the modules' permissions, which are tracked.
  await upgradeDatabase(adminConfig, modules)
  const { rows: entries } = await admin.query(
    `select count(*)::int as n from audit.audit_logs where resource = 'access.permissions' and action = 'insert'`,
  )
  assert.ok(entries[0].n > 0)
})
