import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceRevocation } from '#platform/identity'
import { mailsTo } from '#test/mails.ts'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'

const world = await testWorld()
const { app, admin, alice, viewer, baseUrl } = world

const leave = (person: Person, body: object = { email: person.email }) =>
  person.fetch('/me/deletion', { method: 'POST', body })
const problemOf = async (response: Response) => (await response.json()) as { code: string; detail: string }
const rowOf = async ({ userId }: Person) =>
  (await admin.query('select * from identity.users where id = $1', [userId])).rows[0]

test('MT-02 who deletes his account types its address, is signed out everywhere, and learns by mail how to come back', async () => {
  const ada = await newPerson(world)
  const elsewhere = await signIn(baseUrl, ada)
  const mistyped = await leave(ada, { email: `x${ada.email}` })
  assert.equal(mistyped.status, 400)
  assert.equal((await problemOf(mistyped)).code, 'accounts.address_mistyped')
  assert.equal((await leave(ada, {})).status, 400)
  assert.equal((await rowOf(ada)).status, 'active')

  const response = await leave(ada, { email: ` ${ada.email.toUpperCase()}`, reason: 'Moving on' })
  assert.equal(response.status, 204)
  assert.match(response.headers.get('set-cookie') ?? '', /^__Host-commonhold=;/, 'the browser forgets its session')
  for (const session of [ada, elsewhere]) assert.equal((await session.fetch('/me')).status, 401)
  const row = await rowOf(ada)
  assert.deepEqual(
    [row.status, row.status_reason, row.status_changed_by, row.deleted_by],
    ['deleted', 'Moving on', ada.userId, ada.userId],
  )
  const erasedOn = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(
    new Date(row.deleted_at.getTime() + 90 * 86_400_000),
  )
  const [mail] = (await mailsTo(world, ada.email)).filter(({ name }) => name === 'identity.account_deleted')
  assert.ok(mail?.text.includes(erasedOn) && mail.text.includes('As you asked'), mail?.text)
  const { rows } = await admin.query(
    `select user_id, tenant_id from audit.audit_logs where action = 'delete' and resource_id = $1`,
    [ada.userId],
  )
  assert.deepEqual(rows, [{ user_id: ada.userId, tenant_id: '00000000-0000-0000-0000-000000000000' }])
  const second = await newPerson(world, { email: ada.email })
  assert.notEqual(second.userId, ada.userId, 'the address is free for a new account')
})

test('GG-04 the only owner of a workspace that others work in stays; alone in it, or with another owner, he may go', async () => {
  const [ada, ben] = [await newPerson(world, { tenantName: 'Two & Co' }), await newPerson(world)]
  await joinAs(world, ben.userId, ada.tenantId, 'admin')
  const refused = await leave(ada)
  assert.equal(refused.status, 409)
  const problem = await problemOf(refused)
  assert.equal(problem.code, 'accounts.owner_missing')
  assert.ok(problem.detail.includes('Two & Co'))
  assert.equal((await rowOf(ada)).status, 'active')
  assert.equal((await ada.fetch('/me')).status, 200)

  await admin.query(
    `insert into access.user_tenant_roles (tenant_id, user_tenant_id, role_id)
     select membership.tenant_id, membership.id, role.id
     from tenancy.user_tenants as membership
     join access.roles as role on role.tenant_id = membership.tenant_id and role.name = 'owner'
     where membership.user_id = $1`,
    [ben.userId],
  )
  await admin.query(`update identity.users set status = 'suspended' where id = $1`, [ben.userId])
  assert.equal((await leave(ada)).status, 409, 'an owner who cannot sign in is none')
  await admin.query(`update identity.users set status = 'active' where id = $1`, [ben.userId])
  assert.equal((await leave(ada)).status, 204)

  assert.equal((await leave(await newPerson(world, { tenantName: 'Alone' }))).status, 204)
  assert.equal((await leave(await newPerson(world))).status, 204, 'without a workspace')
  assert.equal((await leave(viewer)).status, 204, 'as a viewer of a workspace that others own')
  assert.equal((await alice.fetch('/me')).status, 200)
})

test('GG-04 of two owners who leave at once one stays with the others', async () => {
  for (let round = 0; round < 6; round++) {
    const [ada, ben, member] = [
      await newPerson(world, { tenantName: `Race ${round}` }),
      await newPerson(world),
      await newPerson(world),
    ]
    await joinAs(world, ben.userId, ada.tenantId, 'owner')
    await joinAs(world, member.userId, ada.tenantId, 'member')
    const answers = await Promise.all([leave(ada), leave(ben)])
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [204, 409])
  }
})

test('deletion needs a fresh sign-in, and a session', async () => {
  const ada = await newPerson(world)
  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1`,
    [ada.userId],
  )
  announceRevocation(app)
  const response = await leave(ada)
  assert.equal(response.status, 403)
  assert.equal((await problemOf(response)).code, 'http.step_up_required')
  assert.equal((await rowOf(ada)).status, 'active')
})

test('the last operator of an installation cannot delete himself', async () => {
  const ada = await newPerson(world)
  await admin.query('insert into identity.operators (user_id) values ($1)', [ada.userId])
  const response = await leave(ada)
  assert.equal((await problemOf(response)).code, 'identity.last_operator')
})
