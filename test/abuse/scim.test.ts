import assert from 'node:assert/strict'
import { test } from 'node:test'
import { directoryOf, newToken, oktaClient, scimClient } from '#test/scim-clients.ts'
import { joinAs, newPerson, signIn, testWorld } from '#test/world.ts'
import { syncNow } from '../../src/platform/federation/sync-jobs.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, alice, baseUrl } = world
const acme = await directoryOf(world, alice, { name: 'Acme Okta', domains: ['acme.example'] })
const okta = oktaClient(acme)

test('AG-05 MT-20 only an owner makes or rotates a token, since a directory takes owners out', async () => {
  const person = await newPerson(world, { email: 'admin@meridian.example' })
  await joinAs(world, person.userId, alice.tenantId, 'admin')
  const administrator = await signIn(baseUrl, person, alice.tenantId)
  const tokens = `/federation/providers/${acme.providerId}/provisioning/tokens`
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
  for (const [path, body] of [
    [tokens, { expiresAt }],
    [`${tokens}/${acme.tokenId}/rotation`, { overlapHours: 1 }],
  ] as const) {
    const refused = await administrator.fetch(path, { method: 'POST', body })
    assert.equal(refused.status, 403, path)
    assert.equal(((await refused.json()) as { code: string }).code, 'access.owners_only')
  }
  const made = await alice.fetch(tokens, { method: 'POST', body: { expiresAt } })
  assert.equal(made.status, 201, 'the control')
})

test('AG-05 who was removed here, or has left, is not brought back by his directory, whatever it says of him', async () => {
  const isMember = async (userId: string) => {
    const { rowCount } = await admin.query(
      'select from tenancy.user_tenants where user_id = $1 and (expires_at is null or expires_at > now())',
      [userId],
    )
    return rowCount === 1
  }
  for (const how of ['removed', 'left']) {
    const person = { login: `${how}@acme.example`, givenName: 'Ada', familyName: 'Lovelace', oktaId: `00u-${how}` }
    const { status, body } = await okta.create(person)
    assert.equal(status, 201)
    const { rows } = await admin.query('select id from identity.users where email = $1', [person.login])
    const userId = rows[0].id as string
    assert.equal(await isMember(userId), true, 'the control')
    if (how === 'removed') {
      const gone = await alice.fetch(`/members/${userId}`, { method: 'DELETE', body: { reason: 'dismissed' } })
      assert.equal(gone.status, 204)
    } else {
      await admin.query('delete from tenancy.user_tenants where user_id = $1', [userId])
    }
    assert.equal((await okta.update(body.id, { ...person, givenName: 'Another' })).status, 200)
    assert.equal(await isMember(userId), false, `${how}, then updated`)
    await okta.deactivate(body.id)
    await okta.reactivate(body.id)
    assert.equal(await isMember(userId), false, `${how}, then off and on`)
    assert.equal((await acme.ask('DELETE', `/Users/${body.id}`)).status, 204)
    assert.equal((await okta.create(person)).status, 201)
    assert.equal(await isMember(userId), false, `${how}, then deleted and made again`)
  }
})

test('AG-05 MT-20 a token whose maker is no owner any more makes nobody an owner, by whatever group', async () => {
  const { tenantId } = alice
  const { rows: roles } = await admin.query(
    `select id, name from access.roles where tenant_id = $1 and name in ('owner', 'admin', 'member')`,
    [tenantId],
  )
  const roleId = (name: string) => roles.find(role => role.name === name)?.id as string
  const person = await newPerson(world, { email: 'was-owner@meridian.example' })
  await joinAs(world, person.userId, tenantId, 'owner')
  const once = await signIn(baseUrl, person, tenantId)
  const { token, id: tokenId } = await newToken(once, acme.providerId)
  const his = oktaClient(scimClient(`${baseUrl}/api/v1/scim/v2/${acme.providerId}`, token))
  for (const [externalGroupId, role] of [
    ['Owners', 'owner'],
    ['Staff', 'member'],
  ] as const) {
    const path = `/federation/providers/${acme.providerId}/group-mappings`
    const mapped = await alice.fetch(path, { method: 'POST', body: { externalGroupId, roleId: roleId(role) } })
    assert.equal(mapped.status, 201, await mapped.text())
  }
  const rolesOf = async (login: string) => {
    const { rows } = await admin.query(
      `select role.name
       from access.user_tenant_roles as held
       join access.roles as role on role.tenant_id = held.tenant_id and role.id = held.role_id
       join tenancy.user_tenants as membership on membership.tenant_id = held.tenant_id and membership.id = held.user_tenant_id
       join identity.users as account on account.id = membership.user_id
       where held.tenant_id = $1 and account.email = $2
       order by role.name`,
      [tenantId, login],
    )
    return rows.map(({ name }) => name as string)
  }
  const bring = async (login: string) => {
    const made = await his.create({ login, givenName: 'Ada', familyName: 'Lovelace', oktaId: `00u-${login}` })
    assert.equal(made.status, 201)
    return made.body.id as string
  }
  const push = async (displayName: string, ids: readonly string[]) => {
    const base = scimClient(`${baseUrl}/api/v1/scim/v2/${acme.providerId}`, token)
    const members = ids.map(value => ({ value }))
    const { body } = await base.ask('GET', `/Groups?filter=displayName eq "${displayName}"`)
    const schemas = ['urn:ietf:params:scim:schemas:core:2.0:Group']
    const found = body.Resources[0]?.id as string | undefined
    const done = found
      ? await base.ask('PUT', `/Groups/${found}`, { schemas, displayName, members })
      : await base.ask('POST', '/Groups', { schemas, displayName, members })
    assert.ok(done.status < 300, JSON.stringify(done.body))
  }
  const [first, second] = [await bring('first@acme.example'), await bring('second@acme.example')]
  await push('Owners', [first])
  assert.ok((await rolesOf('first@acme.example')).includes('owner'), 'the control: while he is one')
  const isPaused = async () => {
    const told = await alice.fetch(`/federation/providers/${acme.providerId}/provisioning`)
    return ((await told.json()) as { isOwnerPaused: boolean }).isOwnerPaused
  }
  assert.equal(await isPaused(), false)

  const demoted = await alice.fetch(`/members/${person.userId}`, {
    method: 'PATCH',
    body: { roleIds: [roleId('admin')] },
  })
  assert.equal(demoted.status, 200, await demoted.text())
  assert.equal(await isPaused(), true, 'the page says so')
  await push('Owners', [first, second])
  await push('Staff', [second])
  assert.deepEqual(await rolesOf('second@acme.example'), ['member', 'viewer'], 'other roles are given')
  assert.ok((await rolesOf('first@acme.example')).includes('owner'), 'and nobody loses what he has')
  const sync = () => syncNow(world.app, { tenantId, system: true }, acme.providerId, 'command')
  await sync()
  assert.deepEqual(await rolesOf('second@acme.example'), ['member', 'viewer'])
  await push('Owners', [second])
  assert.ok(!(await rolesOf('first@acme.example')).includes('owner'), 'leaving the group takes it')

  const path = `/federation/providers/${acme.providerId}/provisioning/tokens/${tokenId}`
  assert.equal((await alice.fetch(path, { method: 'DELETE' })).status, 204)
  assert.equal(await isPaused(), false)
  await sync()
  assert.ok((await rolesOf('second@acme.example')).includes('owner'), 'the tokens that are left are of owners')
})
