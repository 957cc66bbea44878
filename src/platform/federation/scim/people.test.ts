import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type Answer, directoryOf, oktaClient } from '#test/scim-clients.ts'
import { newPerson, testWorld } from '#test/world.ts'

const world = await testWorld({ hasRouteLimits: false })
const { alice, bob, admin, baseUrl } = world
const acme = await directoryOf(world, alice, { name: 'Acme Okta', domains: ['acme.example'] })
const okta = oktaClient(acme)
const northgate = await directoryOf(world, bob, { name: 'Northgate Okta', domains: ['northgate.example'] })

const userOf = (login: string, oktaId: string = randomUUID()) => ({
  login,
  givenName: 'Ada',
  familyName: 'Lovelace',
  oktaId,
})

async function created(answer: Promise<Answer>): Promise<string> {
  const { status, body } = await answer
  assert.equal(status, 201, JSON.stringify(body))
  return body.id
}

async function accountOf(email: string) {
  const { rows } = await admin.query('select id, full_name, email from identity.users where email = $1', [email])
  return rows[0]
}

async function entryOf(id: string) {
  const { rows } = await admin.query(
    `select entry.user_id, entry.made_account, invitation.status as invitation, mapping.sync_status as mapping,
       mapping.user_id as mapped
     from federation.scim_users as entry
     left join members.invitations as invitation on invitation.id = entry.invitation_id
     left join federation.iam_user_mappings as mapping on mapping.id = entry.mapping_id
     where entry.id = $1`,
    [id],
  )
  return rows[0]
}

const isMember = async (userId: string, tenantId: string) =>
  (
    await admin.query(
      'select from tenancy.user_tenants where user_id = $1 and tenant_id = $2 and (expires_at is null or expires_at > now())',
      [userId, tenantId],
    )
  ).rowCount === 1

async function pendingOffer(person: { fetch: typeof alice.fetch }): Promise<string | undefined> {
  const { items } = (await (await person.fetch('/me/invitations')).json()) as { items: { id: string }[] }
  return items[0]?.id
}

test('AG-05 an account that exists elsewhere is never taken over: its owner is asked, and comes in as he says so', async () => {
  const carol = await newPerson(world, { email: 'carol@acme.example', fullName: 'Carol Chief', tenantName: 'Her own' })
  const id = await created(okta.create(userOf('carol@acme.example')))
  assert.deepEqual(await entryOf(id), {
    user_id: null,
    made_account: false,
    invitation: 'pending',
    mapping: 'pending',
    mapped: null,
  })
  assert.equal(await isMember(carol.userId, alice.tenantId), false)
  // Whatever the directory says of her stays with the directory.
  await okta.update(id, { ...userOf('carol@acme.example'), givenName: 'Mallory' })
  assert.equal((await accountOf('carol@acme.example')).full_name, 'Carol Chief')
  const offer = await pendingOffer(carol)
  const accepted = await carol.fetch(`/me/invitations/${offer}/acceptance`, { method: 'POST' })
  assert.equal(accepted.status < 300, true, `${accepted.status} ${await accepted.text()}`)
  assert.equal(await isMember(carol.userId, alice.tenantId), true)
  const entry = await entryOf(id)
  assert.deepEqual(
    [entry.user_id, entry.made_account, entry.mapped],
    [carol.userId, false, null],
    'known, but no way in',
  )
  // From now on the directory ends and brings back the membership here, and nothing else of her.
  await okta.deactivate(id)
  assert.equal(await isMember(carol.userId, alice.tenantId), false)
  assert.equal(await isMember(carol.userId, carol.tenantId), true)
  assert.equal((await carol.fetch('/me')).status, 200)
  await okta.reactivate(id)
  assert.equal(await isMember(carol.userId, alice.tenantId), true)
})

test('AG-05 an address of no proven domain is asked by an invitation, and no account is made for it', async () => {
  const id = await created(okta.create(userOf('dan@elsewhere.example')))
  assert.equal(await accountOf('dan@elsewhere.example'), undefined)
  assert.equal((await entryOf(id)).invitation, 'pending')
  // A domain that another tenant has proven is none of this one's.
  const other = await created(okta.create(userOf('eve@northgate.example')))
  assert.equal(await accountOf('eve@northgate.example'), undefined)
  assert.equal((await entryOf(other)).invitation, 'pending')
  await okta.deactivate(id)
  assert.equal((await entryOf(id)).invitation, 'cancelled', 'who is inactive is asked no more')
})

test('AG-05 a member becomes the directory’s person here, keeps his account as it is and gets no other way in', async () => {
  const before = await accountOf('vera@meridian.example')
  const id = await created(okta.create({ ...userOf('vera@meridian.example'), givenName: 'Mallory' }))
  const entry = await entryOf(id)
  assert.deepEqual(
    [entry.user_id, entry.made_account, entry.mapped, entry.mapping],
    [before.id, false, null, 'pending'],
  )
  assert.deepEqual(await accountOf('vera@meridian.example'), before)
  await okta.update(id, { ...userOf('mallory@evil.example'), oktaId: randomUUID() })
  assert.deepEqual(await accountOf('vera@meridian.example'), before, 'no address is changed')
})

test('AG-05 MT-02 active false ends the sessions here at once, not elsewhere; the next request is refused, and active true lets him in', async () => {
  const frank = await newPerson(world, { email: 'frank@acme.example', fullName: 'Frank' })
  await admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2), ($3, $2)', [
    alice.tenantId,
    frank.userId,
    bob.tenantId,
  ])
  const id = await created(okta.create(userOf('frank@acme.example')))
  const asMember = (tenantId: string) =>
    frank.fetch('/tenants', { headers: { 'x-tenant-id': tenantId } }).then(r => r.status)
  assert.deepEqual([await asMember(alice.tenantId), await asMember(bob.tenantId)], [200, 200])
  await okta.deactivate(id)
  assert.deepEqual([await asMember(alice.tenantId), await asMember(bob.tenantId)], [403, 200])
  await okta.reactivate(id)
  assert.deepEqual([await asMember(alice.tenantId), await asMember(bob.tenantId)], [200, 200])
})

test('AG-05 the end that a membership had comes back with it, and one that a person has ended stays ended', async () => {
  const id = await created(okta.create(userOf('grace@acme.example')))
  const { id: userId } = await accountOf('grace@acme.example')
  const end = new Date(Date.now() + 30 * 86_400_000)
  const setEnd = (moment: Date) =>
    admin.query('update tenancy.user_tenants set expires_at = $1 where user_id = $2', [moment, userId])
  await setEnd(end)
  await okta.deactivate(id)
  await okta.reactivate(id)
  const { rows } = await admin.query('select expires_at from tenancy.user_tenants where user_id = $1', [userId])
  assert.equal(rows[0].expires_at.getTime(), end.getTime())
  await setEnd(new Date(Date.now() - 1000))
  await okta.deactivate(id)
  await okta.reactivate(id)
  assert.equal(await isMember(userId, alice.tenantId), false)
})

test('MT-02 AG-05 the last owner cannot be taken out by a directory, which is told why', async () => {
  const id = await created(okta.create(userOf('alice@meridian.example')))
  for (const refusal of [await okta.deactivate(id), await acme.ask('DELETE', `/Users/${id}`)]) {
    assert.equal(refusal.status, 409)
    assert.match(refusal.body.detail, /owner/i)
  }
  assert.equal((await okta.read(id)).body.active, true)
  assert.equal(await isMember(alice.userId, alice.tenantId), true)
})

test('AG-05 two entries cannot be the same person', async () => {
  await created(okta.create(userOf('henry@acme.example')))
  const twin = await acme.ask('POST', '/Users', { userName: 'h', emails: [{ value: 'henry@acme.example' }] })
  assert.deepEqual([twin.status, twin.body.scimType], [409, 'uniqueness'])
})

test('AG-05 who has no address, or one that is none, is refused with invalidValue, and nothing of him stays', async () => {
  const before = (await okta.import()).body.totalResults
  for (const body of [
    { userName: 'nobody' },
    { userName: 'x', emails: [{ value: 'a@b@c' }] },
    { userName: 'аda@acme.example' },
    {},
  ]) {
    const refusal = await acme.ask('POST', '/Users', body)
    assert.deepEqual([refusal.status, refusal.body.scimType], [400, 'invalidValue'], JSON.stringify(refusal.body))
  }
  assert.equal((await okta.import()).body.totalResults, before)
})

test('AG-06 a pushed group gives its members the role that it is mapped to, and takes it as they leave, are renamed or deleted', async () => {
  const [one, two] = [
    await created(okta.create(userOf('iris@acme.example'))),
    await created(okta.create(userOf('jack@acme.example'))),
  ]
  const { rows } = await admin.query(`select id from access.roles where tenant_id = $1 and name = 'member'`, [
    alice.tenantId,
  ])
  await admin.query(
    `insert into federation.iam_group_mappings (tenant_id, provider_id, external_group_id, internal_role) values ($1, $2, 'Editors', $3)`,
    [alice.tenantId, acme.providerId, rows[0].id],
  )
  const rolesOf = async (email: string) => {
    const { rows } = await admin.query(
      `select role.name from access.user_tenant_roles as held
       join access.roles as role on role.tenant_id = held.tenant_id and role.id = held.role_id
       join tenancy.user_tenants as membership on membership.tenant_id = held.tenant_id and membership.id = held.user_tenant_id
       join identity.users as account on account.id = membership.user_id
       where account.email = $1 order by role.name`,
      [email],
    )
    return rows.map(({ name }) => name)
  }
  const group = await created(okta.createGroup('Editors'))
  const as = (value: string) => ({ value, display: '' })
  await okta.changeMembers(group, 'Editors', [as(one), as(two)], [])
  assert.deepEqual(
    [await rolesOf('iris@acme.example'), await rolesOf('jack@acme.example')],
    [
      ['member', 'viewer'],
      ['member', 'viewer'],
    ],
  )
  await okta.changeMembers(group, 'Editors', [], [one])
  assert.deepEqual(await rolesOf('iris@acme.example'), ['viewer'], 'what was given otherwise stays')
  await okta.deactivate(two)
  await okta.reactivate(two)
  assert.deepEqual(await rolesOf('jack@acme.example'), ['member', 'viewer'], 'back with his roles')
  await okta.renameGroup(group, 'Former editors')
  assert.deepEqual(await rolesOf('jack@acme.example'), ['viewer'], 'Okta tells groups apart by their names')
  await okta.renameGroup(group, 'Editors')
  assert.deepEqual(await rolesOf('jack@acme.example'), ['member', 'viewer'])
  await okta.deleteGroup(group)
  assert.deepEqual(await rolesOf('jack@acme.example'), ['viewer'])
})

test('AG-05 a member of another directory, or nobody, cannot be put into a group', async () => {
  const group = await created(okta.createGroup('Strangers'))
  const stranger = await created(oktaClient(northgate).create(userOf('kim@northgate.example')))
  for (const value of [stranger, randomUUID(), 'x', acme.providerId]) {
    const refusal = await okta.pushMembers(group, [{ value, display: '' }])
    assert.deepEqual([refusal.status, refusal.body.scimType], [400, 'invalidValue'])
  }
  assert.deepEqual((await okta.readGroup(group)).body.members, [])
})

test('AG-05 a revoked token, an expired one and a provider that is off open nothing; a rotated one goes on for its time', async () => {
  const provider = await directoryOf(world, alice, { name: 'Old Okta' })
  const tokens = `/federation/providers/${provider.providerId}/provisioning/tokens`
  const status = async () => (await provider.ask('GET', '/Users')).status
  assert.equal(await status(), 200)
  const rotated = await alice.fetch(`${tokens}/${provider.tokenId}/rotation`, {
    method: 'POST',
    body: { overlapHours: 1 },
  })
  assert.equal(rotated.status, 201)
  const next = (await rotated.json()) as { token: string; id: string }
  assert.equal(await status(), 200, 'both work for an hour')
  assert.equal((await alice.fetch(`${tokens}/${provider.tokenId}`, { method: 'DELETE' })).status, 204)
  assert.equal(await status(), 401)
  const renewed = { ...provider, token: next.token }
  const answer = await fetch(`${baseUrl}/api/v1/scim/v2/${provider.providerId}/Users`, {
    headers: { authorization: `bearer ${renewed.token}` },
  })
  assert.equal(answer.status, 200)
  await admin.query(`update federation.iam_providers set status = 'inactive' where id = $1`, [provider.providerId])
  const off = await fetch(`${baseUrl}/api/v1/scim/v2/${provider.providerId}/Users`, {
    headers: { authorization: `Bearer ${renewed.token}` },
  })
  assert.equal(off.status, 403)
  assert.match(((await off.json()) as { detail: string }).detail, /switched off/)
  const refused = await alice.fetch(`/federation/providers/${provider.providerId}/provisioning/requests?refused=true`)
  const [last] = ((await refused.json()) as { items: { code: string; status: number }[] }).items
  assert.deepEqual([last?.code, last?.status], ['federation.scim_provider_inactive', 403], 'the page tells of it')
  const late = await alice.fetch(tokens, {
    method: 'POST',
    body: { expiresAt: new Date(Date.now() + 500 * 86_400_000).toISOString() },
  })
  assert.equal(late.status, 400)
})

test('AG-05 MT-20 a token is made by who holds what the groups give, seen by nobody else, and not by another tenant', async () => {
  const tokens = `/federation/providers/${acme.providerId}/provisioning`
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
  assert.equal((await bob.fetch(tokens)).status, 404)
  assert.equal((await bob.fetch(`${tokens}/tokens`, { method: 'POST', body: { expiresAt } })).status, 404)
  assert.equal((await bob.fetch(`${tokens}/tokens/${acme.tokenId}`, { method: 'DELETE' })).status, 404)
  assert.equal((await world.viewer.fetch(tokens)).status, 403)
  const shown = (await (await alice.fetch(tokens)).json()) as {
    baseUrl: string
    tokens: object[]
    users: object
    groups: number
  }
  assert.match(shown.baseUrl, new RegExp(`/api/v1/scim/v2/${acme.providerId}$`))
  assert.equal(JSON.stringify(shown).includes(acme.token), false)
  assert.equal(shown.tokens.length, 1)
  const owner = await admin.query(`select id from access.roles where tenant_id = $1 and name = 'owner'`, [
    alice.tenantId,
  ])
  await admin.query(
    `insert into federation.iam_group_mappings (tenant_id, provider_id, external_group_id, internal_role) values ($1, $2, 'Bosses', $3)`,
    [alice.tenantId, acme.providerId, owner.rows[0].id],
  )
  const admins = await newPerson(world, { email: 'adminas@meridian.example' })
  await admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)', [
    alice.tenantId,
    admins.userId,
  ])
  await admin.query(
    `insert into access.user_tenant_roles (tenant_id, user_tenant_id, role_id)
     select $1, membership.id, role.id from tenancy.user_tenants as membership
     join access.roles as role on role.tenant_id = $1 and role.name = 'admin'
     where membership.tenant_id = $1 and membership.user_id = $2`,
    [alice.tenantId, admins.userId],
  )
  const refused = await admins.fetch(`${tokens}/tokens`, {
    method: 'POST',
    body: { expiresAt },
    headers: { 'x-tenant-id': alice.tenantId },
  })
  assert.equal(refused.status, 403)
  assert.equal(((await refused.json()) as { code: string }).code, 'access.owners_only')
})

test('AG-05 GG-19 what a directory does is in the audit log with the provider as cause, and its requests can be looked at', async () => {
  const id = await created(okta.create(userOf('lea@acme.example')))
  await okta.deactivate(id)
  await acme.ask('GET', `/Users/${randomUUID()}`)
  const { rows } = await admin.query(
    `select action, details ->> 'cause' as cause, details ->> 'provider' as provider, user_name
     from audit.audit_logs where action in ('create_by_directory', 'join_by_directory', 'end_by_directory')
       and tenant_id = $1 order by created_at desc limit 3`,
    [alice.tenantId],
  )
  assert.deepEqual(rows.map(({ action }) => action).sort(), [
    'create_by_directory',
    'end_by_directory',
    'join_by_directory',
  ])
  assert.ok(rows.every(({ cause, provider }) => cause === 'scim' && provider === 'Acme Okta'))
  const listed = await alice.fetch(
    `/federation/providers/${acme.providerId}/provisioning/requests?refused=true&limit=1`,
  )
  const { items } = (await listed.json()) as {
    items: { method: string; status: number; code: string; resource: string }[]
  }
  assert.deepEqual(
    items.map(({ method, status, code, resource }) => [method, status, code, resource]),
    [['GET', 404, 'federation.scim_user_not_found', 'Users']],
  )
  assert.equal(
    (
      (await bob.fetch(`/federation/providers/${acme.providerId}/provisioning/requests`).then(r => r.json())) as {
        items: []
      }
    ).items.length,
    0,
  )
})
