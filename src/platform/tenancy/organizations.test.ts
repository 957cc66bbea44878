import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { testWorld } from '#test/world.ts'

const { db, admin, alice, bob, viewer } = await testWorld()
const own = db.scoped(alice.scope)

const organization = (name: string, slug: string, parentId: string | null = null) =>
  own.one(sql<{ id: string }>`
    insert into tenancy.organizations (name, slug, parent_id) values (${name}, ${slug}, ${parentId}) returning id`)

test('GG-05 organizations form a tree inside a tenant, and go with their parent', async () => {
  const company = await organization('Company', 'company')
  const team = await organization('Team', 'team', company.id)
  await assert.rejects(organization('Other', 'team'), /organizations_slug_unique/)
  await assert.rejects(own.run(sql`update tenancy.organizations set parent_id = id where id = ${team.id}`), {
    code: 'members.organization_below_itself',
  })
  await own.run(sql`delete from tenancy.organizations where id = ${company.id}`)
  assert.deepEqual(await own.run(sql`select id from tenancy.organizations where id = ${team.id}`), [])
})

test('GG-05 AG-01 only members of the tenant belong to its organizations, and other tenants see none', async () => {
  const { id } = await organization('Members', 'members')
  const join = (userId: string) =>
    own.run(sql`insert into tenancy.user_organizations (organization_id, user_id) values (${id}, ${userId})`)
  await join(viewer.userId)
  await assert.rejects(join(bob.userId), /user_organizations_user_id_fkey/)
  await assert.rejects(join(viewer.userId), /user_organizations_once/)
  assert.deepEqual(await db.scoped(bob.scope).run(sql`select id from tenancy.organizations`), [])
  assert.deepEqual(await db.scoped(bob.scope).run(sql`select id from tenancy.user_organizations`), [])
  const { rows } = await admin.query('select count(*)::int as count from tenancy.user_organizations')
  assert.equal(rows[0].count, 1)
})

test('GG-05 leaving the tenant is leaving its organizations', async () => {
  const { id } = await organization('Leavers', 'leavers')
  await own.run(sql`insert into tenancy.user_organizations (organization_id, user_id) values (${id}, ${viewer.userId})`)
  await own.run(sql`delete from tenancy.user_tenants where user_id = ${viewer.userId}`)
  assert.deepEqual(await own.run(sql`select id from tenancy.user_organizations where organization_id = ${id}`), [])
})

test('MT-10 a new tenant has the documents’ security policy, status and onboarding', async () => {
  // Not one of the test world's, which have room for more sessions.
  const { rows } = await admin.query(`insert into tenancy.tenants (name, slug) values ('New', 'newcomer') returning id`)
  const tenant = await db.scoped({ tenantId: rows[0].id }).one(sql<Record<string, unknown>>`
    select status, is_active, onboarding_status, grace_period_days, colors, features, feature_flags, security_policy
    from tenancy.tenants
    where id = ${rows[0].id}`)
  assert.deepEqual(tenant, {
    status: 'active',
    isActive: true,
    onboardingStatus: 'pending',
    gracePeriodDays: 7,
    colors: {},
    features: {},
    featureFlags: {},
    securityPolicy: {
      session: { maxConcurrentSessions: 3, sessionTimeout: 3600, extendOnActivity: true, requireMFA: false },
      twoFactor: {
        required: false,
        graceLogins: 3,
        gracePeriodDays: 7,
        allowBackupCodes: true,
        allowRememberDevice: false,
        exemptRoles: [],
        enforcementDate: null,
      },
      ipRestrictions: { enabled: false, allowedIPs: [], allowedRanges: [], blockList: [] },
    },
  })
})

test('GG-03 AG-01 a tenant sees itself and a member his tenants, nobody all of them', async () => {
  const seen = async (scope: object) =>
    (await db.scoped(scope).run(sql<{ id: string }>`select id from tenancy.tenants`)).map(row => row.id)
  assert.deepEqual(await seen({ tenantId: bob.tenantId }), [bob.tenantId])
  assert.deepEqual(await seen({ userId: bob.userId }), [bob.tenantId])
  assert.deepEqual(await seen({}), [])
  const touched = await db
    .scoped(bob.scope)
    .run(sql`update tenancy.tenants set name = 'Mine' where id = ${alice.tenantId} returning id`)
  assert.deepEqual(touched, [])
})
