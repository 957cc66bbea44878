import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { sql } from '#platform/database'
import { believedNoLonger, joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import type { ApiKey, NewApiKey } from '../access/api-keys.ts'
import { readApiKey } from '../access/api-keys.ts'
import type { ServiceAccount } from '../access/service-accounts.ts'
import { tellOfEndingKeys } from './key-reminders.ts'

const world = await testWorld()
const { admin, alice, bob, viewer, baseUrl } = world

async function member(role: string): Promise<Person> {
  const person = await newPerson(world)
  await joinAs(world, person.userId, alice.tenantId, role)
  return await signIn(baseUrl, person, alice.tenantId)
}

const roleIds = async (tenantId: string, ...names: string[]): Promise<string[]> => {
  const { rows } = await admin.query('select id from access.roles where tenant_id = $1 and name = any ($2)', [
    tenantId,
    names,
  ])
  return rows.map(({ id }) => id)
}

async function answer<T>(response: Response, status: number): Promise<T> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  return (text ? JSON.parse(text) : undefined) as T
}

async function refusal(response: Response, status: number, code: string): Promise<void> {
  const problem = await answer<{ code: string }>(response, status)
  assert.equal(problem.code, code)
}

let number = 0
async function newService(by: Person, ...roles: string[]): Promise<ServiceAccount> {
  const body = { name: `Program ${++number}`, description: null, roleIds: await roleIds(by.tenantId, ...roles) }
  return await answer(await by.fetch('/service-accounts', { method: 'POST', body }), 201)
}

async function newKey(by: Person, serviceId: string, scopes = ['*'], expiresAt: string | null = null) {
  const body = { name: 'A key', scopes, expiresAt }
  return await answer<NewApiKey>(await by.fetch(`/service-accounts/${serviceId}/keys`, { method: 'POST', body }), 201)
}

const call = (key: string, path: string, init: { method?: string; body?: unknown; tenantId?: string } = {}) =>
  fetch(`${baseUrl}/api/v1${path}`, {
    method: init.method ?? 'GET',
    headers: {
      authorization: `Bearer ${key}`,
      ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(init.tenantId && { 'x-tenant-id': init.tenantId }),
    },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  })

test('MT-20 VS-02 a service account works with its key as its role permits, and only the hash is kept', async () => {
  const service = await newService(alice, 'member')
  const made = await newKey(alice, service.id)
  assert.match(made.key, /^chk_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}$/)
  assert.ok(made.key.startsWith(`${made.prefix}_`))
  const list = await answer<{ id: string; ownerId: string }>(
    await call(made.key, '/contractor-lists', { method: 'POST', body: { name: 'Made by a program' } }),
    201,
  )
  assert.equal(list.ownerId, service.id)
  await refusal(await call(made.key, '/audit-logs'), 403, 'http.permission_missing')

  const secret = made.key.slice(13)
  const { rows } = await admin.query('select to_jsonb(key) as row from access.api_keys as key where id = $1', [made.id])
  assert.ok(!JSON.stringify(rows).includes(secret))
  const logged = await admin.query(`select changes, details from audit.audit_logs where resource_id = $1`, [made.id])
  assert.equal(logged.rows.length, 1)
  assert.ok(!JSON.stringify(logged.rows).includes(secret))
  const entry = await admin.query('select user_id, user_name from audit.audit_logs where resource_id = $1', [list.id])
  assert.deepEqual(entry.rows[0], { user_id: service.id, user_name: service.name })
  const shown = await answer<{ items: ApiKey[] }>(await alice.fetch('/api-keys'), 200)
  const listed = shown.items.find(({ id }) => id === made.id)
  assert.ok(listed?.lastUsedAt)
  assert.ok(!JSON.stringify(shown).includes(secret))
})

test('MT-20 the scopes of a key narrow what its user may, and widen nothing', async () => {
  const service = await newService(alice, 'member')
  const reader = await newKey(alice, service.id, ['contractors.lists.read', 'audit.logs.read'])
  await answer(await call(reader.key, '/contractor-lists'), 200)
  await refusal(
    await call(reader.key, '/contractor-lists', { method: 'POST', body: { name: 'No' } }),
    403,
    'http.permission_missing',
  )
  await refusal(await call(reader.key, '/audit-logs'), 403, 'http.permission_missing')
  const family = await newKey(alice, service.id, ['contractors.*'])
  await answer(await call(family.key, '/contractor-lists', { method: 'POST', body: { name: 'Yes' } }), 201)
  const body = { name: 'x', scopes: ['contractors.nothing'], expiresAt: null }
  await refusal(
    await alice.fetch(`/service-accounts/${service.id}/keys`, { method: 'POST', body }),
    400,
    'access.scope_unknown',
  )
})

test('AG-01 a key works in its own tenant only, whatever the request names', async () => {
  const service = await newService(alice, 'admin')
  const { key } = await newKey(alice, service.id)
  await answer(await call(key, '/contractor-lists', { tenantId: alice.tenantId }), 200)
  await refusal(await call(key, '/contractor-lists', { tenantId: bob.tenantId }), 403, 'accounts.not_a_member')
  await refusal(await bob.fetch(`/service-accounts/${service.id}`), 404, 'access.service_account_not_found')
  const body = { name: 'Mine', scopes: ['*'], expiresAt: null }
  await refusal(
    await bob.fetch(`/service-accounts/${service.id}/keys`, { method: 'POST', body }),
    404,
    'access.service_account_not_found',
  )
  await assert.rejects(
    admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)', [bob.tenantId, service.id]),
    /service_accounts_one_tenant|one tenant/,
  )
})

test('MT-20 what is for people refuses keys, and so does what wants a fresh sign-in', async () => {
  const service = await newService(alice, 'owner')
  const { key } = await newKey(alice, service.id)
  for (const path of ['/me', '/me/sessions', '/tenants']) await refusal(await call(key, path), 403, 'http.key_refused')
  const body = { name: 'Child', description: null, roleIds: [] }
  await refusal(await call(key, '/service-accounts', { method: 'POST', body }), 403, 'http.key_refused')
  const keyBody = { name: 'x', scopes: ['*'], expiresAt: null }
  await refusal(
    await call(key, `/service-accounts/${service.id}/keys`, { method: 'POST', body: keyBody }),
    403,
    'http.key_refused',
  )
})

test('MT-20 nobody makes a key that may more than he may himself', async () => {
  const owning = await newService(alice, 'owner')
  const made = await newKey(alice, owning.id)
  const admins = await member('admin')
  const body = { name: 'x', scopes: ['contractors.lists.read'], expiresAt: null }
  const asAdmin = (path: string, method: string, given?: unknown) => admins.fetch(path, { method, body: given })
  for (const response of [
    await asAdmin(`/service-accounts/${owning.id}/keys`, 'POST', body),
    await asAdmin(`/api-keys/${made.id}/rotation`, 'POST', { overlapHours: 1 }),
    await asAdmin(`/service-accounts/${owning.id}`, 'DELETE'),
    await asAdmin('/service-accounts', 'POST', {
      name: 'Owner too',
      description: null,
      roleIds: await roleIds(alice.tenantId, 'owner'),
    }),
  ]) {
    await refusal(response, 403, 'access.owners_only')
  }
  await answer(await call(made.key, '/contractor-lists'), 200)
  const service = await newService(admins, 'member')
  await newKey(admins, service.id)
  // The database itself, past the routes.
  await assert.rejects(
    world.db.transaction(admins.scope, async tx => {
      await tx.run(sql`
        insert into access.api_keys (user_id, name, prefix, secret_hash, scopes)
        values (${owning.id}, 'x', 'chk_abcdefgh', ${Buffer.alloc(32)}, ${['*']})`)
    }),
    /grants_of_owners|grants_within_own|owner/,
  )
  for (const method of ['GET', 'POST']) {
    const given = method === 'POST' ? { name: 'x', description: null, roleIds: [] } : undefined
    await refusal(await viewer.fetch('/service-accounts', { method, body: given }), 403, 'http.permission_missing')
  }
})

test('MT-20 a revoked, expired, deleted or cut key opens nothing, from the next request on', async () => {
  const service = await newService(alice, 'member')
  const works = async (key: string) => (await call(key, '/contractor-lists')).status === 200

  const revoked = await newKey(alice, service.id)
  assert.ok(await works(revoked.key))
  await answer(await alice.fetch(`/api-keys/${revoked.id}`, { method: 'DELETE' }), 204)
  await refusal(await call(revoked.key, '/contractor-lists'), 401, 'access.api_key_invalid')

  const short = await newKey(alice, service.id, ['*'], new Date(Date.now() + 1500).toISOString())
  assert.ok(await works(short.key))
  await sleep(1600)
  await refusal(await call(short.key, '/contractor-lists'), 401, 'access.api_key_invalid')

  const whole = await newKey(alice, service.id)
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: whole.key.length - 1 }), fc.constantFrom('cut', 'flip', 'more'), async (at, how) => {
      const { key } = whole
      const flipped = key[at] === 'A' ? 'B' : 'A'
      const forged =
        how === 'cut' ? key.slice(0, at) : how === 'more' ? `${key}A` : key.slice(0, at) + flipped + key.slice(at + 1)
      if (forged === key) return
      const response = await call(forged, '/contractor-lists')
      assert.equal(response.status, 401, forged)
    }),
    { numRuns: 25 },
  )
  assert.ok(await works(whole.key))
  await answer(await alice.fetch(`/service-accounts/${service.id}`, { method: 'DELETE' }), 204)
  await refusal(await call(whole.key, '/contractor-lists'), 401, 'access.api_key_invalid')
  const { rows } = await admin.query('select status from identity.users where id = $1', [service.id])
  assert.deepEqual(rows, [{ status: 'deleted' }])
})

test('MT-20 a rotation gives a new key while the old one goes on for its overlap; of two at once one wins', async () => {
  const service = await newService(alice, 'member')
  const old = await newKey(alice, service.id, ['contractors.lists.read'])
  const rotate = (overlapHours: number) =>
    alice.fetch(`/api-keys/${old.id}/rotation`, { method: 'POST', body: { overlapHours } })
  const both = await Promise.all([rotate(24), rotate(24)])
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [201, 409])
  const next = (await both.find(({ status }) => status === 201)?.json()) as NewApiKey
  assert.deepEqual(next.scopes, old.scopes)
  await answer(await call(old.key, '/contractor-lists'), 200)
  await answer(await call(next.key, '/contractor-lists'), 200)
  const { rows } = await admin.query(
    `select replaced_by, extract(epoch from expires_at - now()) / 3600 as hours from access.api_keys where id = $1`,
    [old.id],
  )
  assert.equal(rows[0].replaced_by, next.id)
  assert.ok(Math.abs(Number(rows[0].hours) - 24) < 0.1)
  await answer(await alice.fetch(`/api-keys/${next.id}/rotation`, { method: 'POST', body: { overlapHours: 0 } }), 201)
  await refusal(await call(next.key, '/contractor-lists'), 401, 'access.api_key_invalid')
})

test('MT-20 a person’s own key acts as he may at that moment, and ends with his membership', async () => {
  const person = await member('member')
  const soon = new Date(Date.now() + 3600_000).toISOString()
  const body = { name: 'Script', scopes: ['contractors.*'], expiresAt: soon }
  const { key, id } = await answer<NewApiKey>(await person.fetch('/me/api-keys', { method: 'POST', body }), 201)
  await answer(await call(key, '/contractor-lists', { method: 'POST', body: { name: 'Of a script' } }), 201)
  for (const expiresAt of [null, new Date(Date.now() + 400 * 86_400_000).toISOString(), '2020-01-01T00:00:00Z']) {
    await refusal(
      await person.fetch('/me/api-keys', { method: 'POST', body: { ...body, expiresAt } }),
      400,
      'access.api_key_expiry_invalid',
    )
  }
  const other = await member('member')
  await refusal(await other.fetch(`/me/api-keys/${id}`, { method: 'DELETE' }), 404, 'access.api_key_not_found')
  await admin.query(
    'update access.user_tenant_roles set role_id = $2 where user_tenant_id = (select id from tenancy.user_tenants where tenant_id = $3 and user_id = $1)',
    [person.userId, (await roleIds(alice.tenantId, 'viewer'))[0], alice.tenantId],
  )
  await believedNoLonger()
  await refusal(
    await call(key, '/contractor-lists', { method: 'POST', body: { name: 'No more' } }),
    403,
    'http.permission_missing',
  )
  await admin.query('delete from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [
    alice.tenantId,
    person.userId,
  ])
  await believedNoLonger()
  await refusal(await call(key, '/contractor-lists'), 401, 'access.api_key_invalid')
})

test('MT-12 MT-16 a suspended tenant and a refused address stop keys too', async () => {
  const service = await newService(alice, 'member')
  const { key } = await newKey(alice, service.id)
  await answer(await call(key, '/contractor-lists'), 200)
  await admin.query(`update tenancy.tenants set status = 'suspended' where id = $1`, [alice.tenantId])
  await believedNoLonger()
  await refusal(await call(key, '/contractor-lists'), 403, 'accounts.tenant_suspended')
  await admin.query(`update tenancy.tenants set status = 'active' where id = $1`, [alice.tenantId])
  await believedNoLonger()
  await answer(await call(key, '/contractor-lists'), 200)
  const block = (list: string[]) =>
    admin.query(
      `update tenancy.tenants set security_policy = jsonb_set(security_policy, '{ipRestrictions,blockList}', $2) where id = $1`,
      [alice.tenantId, JSON.stringify(list)],
    )
  await block(['127.0.0.0/8', '::1'])
  await believedNoLonger()
  await refusal(await call(key, '/contractor-lists'), 403, 'accounts.address_refused')
  await block([])
  await believedNoLonger()
  await answer(await call(key, '/contractor-lists'), 200)
})

test('MT-20 a service account has no way in but its keys', async () => {
  const service = await newService(alice, 'member')
  const insert = (table: string, columns: string, values: string) =>
    admin.query(`insert into identity.${table} (user_id, ${columns}) values ($1, ${values})`, [service.id])
  await assert.rejects(insert('passwords', 'password_hash', `'$argon2id$x'`), /no way to sign in/)
  await assert.rejects(
    admin.query('insert into identity.operators (user_id) values ($1)', [service.id]),
    /no way to sign in/,
  )
  const response = await fetch(`${baseUrl}/api/v1/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: `${service.id}@service.invalid`, password: 'correct horse battery staple' }),
  })
  assert.ok(response.status === 400 || response.status === 401)
  const { rows } = await admin.query('select email, kind from identity.users where id = $1', [service.id])
  assert.deepEqual(rows, [{ email: `${service.id}@service.invalid`, kind: 'service' }])
})

test('VS-02 only a text of the form of a key is read as one', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      assert.equal(readApiKey(text), undefined)
      assert.equal(readApiKey(`chk_${text}`), undefined)
    }),
  )
  assert.ok(readApiKey(`chk_ABCDEFGH_${'a'.repeat(43)}`))
})

test('MT-20 a key tells whom it stands for and what it may, and whoever made it is told once before it ends', async () => {
  const service = await newService(alice, 'member')
  const inFiveDays = new Date(Date.now() + 5 * 86_400_000).toISOString()
  const ending = await newKey(alice, service.id, ['contractors.lists.read'], inFiveDays)
  const caller = await answer<Record<string, unknown>>(await call(ending.key, '/caller'), 200)
  assert.deepEqual(caller, {
    credential: 'api_key',
    userId: service.id,
    name: service.name,
    tenantId: alice.tenantId,
    roles: ['member'],
    permissions: ['contractors.lists.read'],
  })
  const told = async () => {
    const { rows } = await admin.query(
      `select user_id from notifications.notifications where kind = 'accounts.key_ends' and title like '%A key%'`,
    )
    return rows.map(row => row.user_id)
  }
  await tellOfEndingKeys.run({}, world.app)
  assert.deepEqual(await told(), [], 'it never lasted longer than a week')
  await admin.query(`update access.api_keys set created_at = now() - interval '30 days' where id = $1`, [ending.id])
  await tellOfEndingKeys.run({}, world.app)
  await tellOfEndingKeys.run({}, world.app)
  assert.deepEqual(await told(), [alice.userId])
})
