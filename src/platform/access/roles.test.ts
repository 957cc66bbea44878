import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { believedNoLonger, joinAs, signIn, testWorld } from '#test/world.ts'

const world = await testWorld()
const { admin, db, alice, bob, viewer, baseUrl } = world

const permissionsOf = async (person: typeof alice) => {
  const response = await person.fetch('/me')
  return ((await response.json()) as { permissions: string[] }).permissions
}

test('VS-03 the built-in roles are there in every tenant: an owner may all, a viewer only look', async () => {
  const { rows } = await admin.query(
    'select name, is_default from access.roles where tenant_id = $1 and is_built_in order by name',
    [bob.tenantId],
  )
  assert.deepEqual(rows, [
    { name: 'admin', is_default: false },
    { name: 'member', is_default: true },
    { name: 'owner', is_default: false },
    { name: 'viewer', is_default: false },
  ])
  const all = await admin.query('select name from access.permissions where not for_operators order by name')
  // What a directory may do is no person's.
  const ofPeople = all.rows.map(row => row.name).filter(name => name !== 'federation.directory.provision')
  assert.deepEqual((await permissionsOf(alice)).sort(), ofPeople.sort())
  // Keys of his own may do no more than he, a search that he saves is seen by him alone, and that he cannot come changes nobody's plan.
  const own = ['access.personal_keys.write', 'assignments.own.use', 'contractors.searches.save']
  const looks = (await permissionsOf(viewer)).filter(permission => !own.includes(permission))
  for (const permission of looks) assert.match(permission, /\.read$/)
})

test('MT-20 a role’s name is unique in its tenant, and one role at most is the default', async () => {
  const scope = db.scoped(alice.scope)
  await scope.run(sql`insert into access.roles (name) values ('Auditor')`)
  await assert.rejects(scope.run(sql`insert into access.roles (name) values ('Auditor')`), /roles_name_unique/)
  await assert.rejects(
    scope.run(sql`insert into access.roles (name, is_default) values ('Other', true)`),
    /roles_one_default/,
  )
  await db.scoped(bob.scope).run(sql`insert into access.roles (name) values ('Auditor')`)
})

test('MT-20 MT-13 a tenant’s own role adds its permissions to those a member has, within seconds', async () => {
  assert.equal((await viewer.fetch('/audit-logs')).status, 403)
  const scope = db.scoped(alice.scope)
  const { id } = await scope.one(
    sql<{ id: string }>`insert into access.roles (name) values ('Log reader') returning id`,
  )
  await scope.run(sql`
    insert into access.role_permissions (role_id, permission_id)
    select ${id}, permission.id from access.permissions as permission where permission.name = 'audit.logs.read'`)
  await scope.run(sql`
    insert into access.user_tenant_roles (user_tenant_id, role_id)
    select membership.id, ${id} from tenancy.user_tenants as membership where membership.user_id = ${viewer.userId}`)
  await believedNoLonger()
  assert.equal((await viewer.fetch('/audit-logs')).status, 200)
  await scope.run(sql`delete from access.roles where id = ${id}`)
  await believedNoLonger()
  assert.equal((await viewer.fetch('/audit-logs')).status, 403)
})

test('AG-01 a role of one tenant cannot be given in another, nor seen there', async () => {
  const seen = await db
    .scoped(bob.scope)
    .run(sql`select tenant_id from access.roles where tenant_id = ${alice.tenantId}`)
  assert.deepEqual(seen, [])
  const { rows } = await admin.query(`select id from access.roles where tenant_id = $1 and name = 'owner'`, [
    alice.tenantId,
  ])
  await joinAs(world, viewer.userId, bob.tenantId, 'viewer')
  await assert.rejects(
    db.scoped(bob.scope).run(sql`
      insert into access.user_tenant_roles (user_tenant_id, role_id)
      select membership.id, ${rows[0].id} from tenancy.user_tenants as membership where membership.user_id = ${viewer.userId}`),
    /user_tenant_roles_role_id_fkey/,
  )
  const visiting = await signIn(baseUrl, viewer, bob.tenantId)
  assert.ok(!(await permissionsOf(visiting)).includes('audit.logs.read'))
})

test('MT-20 the program itself cannot invent or alter a permission', async () => {
  const scope = db.scoped({ ...alice.scope, system: true })
  await assert.rejects(
    scope.run(sql`insert into access.permissions (name, description, resource, action) values ('a.b', '', 'a', 'b')`),
    /permission denied/,
  )
  await assert.rejects(
    scope.run(sql`insert into access.built_in_role_permissions select 'viewer', id from access.permissions`),
    /permission denied/,
  )
})
