import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { AnyRoute } from '#platform/http'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { modules } from '../../src/main/modules.ts'

const world = await testWorld()
const { admin, alice, bob, viewer, baseUrl } = world

/** Somebody of Alice's tenant, signed in there. */
async function colleague(role: string): Promise<Person> {
  const person = await newPerson(world)
  await joinAs(world, person.userId, alice.tenantId, role)
  return await signIn(baseUrl, person, alice.tenantId)
}

type Answer = { status: number; code: string | undefined; body: { id: string; detail?: string } }
async function ask(person: Person, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await person.fetch(path, { method, body })
  const text = await response.text()
  const answer = text === '' ? {} : JSON.parse(text)
  return { status: response.status, code: answer.code, body: answer }
}

const owner = alice
const boss = await colleague('admin')
const clerk = await colleague('member')
/** A member who may change roles and no more than that. */
await make(owner, { name: 'Role keeper', permissions: ['access.roles.read', 'access.roles.write'] })
const keeper = await colleague('Role keeper')

const idOf = async (name: string, tenantId = alice.tenantId) =>
  (await admin.query('select id from access.roles where tenant_id = $1 and name = $2', [tenantId, name])).rows[0]
    .id as string

async function make(person: Person, fields: { name?: string; permissions?: string[]; scopes?: string[] }) {
  const { status, body } = await ask(person, 'POST', '/roles', { name: `R ${randomUUID().slice(0, 8)}`, ...fields })
  assert.equal(status, 201, JSON.stringify(body))
  return body.id
}

const forRoles: string[] = (
  await admin.query('select name from access.permissions where not for_operators order by name')
).rows.map(({ name }) => name)
const heldBy = async (person: Person) =>
  new Set(((await (await person.fetch('/me')).json()) as { permissions: string[] }).permissions)

const refused = (answer: Answer, code: string, what: string) =>
  assert.deepEqual([answer.status, answer.code], [403, code], what)

/** All that counts in Alice's tenant: roles, what they permit, who has them. */
async function state(): Promise<unknown> {
  const { rows } = await admin.query(
    `select
      (select jsonb_agg(to_jsonb(r) - 'updated_at' order by id) from access.roles r where tenant_id = $1) as roles,
      (select jsonb_agg(to_jsonb(p) order by id) from access.role_permissions p where tenant_id = $1) as permissions,
      (select jsonb_agg(to_jsonb(h) order by user_tenant_id, role_id) from access.user_tenant_roles h where tenant_id = $1) as held`,
    [alice.tenantId],
  )
  return rows[0]
}

test('MT-20 who may only look, and who may not even that, changes no role by any route', async () => {
  const role = await make(owner, { permissions: ['contractors.lists.read'] })
  const before = await state()
  const tries: [method: string, path: string, body?: unknown][] = [
    ['POST', '/roles', { name: 'Mine' }],
    ['PATCH', `/roles/${role}`, { name: 'Mine' }],
    ['DELETE', `/roles/${role}`],
    ['PUT', `/roles/${role}/default`],
  ]
  for (const person of [clerk, viewer]) {
    for (const [method, path, body] of tries) {
      refused(await ask(person, method, path, body), 'http.permission_missing', `${method} ${path}`)
    }
  }
  for (const [method, path, body] of tries.slice(1)) {
    assert.equal((await ask(bob, method, path, body)).status, 404, `another tenant’s owner: ${method} ${path}`)
  }
  assert.deepEqual(await state(), before)
  for (const [method, path, body] of [tries[1], tries[2]] as typeof tries) {
    assert.ok((await ask(owner, method, path, body)).status < 300, `control: ${method} ${path}`)
  }
})

test('MT-20 no role can be made or widened with any permission that its maker lacks, each one tried', async () => {
  const held = await heldBy(keeper)
  const own = await make(keeper, { permissions: [...held] })
  const before = await state()
  const lacking = forRoles.filter(name => !held.has(name))
  assert.ok(lacking.length > 10, 'control: there is something to want')
  for (const permission of lacking) {
    const made = await ask(keeper, 'POST', '/roles', { name: 'Mine', permissions: [permission] })
    refused(made, 'access.grant_exceeded', `makes a role with ${permission}`)
    assert.match(made.body.detail ?? '', new RegExp(permission))
    refused(
      await ask(keeper, 'PATCH', `/roles/${own}`, { permissions: [...held, permission] }),
      'access.grant_exceeded',
      `adds ${permission} to his own role`,
    )
  }
  assert.deepEqual(await state(), before)
  for (const permission of held) {
    if (forRoles.includes(permission)) await make(keeper, { permissions: [permission] })
  }
})

test('MT-20 the role that one holds cannot be widened from inside', async () => {
  const id = await idOf('Role keeper')
  refused(
    await ask(keeper, 'PATCH', `/roles/${id}`, {
      permissions: ['access.roles.read', 'access.roles.write', 'tenancy.security.write'],
    }),
    'access.grant_exceeded',
    'widens the role by which he may',
  )
  assert.equal((await ask(keeper, 'PATCH', `/roles/${id}`, { description: 'Keeps roles' })).status, 200, 'control')
})

test('MT-20 a role that permits more than one holds is neither changed, renamed, bounded, removed nor made the default', async () => {
  const strong = await make(owner, { name: 'Strong', permissions: ['access.roles.read', 'tenancy.security.write'] })
  const holder = await colleague('Strong')
  const before = await state()
  const ways: [method: string, path: string, body?: unknown][] = [
    ['PATCH', `/roles/${strong}`, { name: 'Weak' }],
    ['PATCH', `/roles/${strong}`, { description: 'Mine' }],
    ['PATCH', `/roles/${strong}`, { scopes: ['*'] }],
    ['PATCH', `/roles/${strong}`, { permissions: [] }],
    ['PATCH', `/roles/${strong}`, { permissions: ['tenancy.security.write'] }],
    ['DELETE', `/roles/${strong}?replacementId=${await idOf('Role keeper')}`],
    ['PUT', `/roles/${strong}/default`],
    ['PUT', `/roles/${await idOf('admin')}/default`],
  ]
  for (const [method, path, body] of ways) {
    refused(await ask(keeper, method, path, body), 'access.grant_exceeded', `${method} ${path} ${JSON.stringify(body)}`)
  }
  assert.deepEqual(await state(), before)
  assert.ok((await heldBy(holder)).has('tenancy.security.write'), 'control: its holder has what he had')
  for (const [method, path, body] of ways.slice(0, 3)) {
    assert.equal((await ask(boss, method, path, body)).status, 200, `control: ${method} ${path}`)
  }
})

test('MT-20 removing a role gives its members no replacement that is more than the remover holds', async () => {
  const weak = await make(keeper, { name: 'Slight', permissions: ['access.roles.read'] })
  const holder = await colleague('Slight')
  const replaced = (id: string) => `/roles/${weak}?replacementId=${id}`
  refused(await ask(keeper, 'DELETE', replaced(await idOf('admin'))), 'access.grant_exceeded', 'admins by replacement')
  refused(await ask(keeper, 'DELETE', replaced(await idOf('owner'))), 'access.owners_only', 'owners by replacement')
  refused(await ask(boss, 'DELETE', replaced(await idOf('owner'))), 'access.owners_only', 'an admin makes no owners')
  refused(await ask(boss, 'PUT', `/roles/${await idOf('owner')}/default`), 'access.owners_only', 'nor by default')
  assert.ok(!(await heldBy(holder)).has('access.roles.write'))
  assert.equal((await ask(keeper, 'DELETE', replaced(await idOf('Role keeper')))).status, 204, 'control')
  assert.ok((await heldBy(holder)).has('access.roles.write'))
})

test('MT-20 what is for operators is in nobody’s gift, not an owner’s', async () => {
  const { rows } = await admin.query('select name from access.permissions where for_operators order by name')
  for (const { name } of rows) {
    const answer = await ask(owner, 'POST', '/roles', { name: 'Mine', permissions: [name] })
    assert.deepEqual([answer.status, answer.code], [400, 'access.permission_unknown'], name)
  }
  await admin.query('insert into identity.operators (user_id) values ($1)', [bob.userId])
  const asOperator = await ask(bob, 'POST', '/roles', { name: 'Mine', permissions: [rows[0].name] })
  assert.equal(asOperator.code, 'access.permission_unknown', 'nor an operator’s')
})

test('MT-20 a write of roles wants a fresh sign-in', async () => {
  const id = await make(owner, { permissions: [] })
  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1`,
    [boss.userId],
  )
  await new Promise(resolve => setTimeout(resolve, 2_100))
  for (const [method, path, body] of [
    ['POST', '/roles', { name: 'Mine' }],
    ['PATCH', `/roles/${id}`, { name: 'Mine' }],
    ['DELETE', `/roles/${id}`, undefined],
    ['PUT', `/roles/${id}/default`, undefined],
  ] as const) {
    refused(await ask(boss, method, path, body), 'http.step_up_required', method)
  }
  assert.equal((await ask(boss, 'GET', `/roles/${id}`)).status, 200, 'control: looking wants none')
})

test('MT-20 whatever routes there are, nobody but an owner or admin comes to more by calling all of them with a role', async () => {
  const adminRole = await idOf('admin')
  const before = (await admin.query(permissionsOfAll, [alice.tenantId])).rows
  const bodies = (userId: string) => [
    { roleIds: [adminRole], roles: ['admin'], role: 'admin', roleId: adminRole, userId, email: clerk.email },
    { roleIds: [adminRole] },
    { roles: ['admin'] },
  ]
  const writes = modules
    .flatMap(({ routes }): readonly AnyRoute[] => routes ?? [])
    .filter(({ method, allow, path, rawBody }) => method !== 'GET' && allow !== 'public' && !rawBody && !leaving(path))
  assert.ok(writes.length > 20, 'control: there are routes')
  for (const person of [clerk, viewer]) {
    const { rows } = await admin.query('select id from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [
      alice.tenantId,
      person.userId,
    ])
    for (const { method, path } of writes) {
      for (const id of path.includes('{') ? [rows[0].id, person.userId, adminRole] : ['']) {
        for (const body of bodies(person.userId)) {
          await ask(person, method, path.replace(/\{\w+\}/g, id), body)
        }
      }
    }
  }
  assert.deepEqual((await admin.query(permissionsOfAll, [alice.tenantId])).rows, before)
})

/** Routes that end the caller's own session or membership: after them the rest would prove nothing. */
const leaving = (path: string) => /^\/(auth|me)(\/|$)/.test(path)

const permissionsOfAll = `
  select held.user_tenant_id, granted.permission
  from access.user_tenant_roles as held
  join access.role_grants as granted
    on granted.tenant_id = held.tenant_id and granted.role_id = held.role_id
  where held.tenant_id = $1
  order by 1, 2`
