import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { joinAs, newPerson, testWorld } from '#test/world.ts'
import { applyGroups } from './role-assignments.ts'

const world = await testWorld()
const { db, admin, alice, bob, viewer } = world

test('AG-06 it is told which groups give a member his roles, to who may see mappings, and nothing of it elsewhere', async () => {
  const { tenantId } = alice
  const providerId = randomUUID()
  await admin.query(
    `insert into federation.iam_providers
       (tenant_id, id, provider_name, provider_type, issuer, client_id, client_secret_encrypted, status)
     values ($1, $2, 'Acme Okta', 'custom_oidc', 'https://acme.example', 'client', 'x', 'active')`,
    [tenantId, providerId],
  )
  const person = await newPerson(world)
  await joinAs(world, person.userId, tenantId, 'viewer')
  await admin.query(
    `insert into federation.iam_user_mappings (tenant_id, provider_id, user_id, external_id, sync_status)
     values ($1, $2, $3, 'ada', 'synced')`,
    [tenantId, providerId, person.userId],
  )
  const { rows } = await admin.query(
    `select membership.id as membership, (select id from access.roles where tenant_id = $1 and name = 'member') as role
     from tenancy.user_tenants as membership
     where membership.tenant_id = $1 and membership.user_id = $2`,
    [tenantId, person.userId],
  )
  const { membership: membershipId, role: roleId } = rows[0]
  for (const [externalGroupId, externalGroupName] of [
    ['g-1', 'Bid managers'],
    ['g-2', null],
  ]) {
    const made = await alice.fetch(`/federation/providers/${providerId}/group-mappings`, {
      method: 'POST',
      body: { externalGroupId, externalGroupName, roleId },
    })
    assert.equal(made.status, 201, await made.text())
  }
  await db.transaction({ tenantId, system: true }, tx =>
    applyGroups(tx, {
      membershipId,
      providerId,
      groups: { outcome: 'known', groups: ['g-1', 'g-2'].map(id => ({ id, name: id })) },
      cause: { by: 'sign_in' },
    }),
  )
  const path = `/federation/members/${person.userId}/group-roles`
  const told = await alice.fetch(path)
  assert.equal(told.status, 200)
  const of = { roleId, providerId, providerName: 'Acme Okta', isByHandToo: false, comesBack: true }
  // What was there by hand, viewer, no group gives.
  assert.deepEqual((await told.json()).items, [
    { ...of, groupName: 'Bid managers' },
    { ...of, groupName: 'g-2' },
  ])
  const comesBack = async () =>
    (await (await alice.fetch(path)).json()).items.map((item: { comesBack: boolean }) => item.comesBack)
  const set = (change: string) => admin.query(`update federation.${change}`, [providerId])
  const ofFirst = `where provider_id = $1 and external_group_id = 'g-1'`
  await set(`iam_group_mappings set auto_assign = false ${ofFirst}`)
  assert.deepEqual(await comesBack(), [false, true], 'it only proposes')
  await set(`iam_group_mappings set auto_assign = true, sync_status = 'disabled' ${ofFirst}`)
  assert.deepEqual(await comesBack(), [false, true], 'it is switched off')
  await set(`iam_providers set status = 'inactive' where id = $1`)
  assert.deepEqual(await comesBack(), [false, false], 'its provider is switched off')
  assert.deepEqual((await (await bob.fetch(path)).json()).items, [], 'AG-01 another tenant')
  assert.equal((await viewer.fetch(path)).status, 403)
})
