import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type Scope, sql } from '#platform/database'
import { joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { findRolesByName, giveRole, requireGrantable, requireMemberWithin, setRolesOf } from './index.ts'

const world = await testWorld()
const { admin, db, alice, bob, viewer } = world

const colleague = async (role: string): Promise<Person> => {
  const person = await newPerson(world)
  await joinAs(world, person.userId, alice.tenantId, role)
  const scope = { userId: person.userId, tenantId: alice.tenantId }
  return { ...person, tenantId: alice.tenantId, scope }
}
const [boss, clerk] = [await colleague('admin'), await colleague('member')]

const rolesIn = async (tenantId: string) => {
  const { rows } = await admin.query('select name, id from access.roles where tenant_id = $1', [tenantId])
  return Object.fromEntries(rows.map(({ name, id }) => [name, id])) as Record<string, string>
}
const roles = (await rolesIn(alice.tenantId)) as Record<'owner' | 'admin' | 'member' | 'viewer', string>
const membershipOf = async (userId: string) =>
  (
    await admin.query('select id from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [
      alice.tenantId,
      userId,
    ])
  ).rows[0].id as string
const namesOf = async (userId: string) =>
  (
    await admin.query(
      `select role.name from access.user_tenant_roles as held
       join access.roles as role on role.tenant_id = held.tenant_id and role.id = held.role_id
       where held.tenant_id = $1 and held.user_tenant_id = $2 order by 1`,
      [alice.tenantId, await membershipOf(userId)],
    )
  ).rows.map(row => row.name)

/** A role of Alice's tenant with these permissions, made by the database's administrator. */
async function roleWith(...permissions: string[]): Promise<string> {
  const { rows } = await admin.query('insert into access.roles (tenant_id, name) values ($1, $2) returning id', [
    alice.tenantId,
    `Role ${randomUUID().slice(0, 8)}`,
  ])
  await admin.query(
    `insert into access.role_permissions (tenant_id, role_id, permission_id)
     select $1, $2, id from access.permissions where name = any ($3)`,
    [alice.tenantId, rows[0].id, permissions],
  )
  return rows[0].id
}

const asSystem = (scope: Scope): Scope => ({ ...scope, system: true })
const exceeded = { code: 'access.grant_exceeded' }
const ownersOnly = { code: 'access.owners_only' }

test('MT-20 setRolesOf gives and takes what the giver holds, names what he lacks, and an owner may all', async () => {
  const membership = await membershipOf(viewer.userId)
  await assert.rejects(
    db.transaction(clerk.scope, tx => setRolesOf(tx, membership, [roles.admin, roles.viewer])),
    (error: { code: string; message: string }) =>
      error.code === 'access.grant_exceeded' &&
      error.message.includes('access.roles.write') &&
      !error.message.includes('contractors.lists.read'),
  )
  await assert.rejects(
    db.transaction(boss.scope, tx => setRolesOf(tx, membership, [roles.owner])),
    ownersOnly,
  )
  assert.deepEqual(await namesOf(viewer.userId), ['viewer'], 'control: nothing changed')
  const changed = await db.transaction(boss.scope, tx => setRolesOf(tx, membership, [roles.member, roles.viewer]))
  assert.deepEqual(changed, { given: [roles.member], taken: [] })
  await db.transaction(alice.scope, tx => setRolesOf(tx, membership, [roles.owner]))
  assert.deepEqual(await namesOf(viewer.userId), ['owner'])
  await assert.rejects(
    db.transaction(boss.scope, tx => setRolesOf(tx, membership, [roles.viewer])),
    ownersOnly,
    'an admin cannot unseat an owner',
  )
  await db.transaction(alice.scope, tx => setRolesOf(tx, membership, [roles.viewer]))
})

test('MT-20 the system scope gives what nobody there holds, and requireGrantable asks in it too', async () => {
  const guest = await colleague('viewer')
  const membership = await membershipOf(guest.userId)
  await db.transaction(asSystem(guest.scope), tx => giveRole(tx, membership, 'admin'))
  assert.deepEqual(await namesOf(guest.userId), ['admin', 'viewer'])
  await db.transaction(asSystem({ tenantId: alice.tenantId }), tx => setRolesOf(tx, membership, [roles.viewer]))
  await db.transaction(asSystem(clerk.scope), async tx => {
    await assert.rejects(requireGrantable(tx, [roles.admin]), exceeded)
    await assert.rejects(requireGrantable(tx, [roles.owner]), ownersOnly)
    await assert.rejects(requireMemberWithin(tx, await membershipOf(boss.userId)), exceeded)
    await requireGrantable(tx, [roles.viewer])
    await requireMemberWithin(tx, await membershipOf(viewer.userId))
  })
})

test('MT-20 a credential that carries less than its user gives no more than it carries', async () => {
  const narrowed: Scope = { ...alice.scope, permissions: new Set(['access.roles.write', 'contractors.lists.read']) }
  await db.transaction(narrowed, async tx => {
    await assert.rejects(requireGrantable(tx, [roles.member]), exceeded)
    await assert.rejects(setRolesOf(tx, await membershipOf(viewer.userId), [roles.member]), exceeded)
    await requireGrantable(tx, [await roleWith('contractors.lists.read')])
  })
  await requireGrantable(db.scoped(alice.scope), [roles.member])
})

test('MT-20 a role of another tenant is neither given nor judged', async () => {
  const theirs = await rolesIn(bob.tenantId)
  await assert.rejects(
    db.transaction(alice.scope, async tx =>
      setRolesOf(tx, await membershipOf(viewer.userId), [theirs.viewer as string]),
    ),
    { code: 'access.role_not_found' },
  )
  await assert.rejects(
    db.transaction(bob.scope, async tx => setRolesOf(tx, await membershipOf(viewer.userId), [theirs.viewer as string])),
    { code: 'access.member_unknown' },
  )
  assert.deepEqual(await namesOf(viewer.userId), ['viewer'])
})

test('MT-20 the database itself refuses each way round, with a control for each', async () => {
  const strong = await roleWith('access.roles.write', 'contractors.lists.read')
  const weak = await roleWith('contractors.lists.read')
  const own = await roleWith('contractors.lists.read', 'contractors.lists.write')
  const clerks = await membershipOf(clerk.userId)
  const viewers = await membershipOf(viewer.userId)
  const bosses = await membershipOf(boss.userId)
  const owners = await membershipOf(alice.userId)
  await admin.query('insert into access.user_tenant_roles values ($1, $2, $3)', [alice.tenantId, clerks, own])
  await admin.query('insert into access.user_tenant_roles values ($1, $2, $3)', [alice.tenantId, bosses, strong])
  const permission = async (name: string) =>
    (await admin.query('select id from access.permissions where name = $1', [name])).rows[0].id as string
  const [writeRoles, readProfiles] = [
    await permission('access.roles.write'),
    await permission('contractors.profiles.read'),
  ]

  type Way = [what: string, refused: ReturnType<typeof sql>, control?: ReturnType<typeof sql>]
  const give = (member: string, role: string) =>
    sql`insert into access.user_tenant_roles (user_tenant_id, role_id) values (${member}, ${role})`
  const add = (role: string, id: string) =>
    sql`insert into access.role_permissions (role_id, permission_id) values (${role}, ${id})`
  const ways: Way[] = [
    ['gives himself a built-in role', give(clerks, roles.admin), give(clerks, roles.viewer)],
    ['gives himself ownership', give(clerks, roles.owner)],
    ['gives himself an own role', give(clerks, strong), give(clerks, weak)],
    ['gives another an own role', give(viewers, strong), give(viewers, weak)],
    ['adds to a role that he has', add(own, writeRoles), add(own, readProfiles)],
    ['adds to a more powerful role', add(strong, readProfiles), add(weak, readProfiles)],
    [
      'takes from a more powerful role what he holds himself',
      sql`delete from access.role_permissions where role_id = ${strong} and permission_id <> ${writeRoles}`,
      sql`delete from access.role_permissions where role_id = ${weak}`,
    ],
    [
      'takes a role from its more powerful holder',
      sql`delete from access.user_tenant_roles where user_tenant_id = ${bosses}`,
      sql`delete from access.user_tenant_roles where user_tenant_id = ${viewers}`,
    ],
    [
      'removes a more powerful role',
      sql`delete from access.roles where id = ${strong}`,
      sql`delete from access.roles where id = ${weak}`,
    ],
    [
      'renames a more powerful role',
      sql`update access.roles set name = 'Other' where id = ${strong}`,
      sql`update access.roles set name = 'Other' where id = ${weak}`,
    ],
    [
      'widens its scopes',
      sql`update access.roles set scopes = '{access.*}' where id = ${strong}`,
      sql`update access.roles set scopes = '{contractors.*}' where id = ${weak}`,
    ],
    [
      'makes it the default',
      sql`select access.set_default_role(${strong})`,
      sql`select access.set_default_role(${weak})`,
    ],
    [
      'removes a more powerful member',
      sql`delete from tenancy.user_tenants where id = ${bosses}`,
      sql`delete from tenancy.user_tenants where id = ${viewers}`,
    ],
    [
      'ends a more powerful membership',
      sql`update tenancy.user_tenants set expires_at = now() where id = ${owners}`,
      sql`update tenancy.user_tenants set expires_at = now() where id = ${viewers}`,
    ],
  ]
  for (const [what, refused, control] of ways) {
    await assert.rejects(db.scoped(clerk.scope).run(refused), { code: '42501' }, what)
    if (!control) continue
    await assert.rejects(
      db.transaction(clerk.scope, async tx => {
        await tx.run(control)
        throw new Error('taken back')
      }),
      /taken back/,
      `control: ${what}`,
    )
  }
  const fixed: Way[] = [
    ['adds to a built-in role', add(roles.viewer, readProfiles)],
    ['renames a built-in role', sql`update access.roles set name = 'Chief' where id = ${roles.viewer}`],
    ['bounds a built-in role', sql`update access.roles set scopes = '{*}' where id = ${roles.owner}`],
    ['removes a built-in role', sql`delete from access.roles where id = ${roles.viewer}`],
    ['passes a role off as built-in', sql`insert into access.roles (name, is_built_in) values ('viewer', true)`],
  ]
  for (const [what, refused] of fixed) {
    await assert.rejects(db.scoped(alice.scope).run(refused), { constraint: 'roles_built_in_fixed' }, what)
  }
  await assert.rejects(
    db.scoped(alice.scope).run(sql`update access.roles set is_default = true where id = ${weak}`),
    /permission denied/,
  )
  await assert.rejects(
    db.scoped(alice.scope).run(sql`delete from access.roles where is_default`),
    /built-in roles stay/,
  )
})

test('MT-20 GG-04 everybody may leave, and nobody prolongs his own membership', async () => {
  const guest = await colleague('member')
  const tomorrow = new Date(Date.now() + 86_400_000)
  const set = (expiresAt: Date | null) =>
    sql`update tenancy.user_tenants set expires_at = ${expiresAt} where user_id = ${guest.userId}`
  await db.scoped(guest.scope).run(set(tomorrow))
  await assert.rejects(db.scoped(guest.scope).run(set(null)), {
    constraint: 'user_tenants_not_prolonged_by_oneself',
  })
  await db.scoped(boss.scope).run(set(null))
  await db.scoped(guest.scope).run(sql`delete from tenancy.user_tenants where user_id = ${guest.userId}`)
  assert.equal(
    (await admin.query('select from tenancy.user_tenants where user_id = $1', [guest.userId])).rowCount,
    0,
    'with all its roles, although he had none left to take them away by',
  )
})

test('MT-20 the name of a role that a policy spares the second factor is taken by who may change the policy', async () => {
  await admin.query(
    `update tenancy.tenants
     set security_policy = jsonb_set(security_policy, '{twoFactor,exemptRoles}', '["Kiosk"]') where id = $1`,
    [alice.tenantId],
  )
  const limited = await colleague('viewer')
  const maker = await roleWith('access.roles.write')
  await admin.query('insert into access.user_tenant_roles values ($1, $2, $3)', [
    alice.tenantId,
    await membershipOf(limited.userId),
    maker,
  ])
  const make = (name: string) => sql`insert into access.roles (name) values (${name})`
  await db.scoped(limited.scope).run(make('Night shift'))
  await assert.rejects(db.scoped(limited.scope).run(make('Kiosk')), { constraint: 'grants_within_own' })
  await assert.rejects(
    db.scoped(limited.scope).run(sql`update access.roles set name = 'Kiosk' where name = 'Night shift'`),
    { constraint: 'grants_within_own' },
  )
  await db.scoped(boss.scope).run(make('Kiosk'))
})

test('MT-13 of many who set the roles of one member at once, one has the last word', async () => {
  const guest = await colleague('viewer')
  const membership = await membershipOf(guest.userId)
  const wishes = [[roles.member], [roles.viewer], [roles.admin], [roles.viewer, roles.member], []]
  for (let round = 0; round < 5; round++) {
    await Promise.all(wishes.map(wish => db.transaction(alice.scope, tx => setRolesOf(tx, membership, wish))))
    const has = String(await namesOf(guest.userId))
    assert.ok(['member', 'viewer', 'admin', 'member,viewer', ''].includes(has), `a mixture: ${has}`)
  }
})

test('VS-03 roles are found by name in any case, and user is member', async () => {
  const names = async (...wanted: string[]) =>
    (await findRolesByName(db.scoped(alice.scope), wanted)).map(({ name }) => name)
  assert.deepEqual(await names('User', ' ADMIN ', 'viewer'), ['member', 'admin', 'viewer'])
  await assert.rejects(names('admin', 'Chief'), { code: 'access.role_unknown' })
  await assert.rejects(db.scoped(alice.scope).run(sql`insert into access.roles (name) values ('user')`), {
    constraint: 'roles_name_reserved',
  })
  await assert.rejects(db.scoped(alice.scope).run(sql`insert into access.roles (name) values ('Owner')`), /roles_name/)
})
