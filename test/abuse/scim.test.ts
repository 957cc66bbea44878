import assert from 'node:assert/strict'
import { test } from 'node:test'
import { directoryOf, oktaClient } from '#test/scim-clients.ts'
import { joinAs, newPerson, signIn, testWorld } from '#test/world.ts'

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
