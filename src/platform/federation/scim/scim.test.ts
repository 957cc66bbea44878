import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type Answer, directoryOf, entraClient, type OktaUser, oktaClient, scimClient } from '#test/scim-clients.ts'
import { testWorld } from '#test/world.ts'

const world = await testWorld({ hasRouteLimits: false })
const { alice, bob, admin } = world
const acme = await directoryOf(world, alice, { name: 'Acme Okta', domains: ['acme.example'] })
const okta = oktaClient(acme)
const contoso = await directoryOf(world, bob, { name: 'Contoso Entra', type: 'azure', domains: ['contoso.example'] })
const entra = entraClient(contoso)
const flagged = entraClient(contoso, { withFlag: true })

const scimJson = 'application/scim+json; charset=utf-8'
const listUrn = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'
const errorUrn = 'urn:ietf:params:scim:api:messages:2.0:Error'

let people = 0
function newOktaUser(wanted: Partial<OktaUser> = {}): OktaUser {
  people += 1
  const login = `okta${people}@acme.example`
  return { login, givenName: 'Ada', familyName: `Okta ${people}`, oktaId: `00u${randomUUID()}`, ...wanted }
}
function newEntraUser() {
  people += 1
  const upn = `entra${people}@contoso.example`
  return { upn, nickname: randomUUID(), displayName: `Grace ${people}`, givenName: 'Grace', familyName: `${people}` }
}

function refused(answer: Answer, status: number, scimType?: string): void {
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  assert.equal(answer.type, scimJson)
  assert.deepEqual(answer.body.schemas, [errorUrn])
  assert.equal(answer.body.status, String(status))
  assert.equal(answer.body.scimType, scimType)
  assert.ok(answer.body.detail.length > 0)
}

const isEmptyList = ({ status, body }: Answer) => {
  assert.equal(status, 200)
  assert.deepEqual(body, { schemas: [listUrn], totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] })
}

async function created(answer: Promise<Answer>): Promise<string> {
  const { status, body } = await answer
  assert.equal(status, 201, JSON.stringify(body))
  return body.id
}

/** How somebody stands in the workspace, by his address. */
async function standingOf(tenantId: string, email: string) {
  const { rows } = await admin.query(
    `select account.id, account.full_name, account.email_verified_at is not null as is_verified,
       membership.id as membership_id, membership.expires_at,
       coalesce(membership.expires_at is null or membership.expires_at > now(), false) and membership.id is not null as is_member,
       array(
         select role.name from access.user_tenant_roles as held
         join access.roles as role on role.tenant_id = held.tenant_id and role.id = held.role_id
         where held.tenant_id = membership.tenant_id and held.user_tenant_id = membership.id order by role.name
       ) as roles
     from identity.users as account
     left join tenancy.user_tenants as membership on membership.user_id = account.id and membership.tenant_id = $1
     where account.email = $2`,
    [tenantId, email],
  )
  return rows[0]
}

test('AG-05 Okta probes with two users from the first, and gets a list', async () => {
  const { status, type, body } = await okta.probe()
  assert.deepEqual([status, type, body.schemas, body.startIndex], [200, scimJson, [listUrn], 1])
  assert.equal(typeof body.totalResults, 'number')
  assert.equal(typeof body.itemsPerPage, 'number')
})

test('AG-05 Entra probes with somebody who cannot be there, and gets an empty list with 200', async () => {
  isEmptyList(await entra.probe(randomUUID()))
  isEmptyList(await flagged.probe(randomUUID()))
})

test('AG-05 Okta creates a user: 201 with the whole resource, no null, no password; he is a member with an account', async () => {
  const user = newOktaUser()
  isEmptyList(await okta.find(user.login))
  const { status, body, headers, type } = await okta.create(user)
  assert.deepEqual([status, type], [201, scimJson])
  assert.equal(headers.get('location'), body.meta.location)
  assert.equal(headers.get('etag'), body.meta.version)
  assert.match(body.meta.version, /^W\/"\d+"$/)
  assert.equal(body.externalId, user.oktaId)
  assert.deepEqual(body.emails, [{ primary: true, value: user.login, type: 'work' }])
  assert.equal(body.active, true)
  assert.equal(JSON.stringify(body).includes('null'), false)
  assert.equal('password' in body, false)
  const { rows } = await admin.query('select attributes::text from federation.scim_users where id = $1', [body.id])
  assert.equal(rows[0].attributes.includes('1mz050nq'), false)
  const standing = await standingOf(alice.tenantId, user.login)
  assert.deepEqual(
    [standing.is_member, standing.is_verified, standing.full_name, standing.roles],
    [true, true, `Ada ${user.familyName}`, ['viewer']],
  )
  const passwords = await admin.query('select from identity.passwords where user_id = $1', [standing.id])
  assert.equal(passwords.rowCount, 0)
  const found = await okta.find(user.login.toUpperCase())
  assert.deepEqual([found.body.totalResults, found.body.Resources[0].id], [1, body.id])
})

test('AG-05 a second user of the same userName, in any case, or of the same externalId is refused with 409 uniqueness', async () => {
  const user = newOktaUser()
  await created(okta.create(user))
  refused(await okta.create({ ...newOktaUser(), login: user.login.toUpperCase() }), 409, 'uniqueness')
  refused(await okta.create(newOktaUser({ oktaId: user.oktaId })), 409, 'uniqueness')
})

test('AG-05 Okta pages through users by integers, in an order that stays', async () => {
  for (let count = 0; count < 3; count += 1) await created(okta.create(newOktaUser()))
  const whole = await okta.import()
  const total = whole.body.totalResults
  const ids: string[] = []
  for (let startIndex = 1; startIndex <= total; startIndex += 2) {
    const { body } = await acme.ask('GET', `/Users?startIndex=${startIndex}&count=2`)
    assert.deepEqual([body.totalResults, body.startIndex], [total, startIndex])
    ids.push(...body.Resources.map(({ id }: { id: string }) => id))
  }
  assert.deepEqual(
    ids,
    whole.body.Resources.map(({ id }: { id: string }) => id),
  )
  assert.equal(new Set(ids).size, total)
  assert.equal((await acme.ask('GET', '/Users?startIndex=0&count=-3')).body.itemsPerPage, 0)
  refused(await acme.ask('GET', '/Users?count=many'), 400, 'invalidValue')
})

test('AG-05 Okta (AIW) updates by PUT and deactivates by it; (OIN) by PATCH without a path, and never deletes', async () => {
  const user = newOktaUser()
  const id = await created(okta.create(user))
  const renamed = { ...user, familyName: 'Married' }
  const put = await okta.update(id, renamed)
  assert.deepEqual([put.status, put.body.name.familyName, put.body.userName], [200, 'Married', user.login])
  assert.equal((await standingOf(alice.tenantId, user.login)).full_name, 'Ada Married')
  const off = await okta.update(id, renamed, false)
  assert.deepEqual([off.status, off.body.active], [200, false])
  assert.equal((await standingOf(alice.tenantId, user.login)).is_member, false)
  assert.equal((await okta.reactivate(id)).body.active, true)
  assert.equal((await standingOf(alice.tenantId, user.login)).is_member, true)
  const patched = await okta.deactivate(id)
  assert.deepEqual([patched.status, patched.body.active], [200, false])
  assert.equal((await standingOf(alice.tenantId, user.login)).is_member, false)
  const still = await okta.read(id)
  assert.deepEqual([still.status, still.body.active], [200, false], 'inactive users stay readable')
  assert.equal((await okta.find(user.login)).body.totalResults, 1)
  assert.equal((await okta.setPassword(id)).status, 200)
})

test('AG-05 Entra finds users by userName, externalId, the address for work, and two at once with and', async () => {
  const user = newEntraUser()
  const id = await created(entra.create(user))
  for (const client of [entra, flagged]) {
    const found = [
      await client.find('userName', user.upn.toUpperCase()),
      await client.find('externalId', user.nickname),
      await client.find('emails[type eq "work"].value', user.upn.toUpperCase()),
      await client.findBoth(user.upn, user.nickname),
    ]
    assert.deepEqual(
      found.map(({ body }) => body.Resources.map((each: { id: string }) => each.id)),
      [[id], [id], [id], [id]],
    )
    isEmptyList(await client.find('emails[type eq "home"].value', user.upn))
    isEmptyList(await client.findBoth(user.upn, 'another'))
  }
})

test('AG-05 Entra changes users by PATCH with capitals, an operation each, or by dotted names in one with the flag', async () => {
  const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
  for (const client of [entra, flagged]) {
    const user = newEntraUser()
    const id = await created(client.create(user))
    const { status, body } = await client.update(id, {
      displayName: 'Grace Hopper',
      'name.givenName': 'Grace Brewster',
      'emails[type eq "work"].value': 'hopper@contoso.example',
      'phoneNumbers[type eq "mobile"].value': '+1 555 0100',
      [`${enterprise}:department`]: 'Navy',
    })
    assert.equal(status, 200, JSON.stringify(body))
    assert.deepEqual(
      [body.displayName, body.name.givenName, body.name.familyName],
      ['Grace Hopper', 'Grace Brewster', user.familyName],
    )
    assert.deepEqual(body.emails, [{ primary: true, type: 'work', value: 'hopper@contoso.example' }])
    assert.deepEqual(body.phoneNumbers, [{ type: 'mobile', value: '+1 555 0100' }])
    assert.deepEqual(body[enterprise], { department: 'Navy' })
    assert.ok(body.schemas.includes(enterprise))
    const boss = await created(client.create(newEntraUser()))
    assert.deepEqual((await client.setManager(id, boss)).body[enterprise].manager, { value: boss })
  }
})

test('AG-05 Entra deactivates with the text "False", as Replace or Add, or with a boolean, and deletes later', async () => {
  for (const [client, name] of [
    [entra, 'Replace'],
    [entra, 'Add'],
    [flagged, 'Replace'],
  ] as const) {
    const user = newEntraUser()
    const id = await created(client.create(user))
    const { status, body } = await client.deactivate(id, name)
    assert.deepEqual([status, body.active], [200, false])
    assert.equal((await standingOf(bob.tenantId, user.upn)).is_member, false)
    assert.equal((await client.find('userName', user.upn)).body.Resources[0].active, false)
    assert.equal((await client.reactivate(id)).body.active, true)
    assert.equal((await standingOf(bob.tenantId, user.upn)).is_member, true)
    assert.equal((await client.delete(id)).status, 204)
    refused(await client.read(id), 404)
    refused(await client.delete(id), 404)
    isEmptyList(await client.find('userName', user.upn))
    const standing = await standingOf(bob.tenantId, user.upn)
    assert.deepEqual([standing.is_member, standing.roles], [false, ['viewer']], 'soft: nothing of him is gone')
  }
})

test('AG-05 who was deleted and comes again is another resource and the same person, with the roles that he had', async () => {
  const user = newEntraUser()
  const first = await created(entra.create(user))
  const before = await standingOf(bob.tenantId, user.upn)
  await entra.delete(first)
  const second = await created(entra.create(user))
  assert.notEqual(second, first)
  const after = await standingOf(bob.tenantId, user.upn)
  assert.deepEqual([after.id, after.membership_id, after.is_member], [before.id, before.membership_id, true])
})

test('AG-06 Okta pushes a group, its members by difference or whole, renames it without a path and deletes it', async () => {
  const [one, two, three] = await Promise.all([1, 2, 3].map(() => created(okta.create(newOktaUser()))))
  const made = await okta.createGroup('Engineers')
  assert.deepEqual([made.status, made.body.displayName, made.body.members], [201, 'Engineers', []])
  const id = made.body.id
  const members = async () =>
    (await okta.readGroup(id)).body.members.map(({ value }: { value: string }) => value).sort()
  const as = (value = '') => ({ value, display: 'whoever' })
  assert.equal((await okta.changeMembers(id, 'Engineers', [as(one), as(two)], [])).status, 204)
  assert.deepEqual(await members(), [one, two].sort())
  assert.equal((await okta.changeMembers(id, 'Engineers', [as(three)], [one as string])).status, 204)
  assert.deepEqual(await members(), [two, three].sort())
  assert.equal((await okta.pushMembers(id, [as(one)])).status, 204)
  assert.deepEqual(await members(), [one])
  assert.deepEqual(
    (await okta.read(one as string)).body.groups.map(({ value, display }: never) => [value, display]),
    [[id, 'Engineers']],
  )
  assert.equal((await okta.pushMembers(id, [])).status, 204)
  assert.deepEqual(await members(), [])
  assert.equal((await okta.renameGroup(id, 'Makers')).status, 204)
  assert.equal((await okta.readGroup(id)).body.displayName, 'Makers')
  refused(await okta.renameGroup(randomUUID(), 'Makers'), 404)
  const put = await okta.putGroup(id, 'Builders', [as(two)])
  assert.deepEqual([put.status, put.body.displayName, put.body.members.length], [200, 'Builders', 1])
  assert.equal((await okta.deleteGroup(id)).status, 204)
  refused(await okta.readGroup(id), 404)
})

test('AG-06 Entra makes groups with a schema of its own, finds them without members, and takes members out in both ways', async () => {
  for (const client of [entra, flagged]) {
    const [one, two] = await Promise.all([1, 2].map(() => created(client.create(newEntraUser()))))
    const name = `Pilots ${randomUUID()}`
    const objectId = randomUUID()
    const made = await client.createGroup(name, objectId)
    assert.deepEqual([made.status, made.body.externalId], [201, objectId])
    assert.deepEqual(made.body.schemas, ['urn:ietf:params:scim:schemas:core:2.0:Group'])
    const { id } = made.body
    const found = await client.findGroup(name.toUpperCase())
    assert.deepEqual([found.body.totalResults, found.body.Resources[0].id], [1, id])
    assert.equal('members' in found.body.Resources[0], false)
    isEmptyList(await client.findGroup(randomUUID()))
    for (const userId of [one, two] as string[]) assert.equal((await client.addMember(id, userId)).status, 204)
    assert.equal((await client.isMember(id, one as string)).body.totalResults, 1)
    assert.equal((await client.removeMember(id, one as string)).status, 204)
    assert.equal((await client.isMember(id, one as string)).body.totalResults, 0)
    assert.equal((await client.isMember(id, two as string)).body.totalResults, 1, 'only who was named went')
    assert.equal('members' in (await client.readGroup(id)).body, false)
    assert.equal((await client.renameGroup(id, `${name}!`)).status, 204)
    assert.equal((await client.findGroup(`${name}!`)).body.totalResults, 1)
    refused(await client.createGroup(`${name}!`.toLowerCase(), randomUUID()), 409, 'uniqueness')
    assert.equal((await client.deleteGroup(id)).status, 204)
    isEmptyList(await client.findGroup(`${name}!`))
  }
})

test('AG-05 a token speaks for its own provider alone; without one nothing is told (GHSA-j8v8-g9cx-5qf4)', async () => {
  const id = await created(okta.create(newOktaUser()))
  const base = (providerId: string) => `${world.baseUrl}/api/v1/scim/v2/${providerId}`
  const nobody = (token: string, providerId: string) => scimClient(base(providerId), token)
  for (const path of ['/Users', `/Users/${id}`, '/ServiceProviderConfig', '/Schemas', '/Groups']) {
    for (const providerId of [acme.providerId, randomUUID(), 'nothing']) {
      refused(await nobody('chk_ABCDEFGH_nothing', providerId).ask('GET', path), 401)
    }
    // Another tenant's token, and one of another provider of the same tenant.
    refused(await nobody(contoso.token, acme.providerId).ask('GET', path), 404)
    refused(await nobody(contoso.token, randomUUID()).ask('GET', path), 404)
    assert.equal((await acme.ask('GET', path)).status, 200)
  }
  const second = await directoryOf(world, alice, { name: 'Second Okta' })
  refused(await nobody(second.token, acme.providerId).ask('GET', `/Users/${id}`), 404)
  refused(await second.ask('GET', `/Users/${id}`), 404)
  refused(await second.ask('DELETE', `/Users/${id}`), 404)
  isEmptyList(await second.ask('GET', '/Users'))
  // Nobody who is signed in may, not even the owner, and an owner's key has not got it either.
  refused(await nobody(alice.accessToken, acme.providerId).ask('GET', '/Users'), 403)
  assert.equal((await okta.read(id)).status, 200)
})
