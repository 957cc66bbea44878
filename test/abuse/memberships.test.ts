import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceRevocation } from '#platform/identity'
import { joinAs, newPerson, type Person, setPolicy, signIn, testWorld } from '#test/world.ts'

const world = await testWorld()
const { admin, alice, app, baseUrl } = world

type Answer = { status: number; code: string | undefined; body: Record<string, never> & { id: string; key: string } }

async function ask(person: Pick<Person, 'fetch'>, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await person.fetch(path, { method, body })
  const text = await response.text()
  const answer = text === '' ? {} : JSON.parse(text)
  return { status: response.status, code: answer.code, body: answer }
}

/** Somebody of Alice's tenant, signed in there. */
async function colleague(role: string): Promise<Person> {
  const person = await newPerson(world)
  await joinAs(world, person.userId, alice.tenantId, role)
  return await signIn(baseUrl, person, alice.tenantId)
}

/** A key of the person's own, as somebody who calls with it. */
async function keyOf(person: Person, scopes: string[]): Promise<Pick<Person, 'fetch'>> {
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
  const { status, body } = await ask(person, 'POST', '/me/api-keys', { name: 'Key', scopes, expiresAt })
  assert.equal(status, 201)
  return {
    fetch: (path, init) => person.fetch(path, { ...init, headers: { authorization: `Bearer ${body.key}` } }),
  }
}

const idOf = async (name: string) =>
  (await admin.query('select id from access.roles where tenant_id = $1 and name = $2', [alice.tenantId, name])).rows[0]
    .id as string

const rolesOf = async (person: Person): Promise<string[]> => {
  const answer = await person.fetch('/me', { headers: { 'x-tenant-id': alice.tenantId } })
  return ((await answer.json()) as { roles: string[] }).roles
}

/** How many there have been in this database. */
async function deadlocks(): Promise<number> {
  const { rows } = await admin.query(
    'select deadlocks::integer as count from pg_stat_database where datname = current_database()',
  )
  return rows[0].count
}

/** Invites somebody, who accepts with the session of his account. */
async function takeIn(inviter: Person, person: Person, role: string): Promise<void> {
  const invited = await ask(inviter, 'POST', '/invitations', { email: person.email, roleIds: [await idOf(role)] })
  assert.equal(invited.status, 201, JSON.stringify(invited.body))
  const accepted = await ask(person, 'POST', `/me/invitations/${invited.body.id}/acceptance`)
  assert.equal(accepted.status, 200, JSON.stringify(accepted.body))
}

test('MT-20 a key ends and prolongs no membership beyond what its scopes carry', async () => {
  const [boss, clerk] = [await colleague('admin'), await colleague('member')]
  const key = await keyOf(alice, ['members.members.*'])
  const soon = new Date(Date.now() + 60_000).toISOString()
  for (const person of [boss, clerk]) {
    for (const expiresAt of [soon, null]) {
      const answer = await ask(key, 'PATCH', `/members/${person.userId}`, { expiresAt })
      assert.deepEqual([answer.status, answer.code], [403, 'access.grant_exceeded'], String(expiresAt))
    }
  }
  const whole = await keyOf(alice, ['*'])
  assert.equal((await ask(whole, 'PATCH', `/members/${clerk.userId}`, { expiresAt: soon })).status, 200, 'control')
})

test('MT-18 MT-20 an invitation brings a former owner back as what it names, and not as what he was', async () => {
  const boss = await colleague('admin')
  const person = await newPerson(world)
  await joinAs(world, person.userId, alice.tenantId, 'owner')
  const department = await ask(alice, 'POST', '/organizations', { name: 'Sales' })
  await ask(alice, 'POST', `/organizations/${department.body.id}/members`, { userId: person.userId, role: 'admin' })
  await admin.query(`update tenancy.user_tenants set expires_at = now() - interval '1 hour' where user_id = $1`, [
    person.userId,
  ])
  announceRevocation(app)
  const direct = await ask(boss, 'PATCH', `/members/${person.userId}`, { expiresAt: null })
  assert.deepEqual([direct.status, direct.code], [403, 'access.owners_only'], 'control: he may not bring him back')
  await takeIn(boss, person, 'viewer')
  assert.deepEqual(await rolesOf(person), ['viewer'])
  const { rows } = await admin.query('select from tenancy.user_organizations where user_id = $1', [person.userId])
  assert.equal(rows.length, 0, 'nor as the administrator of an organization')
})

test('MT-18 GG-04 whoever is a member already keeps the end of his membership when he accepts an invitation', async () => {
  const person = await newPerson(world)
  const invited = await ask(alice, 'POST', '/invitations', {
    email: person.email,
    roleIds: [await idOf('viewer')],
  })
  await joinAs(world, person.userId, alice.tenantId, 'member')
  await admin.query(`update tenancy.user_tenants set expires_at = now() + interval '1 hour' where user_id = $1`, [
    person.userId,
  ])
  assert.equal((await ask(person, 'POST', `/me/invitations/${invited.body.id}/acceptance`)).status, 200)
  const { rows } = await admin.query('select expires_at from tenancy.user_tenants where user_id = $1', [person.userId])
  assert.ok(rows[0].expires_at, 'it still ends')
  assert.deepEqual(await rolesOf(person), ['member', 'viewer'])
})

test('MT-11 MT-15 MT-16 the way to cancel a deletion passes by no policy of the tenant', async () => {
  const owner = await newPerson(world, { tenantName: 'Guarded' })
  const path = `/tenant/deletion?tenantId=${owner.tenantId}`
  const tries = async (code: string) => {
    for (const method of ['GET', 'DELETE']) {
      const answer = await ask(owner, method, path)
      assert.deepEqual([answer.status, answer.code], [403, code], method)
    }
  }
  await setPolicy(app, owner.tenantId, { session: { requireMFA: true } })
  await tries('accounts.second_factor_required')
  await setPolicy(app, owner.tenantId, { session: { requireMFA: false }, ipRestrictions: { blockList: ['127.0.0.1'] } })
  await tries('accounts.address_refused')
  await setPolicy(app, owner.tenantId, { ipRestrictions: { blockList: [] } })
  assert.equal((await ask(owner, 'POST', '/tenant/deletion', { name: 'Guarded' })).status, 201)
  assert.equal((await ask(owner, 'GET', path)).status, 200, 'control: closed to all, it is open for this')
  assert.equal((await ask(owner, 'DELETE', path)).status, 204)
})

test('MT-15 a key that was made before is no way around a second factor that is wanted now', async () => {
  const owner = await newPerson(world, { tenantName: 'Before and after' })
  const key = await keyOf(owner, ['*'])
  const service = await ask(owner, 'POST', '/service-accounts', { name: 'Robot', description: null, roleIds: [] })
  const wish = { name: 'Key', scopes: ['*'], expiresAt: null }
  const made = await ask(owner, 'POST', `/service-accounts/${service.body.id}/keys`, wish)
  const robot: Pick<Person, 'fetch'> = {
    fetch: (path, init) => owner.fetch(path, { ...init, headers: { authorization: `Bearer ${made.body.key}` } }),
  }
  const { tenantId } = owner
  const tries: [policy: Parameters<typeof setPolicy>[2], status: number, why: string][] = [
    [{}, 200, 'nothing is wanted'],
    [{ session: { requireMFA: true } }, 403, 'at once'],
    [
      { session: { requireMFA: false }, twoFactor: { required: true, graceLogins: 3, gracePeriodDays: 7 } },
      200,
      'grace',
    ],
    [{ twoFactor: { graceLogins: 0, gracePeriodDays: 0 } }, 403, 'no grace'],
    [{ twoFactor: { exemptRoles: ['owner'] } }, 200, 'exempt'],
    [{ session: { requireMFA: true } }, 403, 'of everybody'],
  ]
  for (const [policy, status, why] of tries) {
    await setPolicy(app, tenantId, policy)
    const answer = await ask(key, 'GET', '/caller')
    assert.equal(answer.status, status, why)
    if (status === 403) assert.equal(answer.code, 'accounts.second_factor_required')
    assert.equal((await ask(robot, 'GET', '/caller')).status, 200, 'a program is no person')
  }
  await admin.query(
    `insert into identity.authenticators
       (user_id, user_handle, credential_id, credential_public_key, aaguid, device_type, is_backed_up)
     values ($1, sha256('handle'), sha256('credential'), 'x', gen_random_uuid(), 'single_device', false)`,
    [owner.userId],
  )
  await setPolicy(app, tenantId, {})
  assert.equal((await ask(key, 'GET', '/caller')).status, 200, 'who has one calls on')
})

test('MT-18 a role that is named twice is one, in a file and in whatever case', async () => {
  const viewer = await idOf('viewer')
  const twice = await ask(alice, 'POST', '/invitations', {
    email: 'twice@people.example',
    roleIds: [viewer, viewer.toUpperCase()],
  })
  assert.equal(twice.status, 201, JSON.stringify(twice.body))
  const response = await fetch(`${baseUrl}/api/v1/invitations/import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${alice.accessToken}`, 'content-type': 'text/csv' },
    body: 'email,roles\nthrice@people.example,viewer;Viewer;viewer\n',
  })
  assert.equal(response.status, 200, await response.text())
})

test('GG-03 a slug is changed while others work in the tenant, and nobody has to wait for each other', async () => {
  const viewer = await idOf('viewer')
  const work = Array.from({ length: 60 }, (_, index) => () => {
    if (index % 3 === 0) return ask(alice, 'PUT', '/tenant/slug', { slug: `meridian-${(index / 3) % 3}` })
    if (index % 3 === 1) return ask(alice, 'PATCH', '/tenant', { name: `Meridian ${index}` })
    return ask(alice, 'POST', '/service-accounts', { name: `Robot ${index}`, description: null, roleIds: [viewer] })
  })
  const before = await deadlocks()
  const answers = await Promise.all(work.map(ask => ask()))
  const refused = answers.filter(({ status }) => status >= 300 && status !== 429)
  assert.deepEqual(refused, [])
  assert.equal((await deadlocks()) - before, 0)
})

test('GG-05 a service account is put into no organization', async () => {
  const service = await ask(alice, 'POST', '/service-accounts', { name: 'Clerk', description: null, roleIds: [] })
  const department = await ask(alice, 'POST', '/organizations', { name: 'Purchasing' })
  const path = `/organizations/${department.body.id}/members`
  const answer = await ask(alice, 'POST', path, { userId: service.body.id, role: 'admin' })
  assert.deepEqual([answer.status, answer.code], [404, 'members.member_not_found'])
  assert.equal((await ask(alice, 'POST', path, { userId: alice.userId })).status, 201, 'control')
})

test('GG-03 of thirty domains claimed at once no more are taken than a tenant may have', async () => {
  const claims = Array.from({ length: 30 }, (_, index) => index)
  const answers = await Promise.all(
    claims.map(index => ask(alice, 'POST', '/tenant/domains', { domain: `claim${index}.example` })),
  )
  assert.equal(answers.filter(({ status }) => status === 201).length, 20)
})

test('MT-16 an IPv6 address that ends as an IPv4 one is written is not that one', async () => {
  const owner = await newPerson(world, { tenantName: 'Walled' })
  await setPolicy(app, owner.tenantId, { ipRestrictions: { enabled: true, allowedIPs: ['203.0.113.7'] } })
  for (const [address, status] of [
    ['::203.0.113.7', 403],
    ['::cb00:7107', 403],
    ['64:ff9b::203.0.113.7', 403],
    ['::ffff:203.0.113.7', 200],
    ['203.0.113.7', 200],
  ] as const) {
    const answer = await owner.fetch('/tenant', { headers: { 'x-forwarded-for': address } })
    assert.equal(answer.status, status, address)
  }
})

test('MT-13 MT-20 roles, programs and members are changed by many at once, and nobody waits for each other', async () => {
  const makeRole = async (name: string) =>
    (await ask(alice, 'POST', '/roles', { name, permissions: ['contractors.lists.read'] })).body.id
  const people = [await colleague('member'), await colleague('member'), await colleague('member')]
  const [viewer, member] = [await idOf('viewer'), await idOf('member')]
  const ids = await Promise.all(['One', 'Two', 'Three', 'Four'].map(makeRole))
  const robots = await Promise.all(
    ['A', 'B', 'C'].map(name =>
      ask(alice, 'POST', '/service-accounts', { name, description: null, roleIds: [viewer] }),
    ),
  )
  const before = await deadlocks()
  const work = Array.from({ length: 70 }, (_, index) => () => {
    const id = ids[index % ids.length] as string
    const person = people[index % people.length] as Person
    const robot = robots[index % robots.length]?.body.id
    const roleIds = [index % 2 ? id : viewer]
    if (index % 7 === 0) return ask(alice, 'PUT', `/roles/${index % 2 ? id : member}/default`)
    if (index % 7 === 1) return ask(alice, 'PATCH', `/members/${person.userId}`, { roles: roleIds })
    if (index % 7 === 2)
      return ask(alice, 'PATCH', `/service-accounts/${robot}`, { name: `N${index}`, description: null, roleIds })
    if (index % 7 === 3)
      return ask(alice, 'PATCH', `/roles/${id}`, { permissions: index % 2 ? [] : ['contractors.lists.read'] })
    if (index % 7 === 4)
      return index < 40 ? ask(alice, 'GET', '/roles') : ask(alice, 'DELETE', `/roles/${id}?replacementId=${viewer}`)
    if (index % 7 === 5)
      return keyOf(person, ['*']).then(
        () => ({ status: 200 }),
        () => ({ status: 404 }),
      )
    return index < 50
      ? ask(alice, 'GET', '/members')
      : ask(alice, 'DELETE', `/members/${person.userId}`, { reason: 'Over' })
  })
  const answers = await Promise.all(work.map(start => start()))
  assert.deepEqual(
    answers.filter(({ status }) => status >= 500),
    [],
  )
  assert.equal((await deadlocks()) - before, 0)
})

test('MT-13 a key that is made while its owner is removed is refused, and no failure of the server', async () => {
  const person = await colleague('member')
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
  const tries = Array.from({ length: 12 }, () =>
    ask(person, 'POST', '/me/api-keys', { name: 'Key', scopes: ['*'], expiresAt }),
  )
  const removal = ask(alice, 'DELETE', `/members/${person.userId}`, { reason: 'Over' })
  const answers = await Promise.all([...tries, removal])
  assert.deepEqual(
    answers.filter(({ status }) => status >= 500),
    [],
  )
})
