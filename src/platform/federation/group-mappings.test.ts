import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setRolesOf } from '#platform/access'
import { sql } from '#platform/database'
import { readGroups, usualSettings } from './group-claims.ts'
import type { GroupMapping } from './group-mappings.ts'
import {
  alice,
  answer,
  app,
  bob,
  codeOf,
  db,
  map,
  newMember,
  newProvider,
  newRole,
  ofPlatform,
  provider,
  roleId,
  rolesOf,
  say,
  signedInAt,
  viewer,
} from './groups.test.world.ts'
import { syncNow } from './sync-jobs.ts'

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
