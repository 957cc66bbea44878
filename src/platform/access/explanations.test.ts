import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { accountsOf } from '#platform/accounts'
import { joinAs, newPerson, randomAddress, signIn, testWorld } from '#test/world.ts'
import { explainTo } from './commands.ts'
import { type Explanation, explainAccess } from './explanations.ts'

const world = await testWorld()
const { admin, app, alice, bob, viewer, baseUrl } = world

const { rows } = await admin.query('select name, for_operators from access.permissions order by name')
const declared: string[] = rows.map(({ name }) => name)
const forRoles: string[] = rows.filter(row => !row.for_operators).map(({ name }) => name)
const slugOf = async (tenantId: string) =>
  (await admin.query('select slug from tenancy.tenants where id = $1', [tenantId])).rows[0].slug as string

const somebody = await newPerson(world, { fullName: 'Ada Lovelace' })
await joinAs(world, somebody.userId, alice.tenantId, 'viewer')
const ada = await signIn(baseUrl, somebody, alice.tenantId)
// By its cookie a session goes on where its tenant is closed to it; a token that names the tenant would be refused.
const signedIn = await fetch(`${baseUrl}/api/v1/auth/sign-in`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'x-tenant-id': alice.tenantId, 'x-forwarded-for': randomAddress() },
  body: JSON.stringify({ email: ada.email, password: ada.password }),
})
const cookie = signedIn.headers
  .getSetCookie()
  .map(each => each.split(';')[0])
  .join('; ')

/** What a request of hers may do, asked anew. */
async function permittedNow(): Promise<Set<string>> {
  accountsOf(app).principals.forgetAll()
  const response = await fetch(`${baseUrl}/api/v1/me`, { headers: { cookie } })
  if (response.status !== 200) return new Set()
  return new Set(((await response.json()) as { permissions: string[] }).permissions)
}

const role = fc.subarray(forRoles, { maxLength: 6 })
const situation = fc.record({
  builtIn: fc.subarray(['owner', 'admin', 'member', 'viewer'], { maxLength: 2 }),
  own: fc.array(role, { maxLength: 3 }),
  notHeld: fc.array(role, { maxLength: 1 }),
  expires: fc.constantFrom(null, -3600, -1, 3600),
  tenant: fc.constantFrom('active', 'active', 'active', 'suspended', 'pending_deletion'),
  account: fc.constantFrom('active', 'active', 'active', 'suspended'),
  isOperator: fc.boolean(),
})
type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never

async function arrange(wanted: Situation): Promise<void> {
  try {
    await arrangeAll(wanted)
  } catch (error) {
    await admin.query('rollback')
    throw error
  }
}

async function arrangeAll(wanted: Situation): Promise<void> {
  await admin.query(`begin; select set_config('app.system', 'on', true)`)
  const { rows: members } = await admin.query(
    `update tenancy.user_tenants set expires_at = now() + $3 * interval '1 second'
     where tenant_id = $1 and user_id = $2 returning id`,
    [alice.tenantId, ada.userId, wanted.expires],
  )
  await admin.query('delete from access.user_tenant_roles where user_tenant_id = $1', [members[0].id])
  await admin.query('delete from access.roles where tenant_id = $1 and not is_built_in', [alice.tenantId])
  for (const [index, permissions] of [...wanted.own, ...wanted.notHeld].entries()) {
    const { rows: made } = await admin.query(
      'insert into access.roles (tenant_id, name) values ($1, $2) returning id',
      [alice.tenantId, `Own ${index}`],
    )
    await admin.query(
      `insert into access.role_permissions (tenant_id, role_id, permission_id)
       select $1, $2, id from access.permissions where name = any ($3)`,
      [alice.tenantId, made[0].id, permissions],
    )
  }
  const held = [...wanted.builtIn, ...wanted.own.map((_, index) => `Own ${index}`)]
  await admin.query(
    `insert into access.user_tenant_roles (tenant_id, user_tenant_id, role_id)
     select $1, $2, id from access.roles where tenant_id = $1 and name = any ($3)`,
    [alice.tenantId, members[0].id, held],
  )
  await admin.query(
    `update tenancy.tenants
     set status = $2, deletion_scheduled_at = case when $2 = 'pending_deletion' then now() + interval '7 days' end
     where id = $1`,
    [alice.tenantId, wanted.tenant],
  )
  await admin.query('delete from identity.operators where user_id = $1', [ada.userId])
  await admin.query(`update identity.users set status = $2 where id = $1`, [ada.userId, wanted.account])
  if (wanted.isOperator && wanted.account === 'active') {
    await admin.query('insert into identity.operators (user_id) values ($1)', [ada.userId])
  }
  await admin.query('commit')
}

test('MT-20 the explanation and a request never disagree, whatever the roles, the membership, the tenant and the account', async () => {
  await admin.query('insert into identity.operators (user_id) values ($1)', [bob.userId])
  const system = app.db.reads({ system: true })
  let yes = 0
  let no = 0
  await fc.assert(
    fc.asyncProperty(situation, async wanted => {
      await arrange(wanted)
      const permitted = await permittedNow()
      for (const permission of declared) {
        const explanation = await explainAccess(system, { userId: ada.userId, tenantId: alice.tenantId, permission })
        assert.equal(explanation.isAllowed, permitted.has(permission), `${permission}: ${explanation.conclusion}`)
        assert.equal(
          explanation.steps.every(({ isMet }) => isMet),
          explanation.isAllowed,
          'the steps say the same as the conclusion',
        )
        if (explanation.isAllowed) yes++
        else no++
      }
    }),
    { numRuns: 40 },
  )
  assert.ok(yes > 100 && no > 100, `control: both answers came: ${yes}, ${no}`)
  await arrange({
    builtIn: ['viewer'],
    own: [],
    notHeld: [],
    expires: null,
    tenant: 'active',
    account: 'active',
    isOperator: false,
  })
  accountsOf(app).principals.forgetAll()
})

test('MT-20 an explanation says in sentences why, and which role would permit it', async () => {
  const permission = 'contractors.lists.write'
  const ask = (userId: string, name = permission, person = alice) =>
    person.fetch(`/access/explanation?userId=${userId}&permission=${name}`)
  const told = (await (await ask(viewer.userId)).json()) as Explanation
  assert.equal(told.isAllowed, false)
  assert.equal(
    told.conclusion,
    'Vera Viewer may not: Vera Viewer has the role viewer, which does not permit it. It would be permitted by the role owner, admin or member.',
  )
  assert.deepEqual(
    told.steps.map(({ step, isMet }) => [step, isMet]),
    [
      ['account', true],
      ['tenant', true],
      ['membership', true],
      ['role', false],
    ],
  )
  const allowed = (await (await ask(alice.userId)).json()) as Explanation
  assert.equal(allowed.conclusion, 'Alice Archer may, by the role owner.')

  const codeOf = async (response: Promise<Response>) => ((await (await response).json()) as { code: string }).code
  assert.equal(await codeOf(ask(bob.userId)), 'access.user_unknown', 'nothing is told of who is no member')
  assert.equal(await codeOf(ask(viewer.userId, permission, bob)), 'access.user_unknown')
  assert.equal(await codeOf(ask(viewer.userId, 'identity.users.manage')), 'access.permission_for_operators')
  assert.equal(await codeOf(ask(viewer.userId, 'contractors.lists.fly')), 'access.permission_not_found')
  assert.equal(await codeOf(ask(alice.userId, permission, viewer)), 'http.permission_missing')
})

test('MT-20 at the command line an operator asks about anybody, by address or id, slug or id', async () => {
  const permission = 'contractors.lists.read'
  const slug = await slugOf(alice.tenantId)
  const ask = (user: string, tenant: string, name = permission) => explainTo(app, { user, tenant, permission: name })
  assert.equal((await ask(viewer.email.toUpperCase(), slug)).isAllowed, true)
  assert.equal((await ask(viewer.userId, alice.tenantId)).isAllowed, true)
  assert.match((await ask(bob.email, slug)).conclusion, /Bob Barker is no member of Meridian Capture/)
  assert.match((await ask(bob.email, slug, 'identity.users.manage')).conclusion, /may, as an operator/)
  await assert.rejects(ask('nobody@example.com', slug), { code: 'access.user_unknown' })
  await assert.rejects(ask(viewer.email, 'nowhere'), { code: 'access.tenant_unknown' })
  await assert.rejects(ask(viewer.email, slug, 'a.b.c'), { code: 'access.permission_not_found' })
})
