import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setRolesOf } from '#platform/access'
import { readGroups, usualSettings } from './group-claims.ts'
import {
  admin,
  alice,
  answer,
  app,
  bob,
  db,
  loggedOf,
  map,
  newMember,
  newRole,
  ofPlatform,
  provider,
  roleId,
  rolesOf,
  say,
} from './groups.test.world.ts'
import { syncNow } from './sync-jobs.ts'

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
