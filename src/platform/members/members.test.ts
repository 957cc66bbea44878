import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceRevocation } from '#platform/identity'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { believedNoLonger, joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { tellOfExpiries } from './expiries.ts'
import type { Member } from './members.ts'
import type { OwnTenant } from './own-tenants.ts'

const world = await testWorld()
const { app, admin, alice, bob, viewer, baseUrl } = world

type Listed = Omit<Member, 'joinedAt' | 'expiresAt'> & { joinedAt: string; expiresAt: string | null }
type Page = { items: Listed[]; nextCursor: string | null }

const read = async <T>(response: Response) => (await response.json()) as T
const codeOf = async (response: Response) => (await read<{ code: string }>(response)).code
const list = async (person: Person, query = '') => await read<Page>(await person.fetch(`/members${query}`))
const get = (person: Person, userId: string) => person.fetch(`/members/${userId}`)
const patch = (person: Person, userId: string, body: object, headers = {}) =>
  person.fetch(`/members/${userId}`, { method: 'PATCH', body, headers })
const remove = (person: Person, userId: string, reason = 'Left the company') =>
  person.fetch(`/members/${userId}`, { method: 'DELETE', body: { reason } })
const leave = (person: Person, tenantId: string) => person.fetch(`/me/tenants/${tenantId}/leave`, { method: 'POST' })

async function roleId(tenantId: string, name: string): Promise<string> {
  const { rows } = await admin.query('select id from access.roles where tenant_id = $1 and name = $2', [tenantId, name])
  return String(rows[0].id)
}

/** A tenant of its own for a test, with its owner and one more in a role. */
async function team(role: string, tenantName = 'Crew and Co'): Promise<{ owner: Person; colleague: Person }> {
  const owner = await newPerson(world, { tenantName })
  return { owner, colleague: await join(owner.tenantId, role) }
}

async function join(tenantId: string, role: string, wanted: { fullName?: string } = {}): Promise<Person> {
  const person = await newPerson(world, wanted)
  await joinAs(world, person.userId, tenantId, role)
  return await signIn(baseUrl, person, tenantId)
}

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()

test('GG-04 MT-13 members are listed by name with roles, page by page, and found by how a word of the name begins', async () => {
  const { owner } = await team('viewer', 'Listing Ltd')
  const { tenantId } = owner
  for (const fullName of ['Zoe Adams', 'adam Young', 'Mary Ann Adams']) await join(tenantId, 'member', { fullName })
  const all = await list(owner)
  const names = all.items.map(({ fullName }) => fullName?.toLowerCase() ?? '')
  assert.equal(names.length, 5)
  assert.deepEqual(names, names.toSorted())
  assert.deepEqual(
    all.items.find(({ userId }) => userId === owner.userId)?.roles.map(({ name }) => name),
    ['owner'],
  )

  const paged: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: Page = await list(owner, `?limit=2${cursor && `&cursor=${cursor}`}`)
    paged.push(...page.items.map(({ userId }) => userId))
    cursor = page.nextCursor
  }
  assert.deepEqual(
    paged,
    all.items.map(({ userId }) => userId),
  )

  const found = async (query: string) => (await list(owner, query)).items.map(({ fullName }) => fullName)
  assert.deepEqual(await found('?q=adam'), ['adam Young', 'Mary Ann Adams', 'Zoe Adams'])
  assert.deepEqual(await found('?q=ann%20ad'), ['Mary Ann Adams'])
  assert.deepEqual(await found('?q=dam'), [], 'words are found by their beginning')
  assert.deepEqual(await found('?q=%25'), [], 'and have no wildcards')
  assert.deepEqual(await found(`?q=${owner.email.slice(0, 9).toUpperCase()}`), [owner.fullName])
  assert.equal((await found(`?roleId=${await roleId(tenantId, 'member')}`)).length, 3)
  assert.deepEqual(await found(`?roleId=${await roleId(alice.tenantId, 'member')}`), [])
})

test('AG-01 the members of another tenant are neither listed nor found, changed or removed', async () => {
  const before = await (await get(alice, viewer.userId)).json()
  assert.equal((await get(bob, viewer.userId)).status, 404)
  assert.equal(await codeOf(await patch(bob, viewer.userId, { expiresAt: inSeconds(60) })), 'members.member_not_found')
  assert.equal(await codeOf(await remove(bob, viewer.userId)), 'members.member_not_found')
  assert.deepEqual(
    (await list(bob)).items.map(({ userId }) => userId),
    [bob.userId],
  )
  assert.deepEqual(await (await get(alice, viewer.userId)).json(), before, 'control: she is there, unchanged')
})

test('MT-13 who looks on sees the members, but not when they were here or how they sign in, and changes nothing', async () => {
  const seen = (await list(viewer)).items
  assert.ok(seen.length >= 2)
  for (const member of seen) assert.deepEqual([member.lastActiveOn, member.hasSecondFactor], [null, null])
  const managed = (await list(alice)).items.find(({ userId }) => userId === alice.userId)
  assert.equal(managed?.hasSecondFactor, false)
  assert.match(managed?.lastActiveOn ?? '', /^\d{4}-\d\d-\d\d$/)
  for (const response of [await patch(viewer, viewer.userId, { expiresAt: null }), await remove(viewer, alice.userId)])
    assert.equal(await codeOf(response), 'http.permission_missing')
})

test('MT-13 a member has several roles, and feels another one at the next request', async () => {
  const { owner, colleague } = await team('viewer')
  const { tenantId } = owner
  assert.equal((await colleague.fetch('/audit-logs')).status, 403)
  const ids = [await roleId(tenantId, 'viewer'), await roleId(tenantId, 'admin')]
  const changed = await read<Listed>(await patch(owner, colleague.userId, { roleIds: ids }))
  assert.deepEqual(
    changed.roles.map(({ name }) => name),
    ['admin', 'viewer'],
  )
  assert.equal((await colleague.fetch('/audit-logs')).status, 200)
  await patch(owner, colleague.userId, { roleIds: ids.slice(0, 1) })
  assert.equal((await colleague.fetch('/audit-logs')).status, 403)
  const foreign = await patch(owner, colleague.userId, { roleIds: [await roleId(alice.tenantId, 'viewer')] })
  assert.equal(await codeOf(foreign), 'access.role_not_found')
  assert.equal((await patch(owner, colleague.userId, { roleIds: [] })).status, 400)
})

test('MT-20 an administrator gives nobody more than he holds, and neither changes nor removes an owner', async () => {
  const { owner, colleague: administrator } = await team('admin')
  const { tenantId } = owner
  const third = await join(tenantId, 'member')
  const ownersRole = await roleId(tenantId, 'owner')
  for (const userId of [third.userId, administrator.userId]) {
    assert.equal(await codeOf(await patch(administrator, userId, { roleIds: [ownersRole] })), 'access.owners_only')
  }
  for (const body of [{ roleIds: [await roleId(tenantId, 'viewer')] }, { expiresAt: inSeconds(60) }]) {
    assert.equal(await codeOf(await patch(administrator, owner.userId, body)), 'access.owners_only')
  }
  assert.equal(await codeOf(await remove(administrator, owner.userId)), 'access.owners_only')
  assert.equal((await patch(administrator, third.userId, { roleIds: [await roleId(tenantId, 'admin')] })).status, 200)
  assert.equal((await remove(administrator, third.userId)).status, 204, 'control: whom he equals he may')
})

test('GG-04 a change is refused where the member has changed since it was read', async () => {
  const { owner, colleague } = await team('member')
  const response = await get(owner, colleague.userId)
  const etag = response.headers.get('etag') ?? ''
  const first = await patch(owner, colleague.userId, { expiresAt: inSeconds(3600) }, { 'if-match': etag })
  assert.equal(first.status, 200)
  assert.equal(first.headers.get('etag'), (await get(owner, colleague.userId)).headers.get('etag'))
  const second = await patch(owner, colleague.userId, { expiresAt: null }, { 'if-match': etag })
  assert.equal(await codeOf(second), 'http.changed_meanwhile')
})

test('GG-04 access ends at the second that was set, with no job having run, and can be given again', async () => {
  const { owner, colleague } = await team('member')
  const control = await join(owner.tenantId, 'member')
  const asked = (person: Person) => person.fetch('/contractor-lists', { headers: { 'x-tenant-id': owner.tenantId } })
  assert.equal((await asked(colleague)).status, 200)
  const end = Date.now() + 1_500
  assert.equal((await patch(owner, colleague.userId, { expiresAt: new Date(end).toISOString() })).status, 200)
  assert.equal((await asked(colleague)).status, 200, 'before')
  await new Promise(resolve => setTimeout(resolve, end - Date.now() + 30))
  assert.equal((await asked(colleague)).status, 403, 'after')
  assert.equal((await asked(control)).status, 200, 'control: others go on')
  const { rows } = await admin.query(`select from jobs.job where name = $1 and state <> 'created'`, [
    tellOfExpiries.name,
  ])
  assert.equal(rows.length, 0, 'no job has run')
  const [ended] = (await list(owner, '?expiry=ended')).items
  assert.deepEqual([ended?.userId, ended?.hasEnded], [colleague.userId, true])
  assert.equal((await patch(owner, colleague.userId, { expiresAt: inSeconds(3600) })).status, 200)
  assert.equal((await asked(colleague)).status, 200, 'given again')
  assert.deepEqual(
    (await list(owner, '?expiry=ending')).items.map(({ userId }) => userId),
    [colleague.userId],
  )
  assert.equal((await patch(owner, colleague.userId, { expiresAt: inSeconds(30 * 86_400) })).status, 200)
  assert.equal((await list(owner, '?expiry=ending')).items.length, 0)
  assert.equal((await list(owner, '?expiry=set')).items.length, 1)
  assert.equal((await list(owner, '?expiry=none')).items.length, 2)
})

test('GG-04 an end lies ahead, nobody prolongs his own membership, and the last owner gets none', async () => {
  const { owner, colleague } = await team('admin')
  assert.equal(await codeOf(await patch(owner, colleague.userId, { expiresAt: inSeconds(-1) })), 'members.expiry_past')
  await patch(owner, colleague.userId, { expiresAt: inSeconds(3600) })
  const prolonged = await patch(colleague, colleague.userId, { expiresAt: inSeconds(7200) })
  assert.equal(await codeOf(prolonged), 'access.own_membership_prolonged')
  const last = await patch(owner, owner.userId, { expiresAt: inSeconds(3600) })
  assert.equal(last.status, 409)
  assert.equal(await codeOf(last), 'members.last_owner')
  const viewers = await roleId(owner.tenantId, 'viewer')
  assert.equal(await codeOf(await patch(owner, owner.userId, { roleIds: [viewers] })), 'members.last_owner')
  assert.equal(await codeOf(await leave(owner, owner.tenantId)), 'members.last_owner')
})

test('GG-04 other roles and a removal need a fresh sign-in, another end does not', async () => {
  const { owner, colleague } = await team('member')
  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1`,
    [owner.userId],
  )
  announceRevocation(app)
  const roleIds = [await roleId(owner.tenantId, 'viewer')]
  assert.equal(await codeOf(await patch(owner, colleague.userId, { roleIds })), 'http.step_up_required')
  assert.equal(await codeOf(await remove(owner, colleague.userId)), 'http.step_up_required')
  assert.equal((await patch(owner, colleague.userId, { expiresAt: inSeconds(60) })).status, 200)
})

test('GG-04 who is removed has no access from then on, loses his places, and is told; what he made stays', async () => {
  const { owner, colleague } = await team('member', 'Removing Ltd')
  const { tenantId } = owner
  const successor = await join(tenantId, 'member')
  const make = async (name: string, isPublic: boolean) =>
    await read<{ id: string }>(await colleague.fetch('/contractor-lists', { method: 'POST', body: { name, isPublic } }))
  const shared = await make('Shared', true)
  const own = await make('Own', false)
  await admin.query(
    `with organization as (
       insert into tenancy.organizations (tenant_id, name, slug) values ($1, 'Sales', 'sales') returning id
     )
     insert into tenancy.user_organizations (tenant_id, organization_id, user_id)
     select $1, id, $2 from organization`,
    [tenantId, colleague.userId],
  )
  await admin.query('update identity.users set default_tenant_id = $1 where id = $2', [tenantId, colleague.userId])

  assert.equal((await remove(owner, colleague.userId)).status, 204)
  assert.equal((await colleague.fetch('/contractor-lists', { headers: { 'x-tenant-id': tenantId } })).status, 403)
  assert.equal((await get(owner, colleague.userId)).status, 404)
  const [account] = (
    await admin.query('select status, default_tenant_id from identity.users where id = $1', [colleague.userId])
  ).rows
  assert.deepEqual(account, { status: 'active', default_tenant_id: null })
  const places = await admin.query('select from tenancy.user_organizations where user_id = $1', [colleague.userId])
  assert.equal(places.rows.length, 0)
  const { rows: lists } = await admin.query(
    'select id, user_id from contractors.contractor_lists where tenant_id = $1 and name in ($2, $3) order by name desc',
    [tenantId, 'Shared', 'Own'],
  )
  assert.deepEqual(lists, [
    { id: shared.id, user_id: owner.userId },
    { id: own.id, user_id: colleague.userId },
  ])
  assert.equal((await successor.fetch(`/contractor-lists/${shared.id}`)).status, 200)
  assert.equal((await successor.fetch(`/contractor-lists/${own.id}`)).status, 404)

  const [mail] = (await mailsTo(world, colleague.email)).filter(({ name }) => name === 'members.membership_ended')
  assert.ok(mail?.text.includes('Removing Ltd') && mail.text.includes('removed you'), mail?.text)
  assert.ok(!mail?.text.includes('Left the company'), 'the reason is for the log')
  const { rows: notices } = await admin.query(
    `select kind, title from notifications.notifications where user_id = $1 and kind like 'members.%'`,
    [colleague.userId],
  )
  assert.deepEqual(notices, [{ kind: 'members.removed', title: 'You were removed from Removing Ltd' }])
  const { rows: events } = await admin.query(
    `select user_id, details from audit.audit_logs where tenant_id = $1 and action = 'remove_member'`,
    [tenantId],
  )
  assert.deepEqual(events, [
    { user_id: owner.userId, details: { user_id: colleague.userId, reason: 'Left the company' } },
  ])
  assert.equal(await codeOf(await remove(owner, owner.userId)), 'members.removal_of_oneself')

  await joinAs(world, colleague.userId, tenantId, 'member')
  const back = await signIn(baseUrl, colleague, tenantId)
  assert.equal((await back.fetch(`/contractor-lists/${own.id}`)).status, 200, 'who comes back finds his own again')
})

test('GG-04 members leave by themselves, also a workspace that is suspended or whose time is up', async () => {
  const { owner, colleague } = await team('member', 'Leaving Ltd')
  assert.equal((await leave(colleague, owner.tenantId)).status, 204)
  assert.equal((await colleague.fetch('/members', { headers: { 'x-tenant-id': owner.tenantId } })).status, 403)
  const [mail] = (await mailsTo(world, colleague.email)).filter(({ name }) => name === 'members.membership_ended')
  assert.ok(mail?.text.includes('As you asked'), mail?.text)
  const again = await leave(await signIn(baseUrl, colleague), owner.tenantId)
  assert.deepEqual([again.status, await codeOf(again)], [404, 'members.membership_not_found'])
  assert.equal((await leave(bob, owner.tenantId)).status, 404, 'a stranger learns nothing')

  const visitor = await join(owner.tenantId, 'viewer')
  await patch(owner, visitor.userId, { expiresAt: inSeconds(0.5) })
  await admin.query(`update tenancy.tenants set status = 'suspended' where id = $1`, [owner.tenantId])
  await believedNoLonger()
  assert.equal((await leave(await signIn(baseUrl, visitor), owner.tenantId)).status, 204)
})

test('GG-04 everybody sees his memberships, chooses where he starts, and only among those in date', async () => {
  const { owner, colleague } = await team('member', 'First')
  const other = await newPerson(world, { tenantName: 'Second' })
  await joinAs(world, colleague.userId, other.tenantId, 'viewer')
  const own = async () => (await read<{ items: OwnTenant[] }>(await colleague.fetch('/me/tenants'))).items
  const choose = (tenantId: string) => colleague.fetch('/me/default-tenant', { method: 'PUT', body: { tenantId } })
  assert.deepEqual(
    (await own()).map(({ name, roles }) => [name, roles]),
    [
      ['First', ['member']],
      ['Second', ['viewer']],
    ],
  )
  assert.equal((await choose(other.tenantId)).status, 204)
  assert.equal((await signIn(baseUrl, colleague)).tenantId, other.tenantId)
  assert.equal((await choose(owner.tenantId)).status, 204)
  assert.deepEqual(
    (await own()).map(({ isDefault }) => isDefault),
    [true, false],
  )
  assert.equal((await signIn(baseUrl, colleague)).tenantId, owner.tenantId)
  assert.equal(await codeOf(await choose(alice.tenantId)), 'members.membership_not_found')
  await patch(other, colleague.userId, { expiresAt: inSeconds(0.3) })
  await new Promise(resolve => setTimeout(resolve, 350))
  assert.equal(await codeOf(await choose(other.tenantId)), 'members.membership_not_found')
  assert.deepEqual(
    (await own()).map(({ hasEnded }) => hasEnded),
    [false, true],
  )
  const [owned] = (await read<{ items: OwnTenant[] }>(await owner.fetch('/me/tenants'))).items
  assert.equal(owned?.isLastOwner, true)
})

test('GG-04 members and owners are told once of an end to come and once of one that has come, and nobody is removed', async () => {
  const { owner, colleague } = await team('member', 'Ending Ltd')
  const later = await join(owner.tenantId, 'member')
  await patch(owner, later.userId, { expiresAt: inSeconds(8 * 86_400) })
  await patch(owner, colleague.userId, { expiresAt: inSeconds(6 * 86_400) })
  const told = async (person: Person) =>
    (await mailsTo(world, person.email)).filter(({ name }) => name.startsWith('members.membership'))
  const run = async () => {
    await tellOfExpiries.run({}, app)
    await runJobs(world)
  }
  await run()
  await run()
  assert.deepEqual(
    (await told(colleague)).map(({ subject }) => subject),
    ['Your membership ends soon'],
  )
  assert.equal((await told(later)).length, 0)
  const [toOwner] = await told(owner)
  assert.ok(toOwner?.text.includes(colleague.fullName) && !toOwner.text.includes(later.fullName), toOwner?.text)

  await admin.query(`update tenancy.user_tenants set expires_at = now() where user_id = $1`, [colleague.userId])
  await run()
  await run()
  assert.deepEqual((await told(colleague)).map(({ subject }) => subject).at(-1), 'Your membership has ended')
  assert.equal((await told(colleague)).length, 2)
  assert.equal((await told(owner)).length, 2)
  assert.equal((await get(owner, colleague.userId)).status, 200, 'the membership is there still')
  await patch(owner, colleague.userId, { expiresAt: inSeconds(86_400) })
  await run()
  assert.equal((await told(colleague)).length, 3, 'another end is told anew')
})
