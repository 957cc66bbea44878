import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildServer } from '#platform/http'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { modules } from '../../main/modules.ts'
import { createApp } from '../../main/program.ts'
import type { Permission } from './permissions.ts'
import type { Role } from './roles.ts'

const world = await testWorld()
const { admin, alice, bob, viewer } = world

type Answer<T> = { status: number; body: T & { code?: string; detail?: string }; etag: string | null }

async function call<T = Role>(person: Person, method: string, path: string, body?: unknown, headers = {}) {
  const response = await person.fetch(path, { method, body, headers })
  const text = await response.text()
  return { status: response.status, body: text && JSON.parse(text), etag: response.headers.get('etag') } as Answer<T>
}
const make = (body: object, person = alice) => call(person, 'POST', '/roles', body)
const roleNamed = async (name: string, person = alice): Promise<Role> => {
  const { body } = await call<{ items: Role[] }>(person, 'GET', '/roles?limit=100')
  return body.items.find(role => role.name === name) as Role
}
const holders = async (id: string) =>
  (await call<{ items: { fullName: string }[] }>(alice, 'GET', `/roles/${id}/members`)).body.items.map(
    ({ fullName }) => fullName,
  )

test('MT-20 roles are listed page by page with what they permit and how many have them', async () => {
  for (const name of ['Zoologist', 'auditor', 'Buyer']) await make({ name, permissions: ['audit.logs.read'] })
  const names: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: Answer<{ items: Role[]; nextCursor: string | null }> = await call(
      alice,
      'GET',
      `/roles?limit=2${cursor && `&cursor=${cursor}`}`,
    )
    assert.ok(page.body.items.length <= 2)
    names.push(...page.body.items.map(({ name }) => name))
    cursor = page.body.nextCursor
  }
  assert.deepEqual(names, ['owner', 'admin', 'member', 'viewer', 'auditor', 'Buyer', 'Zoologist'])
  const owner = await roleNamed('owner')
  assert.equal(owner.memberCount, 1)
  assert.ok(owner.permissions.includes('access.roles.write'))
  assert.deepEqual((await roleNamed('auditor')).permissions, ['audit.logs.read'])
  assert.deepEqual(
    (await call<{ items: Role[] }>(bob, 'GET', '/roles')).body.items.map(({ name }) => name),
    ['owner', 'admin', 'member', 'viewer'],
    'another tenant has its own',
  )
})

test('MT-20 what a role can permit is listed with its meaning, and nothing for operators is there', async () => {
  const { body } = await call<{ items: Permission[] }>(alice, 'GET', '/permissions?limit=100')
  const write = body.items.find(({ name }) => name === 'access.roles.write')
  assert.deepEqual(
    { module: write?.module, resource: write?.resource, action: write?.action, roles: write?.roles },
    { module: 'access', resource: 'access.roles', action: 'write', roles: ['owner', 'admin'] },
  )
  assert.ok(!body.items.some(({ name }) => name === 'identity.users.manage'))
  const forOperators = await make({ name: 'Superuser', permissions: ['identity.users.manage'] })
  assert.equal(forOperators.body.code, 'access.permission_unknown')
  assert.equal(await roleNamed('Superuser'), undefined, 'nothing half-made is left')
})

test('MT-20 a role is made, changed as long as it is what was read, and removed', async () => {
  const made = await make({ name: 'Scout', description: 'Looks for partners', permissions: ['contractors.lists.read'] })
  assert.equal(made.status, 201)
  const path = `/roles/${made.body.id}`
  const read = await call(alice, 'GET', path)
  const change = { name: 'Pathfinder', permissions: ['contractors.profiles.read'], scopes: ['contractors.*'] }
  const changed = await call(alice, 'PATCH', path, change, { 'if-match': read.etag })
  assert.equal(changed.status, 200)
  assert.deepEqual(
    [changed.body.name, changed.body.description, changed.body.permissions, changed.body.scopes],
    ['Pathfinder', 'Looks for partners', ['contractors.profiles.read'], ['contractors.*']],
  )
  const late = await call(alice, 'PATCH', path, { name: 'Late' }, { 'if-match': read.etag })
  assert.equal(late.status, 412)
  for (const [body, code] of [
    [{ name: 'ADMIN' }, 'access.role_name_reserved'],
    [{ name: 'user' }, 'access.role_name_reserved'],
    [{ scopes: ['contractor.*'] }, 'access.scope_unknown'],
    [{ permissions: ['contractors.lists.fly'] }, 'access.permission_unknown'],
  ] as const) {
    assert.equal((await call(alice, 'PATCH', path, body)).body.code, code)
  }
  assert.equal((await make({ name: 'pathfinder' })).body.code, 'access.role_name_taken')
  for (const [method, body] of [['GET'], ['PATCH', { name: 'Mine' }], ['DELETE'], ['PUT']] as const) {
    const theirs = await call(bob, method, method === 'PUT' ? `${path}/default` : path, body)
    assert.deepEqual([theirs.status, theirs.body.code], [404, 'access.role_not_found'], method)
  }
  assert.equal((await call(alice, 'DELETE', path)).status, 204)
  assert.equal((await call(alice, 'GET', path)).status, 404)
})

test('VS-03 the built-in roles are neither changed nor removed', async () => {
  for (const name of ['owner', 'admin', 'member', 'viewer']) {
    const { id } = await roleNamed(name)
    for (const [method, body] of [['PATCH', { description: 'Mine' }], ['DELETE']] as const) {
      const answer = await call(alice, method, `/roles/${id}`, body)
      assert.deepEqual([answer.status, answer.body.code], [409, 'access.role_built_in'])
    }
  }
})

test('MT-20 a role that members have goes with a replacement only', async () => {
  const gone = (await make({ name: 'Trainee', permissions: ['contractors.lists.read'] })).body
  const next = (await make({ name: 'Journeyman', permissions: ['contractors.lists.read'] })).body
  const ada = await newPerson(world, { fullName: 'Ada Lovelace' })
  const grace = await newPerson(world, { fullName: 'Grace Hopper' })
  for (const { userId } of [ada, grace]) await joinAs(world, userId, alice.tenantId, 'Trainee')
  const gives = `insert into access.user_tenant_roles
    select tenant_id, id, $1 from tenancy.user_tenants where tenant_id = $2 and user_id = $3`
  await admin.query(gives, [next.id, alice.tenantId, grace.userId])
  assert.deepEqual(await holders(gone.id), ['Ada Lovelace', 'Grace Hopper'])

  const refused = await call(alice, 'DELETE', `/roles/${gone.id}`)
  assert.deepEqual([refused.status, refused.body.code], [409, 'access.role_in_use'])
  assert.match(refused.body.detail ?? '', /: 2\./)
  const nowhere = await call(alice, 'DELETE', `/roles/${gone.id}?replacementId=${(await roleNamed('viewer', bob)).id}`)
  assert.equal(nowhere.body.code, 'access.role_not_found', 'another tenant’s role replaces none')
  assert.equal(
    (await call(alice, 'DELETE', `/roles/${gone.id}?replacementId=${gone.id}`)).body.code,
    'access.replacement_same',
  )
  assert.equal((await call(alice, 'DELETE', `/roles/${gone.id}?replacementId=${next.id}`)).status, 204)
  assert.deepEqual(await holders(next.id), ['Ada Lovelace', 'Grace Hopper'])
})

test('MT-20 one role is the default, also when many change it at once, and it stays', async () => {
  const wanted = await Promise.all(['First', 'Second', 'Third'].map(async name => (await make({ name })).body.id))
  const answers = await Promise.all(
    [...wanted, ...wanted, ...wanted].map(id => call(alice, 'PUT', `/roles/${id}/default`)),
  )
  for (const { status } of answers) assert.equal(status, 200)
  const { rows } = await admin.query('select id from access.roles where tenant_id = $1 and is_default', [
    alice.tenantId,
  ])
  assert.equal(rows.length, 1)
  assert.ok(wanted.includes(rows[0].id))
  const refused = await call(alice, 'DELETE', `/roles/${rows[0].id}`)
  assert.equal(refused.body.code, 'access.role_is_default')
  const member = await roleNamed('member')
  assert.equal((await call(alice, 'PUT', `/roles/${member.id}/default`)).body.isDefault, true)
  assert.equal((await call(alice, 'DELETE', `/roles/${rows[0].id}`)).status, 204)
})

test('MT-20 of two administrators who change one role on what they have read, one is told', async () => {
  const boss = await newPerson(world)
  await joinAs(world, boss.userId, alice.tenantId, 'admin')
  const other = await signIn(world.baseUrl, boss, alice.tenantId)
  for (let round = 0; round < 5; round++) {
    const { body, etag } = await make({ name: `Contested ${round}`, permissions: ['contractors.lists.read'] })
    const answers = await Promise.all([
      call(alice, 'PATCH', `/roles/${body.id}`, { permissions: ['audit.logs.read'] }, { 'if-match': etag }),
      call(other, 'PATCH', `/roles/${body.id}`, { permissions: ['contractors.lists.write'] }, { 'if-match': etag }),
    ])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412])
    const kept = answers.find(({ status }) => status === 200)?.body.permissions
    assert.deepEqual((await call(alice, 'GET', `/roles/${body.id}`)).body.permissions, kept)
  }
})

test('MT-20 a change of a role is felt at the next request here, and within two seconds elsewhere', async () => {
  const role = (await make({ name: 'Log reader', permissions: ['audit.logs.read'] })).body
  const reader = await newPerson(world)
  await joinAs(world, reader.userId, alice.tenantId, 'Log reader')
  const here = await signIn(world.baseUrl, reader, alice.tenantId)
  const { app } = world
  const { accountsOf } = await import('#platform/accounts')
  const elsewhere = createApp({
    settings: { ...app.config, publicUrl: app.publicUrl } as never,
    login: world.login,
    keyring: app.keyring,
    log: app.log,
  })
  const server = await buildServer({
    app: elsewhere,
    modules,
    authenticate: accountsOf(elsewhere).principals.authenticate,
    requestsPerMinute: 1_000_000,
    readiness: async () => {},
  } as never)
  const address = await server.listen({ host: '127.0.0.1', port: 0 })
  try {
    const there = async () =>
      (
        await fetch(`${address}/api/v1/audit-logs`, {
          headers: { authorization: `Bearer ${here.accessToken}`, 'x-tenant-id': alice.tenantId },
        })
      ).status
    assert.equal((await here.fetch('/audit-logs')).status, 200)
    assert.equal(await there(), 200)
    await call(alice, 'PATCH', `/roles/${role.id}`, { permissions: [] })
    const changedAt = performance.now()
    assert.equal((await here.fetch('/audit-logs')).status, 403, 'at once')
    for (let asked = changedAt; (await there()) === 200; asked = performance.now()) {
      assert.ok(asked - changedAt < 2_000, 'another process believes its answer for two seconds at most')
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    await call(alice, 'PATCH', `/roles/${role.id}`, { permissions: ['audit.logs.read'] })
    assert.equal((await here.fetch('/audit-logs')).status, 200, 'and back')
  } finally {
    await server.close()
    await elsewhere.db.close()
  }
})

test('GG-19 MT-20 each change of a role is in the audit log', async () => {
  const { body } = await make({ name: 'Logged', permissions: ['audit.logs.read'] })
  await call(alice, 'PATCH', `/roles/${body.id}`, { name: 'Logged well' })
  await call(alice, 'DELETE', `/roles/${body.id}`)
  const { rows } = await admin.query(
    `select action, user_id from audit.audit_logs where resource = 'access.roles' and resource_id = $1 order by created_at, id`,
    [body.id],
  )
  assert.deepEqual(
    rows.map(({ action }) => action),
    ['insert', 'update', 'delete'],
  )
  assert.ok(rows.every(({ user_id }) => user_id === alice.userId))
})

test('MT-20 who may not see roles sees none of them', async () => {
  for (const path of ['/roles', `/roles/${(await roleNamed('viewer')).id}`, '/permissions']) {
    assert.equal((await viewer.fetch(path)).status, 403, path)
  }
})
