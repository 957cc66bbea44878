import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPasswordRules } from '#platform/identity'
import { testWorld } from '#test/world.ts'
import { getPasswordRules, setPasswordRules } from './password-rules.ts'

const { admin, db, alice, bob } = await testWorld()

test('PE-01 a new tenant has the default rules for passwords, the same in the database as in the program', async () => {
  assert.deepEqual(await getPasswordRules(db.scoped(alice.scope)), defaultPasswordRules)
})

test('AG-01 PE-01 rules are set in the tenant of the scope, and nowhere else', async () => {
  const rules = { minimumLength: 15, refuseCommon: false, refusedReuses: 0, expiresAfterDays: 365 }
  assert.deepEqual(await db.transaction(alice.scope, tx => setPasswordRules(tx, rules)), rules)
  assert.deepEqual(await getPasswordRules(db.scoped(bob.scope)), defaultPasswordRules)
  await assert.rejects(getPasswordRules(db.scoped({ userId: alice.userId })))
  const { rows } = await admin.query(
    `select changes -> 'password_rules' as change from audit.audit_logs
     where resource = 'tenancy.tenants' and resource_id = $1 and action = 'update' order by id desc limit 1`,
    [alice.tenantId],
  )
  assert.deepEqual(rows[0]?.change?.new ?? rows[0]?.change?.to, rules)
})

test('PE-01 the database refuses rules of another shape', async () => {
  const good = { minimumLength: 8, refuseCommon: true, refusedReuses: 3, expiresAfterDays: null }
  const set = (rules: unknown) =>
    admin.query('update tenancy.tenants set password_rules = $2 where id = $1', [bob.tenantId, JSON.stringify(rules)])
  for (const rules of [good, { ...good, minimumLength: 128, refusedReuses: 24, expiresAfterDays: 3650 }])
    await set(rules)
  const refused: unknown[] = [
    {},
    [],
    [good],
    null,
    'rules',
    { ...good, minimumLength: 7 },
    { ...good, minimumLength: 129 },
    { ...good, minimumLength: 8.5 },
    { ...good, minimumLength: '8' },
    { ...good, minimumLength: [8, 200] },
    { ...good, minimumLength: null },
    { ...good, refuseCommon: 'yes' },
    { ...good, refuseCommon: null },
    { ...good, refusedReuses: -1 },
    { ...good, refusedReuses: 25 },
    { ...good, expiresAfterDays: 0 },
    { ...good, expiresAfterDays: 3651 },
    { ...good, expiresAfterDays: '90' },
    { ...good, more: true },
    { minimumLength: 8, refuseCommon: true, refusedReuses: 3 },
    { minimumLength: 8, refuseCommon: true, expiresAfterDays: null },
  ]
  for (const rules of refused) {
    await assert.rejects(set(rules), /tenants_password_rules_shape|null value|cannot delete/, JSON.stringify(rules))
  }
})
