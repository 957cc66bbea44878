import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '#platform/errors.ts'
import { signIn, testWorld } from '#test/world.ts'
import { addColleague } from './colleagues.ts'

const { app, admin, baseUrl, alice, bob } = await testWorld()
const { rows } = await admin.query('select slug from tenancy.tenants where id = $1', [alice.tenantId])
const slug: string = rows[0].slug

test('GG-04 an operator makes an account a member with a role; once more with another adds that role', async () => {
  await addColleague(app, { email: bob.email.toUpperCase(), slug, role: 'viewer' })
  await addColleague(app, { email: bob.email, slug, role: 'member' })
  await addColleague(app, { email: bob.email, slug, role: 'member' })
  const visiting = await signIn(baseUrl, bob, alice.tenantId)
  const me = (await (await visiting.fetch('/me')).json()) as { roles: string[]; tenantId: string }
  assert.deepEqual(
    { roles: me.roles, tenantId: me.tenantId },
    { roles: ['member', 'viewer'], tenantId: alice.tenantId },
  )
  const entries = await admin.query(
    `select details from audit.audit_logs where action = 'add_member' order by created_at limit 1`,
  )
  assert.deepEqual(entries.rows[0].details, { email: bob.email, role: 'viewer' })
})

test('GG-04 an unknown address, tenant or role is refused by name and changes nothing', async () => {
  const members = () => admin.query('select count(*)::int as count from tenancy.user_tenants')
  const before = await members()
  for (const [wanted, code] of [
    [{ email: 'nobody@example.com', slug, role: 'member' }, 'accounts.account_unknown'],
    [{ email: bob.email, slug: 'nowhere', role: 'member' }, 'accounts.tenant_unknown'],
    [{ email: alice.email, slug, role: 'emperor' }, 'accounts.role_unknown'],
  ] as const) {
    await assert.rejects(addColleague(app, wanted), error => error instanceof DomainError && error.code === code)
  }
  assert.deepEqual((await members()).rows, before.rows)
})
