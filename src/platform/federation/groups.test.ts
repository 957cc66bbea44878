import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { setRolesOf } from '#platform/access'
import { type Scope, sql } from '#platform/database'
import { runJobs } from '#test/jobs.ts'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { type GroupsAnswer, readGroups, usualSettings } from './group-claims.ts'
import type { GroupMapping } from './group-mappings.ts'
import { type Applied, applyGroups, type Cause } from './role-assignments.ts'
import { syncProvider } from './sync-command.ts'
import { syncNow } from './sync-jobs.ts'
import type { SyncRun, SyncRunError } from './sync-runs.ts'

const world = await testWorld()
const { app, db, admin, alice, bob, viewer } = world

async function newProvider(of: Person, type = 'custom_oidc', configuration = {}): Promise<string> {
  const id = randomUUID()
  await admin.query(
    `insert into federation.iam_providers
       (tenant_id, id, provider_name, provider_type, issuer, client_id, client_secret_encrypted, configuration, status)
     values ($1, $2, $3, $4, $5, 'client', 'x', $6, 'active')`,
    [of.tenantId, id, `Provider ${id}`, type, `https://${id}.example`, configuration],
  )
  return id
}

/** Somebody more of the tenant, whom the provider knows. */
async function newMember(of: Person, providerId: string, role = 'viewer') {
  const person = await newPerson(world)
  await joinAs(world, person.userId, of.tenantId, role)
  await known(of, providerId, person.userId)
  return { ...person, tenantId: of.tenantId, membershipId: await membershipOf(of, person.userId) }
}

async function known(of: Person, providerId: string, userId: string): Promise<void> {
  await admin.query(
    `insert into federation.iam_user_mappings (tenant_id, provider_id, user_id, external_id, sync_status)
     values ($1, $2, $3, gen_random_uuid(), 'synced')`,
    [of.tenantId, providerId, userId],
  )
}

async function membershipOf(of: Person, userId: string): Promise<string> {
  const { rows } = await admin.query('select id from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [
    of.tenantId,
    userId,
  ])
  return String(rows[0].id)
}

async function roleId(of: Person, name: string): Promise<string> {
  const { rows } = await admin.query('select id from access.roles where tenant_id = $1 and name = $2', [
    of.tenantId,
    name,
  ])
  return String(rows[0].id)
}

async function rolesOf(membershipId: string): Promise<string[]> {
  const { rows } = await admin.query(
    `select role.name
     from access.user_tenant_roles as held
     join access.roles as role on role.tenant_id = held.tenant_id and role.id = held.role_id
     where held.user_tenant_id = $1
     order by role.name`,
    [membershipId],
  )
  return rows.map(({ name }) => String(name))
}

let names = 0
/** A role of the tenant's own, which permits what one is asked for. */
async function newRole(of: Person, permissions: readonly string[] = []): Promise<{ id: string; name: string }> {
  const name = `Role ${++names}`
  const made = await of.fetch('/roles', { method: 'POST', body: { name, permissions } })
  assert.equal(made.status, 201, await made.clone().text())
  return { id: ((await made.json()) as { id: string }).id, name }
}

async function map(
  of: Person,
  providerId: string,
  body: { externalGroupId: string; roleId: string; autoAssign?: boolean },
): Promise<GroupMapping> {
  const made = await of.fetch(`/federation/providers/${providerId}/group-mappings`, { method: 'POST', body })
  assert.equal(made.status, 201, await made.clone().text())
  return (await made.json()) as GroupMapping
}

const answer = (...groups: string[]): GroupsAnswer => ({
  outcome: 'known',
  groups: groups.map(id => ({ id, name: id })),
})
const ofPlatform = (of: Person): Scope => ({ tenantId: of.tenantId, system: true })

const say = (
  of: Person,
  providerId: string,
  membershipId: string,
  groups: GroupsAnswer,
  cause: Exclude<Cause, { by: 'sync_run' }> = { by: 'sign_in' },
): Promise<Applied> =>
  db.transaction(ofPlatform(of), tx => applyGroups(tx, { membershipId, providerId, groups, cause }))

const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code

async function loggedOf(membershipId: string) {
  const { rows } = await admin.query(
    `select details from audit.audit_logs where action = 'sync_roles' and resource_id = $1 order by created_at`,
    [membershipId],
  )
  return rows.map(({ details }) => details)
}

const provider = await newProvider(alice)

test('AG-06 a group gives its role at sign-in, and leaving the group takes it', async () => {
  const role = await newRole(alice)
  const { membershipId } = await newMember(alice, provider)
  await map(alice, provider, { externalGroupId: 'Bid managers', roleId: role.id })
  const signIn = (claims: Record<string, unknown>) =>
    say(
      alice,
      provider,
      membershipId,
      readGroups({ type: 'custom_oidc', settings: usualSettings('custom_oidc') }, claims),
    )
  assert.equal((await signIn({ groups: ['Bid managers', 'Others'] })).given, 1)
  assert.deepEqual(await rolesOf(membershipId), [role.name, 'viewer'])
  // Nothing is known: nothing is taken.
  for (const claims of [{}, { _claim_names: { groups: 'src1' } }, { groups: 'a,b' }]) await signIn(claims)
  assert.deepEqual(await rolesOf(membershipId), [role.name, 'viewer'])
  assert.equal((await signIn({ groups: [] })).taken, 1)
  assert.deepEqual(await rolesOf(membershipId), ['viewer'])
})

test('AG-06 who is unknown or inactive at the provider keeps his roles', async () => {
  const role = await newRole(alice)
  const { membershipId } = await newMember(alice, provider)
  await map(alice, provider, { externalGroupId: 'Keepers', roleId: role.id })
  await say(alice, provider, membershipId, answer('Keepers'))
  await say(alice, provider, membershipId, { outcome: 'unknown', reason: 'cut' })
  await say(alice, provider, membershipId, { outcome: 'inactive' })
  await syncNow(app, ofPlatform(alice), provider, 'person')
  assert.deepEqual(await rolesOf(membershipId), [role.name, 'viewer'])
})

test('AG-06 a role that was given by hand is never taken by a sync, though a group gave it too', async () => {
  const role = await newRole(alice)
  await map(alice, provider, { externalGroupId: 'Both', roleId: role.id })
  const before = await newMember(alice, provider)
  await db.transaction(alice.scope, tx => setRolesOf(tx, before.membershipId, [role.id]))
  assert.deepEqual(await say(alice, provider, before.membershipId, answer('Both')), {
    given: 0,
    taken: 0,
    proposed: 0,
    kept: 0,
  })
  await say(alice, provider, before.membershipId, answer())
  assert.deepEqual(await rolesOf(before.membershipId), [role.name])
  // The control: by the group alone it goes.
  const by = await newMember(alice, provider)
  await say(alice, provider, by.membershipId, answer('Both'))
  await say(alice, provider, by.membershipId, answer())
  assert.deepEqual(await rolesOf(by.membershipId), ['viewer'])
})

test('AG-06 a role that a group gives is not taken by hand; given by hand too, the hand’s part is', async () => {
  const [role, other] = [await newRole(alice), await newRole(alice)]
  const viewerRole = await roleId(alice, 'viewer')
  const mapping = await map(alice, provider, { externalGroupId: 'Kept', roleId: role.id })
  const take = (userId: string, roleIds: readonly string[], by = alice) =>
    by.fetch(`/members/${userId}`, { method: 'PATCH', body: { roleIds } })
  const alone = await newMember(alice, provider)
  await say(alice, provider, alone.membershipId, answer('Kept'))
  assert.equal((await take(alone.userId, [viewerRole], bob)).status, 404, 'AG-01 another tenant')
  for (const roleIds of [[viewerRole], [other.id]]) {
    const refused = await take(alone.userId, roleIds)
    assert.equal(refused.status, 409)
    const { code, detail } = (await refused.json()) as { code: string; detail: string }
    assert.equal(code, 'federation.role_of_group')
    assert.match(detail, new RegExp(`group Kept of Provider ${provider} `))
  }
  assert.deepEqual(await rolesOf(alone.membershipId), [role.name, 'viewer'], 'nothing of it was done')
  // What he has by hand may be taken, and more be given.
  assert.equal((await take(alone.userId, [role.id, other.id])).status, 200)
  assert.deepEqual(await rolesOf(alone.membershipId), [role.name, other.name])

  const both = await newMember(alice, provider)
  assert.equal((await take(both.userId, [role.id, viewerRole])).status, 200)
  await say(alice, provider, both.membershipId, answer('Kept'))
  const told = async () =>
    (await (await alice.fetch(`/federation/members/${both.userId}/group-roles`)).json()).items.map(
      ({ isByHandToo, comesBack }: { isByHandToo: boolean; comesBack: boolean }) => ({ isByHandToo, comesBack }),
    )
  assert.deepEqual(await told(), [{ isByHandToo: true, comesBack: true }])
  const taken = await take(both.userId, [viewerRole])
  assert.equal(taken.status, 200)
  const { roles } = (await taken.json()) as { roles: { name: string }[] }
  assert.deepEqual(roles.map(({ name }) => name).sort(), [role.name, 'viewer'], 'the answer says that he has it still')
  assert.deepEqual(await told(), [{ isByHandToo: false, comesBack: true }])
  const { rows } = await admin.query(
    `select user_id, details ->> 'group' as group from audit.audit_logs where action = 'part_role' and resource_id = $1`,
    [`${both.membershipId}/${role.id}`],
  )
  assert.deepEqual(rows, [{ user_id: alice.userId, group: 'Kept' }])
  assert.equal((await take(both.userId, [viewerRole])).status, 409, 'now the group alone gives it')
  await say(alice, provider, both.membershipId, answer())
  assert.deepEqual(await rolesOf(both.membershipId), ['viewer'], 'and leaving the group takes it')

  // Where no sync would give it again it is taken by hand as any other.
  await say(alice, provider, both.membershipId, answer('Kept'))
  const off = await alice.fetch(`/federation/group-mappings/${mapping.id}`, {
    method: 'PATCH',
    body: { isEnabled: false },
  })
  assert.equal(off.status, 200, await off.clone().text())
  for (const { userId } of [both, alone]) {
    assert.equal((await take(userId, [viewerRole])).status, 200)
  }
  assert.deepEqual(await rolesOf(both.membershipId), ['viewer'])
  await syncNow(app, ofPlatform(alice), provider, 'person')
  assert.deepEqual(await rolesOf(both.membershipId), ['viewer'])
})

test('AG-06 who is removed goes with the roles that groups gave him', async () => {
  const role = await newRole(alice)
  await map(alice, provider, { externalGroupId: 'Leaving', roleId: role.id })
  const { userId, membershipId } = await newMember(alice, provider)
  await say(alice, provider, membershipId, answer('Leaving'))
  const removed = await alice.fetch(`/members/${userId}`, { method: 'DELETE', body: { reason: 'It is a test.' } })
  assert.equal(removed.status, 204, await removed.text())
  assert.deepEqual(await rolesOf(membershipId), [])
})

test('AG-06 a role that two groups give stays until he has left both', async () => {
  const role = await newRole(alice)
  for (const externalGroupId of ['One', 'Two']) await map(alice, provider, { externalGroupId, roleId: role.id })
  const { membershipId } = await newMember(alice, provider)
  await say(alice, provider, membershipId, answer('One', 'Two'))
  await say(alice, provider, membershipId, answer('Two'))
  assert.deepEqual(await rolesOf(membershipId), [role.name, 'viewer'])
  await say(alice, provider, membershipId, answer())
  assert.deepEqual(await rolesOf(membershipId), ['viewer'])
})

test('AG-06 the change is logged with its cause, the provider, the group and the role', async () => {
  const role = await newRole(alice)
  const mapping = await map(alice, provider, { externalGroupId: 'Logged', roleId: role.id })
  const { membershipId } = await newMember(alice, provider)
  await say(alice, provider, membershipId, answer('Logged'))
  await say(alice, provider, membershipId, answer('Logged'))
  await say(alice, provider, membershipId, answer())
  const change = { mapping_id: mapping.id, role_id: role.id, group: 'Logged', role: role.name }
  assert.deepEqual(
    (await loggedOf(membershipId)).map(({ cause, provider_id, changes }) => ({ cause, provider_id, changes })),
    [
      { cause: 'sign_in', provider_id: provider, changes: [{ change: 'given', ...change }] },
      { cause: 'sign_in', provider_id: provider, changes: [{ change: 'taken', ...change }] },
    ],
  )
})

test('AG-06 a mapping that does not assign by itself proposes: accepted, dismissed, withdrawn', async () => {
  const role = await newRole(alice)
  await map(alice, provider, { externalGroupId: 'Proposed', roleId: role.id, autoAssign: false })
  const [ann, ben, cay] = [
    await newMember(alice, provider),
    await newMember(alice, provider),
    await newMember(alice, provider),
  ]
  for (const { membershipId } of [ann, ben, cay])
    assert.equal((await say(alice, provider, membershipId, answer('Proposed'))).proposed, 1)
  assert.deepEqual(await rolesOf(ann.membershipId), ['viewer'])
  const list = async (query = '') => {
    const answered = await alice.fetch(`/federation/providers/${provider}/role-proposals${query}`)
    return ((await answered.json()) as { items: { id: string; userId: string }[] }).items
  }
  const of = (userId: string, items: { id: string; userId: string }[]) => items.find(each => each.userId === userId)
  const post = (id: string | undefined, verb: string, by = alice) =>
    by.fetch(`/federation/role-proposals/${id}/${verb}`, { method: 'POST' })
  const [anns, bens] = [of(ann.userId, await list()), of(ben.userId, await list())]
  // As the other tenant, and as somebody without the permission.
  assert.equal((await post(anns?.id, 'accept', bob)).status, 404)
  assert.equal((await post(anns?.id, 'accept', viewer)).status, 403)
  assert.equal((await post(anns?.id, 'accept')).status, 204)
  assert.equal((await post(anns?.id, 'accept')).status, 404)
  assert.deepEqual(await rolesOf(ann.membershipId), [role.name, 'viewer'])
  assert.equal((await post(bens?.id, 'dismiss')).status, 204)
  assert.equal((await say(alice, provider, ben.membershipId, answer('Proposed'))).proposed, 0)
  assert.ok(!of(ben.userId, await list()) && of(ben.userId, await list('?isDismissed=true')))
  // Leaving the group takes what was accepted, and withdraws what was not; who comes again is proposed anew.
  for (const { membershipId } of [ann, ben, cay]) await say(alice, provider, membershipId, answer())
  assert.deepEqual(await rolesOf(ann.membershipId), ['viewer'])
  assert.ok(!of(cay.userId, await list()))
  assert.equal((await say(alice, provider, ben.membershipId, answer('Proposed'))).proposed, 1)
})

test('AG-06 MT-20 nobody maps a group to a role with more than he holds, nor changes where groups are read', async () => {
  const limited = await newProvider(alice)
  const mapper = await newRole(alice, ['federation.groups.read', 'federation.groups.write'])
  const carl = await newMember(alice, limited)
  await db.transaction(alice.scope, tx => setRolesOf(tx, carl.membershipId, [mapper.id]))
  const path = `/federation/providers/${limited}/group-mappings`
  const carls = await signedInAt(carl)
  const asked = (role: string) => carls.fetch(path, { method: 'POST', body: { externalGroupId: 'Mine', roleId: role } })
  const refused = await asked(await roleId(alice, 'admin'))
  assert.equal(refused.status, 403)
  assert.equal(await codeOf(refused), 'access.grant_exceeded')
  assert.equal(await codeOf(await asked(await roleId(alice, 'owner'))), 'access.owners_only')
  // The control: what he holds he maps, until something stronger is mapped; then the settings are not his any more.
  assert.equal((await asked(mapper.id)).status, 201)
  const settings = { source: 'claim', claim: 'nickname', format: 'name' }
  const put = () => carls.fetch(`/federation/providers/${limited}/group-settings`, { method: 'PUT', body: settings })
  assert.equal((await put()).status, 200)
  const strong = await map(alice, limited, {
    externalGroupId: 'Admins',
    roleId: await roleId(alice, 'admin'),
    autoAssign: false,
  })
  assert.equal(await codeOf(await put()), 'access.grant_exceeded')
  const patch = (body: object) => carls.fetch(`/federation/group-mappings/${strong.id}`, { method: 'PATCH', body })
  assert.equal(await codeOf(await patch({ autoAssign: true })), 'access.grant_exceeded')
  assert.equal(
    await codeOf(await carls.fetch(`/federation/group-mappings/${strong.id}`, { method: 'DELETE' })),
    'access.grant_exceeded',
  )
})

test('AG-06 MT-20 the database itself refuses what the program would let through', async () => {
  const limited = await newProvider(alice)
  const carl = await newMember(alice, limited)
  const scope = { tenantId: alice.tenantId, userId: carl.userId }
  const admins = await roleId(alice, 'admin')
  await assert.rejects(
    db.scoped(scope).run(sql`
      insert into federation.iam_group_mappings (provider_id, external_group_id, internal_role)
      values (${limited}, 'Mine', ${admins})`),
    { constraint: 'grants_within_own' },
  )
  await map(alice, limited, { externalGroupId: 'Admins', roleId: admins })
  await assert.rejects(
    db.scoped(scope).run(sql`
      update federation.iam_providers
      set configuration = '{"groups": {"claim": "nickname"}}'
      where id = ${limited}`),
    { constraint: 'grants_within_own' },
  )
  // The role of another tenant is no role here, by whoever.
  await assert.rejects(
    db.scoped(ofPlatform(bob)).run(sql`
      insert into federation.iam_group_mappings (provider_id, external_group_id, internal_role)
      values (${await newProvider(bob)}, 'Mine', ${admins})`),
    { constraint: 'iam_group_mappings_internal_role_fkey' },
  )
})

test('AG-01 AG-06 a tenant maps no group to another tenant’s role, and sees nothing of its groups', async () => {
  const [hers, his] = [await newProvider(alice), await newProvider(bob)]
  const mapping = await map(alice, hers, { externalGroupId: 'Hers', roleId: await roleId(alice, 'member') })
  const crossed = await bob.fetch(`/federation/providers/${his}/group-mappings`, {
    method: 'POST',
    body: { externalGroupId: 'Mine', roleId: await roleId(alice, 'viewer') },
  })
  assert.equal(crossed.status, 404)
  assert.equal(await codeOf(crossed), 'federation.mapped_role_not_found')
  const foreign = await bob.fetch(`/federation/providers/${hers}/group-mappings`, {
    method: 'POST',
    body: { externalGroupId: 'Mine', roleId: await roleId(bob, 'viewer') },
  })
  assert.equal(await codeOf(foreign), 'federation.provider_not_found')
  for (const [method, path] of [
    ['GET', `/federation/group-mappings/${mapping.id}`],
    ['PATCH', `/federation/group-mappings/${mapping.id}`],
    ['DELETE', `/federation/group-mappings/${mapping.id}`],
    ['GET', `/federation/providers/${hers}/groups`],
    ['GET', `/federation/providers/${hers}/role-proposals`],
    ['GET', `/federation/providers/${hers}/sync-runs`],
    ['POST', `/federation/providers/${hers}/sync-runs`],
  ] as const)
    assert.equal(
      (await bob.fetch(path, { method, ...(method === 'PATCH' && { body: {} }) })).status,
      404,
      `${method} ${path}`,
    )
  assert.equal((await alice.fetch(`/federation/group-mappings/${mapping.id}`)).status, 200)
})

test('AG-06 a group of everybody, a pattern, another form, and a group twice are refused', async () => {
  const entra = await newProvider(alice, 'azure')
  const member = await roleId(alice, 'member')
  const asked = async (id: string, externalGroupId: string, externalGroupName?: string) => {
    const made = await alice.fetch(`/federation/providers/${id}/group-mappings`, {
      method: 'POST',
      body: { externalGroupId, roleId: member, ...(externalGroupName && { externalGroupName }) },
    })
    return made.status === 201 ? 'made' : await codeOf(made)
  }
  for (const name of ['Everyone', ' EVERYONE', '*', 'Sales*', 'All Users', 'S-1-1-0'])
    assert.equal(await asked(provider, name), 'federation.group_of_everybody', name)
  const guid = '0A0B0C0D-1111-4222-8333-000000000001'
  assert.equal(await asked(entra, guid, 'All Company'), 'federation.group_of_everybody')
  assert.equal(await asked(entra, 'Sales'), 'federation.group_in_other_form')
  assert.equal(await asked(entra, guid, 'Sales'), 'made')
  assert.equal(await asked(entra, guid.toLowerCase()), 'federation.group_mapping_taken')
})

test('AG-06 GG-04 the last owner is never removed by a sync; with another one he is', async () => {
  const owner = await newPerson(world, { tenantName: 'Groups of owners' })
  const own = await newProvider(owner)
  const owners = await roleId(owner, 'owner')
  const mapping = await map(owner, own, { externalGroupId: 'Owners', roleId: owners })
  const second = await newMember(owner, own)
  await say(owner, own, second.membershipId, answer('Owners'))
  assert.deepEqual(await rolesOf(second.membershipId), ['owner', 'viewer'])
  await db.transaction({ ...owner.scope, system: true }, async tx =>
    setRolesOf(tx, await membershipOf(owner, owner.userId), [await roleId(owner, 'viewer')]),
  )
  assert.deepEqual(await say(owner, own, second.membershipId, answer()), { given: 0, taken: 0, proposed: 0, kept: 1 })
  assert.deepEqual(await rolesOf(second.membershipId), ['owner', 'viewer'])
  const lone = await signedInAt(second)
  const unmapped = await lone.fetch(`/federation/group-mappings/${mapping.id}`, { method: 'DELETE' })
  assert.equal(await codeOf(unmapped), 'members.last_owner')
  await db.transaction({ ...owner.scope, system: true }, async tx =>
    setRolesOf(tx, await membershipOf(owner, owner.userId), [owners]),
  )
  assert.equal((await syncNow(app, ofPlatform(owner), own, 'person')).taken, 1)
  assert.deepEqual(await rolesOf(second.membershipId), ['viewer'])
})

test('AG-06 unmapping takes the role from those who had it by that group alone, and sessions feel it at once', async () => {
  const role = await newRole(alice, ['access.roles.read'])
  const mapping = await map(alice, provider, { externalGroupId: 'Unmapped', roleId: role.id })
  const byGroup = await newMember(alice, provider)
  const byHand = await newMember(alice, provider)
  await db.transaction(alice.scope, tx => setRolesOf(tx, byHand.membershipId, [role.id]))
  for (const { membershipId } of [byGroup, byHand]) await say(alice, provider, membershipId, answer('Unmapped'))
  const session = await signedInAt(byGroup)
  assert.equal((await session.fetch('/roles')).status, 200)
  const removed = await alice.fetch(`/federation/group-mappings/${mapping.id}`, { method: 'DELETE' })
  assert.equal(removed.status, 204)
  assert.equal((await session.fetch('/roles')).status, 403)
  assert.deepEqual([await rolesOf(byGroup.membershipId), await rolesOf(byHand.membershipId)], [['viewer'], [role.name]])
})

test('AG-06 a mapping that is off gives nothing and takes nothing; switched on it is followed', async () => {
  const role = await newRole(alice)
  const mapping = await map(alice, provider, { externalGroupId: 'Paused', roleId: role.id })
  const [has, wants] = [await newMember(alice, provider), await newMember(alice, provider)]
  await say(alice, provider, has.membershipId, answer('Paused'))
  const patch = async (body: object) => {
    const changed = await alice.fetch(`/federation/group-mappings/${mapping.id}`, { method: 'PATCH', body })
    return ((await changed.json()) as GroupMapping).syncStatus
  }
  assert.equal(await patch({ isEnabled: false }), 'disabled')
  await say(alice, provider, has.membershipId, answer())
  await say(alice, provider, wants.membershipId, answer('Paused'))
  assert.deepEqual(
    [await rolesOf(has.membershipId), await rolesOf(wants.membershipId)],
    [[role.name, 'viewer'], ['viewer']],
  )
  assert.equal(await patch({ isEnabled: true }), 'pending')
  await syncNow(app, ofPlatform(alice), provider, 'mapping')
  assert.deepEqual(
    [await rolesOf(has.membershipId), await rolesOf(wants.membershipId)],
    [['viewer'], [role.name, 'viewer']],
  )
})

test('AG-06 a role that groups give is not removed before their mappings are', async () => {
  const role = await newRole(alice)
  const mapping = await map(alice, provider, { externalGroupId: 'Of a role', roleId: role.id })
  const remove = () => alice.fetch(`/roles/${role.id}`, { method: 'DELETE' })
  const refused = await remove()
  assert.equal(refused.status, 409)
  assert.equal(await codeOf(refused), 'federation.role_mapped')
  await alice.fetch(`/federation/group-mappings/${mapping.id}`, { method: 'DELETE' })
  assert.equal((await remove()).status, 204)
})

test('AG-05 AG-06 who is unlinked from the provider loses what its groups gave; so do all when the provider goes', async () => {
  const own = await newProvider(alice)
  const role = await newRole(alice)
  await map(alice, own, { externalGroupId: 'Gone', roleId: role.id })
  const [unlinked, left] = [await newMember(alice, own), await newMember(alice, own)]
  for (const { membershipId } of [unlinked, left]) await say(alice, own, membershipId, answer('Gone'))
  await db.scoped(alice.scope).run(sql`
    delete from federation.iam_user_mappings where provider_id = ${own} and user_id = ${unlinked.userId}`)
  assert.deepEqual(
    [await rolesOf(unlinked.membershipId), await rolesOf(left.membershipId)],
    [['viewer'], [role.name, 'viewer']],
  )
  await db.scoped(alice.scope).run(sql`delete from federation.iam_providers where id = ${own}`)
  assert.deepEqual(await rolesOf(left.membershipId), ['viewer'])
})

test('AG-06 groups by SCIM count only where the provider is set to SCIM', async () => {
  const claims = await newProvider(alice)
  const scim = await newProvider(alice, 'okta', { groups: { source: 'scim' } })
  const role = await newRole(alice)
  for (const id of [claims, scim]) await map(alice, id, { externalGroupId: 'Pushed', roleId: role.id })
  const by = { by: 'scim' } as const
  const [first, second] = [await newMember(alice, claims), await newMember(alice, scim)]
  assert.equal((await say(alice, claims, first.membershipId, answer('Pushed'), by)).given, 0)
  assert.equal((await say(alice, scim, second.membershipId, answer('Pushed'), by)).given, 1)
  const settings = { ...usualSettings('okta'), source: 'scim' as const }
  await say(alice, scim, second.membershipId, readGroups({ type: 'okta', settings }, { groups: [] }))
  assert.deepEqual(await rolesOf(second.membershipId), [role.name, 'viewer'])
})

test('AG-06 a mapping is followed by one sync, which gives it to those whose groups are known', async () => {
  const own = await newProvider(alice)
  const [first, second] = [await newRole(alice), await newRole(alice)]
  const ann = await newMember(alice, own)
  await newMember(alice, own)
  await say(alice, own, ann.membershipId, answer('A', 'B'))
  await map(alice, own, { externalGroupId: 'A', roleId: first.id })
  await map(alice, own, { externalGroupId: 'B', roleId: second.id })
  await admin.query(`update jobs.job set start_after = now() where name = 'federation.sync-mappings'`)
  await runJobs(world)
  assert.deepEqual(await rolesOf(ann.membershipId), [first.name, second.name, 'viewer'])
  const runs = await runsOf(own)
  assert.deepEqual(
    runs.map(({ cause, status, people, given, unknown }) => ({ cause, status, people, given, unknown })),
    [{ cause: 'mapping', status: 'succeeded', people: 2, given: 2, unknown: 1 }],
  )
  const mapped = await alice.fetch(`/federation/providers/${own}/group-mappings`)
  assert.deepEqual(
    ((await mapped.json()) as { items: GroupMapping[] }).items.map(each => [
      each.externalGroupId,
      each.syncStatus,
      each.people,
    ]),
    [
      ['A', 'synced', 1],
      ['B', 'synced', 1],
    ],
  )
})

test('AG-05 a run tells with whom it failed, is told to the owners, and tries them again', async () => {
  const own = await newProvider(alice)
  const role = await newRole(alice)
  const [well, ill] = [await newMember(alice, own), await newMember(alice, own)]
  for (const { membershipId } of [well, ill]) await say(alice, own, membershipId, answer('A'))
  await map(alice, own, { externalGroupId: 'A', roleId: role.id })
  // Something that refuses one of them, as a rule of another module might.
  await admin.query(`
    create function access.refuse_one() returns trigger language plpgsql as $f$
    begin
      if new.user_tenant_id = '${ill.membershipId}' then raise exception 'not this one'; end if;
      return new;
    end $f$`)
  await admin.query(
    'create trigger refuse_one before insert on access.user_tenant_roles for each row execute function access.refuse_one()',
  )
  const started = await alice.fetch(`/federation/providers/${own}/sync-runs`, { method: 'POST' })
  assert.equal(started.status, 202)
  const { id } = (await started.json()) as SyncRun
  const again = await alice.fetch(`/federation/providers/${own}/sync-runs`, { method: 'POST' })
  assert.equal(await codeOf(again), 'federation.sync_running')
  await runJobs(world)
  const run = (await (await alice.fetch(`/federation/sync-runs/${id}`)).json()) as SyncRun
  assert.deepEqual([run.status, run.people, run.given, run.failed], ['partly', 2, 1, 1])
  const errors = (await (await alice.fetch(`/federation/sync-runs/${id}/errors`)).json()) as { items: SyncRunError[] }
  assert.deepEqual(
    errors.items.map(({ userId, code }) => [userId, code]),
    [[ill.userId, 'internal']],
  )
  assert.equal((await bob.fetch(`/federation/sync-runs/${id}/errors`)).status, 404)
  assert.equal(await statusOf(own, ill.userId), 'failed')
  const told = await admin.query(
    `select title from notifications.notifications where kind = 'federation.sync_failed' and user_id = $1`,
    [alice.userId],
  )
  assert.equal(told.rows.length, 1)
  await admin.query('drop trigger refuse_one on access.user_tenant_roles')
  await admin.query('drop function access.refuse_one()')
  const retried = await alice.fetch(`/federation/sync-runs/${id}/retry`, { method: 'POST' })
  assert.equal(retried.status, 202)
  await runJobs(world)
  const [retry] = await runsOf(own)
  assert.deepEqual(
    [retry?.cause, retry?.retryOf, retry?.status, retry?.people, retry?.given],
    ['retry', id, 'succeeded', 1, 1],
  )
  assert.deepEqual(await rolesOf(ill.membershipId), [role.name, 'viewer'])
  assert.equal(await statusOf(own, ill.userId), 'synced')
  const twice = await alice.fetch(`/federation/sync-runs/${retry?.id}/retry`, { method: 'POST' })
  assert.equal(await codeOf(twice), 'federation.nothing_to_retry')
})

test('AG-05 a provider that is off is not synced, and a run whose program died makes room for another', async () => {
  const own = await newProvider(alice)
  await admin.query(
    `insert into federation.sync_runs (tenant_id, provider_id, cause, seen_at) values ($1, $2, 'schedule', now() - interval '6 minutes')`,
    [alice.tenantId, own],
  )
  assert.equal((await syncProvider(app, own)).status, 'succeeded')
  const [, lost] = await runsOf(own)
  assert.equal(lost?.status, 'failed')
  await admin.query(`update federation.iam_providers set status = 'inactive' where id = $1`, [own])
  await assert.rejects(syncProvider(app, own), { code: 'federation.sync_of_inactive' })
  await assert.rejects(syncProvider(app, 'no such provider'), { code: 'federation.provider_not_found' })
})

test('AG-06 the groups seen are told with how many people are in them, the unmapped ones apart', async () => {
  const own = await newProvider(alice)
  for (const groups of [['A', 'B'], ['B'], ['B', 'C']])
    await say(alice, own, (await newMember(alice, own)).membershipId, answer(...groups))
  await say(alice, own, (await newMember(alice, own)).membershipId, { outcome: 'unknown', reason: 'overage' })
  await map(alice, own, { externalGroupId: 'C', roleId: await roleId(alice, 'member') })
  const list = async (query = '') => {
    const answered = await alice.fetch(`/federation/providers/${own}/groups${query}`)
    return (await answered.json()) as { items: { externalGroupId: string; people: number }[]; nextCursor: string }
  }
  const told = ({ items }: { items: { externalGroupId: string; people: number }[] }) =>
    items.map(({ externalGroupId, people }) => [externalGroupId, people])
  assert.deepEqual(told(await list()), [
    ['B', 3],
    ['A', 1],
    ['C', 1],
  ])
  assert.deepEqual(told(await list('?isMapped=false')), [
    ['B', 3],
    ['A', 1],
  ])
  const first = await list('?limit=1')
  assert.deepEqual(told(await list(`?limit=1&cursor=${first.nextCursor}`)), [['A', 1]])
  const settings = (await (await alice.fetch(`/federation/providers/${own}/group-settings`)).json()) as {
    knowledge: unknown
  }
  assert.deepEqual(settings.knowledge, {
    known: 3,
    inactive: 0,
    unknown: [
      {
        reason: 'overage',
        meaning: 'There were too many groups for the token: the provider sent a reference to them.',
        people: 1,
      },
    ],
  })
})

test('AG-06 two sign-ins at once leave the roles of one of them, and what is noted is the same', async () => {
  const own = await newProvider(alice)
  const [first, second] = [await newRole(alice), await newRole(alice)]
  await map(alice, own, { externalGroupId: 'A', roleId: first.id })
  await map(alice, own, { externalGroupId: 'B', roleId: second.id })
  const { membershipId } = await newMember(alice, own)
  for (let round = 0; round < 10; round++) {
    await Promise.all(['A', 'B', 'A', 'B'].map(group => say(alice, own, membershipId, answer(group))))
    const { rows } = await admin.query('select group_ids from federation.known_groups where user_tenant_id = $1', [
      membershipId,
    ])
    const expected = rows[0].group_ids[0] === 'A' ? first.name : second.name
    assert.deepEqual(await rolesOf(membershipId), [expected, 'viewer'])
  }
})

/** Resolves once the work is done, or waits for somebody's turn. */
async function doneOrWaiting(work: Promise<unknown>): Promise<'done' | 'waiting'> {
  let isDone = false
  void work.finally(() => {
    isDone = true
  })
  for (;;) {
    const { rows } = await admin.query(
      `select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`,
    )
    if (isDone) return 'done'
    if (rows.length > 0) return 'waiting'
  }
}

test('AG-06 of two sign-ins at once the second waits from the first look to what is noted', async () => {
  const own = await newProvider(alice)
  const [first, second] = [await newRole(alice), await newRole(alice)]
  await map(alice, own, { externalGroupId: 'A', roleId: first.id })
  await map(alice, own, { externalGroupId: 'B', roleId: second.id })
  const { membershipId } = await newMember(alice, own)
  await say(alice, own, membershipId, answer('A'))
  let later: Promise<unknown> = Promise.resolve()
  await db.transaction(ofPlatform(alice), async tx => {
    // The first finds that nothing changes, and has not noted it yet.
    await tx.run(sql`select * from federation.apply_groups(${own}, ${membershipId}, '{A}')`)
    later = say(alice, own, membershipId, answer('B'))
    await doneOrWaiting(later)
    await tx.run(
      sql`update federation.known_groups set group_ids = '{A}', group_names = '{A}' where user_tenant_id = ${membershipId}`,
    )
  })
  await later
  const { rows } = await admin.query('select group_ids from federation.known_groups where user_tenant_id = $1', [
    membershipId,
  ])
  assert.deepEqual(rows[0].group_ids, ['B'])
  assert.deepEqual(await rolesOf(membershipId), [second.name, 'viewer'])
})

test('AG-06 sign-ins, changes by hand, mappings and syncs at once: nobody waits for each other for ever', async () => {
  const own = await newProvider(alice)
  const [first, second] = [await newRole(alice), await newRole(alice)]
  await map(alice, own, { externalGroupId: 'A', roleId: first.id })
  const { membershipId } = await newMember(alice, own)
  // As whoever makes or changes a membership in the same transaction.
  const sayLocked = (...groups: string[]) =>
    db.transaction(ofPlatform(alice), async tx => {
      await tx.run(sql`select federation.lock_member(${membershipId})`)
      const cause = { by: 'sign_in' } as const
      return await applyGroups(tx, { membershipId, providerId: own, groups: answer(...groups), cause })
    })
  const before = await countDeadlocks()
  for (let round = 0; round < 8; round++) {
    const mapping = await map(alice, own, { externalGroupId: 'B', roleId: second.id })
    await say(alice, own, membershipId, answer('B'))
    const outcomes = await Promise.allSettled([
      sayLocked('A'),
      say(alice, own, membershipId, answer('A', 'B')),
      say(alice, own, membershipId, answer()),
      sayLocked('B'),
      db.transaction(alice.scope, tx => setRolesOf(tx, membershipId, [first.id])),
      syncNow(app, ofPlatform(alice), own, 'person'),
      alice
        .fetch(`/federation/group-mappings/${mapping.id}`, { method: 'DELETE' })
        .then(({ status }) => assert.equal(status, 204)),
      say(alice, own, membershipId, answer('A')),
    ])
    assert.deepEqual(
      outcomes.filter(
        // Where B gives its role still, a change by hand does not take it.
        outcome => outcome.status === 'rejected' && Object(outcome.reason).code !== 'federation.role_of_group',
      ),
      [],
    )
    await db.transaction(ofPlatform(alice), async tx => setRolesOf(tx, membershipId, [await roleId(alice, 'viewer')]))
  }
  // A transaction that met one is tried again, so that nobody would hear of it.
  assert.equal(await countDeadlocks(), before)
})

test('AG-06 who finds a difference only when it is his turn takes no lock against its order', async () => {
  const own = await newProvider(alice)
  const role = await newRole(alice)
  await map(alice, own, { externalGroupId: 'A', roleId: role.id })
  const { membershipId } = await newMember(alice, own)
  await say(alice, own, membershipId, answer('A'))
  const before = await countDeadlocks()
  const others: Promise<unknown>[] = []
  await db.transaction(ofPlatform(alice), async tx => {
    await tx.run(sql`select * from federation.apply_groups(${own}, ${membershipId}, '{}')`)
    // For him all is in line still.
    others.push(say(alice, own, membershipId, answer('A')))
    await waitingFor('advisory')
    others.push(
      db.transaction(ofPlatform(alice), async his => {
        await his.run(sql`select federation.lock_member(${membershipId})`)
        const cause = { by: 'sign_in' } as const
        await applyGroups(his, { membershipId, providerId: own, groups: answer('A'), cause })
      }),
    )
    await waitingFor('transactionid')
  })
  await Promise.all(others)
  assert.deepEqual(await rolesOf(membershipId), [role.name, 'viewer'])
  assert.equal(await countDeadlocks(), before)
})

async function waitingFor(locktype: string): Promise<void> {
  for (;;) {
    const { rows } = await admin.query(
      `select from pg_locks as wait join pg_stat_activity as activity using (pid)
       where wait.locktype = $1 and not wait.granted and activity.datname = current_database()`,
      [locktype],
    )
    if (rows.length > 0) return
  }
}

async function countDeadlocks(): Promise<number> {
  const { rows } = await admin.query(
    'select deadlocks::integer from pg_stat_database where datname = current_database()',
  )
  return rows[0].deadlocks
}

test('AG-06 the sync after a new mapping reaches who was just signing in', async () => {
  const own = await newProvider(alice)
  const role = await newRole(alice)
  const { membershipId } = await newMember(alice, own)
  const sync = async () => {
    await admin.query(`update jobs.job set start_after = now() where name = 'federation.sync-mappings'`)
    await runJobs(world)
  }
  let mapped: Promise<unknown> = Promise.resolve()
  await db.transaction(ofPlatform(alice), async tx => {
    const cause = { by: 'sign_in' } as const
    await applyGroups(tx, { membershipId, providerId: own, groups: answer('Late'), cause })
    mapped = map(alice, own, { externalGroupId: 'Late', roleId: role.id })
    if ((await doneOrWaiting(mapped)) === 'done') await sync()
  })
  await mapped
  await sync()
  assert.deepEqual(await rolesOf(membershipId), [role.name, 'viewer'])
})

test('AG-06 a sync and a change by hand at once leave both: what is given by hand stays', async () => {
  const own = await newProvider(alice)
  const [synced, hand] = [await newRole(alice), await newRole(alice)]
  await map(alice, own, { externalGroupId: 'A', roleId: synced.id })
  const viewers = await roleId(alice, 'viewer')
  const { membershipId } = await newMember(alice, own)
  for (let round = 0; round < 10; round++) {
    await say(alice, own, membershipId, round % 2 ? answer('A') : answer())
    await Promise.all([
      say(alice, own, membershipId, round % 2 ? answer() : answer('A')),
      // In the system scope it is not asked what groups give.
      db.transaction(ofPlatform(alice), tx => setRolesOf(tx, membershipId, [viewers, hand.id])),
    ])
    assert.ok((await rolesOf(membershipId)).includes(hand.name))
    await say(alice, own, membershipId, answer())
    assert.deepEqual(await rolesOf(membershipId), [hand.name, 'viewer'].toSorted())
  }
})

test('AG-06 whatever hands and syncs do: by hand stays, and after known groups exactly the mapped roles are there', async () => {
  const own = await newProvider(alice)
  const roles = await Promise.all(Array.from({ length: 4 }, () => newRole(alice)))
  const groups = ['A', 'B', 'C', 'D', 'E']
  // C and D give the same role.
  const given: Record<string, number> = { A: 0, B: 1, C: 2, D: 2 }
  for (const [externalGroupId, index] of Object.entries(given))
    await map(alice, own, { externalGroupId, roleId: roles[index]?.id as string })
  const step = fc.oneof(
    fc.record({ does: fc.constant('know' as const), groups: fc.subarray(groups) }),
    fc.record({ does: fc.constant('give' as const), role: fc.nat(3) }),
    fc.record({ does: fc.constant('take' as const), role: fc.nat(3) }),
    fc.record({ does: fc.constant('run' as const) }),
    fc.record({ does: fc.constant('unknown' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async steps => {
      const { membershipId } = await lightMember(own)
      const [hand, sync] = [new Set<number>(), new Set<number>()]
      let last: string[] | undefined
      const know = (now: readonly string[]) => {
        sync.clear()
        for (const group of now) if (group in given) sync.add(given[group] as number)
      }
      for (const each of steps) {
        if (each.does === 'know') {
          await say(alice, own, membershipId, answer(...each.groups))
          last = each.groups
          know(last)
        } else if (each.does === 'unknown')
          await say(alice, own, membershipId, { outcome: 'unknown', reason: 'missing' })
        else if (each.does === 'run') {
          await syncNow(app, ofPlatform(alice), own, 'person')
          if (last) know(last)
        } else {
          const held = hand.union(sync)
          // Whoever has it by a group already is not given it again by the same click.
          if (each.does === 'give' && !held.has(each.role)) hand.add(each.role)
          const chosen = new Set(held)
          if (each.does === 'give') chosen.add(each.role)
          else chosen.delete(each.role)
          const wanted = [...chosen].map(index => roles[index]?.id as string)
          const work = db.transaction(alice.scope, tx => setRolesOf(tx, membershipId, wanted))
          const isOfGroupAlone = each.does === 'take' && sync.has(each.role) && !hand.has(each.role)
          if (isOfGroupAlone) await assert.rejects(work, { code: 'federation.role_of_group' })
          else await work
          if (each.does === 'take') hand.delete(each.role)
        }
        const expected = [...hand.union(sync)].map(index => roles[index]?.name).toSorted()
        assert.deepEqual(await rolesOf(membershipId), expected, JSON.stringify(each))
      }
    }),
    { numRuns: 25 },
  )
})

/** A member without roles, made past the program: hashing passwords would take the time of the test. */
async function lightMember(providerId: string): Promise<{ membershipId: string }> {
  const { rows } = await admin.query(
    `with account as (
       insert into identity.users (email) values (gen_random_uuid() || '@light.example') returning id
     )
     insert into tenancy.user_tenants (tenant_id, user_id) select $1, id from account returning id, user_id`,
    [alice.tenantId],
  )
  await known(alice, providerId, String(rows[0].user_id))
  return { membershipId: String(rows[0].id) }
}

async function runsOf(providerId: string): Promise<SyncRun[]> {
  const answered = await alice.fetch(`/federation/providers/${providerId}/sync-runs`)
  return ((await answered.json()) as { items: SyncRun[] }).items
}

async function statusOf(providerId: string, userId: string): Promise<string> {
  const { rows } = await admin.query(
    'select sync_status from federation.iam_user_mappings where provider_id = $1 and user_id = $2',
    [providerId, userId],
  )
  return String(rows[0].sync_status)
}

/** The same person, working in this tenant. */
async function signedInAt(person: Person): Promise<Person> {
  return await signIn(world.baseUrl, person, person.tenantId)
}

test('AG-05 AG-06 a sync of many at once does to each what it would do to him alone, and tells each in the log', async () => {
  const own = await newProvider(alice)
  const [plain, twice, proposed] = [await newRole(alice), await newRole(alice), await newRole(alice)]
  const byHand = await newMember(alice, own)
  const viewerId = await roleId(alice, 'viewer')
  await db.transaction(alice.scope, tx => setRolesOf(tx, byHand.membershipId, [viewerId, plain.id]))
  const [inBoth, leaving, suggested] = [
    await newMember(alice, own),
    await newMember(alice, own),
    await newMember(alice, own),
  ]
  const everybody = [byHand, inBoth, leaving, suggested]
  for (const { membershipId } of everybody) await say(alice, own, membershipId, answer())
  const know = (membershipId: string, ...groups: string[]) =>
    admin.query('update federation.known_groups set group_ids = $2, group_names = $2 where user_tenant_id = $1', [
      membershipId,
      groups,
    ])
  await map(alice, own, { externalGroupId: 'A', roleId: plain.id })
  await map(alice, own, { externalGroupId: 'B', roleId: twice.id })
  await map(alice, own, { externalGroupId: 'C', roleId: twice.id })
  await map(alice, own, { externalGroupId: 'D', roleId: proposed.id, autoAssign: false })
  await runJobs(world)
  await know(byHand.membershipId, 'A')
  await know(inBoth.membershipId, 'A', 'B', 'C')
  await know(leaving.membershipId, 'A')
  await know(suggested.membershipId, 'D')
  const first = await syncNow(app, ofPlatform(alice), own, 'command')
  assert.deepEqual(
    [first.status, first.given, first.taken, first.proposed],
    ['succeeded', 3, 0, 1],
    'the role that two groups give is one',
  )
  assert.deepEqual(await rolesOf(inBoth.membershipId), [plain.name, twice.name, 'viewer'])
  assert.deepEqual(await rolesOf(suggested.membershipId), ['viewer'])
  const again = await syncNow(app, ofPlatform(alice), own, 'command')
  assert.deepEqual([again.given, again.taken, again.proposed], [0, 0, 0])
  for (const { membershipId } of everybody) await know(membershipId)
  await know(inBoth.membershipId, 'C')
  const second = await syncNow(app, ofPlatform(alice), own, 'command')
  assert.deepEqual([second.status, second.taken], ['succeeded', 2])
  assert.deepEqual(await rolesOf(inBoth.membershipId), [twice.name, 'viewer'], 'one of the two groups gives it still')
  assert.deepEqual(await rolesOf(byHand.membershipId), [plain.name, 'viewer'])
  const { rows } = await admin.query('select from federation.role_proposals where user_tenant_id = $1', [
    suggested.membershipId,
  ])
  assert.equal(rows.length, 0, 'withdrawn')
  for (const { membershipId, told } of [
    { ...byHand, told: 2 },
    { ...inBoth, told: 2 },
    { ...leaving, told: 2 },
    { ...suggested, told: 1 },
  ])
    assert.equal((await loggedOf(membershipId)).length, told)
})

test('GG-04 AG-05 the last owner among many keeps his role, and keeps nobody else from losing his', async () => {
  const own = await newProvider(bob)
  const owner = await roleId(bob, 'owner')
  const role = await newRole(bob)
  const other = await newMember(bob, own)
  await known(bob, own, bob.userId)
  const last = await membershipOf(bob, bob.userId)
  await map(bob, own, { externalGroupId: 'owners', roleId: owner })
  await map(bob, own, { externalGroupId: 'A', roleId: role.id })
  await say(bob, own, other.membershipId, answer('A'))
  await say(bob, own, last, answer('owners'))
  // What had been given by hand is forgotten: the group alone gives it.
  await admin.query('delete from federation.role_sources where user_tenant_id = $1 and mapping_id is null', [last])
  await admin.query("update federation.known_groups set group_ids = '{}', group_names = '{}' where provider_id = $1", [
    own,
  ])
  const run = await syncNow(app, ofPlatform(bob), own, 'command')
  assert.deepEqual([run.status, run.taken, run.failed], ['succeeded', 1, 0])
  assert.deepEqual(await rolesOf(last), ['owner'])
  assert.deepEqual(await rolesOf(other.membershipId), ['viewer'])
})
